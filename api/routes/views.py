"""The page of the views: how fresh each is, and what works; its JSON twin is /v1/projections."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api import views_status
from api.lean import LeanRoute
from api.pages import render
from api.problems import VIEWS_AWAY, Problem
from api.services import Services, serving
from api.views_status import ViewStatus

EVERY_S: Final = 3
"""So often a live page is read anew."""

router = APIRouter(include_in_schema=False, route_class=LeanRoute)


class Live(BaseModel):
    """Whether the page renews itself."""

    model_config = ConfigDict(extra="forbid")

    live: Annotated[bool, Field(description="Renew it every few seconds.")] = True


@router.get("/views")
async def views(request: Request, query: Annotated[Live, Query()]) -> Response:
    """How fresh each view is. With PostgreSQL away it is a 503 that says so, and still a page."""
    services = serving(request)
    head, rows = await _read(services)
    no_writes, no_reads = services.no_writes(), services.no_reads()
    page = render(
        "views.html",
        position=head,
        head=head,
        rows=rows,
        wrong=[why for why in (no_writes, no_reads, *_alarms(rows)) if why],
        no_writes=no_writes,
        standing=services.backend.standing,
        views_position=services.backend.views.position(),
        now=datetime.now(UTC),
        every_s=EVERY_S if query.live else None,
    )
    page.status_code = 200 if rows is not None else 503
    return page


async def _read(services: Services) -> tuple[int, list[ViewStatus] | None]:
    try:
        return await views_status.statuses(services)
    except Problem as problem:
        if problem.kind is not VIEWS_AWAY:
            raise
        return services.writer.position, None


def _alarms(rows: list[ViewStatus] | None) -> list[str]:
    return [row.alarm for row in rows or () if row.alarm is not None]
