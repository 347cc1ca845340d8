"""What is known of one sku, moved on by the ledger's events with the writer's own folds.

A line of a supply, transfer or order that is not known here brings nothing and waits for nothing:
it was left out when the sku was loaded. An event that may change that without saying all of it
is a Doubt: the sku has to be loaded again, with that line.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final, get_args

from msgspec.structs import replace

from ledger.domain.entries import Buffer, LineKey, SupplyLineState, TransferLineState
from ledger.domain.events import (
    AnyEvent,
    AnyStockEvent,
    BackorderFilled,
    ChannelBufferSet,
    ChannelDescribed,
    CollectionVoided,
    LineCollected,
    LineShipped,
    LocationDescribed,
    OrderChanged,
    OrderLineBackordered,
    OrderLineCancelled,
    OrderPlaced,
    PickupExpired,
    ShipmentVoided,
    StockShipmentVoided,
    SupplyCancelled,
    SupplyExpected,
    SupplyOverdue,
    SupplyReceived,
    SupplyRescheduled,
    TransferClosed,
    TransferOverdue,
    TransferReceived,
    TransferRequested,
    TransferShipped,
)
from ledger.domain.evolve.supply import due_said, line_expected
from ledger.domain.orders.lines import Line, changed, ordered_line
from ledger.domain.stock.item import NOTHING, moved, stamp_of
from projections.selling.availability_parts import (
    BUFFERS,
    CHANNELS,
    LOCATIONS,
    ORDERS,
    STOCK,
    SUPPLIES,
    TRANSFERS,
    SkuParts,
    Source,
    Way,
)
from projections.stock.inventory import InventoryItem, item_of

LineMoved = (
    OrderLineBackordered
    | BackorderFilled
    | OrderLineCancelled
    | LineShipped
    | LineCollected
    | ShipmentVoided
    | CollectionVoided
    | PickupExpired
)
"""What changes how much of an order's line waits for stock."""
SupplyMoved = SupplyExpected | SupplyRescheduled | SupplyReceived | SupplyCancelled | SupplyOverdue
TransferMoved = (
    TransferRequested | TransferShipped | TransferReceived | TransferClosed | TransferOverdue
)
STOCK_EVENTS: Final = frozenset(get_args(AnyStockEvent))
VIEW_OF: Final[dict[type, str]] = {
    **dict.fromkeys(STOCK_EVENTS, STOCK),
    **dict.fromkeys(get_args(SupplyMoved), SUPPLIES),
    **dict.fromkeys(get_args(TransferMoved), TRANSFERS),
    **dict.fromkeys(get_args(LineMoved), ORDERS),
    OrderPlaced: ORDERS,
    OrderChanged: ORDERS,
    ChannelBufferSet: BUFFERS,
    LocationDescribed: LOCATIONS,
    ChannelDescribed: CHANNELS,
}
"""The events that availability follows from, and the view that each of them moves."""

LineAsOf = Callable[[LineKey, int], Line | None]
"""An order's line as it was just before a position, from recent events alone; None: not known."""


class Doubt(Exception):
    """What the sku's lines are does not follow from what is known here and the event."""


