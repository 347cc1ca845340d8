"""Movements: the stock card. Every change of a quantity that is there, with the balance after it.

The balance is summed here from the events' own effects, apart from the inventory view.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Annotated, Any, Final, NamedTuple

from msgspec import Meta, Struct
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed

from ledger.codec import type_name
from ledger.domain.events import (
    AnyStockEvent,
    StockAdjusted,
    StockArrived,
    StockCollected,
    StockCounted,
    StockCountRevised,
    StockMoved,
    StockReceived,
    StockReturned,
    StockSaleVoided,
    StockSent,
    StockShipmentVoided,
    StockShipped,
    StockSold,
    StockWrittenOut,
)
from ledger.domain.stock.item import Delta, effective_at, effects_of
from ledger.domain.words import Location, Sku, sale_id
from projections.paging import FIRST_PAGE, Page, key_of
from projections.projection import Batch, Projection
from projections.reading import equal, listing, page
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows, Rows
from projections.tables import Table
from projections.words import EffectiveAt, ListedOrderId, OccurredAt, Position, RecordedAt, Sender

NAME = "movements"


class Movement(Struct, frozen=True, gc=False):
    """One line of the stock card of a sku at a location."""

    position: Position
    sku: Sku
    location: Location
    type: Annotated[str, Meta(description="The event's type, such as stock_sold.")]
    quantity: Annotated[
        int, Meta(description="Change of on_hand; 0 where goods only changed their state.")
    ]
    on_hand: Annotated[int, Meta(description="on_hand after it.")]
    damaged: Annotated[int, Meta(description="Change of damaged.")]
    quality_control: Annotated[int, Meta(description="Change of quality_control.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    effective_at: EffectiveAt
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it follows from.")]
    order_id: Annotated[
        ListedOrderId | None, Meta(description="The order or sale it belongs to, if any.")
    ]
    line_id: Annotated[str | None, Meta(description="The line of its request, order or sale.")]
    reason: Annotated[
        str | None, Meta(description="Why stock was adjusted, or returned goods left the books.")
    ]
    supply_id: Annotated[str | None, Meta(description="The supply that a receipt belongs to.")]
    transfer_id: Annotated[str | None, Meta(description="The transfer it belongs to.")]
    return_id: Annotated[str | None, Meta(description="The authorised return it belongs to.")]
    shipment_id: Annotated[str | None, Meta(description="The shipment it belongs to.")]


MOVEMENTS = Table(
    "movements",
    Movement,
    key=("position",),
    comment="The stock card: every change of a quantity that is there, with the balance after it.",
    indexes=["(network, sku, location, position)"],
)
MOVING = (
    StockReceived,
    StockAdjusted,
    StockCounted,
    StockCountRevised,
    StockMoved,
    StockSold,
    StockSaleVoided,
    StockReturned,
    StockShipped,
    StockShipmentVoided,
    StockCollected,
    StockSent,
    StockArrived,
    StockWrittenOut,
)
_TYPE: Final[dict[type, str]] = {event_type: type_name(event_type) for event_type in MOVING}
_BALANCES = SQL("""
    SELECT asked.location, asked.sku, last.on_hand
    FROM unnest(%s::text[], %s::text[]) AS asked (location, sku)
    CROSS JOIN LATERAL (
        SELECT on_hand FROM movements AS kept
        WHERE kept.network = %s AND kept.sku = asked.sku AND kept.location = asked.location
        ORDER BY position DESC LIMIT 1
    ) AS last
