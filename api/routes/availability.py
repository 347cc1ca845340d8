"""What a channel may sell, and what it may promise for a day."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from api.lean import LeanRoute
from api.openapi import answers
from api.parameters import Read, ReadList
from api.replies import listed, not_found, reply
from api.services import serving
from projections import availability as view
from projections.availability import Availability, AvailabilityItem

router = APIRouter(tags=["availability"], route_class=LeanRoute)


def _iso_date(given: object) -> object:
    """Only YYYY-MM-DD: other readings of a number as a date are nobody's intent."""
    if isinstance(given, str):
        try:
            if date.fromisoformat(given).isoformat() == given:
                return given
        except ValueError:
            pass
        raise ValueError("give a day as YYYY-MM-DD")
    return given


Day = Annotated[
    date | None,
    BeforeValidator(_iso_date),
    Field(
        alias="date",
        description="Count what is due by this day; without it, all that is to come.",
    ),
]


class AvailabilityOne(Read):
    """For which day."""

    day: Day = None


class AvailabilityList(ReadList):
    """For which day."""

    day: Day = None


@router.get("/v1/availability/{channel}", openapi_extra=answers(AvailabilityItem, listed=True))
async def for_channel(
    request: Request, channel: str, query: Annotated[AvailabilityList, Query()]
) -> Response:
    """What a channel may sell of each sku, by sku; never described, all locations serve it."""
    reads = serving(request).reads
    async with reads.at(query.min_position) as conn:
        page = await view.availability_list(
            conn, reads.network, channel, day=query.day, after=query.after, limit=query.limit
        )
    return listed(page)


@router.get("/v1/availability/{channel}/{sku}", openapi_extra=answers(Availability))
async def for_sku(
    request: Request, channel: str, sku: str, query: Annotated[AvailabilityOne, Query()]
) -> Response:
    """What a channel may sell of one sku, and the parts that explain it."""
    reads = serving(request).reads
    async with reads.at(query.min_position) as conn:
        found, position = await view.availability(conn, reads.network, channel, sku, day=query.day)
    if found is None:
        raise not_found("sku", sku, position)
    return reply(position, found)
