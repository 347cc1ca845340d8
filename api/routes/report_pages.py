"""Pages for people: the reports there are, and each of them; JSON and CSV stand under /v1."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import problems
from api.lean import LeanRoute
from api.pages import render
from api.pages.reports import shown
from api.problems import Problem
from api.report_queries import ReportQuery, asked_of, model_of
from api.services import serving
from projections.reports import REPORTS
from projections.reports.reads import report_page
from projections.reports.report import Report

router = APIRouter(include_in_schema=False, route_class=LeanRoute)


@router.get("/reports")
async def reports_page(request: Request) -> Response:
    """The reports there are, with their definitions."""
    position = serving(request).backend.views.position(None)
    return render("reports.html", position=position, reports=list(REPORTS.values()))


def _page_of(report: Report) -> Callable[..., Awaitable[Response]]:
    model = model_of(report)

    async def page(request: Request, query: Annotated[model, Query()]) -> Response:  # type: ignore[valid-type]
        return await _render(request, report, query)

    return page


async def _render(request: Request, report: Report, query: ReportQuery) -> Response:
    if query.format is not None:
        why = f"query parameter 'format': this is a page; ask /v1/reports/{report.name} for it"
        raise Problem(problems.BAD_PARAMETER, why, parameter="format")
    asked, reads = asked_of(report, query), serving(request).reads
    async with reads.at(query.min_position, views=report.views) as conn:
        found = await report_page(
            conn, reads.network, report, asked, after=query.after, limit=query.limit
        )
    others = [(k, v) for k, v in request.query_params.items() if k not in {"by", "after"}]
    return render(
        "report.html",
        position=found.position,
        report=report,
        by=asked.by,
        method=asked.method,
        others=urlencode(others),
        others_but_method=urlencode([(k, v) for k, v in others if k != "method"]),
        page=found,
        shown=shown(report, found.items),
    )


for _report in REPORTS.values():
    router.get(f"/reports/{_report.name}")(_page_of(_report))
