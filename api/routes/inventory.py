"""Inventory: what there is, and every movement that made it so."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.as_of import AsOfList, AsOfRead, lent
from api.database import Connection
from api.lean import LeanRoute
from api.openapi import answers
from api.parameters import ReadList
from api.problems import Problem
from api.replies import encoded_reply, listed, not_found, reply
from api.services import serving
from projections.paging import MAX_PAGE
from projections.past import explain, inventory_as_of
from projections.past.as_of import AsOf
from projections.past.explain import Explanation, Quantity
from projections.stock import inventory, movements, stock_history
from projections.stock.inventory import InventoryItem
from projections.stock.movements import Movement

router = APIRouter(tags=["inventory"], route_class=LeanRoute)
LIVE: Final = (inventory.NAME,)
MAX_BODIES: Final = 10_000
"""Encoded answers that are kept: some 200 bytes a location each."""
Located = Annotated[str | None, Field(description="At this location only.")]


class InventoryList(AsOfList):
    """Which items."""

    location: Located = None
    sku: Annotated[str | None, Field(description="Of this sku only.")] = None


class MovementList(ReadList):
    """Which movements."""

    location: Located = None


class ExplainList(AsOfList):
    """Which quantity, and where."""

    quantity: Annotated[Quantity, Field(description="What is to be explained.")] = "on_hand"
    location: Located = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE, description="Events a page.")] = 25


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
    items: Sequence[InventoryItem]
    total: Total


@router.get("/v1/inventory", openapi_extra=answers(InventoryItem, listed=True))
async def item_list(request: Request, query: Annotated[InventoryList, Query()]) -> Response:
    """Stock, one item per sku and location; with `as_of`, those that had any by then."""
    services = serving(request)
    async with lent(services, query, live=LIVE, then=inventory_as_of.VIEWS) as (conn, as_of):
        listing = (
            inventory.item_list
            if as_of is None
            else partial(inventory_as_of.item_list, as_of=as_of)
        )
        page = await listing(
            conn,
            services.reads.network,
            location=query.location,
            sku=query.sku,
            after=query.after,
            limit=query.limit,
        )
    return listed(page)


@router.get("/v1/inventory/{sku}", openapi_extra=answers(SkuInventory))
async def for_sku(request: Request, sku: str, query: Annotated[AsOfRead, Query()]) -> Response:
    """Stock of one sku, now or as of then: an item a location, and their sums.

    Of now it shows the ledger's head, as far as it is known in this process.
    """
    services = serving(request)
    network = services.reads.network
    if query.as_of is None and query.clock is None:
        known = await services.live.stock(sku, query.min_position)
        if known is not None and known.items:
            return encoded_reply(known.position, _bodies.of(sku, known.items))
    async with lent(services, query, live=LIVE, then=inventory_as_of.VIEWS) as (conn, as_of):
        if as_of is None:
            items, position = await inventory.for_sku(conn, network, sku)
        else:
            items, position = await inventory_as_of.for_sku(conn, network, as_of, sku)
        if not items:
            raise await no_stock(conn, network, sku, None, as_of, position)
    return reply(position, SkuInventory(sku, items, total_of(items)))


class _Bodies:
    """Answers that were encoded before, for as long as the items that they show are the same."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Sequence[InventoryItem], bytes]] = {}

    def of(self, sku: str, items: Sequence[InventoryItem]) -> bytes:
        """The body that shows these items."""
        made = self._made.get(sku)
        if made is not None and made[0] is items:
            return made[1]
        if len(self._made) >= MAX_BODIES:
            self._made.clear()
        body = msgspec.json.encode(SkuInventory(sku, items, total_of(items)))
        self._made[sku] = (items, body)
        return body


_bodies: Final = _Bodies()


@router.get("/v1/inventory/{sku}/explain", openapi_extra=answers(Explanation))
async def explained(request: Request, sku: str, query: Annotated[ExplainList, Query()]) -> Response:
    """Why a quantity of a sku is what it is: the events that sum to it, newest first.

    `available` and `shortage` follow from other quantities: they are explained by all that changed
    one of those, and `parts` says how they add up. With `clock=occurred` the events stand in the
    order in which they took effect.
    """
    services = serving(request)
    network = services.reads.network
    async with lent(services, query, live=explain.VIEWS, then=explain.VIEWS) as (conn, as_of):
        found, position = await explain.explain(
            conn,
            network,
            sku,
            query.quantity,
            location=query.location,
            as_of=as_of,
            after=query.after,
            limit=query.limit,
        )
        if found is None:
            raise await no_stock(conn, network, sku, query.location, as_of, position)
    return reply(position, found)


@router.get("/v1/inventory/{sku}/movements", openapi_extra=answers(Movement, listed=True))
async def stock_card(
    request: Request, sku: str, query: Annotated[MovementList, Query()]
) -> Response:
    """The stock card of one sku, newest first: every change, with the balance after it."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(stock_history.NAME,)) as conn:
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


def total_of(items: Sequence[InventoryItem]) -> Total:
    """The sums of the items' quantities."""
    return Total(*(sum(getattr(item, name) for item in items) for name in Total.__struct_fields__))


async def no_stock(  # noqa: PLR0913, PLR0917 - what was asked, and where
    conn: Connection,
    network: str,
    sku: str,
    location: str | None,
    as_of: AsOf | None,
    position: int,
) -> Problem:
    """The problem of a sku without any stock event, as of then or at all."""
    what = "sku" if location is None else f"at location {location!r} sku"
    problem = not_found(what, sku, position)
    first = await inventory_as_of.first_event(conn, network, sku, location)
    if as_of is None or first is None:
        return problem
    at, effective_at = first
    when = f"{effective_at.isoformat().replace('+00:00', 'Z')} by the occurred clock"
    then = f"its first is at position {at}" if as_of.until is None else f"its first is of {when}"
    detail = f"{what} {sku!r} had no stock event by then: {then}"
    return Problem(problem.kind, detail, headers=problem.headers)
