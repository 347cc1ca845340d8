"""Is it alive, and what of it works."""

from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Request
from msgspec import Meta
from starlette.responses import Response

from api import problems
from api.backend import Standing
from api.lean import LeanRoute
from api.openapi import answers
from api.problems import Problem
from api.services import serving

router = APIRouter(tags=["health"], route_class=LeanRoute)
_OK: Final = b'{"status":"ok"}'
_encode: Final = msgspec.json.Encoder().encode


class Readiness(msgspec.Struct, frozen=True):
    """What this process does, what of it works, and how far it is."""

    status: Annotated[
        Literal["ok", "degraded"],
        Meta(description="`degraded`: requests are decided, and `why` says what does not work."),
    ]
    writer: Annotated[
        Standing,
        Meta(description="What the writer beside this API does; `elsewhere` if there is none."),
    ]
    writes: Annotated[bool, Meta(description="Whether requests are taken and decided.")]
    reads: Annotated[bool, Meta(description="Whether the views can be read.")]
    why: Annotated[str | None, Meta(description="What does not work; null: all does.")]
    position: Annotated[int, Meta(description="The last of the ledger that is known here.")]
    views_position: Annotated[
        int, Meta(description="What all views show that have not stopped alone, last known.")
    ]
    alarms: Annotated[
        dict[str, str],
        Meta(
            description="Views whose rows are not what a fresh fold makes of the ledger, and why."
        ),
    ]


@router.get("/livez")
async def alive(_: Request) -> Response:
    """200 while the process answers at all."""
    return Response(_OK, media_type="application/json")


@router.get("/readyz", openapi_extra=answers(Readiness))
async def ready(request: Request) -> Response:
    """200 while requests are decided, `degraded` where views cannot be read or stand still.

    503 with the reason while requests are not decided; `reads` says whether the views can be read.
    """
    services = serving(request)
    away, views = services.database.away, services.backend.views
    reads_why = services.no_reads()
    if why := services.no_writes():
        raise Problem(problems.NOT_READY, why, writes=False, reads=not away)
    said = Readiness(
        "ok" if reads_why is None else "degraded",
        services.backend.standing,
        writes=True,
        reads=not away,
        why=reads_why,
        position=services.writer.position,
        views_position=views.position(),
        alarms=dict(views.alarms()),
    )
    return Response(_encode(said), media_type="application/json")
