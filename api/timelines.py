"""The events of one order, customer or product, and what is said of one that was not known then."""

from starlette.responses import Response

from api.as_of import AsOfList, lent
from api.database import Connection
from api.problems import Problem
from api.replies import listed, not_found
from api.services import Services
from api.times import said
from projections.past import subject_reads, subjects_as_of
from projections.past.as_of import AsOf
from projections.past.subject_events import Subject


async def timeline_page(
    services: Services, subject: Subject, subject_id: str, query: AsOfList
) -> Response:
    """A page of the events that concern a subject. Raises Problem, 404 if none did by then."""
    network, views = services.reads.network, subjects_as_of.VIEWS
    async with lent(services, query, live=views, then=views) as (conn, as_of):
        page = await subject_reads.timeline(
            conn,
            network,
            subject,
            subject_id,
            as_of=as_of,
            after=query.after,
            limit=query.limit,
        )
        if not page.items and query.after is None:
            raise await unknown(conn, network, subject, subject_id, as_of, page.position)
    return listed(page)


async def unknown(  # noqa: PLR0913, PLR0917 - what was asked, and where
    conn: Connection,
    network: str,
    subject: Subject,
    subject_id: str,
    as_of: AsOf | None,
    position: int,
) -> Problem:
    """The problem of a subject that is not known, or was not known then."""
    problem = not_found(subject, subject_id, position)
    if as_of is None:
        return problem
    page = await subject_reads.timeline(conn, network, subject, subject_id, limit=1)
    if not page.items:
        return problem
    [first] = page.items
    when = said(first.effective_at)
    detail = (
        f"{subject} {subject_id!r} was not known then: the first event of it is at position "
        f"{first.position}, and took effect at {when}"
    )
    return Problem(problem.kind, detail, headers=problem.headers)