class Entry:
    """One sku.

    `asked`: the lines that were asked for when it was loaded. A supply's that no view had then is
    made by its first word; that of an order is this sku's.
    """

    __slots__ = ("_items", "asked", "parts", "sku")

    def __init__(self, sku: str, parts: SkuParts, asked: frozenset[LineKey]) -> None:
        self.sku = sku
        self.parts = parts
        self._items: tuple[InventoryItem, ...] | None = None
        self.asked = asked

    @property
    def items(self) -> tuple[InventoryItem, ...]:
        """Its stock by location; the same object until an event moves it."""
        if self._items is None:
            parts = self.parts
            self._items = tuple(
                item_of(self.sku, location, parts.stock[location], parts.moved_at[location])
                for location in sorted(parts.stock)
            )
        return self._items

    @property
    def size(self) -> int:
        """How many lines it has, those that are done with too."""
        parts = self.parts
        return len(parts.supplies) + len(parts.transfers) + len(parts.lines)

    def sources(self) -> set[Source]:
        """The supplies, transfers and orders of which it has lines."""
        parts = self.parts
        return {
            *(("supply", key[0]) for key in parts.supplies),
            *(("transfer", transfer_id) for transfer_id in parts.ways),
            *(("order", key[0]) for key in parts.lines),
        }

    def apply(self, position: int, event: AnyEvent, line_as_of: LineAsOf) -> bool:
        """Move on by an event; whether it is of this sku. Raises Doubt."""
        if event.__class__ in STOCK_EVENTS:
            return self._moved(position, event, line_as_of)  # type: ignore[arg-type]
        if event.__class__ in _LINE_EVENTS:
            return self._waits(position, event, line_as_of)  # type: ignore[arg-type]
        apply = self._APPLY.get(event.__class__)
        return apply is not None and apply(self, event)

    def _moved(self, position: int, event: AnyStockEvent, line_as_of: LineAsOf) -> bool:
        if event.sku != self.sku:
            return False
        if isinstance(event, StockShipmentVoided):
            # What seemed to have left while it waited for stock waits again, as the event of its
            # order said just before, which does not name the sku.
            key = (event.order_id, event.line_id)
            if key not in self.parts.lines:
                self.parts.lines[key] = self._line(key, position, line_as_of)
        stock = self.parts.stock
        stock[event.location] = moved(stock.get(event.location, NOTHING), event)
        self.parts.moved_at[event.location] = position
        self._items = None
        return True

    def _buffered(self, event: ChannelBufferSet) -> bool:
        if event.sku != self.sku:
            return False
        stamp, known = stamp_of(event), self.parts.buffers.get(event.described)
        if known is None or stamp >= known.stamp:
            self.parts.buffers[event.described] = Buffer(stamp, event.quantity, event.cap)
        return True

    def _expected(self, event: SupplyExpected) -> bool:
        supplies, concerned = self.parts.supplies, False
        for place, said in enumerate(event.lines):
            key = (event.supply_id, said.line_id)
            before = supplies.get(key)
            if before is None:
                if said.sku != self.sku:
                    continue
                if key not in self.asked:
                    raise Doubt(f"supply {key[0]}, line {key[1]}")
            concerned = True
            line = line_expected(before, event, said, place)
            supplies[key] = line if event.due is None else due_said(line, event)
        return concerned

    def _each(self, event: Any) -> bool:
        """Move the lines that are known; of the others nothing is to come, whatever is said."""
        supplies, concerned = self.parts.supplies, False
        for line_id in line_ids_of(event):
            key = (event.supply_id, line_id)
            line = supplies.get(key)
            if line is not None:
                supplies[key] = _SUPPLY_LINE[event.__class__](line, event)
                concerned = concerned or line.sku == self.sku
        return concerned

    def _requested(self, event: TransferRequested) -> bool:
        concerned = False
        for line in event.lines:
            if line.sku == self.sku:
                concerned = True
                key = (event.transfer_id, line.line_id)
                self.parts.transfers[key] = TransferLineState(line.sku, line.quantity)
        if concerned:
            self.parts.ways[event.transfer_id] = Way(event.to_location, event.due)
        return concerned

    def _late(self, event: TransferOverdue) -> bool:
        way = self.parts.ways.get(event.transfer_id)
        if way is not None:
            self.parts.ways[event.transfer_id] = replace(way, overdue=True)
        return way is not None

    def _closed(self, event: TransferClosed) -> bool:
        if event.transfer_id not in self.parts.ways:
            return False
        transfers = self.parts.transfers
        for key, line in transfers.items():
            if key[0] == event.transfer_id:
                transfers[key] = replace(line, closed=True)
        return True

    def _on_its_way(self, event: TransferShipped | TransferReceived) -> bool:
        key = (event.transfer_id, event.line_id)
        line = self.parts.transfers.get(key)
        if line is None:
            return False
        if isinstance(event, TransferShipped):
            # Once all had come it was overdue no longer: whether it had, other lines know too.
            if self.parts.ways[event.transfer_id].overdue and line.in_transit == 0:
                raise Doubt(f"transfer {event.transfer_id}")
            after = replace(line, shipped=line.shipped + event.quantity)
        else:
            after = replace(
                line,
                accepted=line.accepted + event.accepted,
                damaged=line.damaged + event.damaged,
                missing=line.missing + event.missing,
            )
        self.parts.transfers[key] = after
        return True

    def _waits(self, position: int, event: LineMoved, line_as_of: LineAsOf) -> bool:
        key = (event.order_id, event.line_id)
        lines = self.parts.lines
        line = lines.get(key)
        if line is None and event.__class__ is OrderLineBackordered:
            line = line_as_of(key, position)
            if line is None and key in self.asked:
                raise Doubt(f"order {key[0]}, line {key[1]}")
        if line is None or line.sku != self.sku:
            return False
        lines[key] = changed(line, event)
        return True

    @staticmethod
    def _line(key: LineKey, position: int, line_as_of: LineAsOf) -> Line:
        line = line_as_of(key, position)
        if line is None:
            raise Doubt(f"order {key[0]}, line {key[1]}")
        return line

    _APPLY: ClassVar[Mapping[type, Callable[["Entry", Any], bool]]] = {
        ChannelBufferSet: _buffered,
        SupplyExpected: _expected,
        **dict.fromkeys((SupplyRescheduled, SupplyCancelled, SupplyReceived, SupplyOverdue), _each),
        TransferRequested: _requested,
        TransferOverdue: _late,
        TransferClosed: _closed,
        TransferShipped: _on_its_way,
        TransferReceived: _on_its_way,
    }


_LINE_EVENTS: Final = frozenset(get_args(LineMoved))


def line_ids_of(
    event: SupplyRescheduled | SupplyCancelled | SupplyReceived | SupplyOverdue,
) -> tuple[str, ...]:
    """The lines of its supply that an event is about."""
    if isinstance(event, SupplyRescheduled | SupplyCancelled):
        return event.line_ids
    return (event.line_id,)


def line_from(events: Iterable[tuple[int, AnyEvent]], key: LineKey, before: int) -> Line | None:
    """The line of an order just before a position, if its first word is among the events."""
    line: Line | None = None
    for position, event in events:
        if position >= before:
            break
        if isinstance(event, OrderPlaced | OrderChanged):
            said = event.lines if isinstance(event, OrderPlaced) else event.added
            line = next((ordered_line(each) for each in said if each.line_id == key[1]), line)
        elif line is not None and event.__class__ in _LINE_EVENTS and event.line_id == key[1]:  # type: ignore[union-attr]
            line = changed(line, event)  # type: ignore[arg-type]
    return line


def _received(line: SupplyLineState, event: SupplyReceived) -> SupplyLineState:
    return replace(line, received=line.received + event.quantity)


def _cancelled(line: SupplyLineState, _event: SupplyCancelled) -> SupplyLineState:
    return replace(line, cancelled=True)


def _overdue(line: SupplyLineState, _event: SupplyOverdue) -> SupplyLineState:
    return replace(line, overdue=True)


_SUPPLY_LINE: Final[Mapping[type, Callable[[SupplyLineState, Any], SupplyLineState]]] = {
    SupplyRescheduled: due_said,
    SupplyReceived: _received,
    SupplyCancelled: _cancelled,
    SupplyOverdue: _overdue,
}
