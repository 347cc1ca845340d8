"""Reports: stock, sales, service and customers, as JSON and CSV."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request
from msgspec import Meta
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from api import problems
from api.downloads import Downloads
from api.lean import LeanRoute
from api.openapi import answers
from api.problems import Problem
from api.replies import listed, page_of
from api.report_queries import ReportQuery, asked_of, model_of
from api.services import serving
from projections.reports import REPORTS
from projections.reports.reads import report_page, report_rows
from projections.reports.report import Report

router = APIRouter(tags=["reports"], route_class=LeanRoute)
_CSV: Final = "text/csv"


class ReportColumn(msgspec.Struct, frozen=True):
    """A column of a report."""

    name: Annotated[str, Meta(description="Its name, in JSON and CSV.")]
    type: Annotated[str, Meta(description="Its type in SQL.")]
    description: Annotated[str, Meta(description="What it says.")]


class ReportItem(msgspec.Struct, frozen=True):
    """What a report is, and what may be asked of it."""

    name: Annotated[str, Meta(description="Its name, in addresses and for `onebook report`.")]
    title: Annotated[str, Meta(description="What people call it.")]
    definition: Annotated[str, Meta(description="How its numbers are defined.")]
    basis: Annotated[str, Meta(description="Where that definition comes from.")]
    address: Annotated[str, Meta(description="Where it is read.")]
    source: Annotated[str, Meta(description="The SQL view or function that it sums up.")]
    parameters: Annotated[tuple[str, ...], Meta(description="What it may be asked for.")]
    by: Annotated[tuple[str, ...], Meta(description="How its rows may be put together.")]
    columns: Annotated[tuple[ReportColumn, ...], Meta(description="Its columns, in order.")]


def described(report: Report) -> ReportItem:
    """A report as it is listed."""
    columns = (ReportColumn(c.name, c.sql_type, c.comment) for c in report.columns)
    return ReportItem(
        report.name,
        report.title,
        report.definition,
        report.basis,
        f"/v1/reports/{report.name}",
        report.source.partition("(")[0],
        (*report.takes, "min_position", "after", "limit", "format"),
        tuple(report.by),
        tuple(columns),
    )


@router.get("/v1/reports", openapi_extra=answers(ReportItem, listed=True))
async def report_list(request: Request) -> Response:
    """The reports there are, with their definitions; each has an address of its own."""
    position = serving(request).backend.views.position(None)
    return page_of(position, [described(report) for report in REPORTS.values()], None)


def _reader(report: Report) -> Callable[..., Awaitable[Response]]:
    """The endpoint of one report."""
    model = model_of(report)

    async def read(request: Request, query: Annotated[model, Query()]) -> Response:  # type: ignore[valid-type]
        return await _answer(request, report, query)

    read.__name__ = report.name.replace("-", "_")
    read.__doc__ = f"{report.title}.\n\n{report.definition}"
    return read


async def _answer(request: Request, report: Report, query: ReportQuery) -> Response:
    reads = serving(request).reads
    asked = asked_of(report, query)
    async with reads.at(query.min_position, views=report.views) as conn:
        if _wants_csv(request, query):
            if query.after is not None:
                raise _no_pages()
            downloads: Downloads = request.app.state.downloads
            return await downloads.csv(report, report_rows(conn, reads.network, report, asked))
        page = await report_page(
            conn, reads.network, report, asked, after=query.after, limit=query.limit
        )
    return listed(page)


def _wants_csv(request: Request, query: ReportQuery) -> bool:
    if query.format is not None:
        return query.format == "csv"
    wanted = request.headers.get("accept", "")
    return _CSV in wanted and "application/json" not in wanted


def _no_pages() -> Problem:
    why = "query parameter 'after': CSV has all rows at once, without pages"
    return Problem(problems.BAD_PARAMETER, why, parameter="after")


for _report in REPORTS.values():
    _extra: dict[str, Any] = answers(_report.row, listed=True)
    _extra["responses"]["200"]["content"][_CSV] = {"schema": {"type": "string"}}
    router.get(f"/v1/reports/{_report.name}", openapi_extra=_extra)(_reader(_report))


class _Anything(BaseModel):
    """Whatever is asked of a report that there is not."""

    model_config = ConfigDict(extra="allow")


@router.get("/v1/reports/{name}", include_in_schema=False)
async def unknown_report(
    request: Request,  # noqa: ARG001 - as every endpoint
    name: str,
    query: Annotated[_Anything, Query()],  # noqa: ARG001 - it may be anything
) -> Response:
    """Say which reports there are."""
    there_are = ", ".join(REPORTS)
    raise Problem(problems.NOT_FOUND, f"there is no report {name[:60]!r}; there are: {there_are}")
