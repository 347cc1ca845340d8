"""Stock history: every event of stock, with what it changed and every quantity after it.

What there was as of any position is the last row of each sku and location up to there; why a
quantity is what it is are the rows that changed it. What the quantities were at the end of each
day by effective time, as known now, follows from the same events: see `inventory_days`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, cast

from msgspec import Meta, Struct
from psycopg.sql import SQL

from ledger.codec import type_name
from ledger.domain.events import (
    AnyStockEvent,
    SafetyStockSet,
    ShortageCleared,
    ShortageFound,
    StockAdjusted,
    StockArrived,
    StockCollected,
    StockCommitted,
    StockCounted,
    StockCountRevised,
    StockExpected,
    StockMoved,
    StockReceived,
    StockReleased,
    StockReserved,
    StockReturned,
    StockSaleVoided,
    StockSent,
    StockShipmentVoided,
    StockShipped,
    StockSold,
    StockUncommitted,
    StockWrittenOut,
)
from ledger.domain.stock.item import NOTHING, StockItem, effective_at, moved
from ledger.domain.words import Location, Sku, sale_id
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows, Rows, of_items
from projections.stock.inventory_days import DayRows
from projections.stock.movements import MOVEMENTS
from projections.tables import Table, Values
from projections.words import EffectiveAt, ListedOrderId, OccurredAt, Position, RecordedAt, Sender

NAME = "stock_history"


class HistoryRow(Struct, frozen=True, gc=False):
    """One event of stock of a sku at a location: what it changed, and what there was after it."""

    position: Position
    sku: Sku
    location: Location
    type: Annotated[str, Meta(description="The event's type, such as stock_sold.")]
    moves: Annotated[
        bool, Meta(description="Whether it is a movement: of a type that moves what is there.")
    ]
    on_hand_change: Annotated[int | None, Meta(description="Change of on_hand; null: none.")]
    committed_change: Annotated[int | None, Meta(description="Change of committed; null: none.")]
    reserved_change: Annotated[int | None, Meta(description="Change of reserved; null: none.")]
    damaged_change: Annotated[int | None, Meta(description="Change of damaged; null: none.")]
    quality_control_change: Annotated[
        int | None, Meta(description="Change of quality_control; null: none.")
    ]
    safety_stock_change: Annotated[
        int | None, Meta(description="Change of safety_stock; null: none.")
    ]
    incoming_change: Annotated[int | None, Meta(description="Change of incoming; null: none.")]
    on_hand: Annotated[int, Meta(description="on_hand after it.")]
    committed: Annotated[int, Meta(description="committed after it.")]
    reserved: Annotated[int, Meta(description="reserved after it.")]
    damaged: Annotated[int, Meta(description="damaged after it.")]
    quality_control: Annotated[int, Meta(description="quality_control after it.")]
    safety_stock: Annotated[int, Meta(description="safety_stock after it.")]
    incoming: Annotated[int, Meta(description="incoming after it.")]
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
        str | None,
        Meta(
            description="Why stock was adjusted, returned goods left the books, a hold was "
            "released, or a promise was taken back."
        ),
    ]
    supply_id: Annotated[str | None, Meta(description="The supply it belongs to.")]
    transfer_id: Annotated[str | None, Meta(description="The transfer it belongs to.")]
    return_id: Annotated[str | None, Meta(description="The authorised return it belongs to.")]
    shipment_id: Annotated[str | None, Meta(description="The shipment it belongs to.")]
    hold_owner: Annotated[str | None, Meta(description="Whose hold it belongs to.")]
    unit_cost_minor: Annotated[
        int | None, Meta(description="What a unit cost, in minor units, if the event says.")
    ]
    currency: Annotated[str | None, Meta(description="The currency of unit_cost_minor.")]
    safety_stock_set: Annotated[
        int | None,
        Meta(description="What safety_stock was set to; it counts unless a later one does."),
    ]


QUANTITIES: Final = (
    "on_hand",
    "committed",
    "reserved",
    "damaged",
    "quality_control",
    "safety_stock",
    "incoming",
)
"""What a row has the change and the balance of; what can be sold follows from them."""

_BY_ITEM: Final = "(network, sku, location, position)"
_BY_STAMP: Final = (
    "(network, sku, location, effective_at, channel, request_id, position) "
    "WHERE safety_stock_set IS NOT NULL"
)
STOCK_HISTORY = Table(
    "stock_history",
    HistoryRow,
    key=("position",),
    comment="Every event of stock: what it changed, and every quantity after it.",
    indexes=[
        _BY_ITEM,
        "(network, sku, location, effective_at)",
        # What explains a quantity, over all locations, is found by these however rarely it changes.
        "(network, sku, position) WHERE moves",
        "(network, sku, position) WHERE committed_change IS NOT NULL",
        "(network, sku, position) WHERE reserved_change IS NOT NULL",
        "(network, sku, position) WHERE damaged_change IS NOT NULL",
        "(network, sku, position) WHERE quality_control_change IS NOT NULL",
        "(network, sku, position) WHERE incoming_change IS NOT NULL",
        _BY_STAMP,
    ],
    folding=[_BY_ITEM, _BY_STAMP],
)
MOVING: Final = frozenset(
    {
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
    }
)
_LATEST = SQL("""
    SELECT asked.location, asked.sku, last.on_hand, last.committed, last.reserved, last.damaged,
      last.quality_control, last.safety_stock, last.incoming,
      policy.effective_at, policy.channel, policy.request_id
    FROM unnest(%s::text[], %s::text[]) AS asked (location, sku)
    CROSS JOIN (SELECT %s::text AS network) AS own
    CROSS JOIN LATERAL (
      SELECT * FROM stock_history AS kept
      WHERE kept.network = own.network AND kept.sku = asked.sku AND kept.location = asked.location
      ORDER BY position DESC LIMIT 1
    ) AS last
    LEFT JOIN LATERAL (
      SELECT * FROM stock_history AS kept
      WHERE kept.network = own.network AND kept.sku = asked.sku AND kept.location = asked.location
      AND safety_stock_set IS NOT NULL
      ORDER BY effective_at DESC, channel DESC, request_id DESC, position DESC LIMIT 1
    ) AS policy ON true
