"""The one way in for writes, and where the answer to a request stands."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import answers, problems
from api.lean import LeanRoute
from api.openapi import answers as described
from api.parameters import Read, sending_channel, wait_s
from api.problems import Problem
from api.replies import POSITION_HEADER, reply
from api.services import Services, serving
from ledger.domain.requests import AnyRequest
from ledger.door import Malformed, read_batch, read_ndjson, read_request
from projections import requests as view

NDJSON: Final = "application/x-ndjson"
_NDJSON_TYPES: Final = frozenset({NDJSON, "application/ndjson", "application/jsonl"})
_JSON: Final = "application/json"
_SPACE: Final = b" \t\r\n"
READ_BESIDE_BYTES: Final = 64 << 10
"""Bodies above this are decoded in a thread, so that others are answered meanwhile."""

router = APIRouter(tags=["requests"], route_class=LeanRoute)
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines

Sent = AnyRequest | list[AnyRequest | Malformed]


@router.post("/v1/requests", status_code=201)
async def send(request: Request) -> Response:
    """Send one request, a JSON array of them, or one a line (NDJSON)."""
    services = serving(request)
    channel = sending_channel(request)
    lines = _is_ndjson(request)
    sent = await _sent(services, request, lines=lines)
    if isinstance(sent, Problem):
        return sent.response()
    if not isinstance(sent, list):
        return await _answer(services, channel, sent, wait_s(request))
    items = await _decided(services, channel, sent)
    if lines:
        return Response(_encode_lines(items), media_type=NDJSON)
    return Response(_encode(items), media_type=_JSON)


def _is_ndjson(request: Request) -> bool:
    """By the content type. Others than JSON are refused: a browser sends them across sites."""
    sent = request.headers.get("content-type", "")
    if sent == _JSON:
        return False
    media_type = sent.partition(";")[0].strip().lower()
    if media_type != _JSON and media_type not in _NDJSON_TYPES:
        raise Problem(
            problems.MEDIA_TYPE_UNKNOWN,
            f"content type {sent[:100]!r} is not read here: send {_JSON} or {NDJSON}",
        )
    return media_type != _JSON


async def _sent(services: Services, request: Request, *, lines: bool) -> Sent | Problem:
    """What the body says; it is let go before anybody waits for a decision."""
    async with services.bodies.whole(request, batch=lines) as raw:
        read = read_ndjson if lines else _reader_of(raw)
        if len(raw) > READ_BESIDE_BYTES:
            return await run_in_threadpool(_read, read, raw)
        return _read(read, raw)


def _reader_of(raw: bytes) -> Callable[[bytes], Sent]:
    return read_batch if raw.lstrip(_SPACE)[:1] == b"[" else read_request


def _read(read: Callable[[bytes], Sent], raw: bytes) -> Sent | Problem:
    """A fault is returned: raised, it would hold the body by its traceback."""
    try:
        return read(raw)
    except Malformed as fault:
        return answers.malformed(fault)


async def _decided(
    services: Services, channel: str, items: Sequence[AnyRequest | Malformed]
) -> list[dict[str, Any]]:
    return await answers.decide_batch(services.writer, channel, items)


async def _answer(services: Services, channel: str, one: AnyRequest, limit_s: float) -> Response:
    answer = await answers.decide_one(services.writer, channel, one, limit_s)
    headers = {"Location": answers.location_of(channel, answer.request_id)}
    if isinstance(answer, answers.Kept):
        headers["Retry-After"] = str(problems.RETRY_AFTER_S)
        return Response(_encode(answer), 202, headers, _JSON)
    if answer.replayed:
        headers["Onebook-Replayed"] = "true"
    body = answers.body_of(answer)
    if answer.outcome == "accepted":
        return Response(_encode(body), 201, headers, _JSON)
    detail = f"request {answer.request_id!r} was refused: {answer.reason}"
    members = msgspec.structs.asdict(body)
    return Problem(problems.REFUSED, detail, headers=headers, **members).response()


@router.get("/v1/requests/{channel}/{request_id}", openapi_extra=described(view.RequestRow))
async def answer_to(
    request: Request, channel: str, request_id: str, query: Annotated[Read, Query()]
) -> Response:
    """The answer that a request got, and when.

    404 with `Retry-After` and `definite: false` while there is none: after a 202, ask again until
    it is there. The views follow the ledger by a moment, so an answer may be known to its sender
    before it stands here; `min_position` waits for it.
    """
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(view.NAME,)) as conn:
        found, position = await view.request(conn, reads.network, channel, request_id)
    if found is None:
        raise Problem(
            problems.NOT_FOUND,
            f"channel {channel!r}: no answer to request {request_id!r} at position {position}",
            headers={
                POSITION_HEADER: str(position),
                "Retry-After": str(problems.RETRY_AFTER_S),
            },
            definite=False,
        )
    return reply(position, found)
