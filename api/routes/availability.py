"""What a channel may sell, and what it may promise for a day."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.lean import LeanRoute
from api.live import Live, Shown
from api.openapi import answers
from api.parameters import Read, ReadList
from api.problems import BAD_PARAMETER, Problem
from api.reads import Reads
from api.replies import listed, not_found, reply
from api.services import serving
from api.times import Day
from projections.paging import Page, key_of, token
from projections.selling import availability as view
from projections.selling.availability import Availability, AvailabilityItem

router = APIRouter(tags=["availability"], route_class=LeanRoute)
MAX_SKUS: Final = 100
"""Of one answer that names its skus."""


DueBy = Annotated[
    Day,
    Field(
        alias="date",
        description="Count what is due by this day; without it, all that is to come.",
    ),
]


class AvailabilityOne(Read):
    """For which day."""

    day: DueBy = None


class AvailabilityList(ReadList):
    """For which day, and of which skus."""

    day: DueBy = None
    sku: Annotated[
        list[str],
        Field(
            default_factory=list,
            max_length=MAX_SKUS,
            description=f"Only these skus: given again for each, {MAX_SKUS} at most. One without "
            "any stock event is left out. The answer is one page.",
        ),
    ]


@router.get("/v1/availability/{channel}", openapi_extra=answers(AvailabilityItem, listed=True))
async def for_channel(
    request: Request, channel: str, query: Annotated[AvailabilityList, Query()]
) -> Response:
    """What a channel may sell of each sku, by sku; never described, all locations serve it.

    It shows the ledger's head, as far as it is known in this process.
    """
    if query.sku and query.after is not None:
        raise Problem(
            BAD_PARAMETER,
            "query parameter 'after': what names its skus is one page",
            parameter="after",
        )
    services = serving(request)
    found = await (_some if query.sku else _page)(services.live, channel, query)
    return listed(found or await _from_views(services.reads, channel, query))


@router.get("/v1/availability/{channel}/{sku}", openapi_extra=answers(Availability))
async def for_sku(
    request: Request, channel: str, sku: str, query: Annotated[AvailabilityOne, Query()]
) -> Response:
    """What a channel may sell of one sku, and the parts that explain it.

    It shows the ledger's head, as far as it is known in this process.
    """
    services = serving(request)
    shown = await services.live.of(channel, [sku], query.day, min_position=query.min_position)
    if shown is None:
        shown = await _one_from_views(services.reads, channel, sku, query)
    [found] = shown.found
    if found is None:
        raise not_found("sku", sku, shown.position)
    return reply(shown.position, found)


async def _some(live: Live, channel: str, query: AvailabilityList) -> Page[AvailabilityItem] | None:
    skus = sorted(set(query.sku))
    shown = await live.of(channel, skus, query.day, min_position=query.min_position)
    return None if shown is None else _page_of(shown, None)


async def _page(live: Live, channel: str, query: AvailabilityList) -> Page[AvailabilityItem] | None:
    behind = "" if query.after is None else key_of(query.after, str)[0]
    skus = await live.after(behind, query.limit + 1, min_position=query.min_position)
    if skus is None:
        return None
    here = skus[: query.limit]
    shown = await live.of(channel, here, query.day)
    more = len(skus) > query.limit
    return None if shown is None else _page_of(shown, token(here[-1]) if more else None)


def _page_of(shown: Shown, following: str | None) -> Page[AvailabilityItem]:
    items = [_item(answer) for answer in shown.found if answer is not None]
    return Page(items, following, shown.position)


def _item(answer: Availability) -> AvailabilityItem:
    return AvailabilityItem(*(getattr(answer, name) for name in AvailabilityItem.__struct_fields__))


async def _from_views(
    reads: Reads, channel: str, query: AvailabilityList
) -> Page[AvailabilityItem]:
    if not query.sku:
        async with reads.at(query.min_position, views=view.READS) as conn:
            return await view.availability_list(
                conn, reads.network, channel, day=query.day, after=query.after, limit=query.limit
            )
    async with reads.at(query.min_position, views=view.READS) as conn:
        return await view.availability_of(
            conn, reads.network, channel, sorted(set(query.sku)), day=query.day
        )


async def _one_from_views(reads: Reads, channel: str, sku: str, query: AvailabilityOne) -> Shown:
    async with reads.at(query.min_position, views=view.READS) as conn:
        found, position = await view.availability(conn, reads.network, channel, sku, day=query.day)
    return Shown([found], position)