""").format()

Key = tuple[str, str]


class StockHistory(Projection):
    """Appends a row for each event of stock, and keeps what there was at the end of each day."""

    name = NAME
    comment = STOCK_HISTORY.comment
    sql_views = (MOVEMENTS,)

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.items: Rows[Key, StockItem] = Rows(
            _LATEST, pack=lambda key, _: key, unpack=_unpack, limit=of_items(limit)
        )
        self.days = DayRows(of_items(limit))
        self.history = AppendedRows(STOCK_HISTORY)
        self.kept = (self.items, self.days)
        self.appended = (self.history,)
        self.folds = dict.fromkeys(AnyStockEvent.__args__, self._happened)

    def ask(self, batch: Batch) -> None:
        """The items that stock events name, and their days from the events' on."""
        events = [cast("AnyStockEvent", event) for _, event in batch]
        self.items.ask({(event.location, event.sku) for event in events})
        self.days.ask_for((event.sku, event.location, took_effect(event)) for event in events)

    def _happened(self, position: int, event: AnyStockEvent) -> None:
        sku, location, time = event.sku, event.location, took_effect(event)
        key = (location, sku)
        before = self.items.get(key) or NOTHING
        item = moved(before, event)
        self.items.put(key, item)
        self.days.take(position, event, time, before, item)
        event_type = event.__class__
        self.history.append(
            (
                position,
                sku,
                location,
                _TYPE[event_type],
                event_type in MOVING,
                item.on_hand - before.on_hand or None,
                item.committed - before.committed or None,
                item.reserved - before.reserved or None,
                item.damaged - before.damaged or None,
                item.quality_control - before.quality_control or None,
                item.safety_stock - before.safety_stock or None,
                item.incoming - before.incoming or None,
                item.on_hand,
                item.committed,
                item.reserved,
                item.damaged,
                item.quality_control,
                item.safety_stock,
                item.incoming,
                event.occurred_at,
                event.recorded_at,
                time,
                event.channel,
                event.request_id,
                *_BELONGS[event_type](event),
            )
        )


def took_effect(event: AnyStockEvent) -> datetime:
    """When the event counts from: a revision with the count that it revises (domain rule 6)."""
    if event.__class__ is StockCountRevised:
        return event.counted_at
    return effective_at(event)


