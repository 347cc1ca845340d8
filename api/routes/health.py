"""Is it alive, is it ready, and how far each view is."""

from datetime import datetime
from typing import Final, Literal

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from api import problems
from api.backend import Standing
from api.lean import LeanRoute
from api.openapi import answers
from api.problems import Problem
from api.replies import page_of
from api.services import serving
from projections import checkpoints

router = APIRouter(tags=["health"], route_class=LeanRoute)
_OK: Final = b'{"status":"ok"}'
_ANSWERS: Final = "SELECT 1"
_encode: Final = msgspec.json.Encoder().encode


class Readiness(msgspec.Struct, frozen=True):
    """What this process does, and how far it is.

    `writer` is `active` or `standby` for the one beside this API, `elsewhere` if there is none;
    `position` is the last of the ledger that is known here, `views_position` what all views show.
    """

    status: Literal["ok"]
    writer: Standing
    position: int
    views_position: int


class ViewStatus(msgspec.Struct, frozen=True):
    """How far a view is: it shows the ledger up to `position`, `lag` events behind its head."""

    view: str
    position: int
    lag: int
    recorded_at: datetime | None


@router.get("/v1/projections", openapi_extra=answers(ViewStatus, listed=True))
async def projections(request: Request) -> Response:
    """How far each view is; here `Onebook-Position` is the head of the ledger."""
    services = serving(request)
    async with services.database.connection() as conn:
        found = await checkpoints.checkpoint_list(conn, services.reads.network)
    head = max([await services.events.head(), *(each.position for each in found)])
    return page_of(head, [_status(checkpoint, head) for checkpoint in found], None)


def _status(checkpoint: checkpoints.Checkpoint, head: int) -> ViewStatus:
    position = checkpoint.position
    return ViewStatus(checkpoint.view, position, head - position, checkpoint.recorded_at)


@router.get("/livez")
async def alive(_: Request) -> Response:
    """200 while the process answers at all."""
    return Response(_OK, media_type="application/json")


@router.get("/readyz", openapi_extra=answers(Readiness))
async def ready(request: Request) -> Response:
    """200 while the database answers, requests can be decided and the views follow; else 503."""
    services = serving(request)
    async with services.database.connection() as conn:
        await conn.execute(_ANSWERS, prepare=True)
    if why := services.unready():
        raise Problem(problems.NOT_READY, why)
    writer, views = services.writer, services.backend.views
    said = Readiness("ok", services.backend.standing, writer.position, views.position())
    return Response(_encode(said), media_type="application/json")
