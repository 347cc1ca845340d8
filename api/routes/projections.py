"""How each view is: how fresh, how its rebuild goes, what was proven of it; and its rebuild."""

import psycopg
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import problems, views_status
from api.lean import LeanRoute
from api.openapi import answers
from api.problems import Problem
from api.replies import not_found, page_of, reply
from api.services import Services, serving
from api.views_status import ViewDetails, ViewStatus
from consumers.proving.rebuild import RebuildRuns
from projections.views import VIEWS

router = APIRouter(tags=["views"], route_class=LeanRoute)


@router.get("/v1/projections", openapi_extra=answers(ViewStatus, listed=True))
async def projections(request: Request) -> Response:
    """How fresh each view is; here `Onebook-Position` is the head of the ledger."""
    head, found = await views_status.statuses(serving(request))
    return page_of(head, found, None)


@router.get("/v1/projections/{view}", openapi_extra=answers(ViewDetails))
async def projection(request: Request, view: str) -> Response:
    """One view, with its latest rebuild and what was proven of it."""
    head, details = await _details(serving(request), view)
    return reply(head, details)


@router.post(
    "/v1/projections/{view}/rebuild", status_code=202, openapi_extra=answers(ViewDetails, 202)
)
async def rebuild(request: Request, view: str) -> Response:
    """Fold a new copy of a view from the ledger's first event, beside the one that is read.

    Its rows are then made equal to the copy's in one transaction; reads and writes go on all the
    while. `Location` shows how far it is. 409 while a rebuild of this network runs.
    """
    services = serving(request)
    _known(services, view)
    try:
        await run_in_threadpool(services.backend.rebuilds.start, [view])
    except RebuildRuns as runs:
        raise Problem(problems.REBUILD_RUNS, str(runs)) from None
    except psycopg.OperationalError as away:
        raise Problem(problems.VIEWS_AWAY, f"a rebuild needs PostgreSQL: {away}") from away
    head, details = await _details(services, view)
    begun = reply(head, details)
    begun.status_code = 202
    begun.headers["Location"] = f"/v1/projections/{view}"
    return begun


async def _details(services: Services, view: str) -> tuple[int, ViewDetails]:
    _known(services, view)
    head, found = await views_status.details(services, view)
    if found is None:
        raise not_found("view", view, head)
    return head, found


def _known(services: Services, view: str) -> None:
    if view not in VIEWS:
        raise Problem(
            problems.NOT_FOUND,
            f"there is no view {view!r}; there are {', '.join(VIEWS)}",
            headers={"Onebook-Position": str(services.writer.position)},
        )