def _unpack(values: Values) -> tuple[Key, StockItem]:
    location, sku, *quantities, set_at, channel, request_id = values
    stamp = None if set_at is None else (set_at, channel, request_id)
    balances = dict(zip(QUANTITIES, quantities, strict=True))
    return (location, sku), StockItem(**balances, safety_stamp=stamp)


def _belongs(  # noqa: PLR0913 - columns
    order_id: str | None = None,
    line_id: str | None = None,
    *,
    reason: str | None = None,
    supply_id: str | None = None,
    transfer_id: str | None = None,
    return_id: str | None = None,
    shipment_id: str | None = None,
    hold_owner: str | None = None,
    unit_cost_minor: int | None = None,
    currency: str | None = None,
    safety_stock_set: int | None = None,
) -> Values:
    """What an event belongs to: the last columns of its row."""
    return (
        order_id,
        line_id,
        reason,
        supply_id,
        transfer_id,
        return_id,
        shipment_id,
        hold_owner,
        unit_cost_minor,
        currency,
        safety_stock_set,
    )


_NOWHERE: Final = _belongs()


def _received(event: StockReceived) -> Values:
    return _belongs(
        line_id=event.line_id,
        supply_id=event.supply_id,
        unit_cost_minor=event.unit_cost_minor,
        currency=event.currency,
    )


def _adjusted(event: StockAdjusted) -> Values:
    return _belongs(
        line_id=event.line_id,
        reason=event.reason,
        unit_cost_minor=event.unit_cost_minor,
        currency=event.currency,
    )


def _sale(event: StockSold) -> Values:
    return _belongs(sale_id(event.channel, event.request_id), event.line_id)


def _voided_sale(event: StockSaleVoided) -> Values:
    return _belongs(sale_id(event.sale_channel, event.sale_request_id), event.line_id)


def _shipment(event: StockShipped | StockShipmentVoided) -> Values:
    return _belongs(event.order_id, event.line_id, shipment_id=event.shipment_id)


def _transfer(event: StockSent | StockArrived) -> Values:
    return _belongs(line_id=event.line_id, transfer_id=event.transfer_id)


def _held(event: StockReserved | StockReleased) -> Values:
    reason = event.cause if event.__class__ is StockReleased else None
    if event.held_for == "transfer":
        return _belongs(line_id=event.line_id, reason=reason, transfer_id=event.holder)
    return _belongs(line_id=event.line_id, reason=reason, hold_owner=event.holder)


def _expected(event: StockExpected) -> Values:
    if event.by == "transfer":
        return _belongs(line_id=event.line_id, transfer_id=event.source_id)
    return _belongs(line_id=event.line_id, supply_id=event.source_id)


_BELONGS: Final[dict[type, Callable[[Any], Values]]] = {
    SafetyStockSet: lambda e: _belongs(safety_stock_set=e.quantity),
    ShortageCleared: lambda _: _NOWHERE,
    ShortageFound: lambda _: _NOWHERE,
    StockAdjusted: _adjusted,
    StockArrived: _transfer,
    StockCollected: lambda e: _belongs(e.order_id, e.line_id),
    StockCommitted: lambda e: _belongs(e.order_id, e.line_id),
    StockCounted: lambda e: _belongs(unit_cost_minor=e.unit_cost_minor, currency=e.currency),
    StockCountRevised: lambda _: _NOWHERE,
    StockExpected: _expected,
    StockMoved: lambda e: _belongs(line_id=e.line_id),
    StockReceived: _received,
    StockReleased: _held,
    StockReserved: _held,
    StockReturned: lambda e: _belongs(e.order_id, e.line_id, return_id=e.return_id),
    StockSaleVoided: _voided_sale,
    StockSent: _transfer,
    StockShipmentVoided: _shipment,
    StockShipped: _shipment,
    StockSold: _sale,
    StockUncommitted: lambda e: _belongs(e.order_id, e.line_id, reason=e.cause),
    StockWrittenOut: lambda e: _belongs(line_id=e.line_id, reason=e.cause, return_id=e.return_id),
}
_TYPE: Final[dict[type, str]] = {event_type: type_name(event_type) for event_type in _BELONGS}