""").format()

Key = tuple[str, str]


class Movements(Projection):
    """Appends a row for each event that moves stock."""

    name = NAME
    comment = MOVEMENTS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.balances: Rows[Key, int] = Rows(
            _BALANCES,
            pack=lambda key, on_hand: (*key, on_hand),
            unpack=lambda values: ((values[0], values[1]), values[2]),
            limit=limit,
        )
        self.card = AppendedRows(MOVEMENTS)
        self.kept = (self.balances,)
        self.appended = (self.card,)
        self.folds = dict.fromkeys(MOVING, self._moved)

    def ask(self, batch: Batch) -> None:
        """The balances that stock movements change."""
        self.balances.ask({(event.location, event.sku) for _, event in batch})  # type: ignore[union-attr,misc]

    def _moved(self, position: int, event: AnyStockEvent) -> None:
        quantity, damaged, quality_control = _changes(effects_of(event))
        key = (event.location, event.sku)
        on_hand = (self.balances.get(key) or 0) + quantity
        self.balances.put(key, on_hand)
        self.card.append(
            (
                position,
                event.sku,
                event.location,
                _TYPE[event.__class__],
                quantity,
                on_hand,
                damaged,
                quality_control,
                event.occurred_at,
                event.recorded_at,
                effective_at(event),
                event.channel,
                event.request_id,
                *_BELONGS[event.__class__](event),
            )
        )


@lru_cache(maxsize=1024)  # most movements are of a few pieces
def _changes(effects: tuple[Delta, ...]) -> tuple[int, int, int]:
    """The changes of on_hand, damaged and quality_control."""
    changes = {"on_hand": 0, "damaged": 0, "quality_control": 0}
    for state, delta in effects:
        changes[state] += delta
    return changes["on_hand"], changes["damaged"], changes["quality_control"]


class _Belongs(NamedTuple):
    """What a movement belongs to: the last columns of its row."""

    order_id: str | None = None
    line_id: str | None = None
    reason: str | None = None
    supply_id: str | None = None
    transfer_id: str | None = None
    return_id: str | None = None
    shipment_id: str | None = None


_NOWHERE: Final = _Belongs()


def _sale(event: StockSold) -> _Belongs:
    return _Belongs(sale_id(event.channel, event.request_id), event.line_id)


def _voided_sale(event: StockSaleVoided) -> _Belongs:
    return _Belongs(sale_id(event.sale_channel, event.sale_request_id), event.line_id)


def _shipment(event: StockShipped | StockShipmentVoided) -> _Belongs:
    return _Belongs(event.order_id, event.line_id, shipment_id=event.shipment_id)


def _transfer(event: StockSent | StockArrived) -> _Belongs:
    return _Belongs(line_id=event.line_id, transfer_id=event.transfer_id)


_BELONGS: Final[dict[type, Callable[[Any], _Belongs]]] = {
    StockReceived: lambda e: _Belongs(line_id=e.line_id, supply_id=e.supply_id),
    StockAdjusted: lambda e: _Belongs(line_id=e.line_id, reason=e.reason),
    StockCounted: lambda _: _NOWHERE,
    StockCountRevised: lambda _: _NOWHERE,
    StockMoved: lambda e: _Belongs(line_id=e.line_id),
    StockSold: _sale,
    StockSaleVoided: _voided_sale,
    StockReturned: lambda e: _Belongs(e.order_id, e.line_id, return_id=e.return_id),
    StockShipped: _shipment,
    StockShipmentVoided: _shipment,
    StockCollected: lambda e: _Belongs(e.order_id, e.line_id),
    StockSent: _transfer,
    StockArrived: _transfer,
    StockWrittenOut: lambda e: _Belongs(line_id=e.line_id, reason=e.cause, return_id=e.return_id),
}


# The index keeps a sku's movements by location: the newest of each, merged, are the newest of all.
_NEWEST = SQL("""
    (WITH RECURSIVE places AS (
        (SELECT location FROM movements WHERE network = %(network)s AND sku = %(sku)s
         ORDER BY location LIMIT 1)
        UNION ALL
        SELECT (SELECT location FROM movements WHERE network = %(network)s AND sku = %(sku)s
                AND location > places.location ORDER BY location LIMIT 1)
        FROM places WHERE places.location IS NOT NULL
    ) SELECT card.* FROM places CROSS JOIN LATERAL (
        SELECT * FROM movements WHERE network = %(network)s AND sku = %(sku)s
        AND location = places.location AND position < %(before)s
        ORDER BY position DESC LIMIT %(fetched)s
    ) AS card) AS newest
""")


async def for_sku(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
    network: str,
    sku: str,
    *,
    location: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[Movement]:
    """The stock card of a sku, newest first. Raises BadToken for an `after` not of this list."""
    before = FIRST_PAGE if after is None else key_of(after, int)[0]
    params = {"network": network, "sku": sku, "before": before, "location": location}
    statement = _for_sku(location is not None)
    return await page(conn, Movement, statement, params, limit, lambda row: (row.position,))


@cache
def _for_sku(at_location: bool) -> Composed:  # noqa: FBT001 - a cache key
    columns = Movement.__struct_fields__
    if not at_location:
        return listing(NAME, columns, _NEWEST, order="position DESC", limited=True)
    where: list[Composed | SQL] = [
        *equal(["network", "sku", "location"]),
        SQL("position < %(before)s"),
    ]
    return listing(
        NAME, columns, SQL("movements"), conditions=where, order="position DESC", limited=True
    )
