"""What could be promised, from where and by when: asked without claiming anything."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import answers, problems, schema
from api.lean import LeanRoute
from api.openapi import answers as described
from api.parameters import CHANNEL_HEADER, DEFAULT_CHANNEL, Read, sending_channel
from api.problems import Problem
from api.replies import reply
from api.services import serving
from ledger.domain.requests import PlaceOrder
from ledger.domain.sourcing.quoting import AskQuote, Quote, quote
from ledger.door import Malformed, read_quote
from projections.selling.known import READS, known

_JSON: Final = "application/json"
_OWN: Final = ("Quote", "QuotedLine", "QuotedPart", "Sellable")
_EXAMPLE: Final[dict[str, Any]] = {
    "allow_split": True,
    "ship_to": {"region": "DE-BE", "latitude_udeg": 52520008, "longitude_udeg": 13404954},
    "lines": [{"line_id": "1", "sku": "MUG-RED", "quantity": 2, "how": "ship"}],
}

router = APIRouter(tags=["quotes"], route_class=LeanRoute)


def _documented() -> dict[str, Any]:
    """Components that stand in the document already, with more to say, are left as they are."""
    extra = described(Quote)
    [asked], found = schema.schemas_of(AskQuote)
    components = extra["x-components"]
    extra["x-components"] = {name: components[name] for name in _OWN}
    extra["x-components"]["AskQuote"] = {**found["AskQuote"], "examples": [_EXAMPLE]}
    extra["requestBody"] = {"required": True, "content": {_JSON: {"schema": asked}}}
    extra["parameters"] = [
        {
            "name": CHANNEL_HEADER,
            "in": "header",
            "description": "Who asks, and sells unless `channel` says another.",
            "schema": {"type": "string", "default": DEFAULT_CHANNEL},
        }
    ]
    return extra


@router.post("/v1/quotes", openapi_extra=_documented())
async def ask(request: Request, query: Annotated[Read, Query()]) -> Response:
    """What an order would be answered now: from where, by when, or why not.

    Nothing is claimed, and nothing is kept of it: somebody else may be faster. The answer rests on
    the views, as `Onebook-Position` says; `min_position` waits for them.
    """
    services = serving(request)
    channel = sending_channel(request)
    _check_type(request)
    async with services.bodies.whole(request, batch=False) as raw:
        asked = _read(raw)
    if isinstance(asked, Problem):
        return asked.response()
    reads, now = services.reads, datetime.now(UTC)
    async with reads.at(query.min_position, views=READS) as conn:
        found = await known(conn, reads.network, asked, asked.channel or channel, now)
    at = now if found.recorded_at is None else max(now, found.recorded_at)
    answer = await run_in_threadpool(quote, found.state, channel, asked, at)
    return reply(found.position, answer)


def _check_type(request: Request) -> None:
    """JSON only: a browser sends other content across sites."""
    sent = request.headers.get("content-type", "")
    if sent.partition(";")[0].strip().lower() != _JSON:
        detail = f"content type {sent[:100]!r} is not read here: send {_JSON}"
        raise Problem(problems.MEDIA_TYPE_UNKNOWN, detail)


def _read(raw: bytes) -> PlaceOrder | Problem:
    """A fault is returned: raised, it would hold the body by its traceback."""
    try:
        return read_quote(raw)
    except Malformed as fault:
        return answers.malformed(fault)
