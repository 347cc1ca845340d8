"""What things are, as described latest: products, locations, channels and their buffers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.as_of import AsOfList, AsOfRead, lent
from api.lean import LeanRoute
from api.openapi import answers
from api.parameters import Read, ReadList
from api.replies import listed, not_found, reply
from api.services import serving
from api.timelines import timeline_page, unknown
from projections.past import subjects_as_of
from projections.past.subject_reads import TimelineEvent
from projections.selling import catalog
from projections.selling.catalog import (
    ChannelBuffer,
    ChannelBuffers,
    ChannelItem,
    Channels,
    LocationItem,
    Locations,
    Product,
    Products,
)

router = APIRouter(tags=["catalog"], route_class=LeanRoute)


@router.get("/v1/products", openapi_extra=answers(Product, listed=True))
async def products(request: Request, query: Annotated[ReadList, Query()]) -> Response:
    """Described products, by sku."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(Products.name,)) as conn:
        page = await catalog.product_list(conn, reads.network, after=query.after, limit=query.limit)
    return listed(page)


@router.get("/v1/products/{sku}", openapi_extra=answers(Product))
async def product(request: Request, sku: str, query: Annotated[AsOfRead, Query()]) -> Response:
    """The one description of a sku that every channel reads; with `as_of`, the one of then."""
    services = serving(request)
    network = services.reads.network
    views = {"live": (Products.name,), "then": subjects_as_of.VIEWS}
    async with lent(services, query, **views) as (conn, as_of):
        if as_of is None:
            found, position = await catalog.product(conn, network, sku)
        else:
            found, position = await subjects_as_of.product(conn, network, as_of, sku)
        if found is None:
            raise await unknown(conn, network, "product", sku, as_of, position)
    return reply(position, found)


@router.get("/v1/products/{sku}/events", openapi_extra=answers(TimelineEvent, listed=True))
async def product_events(
    request: Request, sku: str, query: Annotated[AsOfList, Query()]
) -> Response:
    """The descriptions of a sku as they were sent, oldest first; with `as_of`, those by then."""
    return await timeline_page(serving(request), "product", sku, query)


@router.get("/v1/locations", openapi_extra=answers(LocationItem, listed=True))
async def locations(request: Request, query: Annotated[ReadList, Query()]) -> Response:
    """Described locations, by id."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(Locations.name,)) as conn:
        page = await catalog.location_list(
            conn, reads.network, after=query.after, limit=query.limit
        )
    return listed(page)


@router.get("/v1/locations/{location}", openapi_extra=answers(LocationItem))
async def location(request: Request, location: str, query: Annotated[Read, Query()]) -> Response:
    """What one location is and can do."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(Locations.name,)) as conn:
        found, position = await catalog.location(conn, reads.network, location)
    if found is None:
        raise not_found("a description of location", location, position)
    return reply(position, found)


@router.get("/v1/channels", openapi_extra=answers(ChannelItem, listed=True))
async def channels(request: Request, query: Annotated[ReadList, Query()]) -> Response:
    """Described channels, by id."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(Channels.name,)) as conn:
        page = await catalog.channel_list(conn, reads.network, after=query.after, limit=query.limit)
    return listed(page)


@router.get("/v1/channels/{channel}/buffers", openapi_extra=answers(ChannelBuffer, listed=True))
async def buffers(request: Request, channel: str, query: Annotated[ReadList, Query()]) -> Response:
    """How much of each sku a channel leaves to others, by sku."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(ChannelBuffers.name,)) as conn:
        page = await catalog.buffer_list(
            conn, reads.network, channel, after=query.after, limit=query.limit
        )
    return listed(page)
