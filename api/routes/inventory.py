"""Inventory: what there is, and every movement that made it so."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.lean import LeanRoute
from api.openapi import answers
from api.parameters import Read, ReadList
from api.replies import listed, not_found, reply
from api.services import serving
from projections import inventory, movements
from projections.inventory import InventoryItem
from projections.movements import Movement

router = APIRouter(tags=["inventory"], route_class=LeanRoute)
Located = Annotated[str | None, Field(description="At this location only.")]


class InventoryList(ReadList):
    """Which items."""

    location: Located = None
    sku: Annotated[str | None, Field(description="Of this sku only.")] = None


class MovementList(ReadList):
    """Which movements."""

    location: Located = None


class Total(msgspec.Struct, frozen=True):
    """The sums over the locations."""

    on_hand: int
    committed: int
    reserved: int
    damaged: int
    quality_control: int
    safety_stock: int
    available: int
    incoming: int
    shortage: int


class SkuInventory(msgspec.Struct, frozen=True):
    """Stock of one sku: an item a location, and their sums."""

    sku: str
    items: list[InventoryItem]
    total: Total


@router.get("/v1/inventory", openapi_extra=answers(InventoryItem, listed=True))
async def item_list(request: Request, query: Annotated[InventoryList, Query()]) -> Response:
    """Stock, one item per sku and location."""
    reads = serving(request).reads
    async with reads.at(query.min_position) as conn:
        page = await inventory.item_list(
            conn,
            reads.network,
            location=query.location,
            sku=query.sku,
            after=query.after,
            limit=query.limit,
        )
    return listed(page)


@router.get("/v1/inventory/{sku}", openapi_extra=answers(SkuInventory))
async def for_sku(request: Request, sku: str, query: Annotated[Read, Query()]) -> Response:
    """Stock of one sku: an item a location, and their sums."""
    reads = serving(request).reads
    async with reads.at(query.min_position) as conn:
        items, position = await inventory.for_sku(conn, reads.network, sku)
    if not items:
        raise not_found("sku", sku, position)
    return reply(position, SkuInventory(sku, items, total_of(items)))


@router.get("/v1/inventory/{sku}/movements", openapi_extra=answers(Movement, listed=True))
async def stock_card(
    request: Request, sku: str, query: Annotated[MovementList, Query()]
) -> Response:
    """The stock card of one sku, newest first: every change, with the balance after it."""
    reads = serving(request).reads
    async with reads.at(query.min_position) as conn:
        page = await movements.for_sku(
            conn,
            reads.network,
            sku,
            location=query.location,
            after=query.after,
            limit=query.limit,
        )
    if not page.items and query.after is None:
        raise not_found("a movement of sku", sku, page.position)
    return listed(page)


def total_of(items: list[InventoryItem]) -> Total:
    """The sums of the items' quantities."""
    return Total(*(sum(getattr(item, name) for item in items) for name in Total.__struct_fields__))
