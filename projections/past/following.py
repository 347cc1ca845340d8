"""Which of the events that took effect by a time have what they follow on.

Clocks differ: a parcel may have left, by its sender's clock, before its order was placed by
another's. As of a time between the two the parcel has nothing to be a parcel of. Such an event
waits until what it follows on is there, and does not count before: a change of a line waits for
the line, what takes back a quantity for that quantity, what becomes of a shipment for the shipment.

Of all events up to a position, in their order, none waits: the writer decided each on those before.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, get_args

from ledger.domain.events import (
    AnyEvent,
    BackorderFilled,
    CollectionVoided,
    DeliveryFailed,
    LineDelivered,
    LineShort,
    OrderChanged,
    OrderLineCancelled,
    OrderPlaced,
    SaleRecorded,
    SaleVoided,
    ShipmentVoided,
    StockCollected,
    StockCommitted,
    StockShipped,
    StockSold,
    StockUncommitted,
)
from ledger.domain.orders.lines import Line, LineEvent
from ledger.domain.requests import LineQuantity
from ledger.domain.words import sale_id
from projections.orders.fulfilment import Fulfilment
from projections.orders.order_fold import Orders
from projections.projection import Batch

Item = tuple[int, AnyEvent]
WHOLE: Final = ""
"""In place of a line's id: of events that are about an order as a whole."""
Key = tuple[str, str]
"""(order_id, line_id), or (order_id, WHOLE)."""
_OF_LINES: Final[frozenset[Any]] = frozenset(
    (
        *get_args(LineEvent),
        StockCommitted,
        StockUncommitted,
        StockShipped,
        StockCollected,
    )
)


def in_effect(events: Batch) -> Batch:
    """These events as far as they have what they follow on, in an order in which they have."""
    return list(_Following(events))


class _Following:
    def __init__(self, events: Batch) -> None:
        self._events = events
        self._orders, self._fulfilment = Orders(limit=None), Fulfilment(limit=None)
        self._waiting: dict[str, dict[str, list[Item]]] = {}

    def __iter__(self) -> Iterator[Item]:
        for item in self._events:
            yield from self._offer(item)

    def _offer(self, item: Item) -> Iterator[Item]:
        """The event, if it has what it follows on, and whatever had waited for it."""
        offered = [item]
        while offered:
            each = offered.pop(0)
            key = _about(each[1])
            if key is None:
                yield each
            elif self._has_what_it_follows_on(each, key):
                self._take(each)
                yield each
                offered = [*self._no_longer_waiting(key), *offered]
            else:
                self._waiting.setdefault(key[0], {}).setdefault(key[1], []).append(each)

    def _no_longer_waiting(self, changed: Key) -> list[Item]:
        """What is to be tried again, since an order, or one line of it, has changed."""
        order_id, line_id = changed
        waiting = self._waiting.get(order_id)
        if not waiting:
            return []
        if line_id != WHOLE:
            return waiting.pop(line_id, [])
        del self._waiting[order_id]
        return sorted(item for items in waiting.values() for item in items)

    def _take(self, item: Item) -> None:
        position, event = item
        for view in (self._orders, self._fulfilment):
            fold = view.folds.get(event.__class__)
            if fold is not None:
                fold(position, event)

    def _has_what_it_follows_on(self, item: Item, key: Key) -> bool:
        event: Any = item[1]
        for view in (self._orders, self._fulfilment):
            if event.__class__ in view.folds:
                view.ask([item])
        match event:
            case OrderPlaced() | SaleRecorded():
                return True
            case OrderChanged():
                return self._orders.orders.get(event.order_id) is not None
            case SaleVoided():
                return all(self._has_collected(key[0], cut) for cut in event.lines)
            case ShipmentVoided() | LineDelivered() | DeliveryFailed():
                shipment = (event.order_id, event.shipment_id, event.line_id)
                if self._fulfilment.shipments.get(shipment) is None:
                    return False
        line = self._line(key)
        return line is not None and _NEEDS.get(event.__class__, _only_the_line)(line, event)

    def _has_collected(self, sale: str, cut: LineQuantity) -> bool:
        line = self._line((sale, cut.line_id))
        return line is not None and line.collected >= cut.quantity

    def _line(self, key: Key) -> Line | None:
        state = self._orders.lines.get(key)
        return None if state is None else state.line


def _about(event: Any) -> Key | None:
    """The line that an event changes; None if it needs nothing to be there."""
    match event:
        case StockSold() | StockShipped() | StockCollected() if not event.committed:
            return None  # it took no promise along
        case OrderPlaced() | OrderChanged():
            return (event.order_id, WHOLE)
        case SaleRecorded():
            return (sale_id(event.channel, event.request_id), WHOLE)
        case SaleVoided():
            return (sale_id(event.sale_channel, event.sale_request_id), WHOLE)
        case StockSold():
            return (event.order_id, event.order_line_id)  # type: ignore[return-value]  # of a promise
    return _of_line(event) if event.__class__ in _OF_LINES else None


def _of_line(event: Any) -> Key:
    return (event.order_id, event.line_id)


def _only_the_line(_line: Line, _event: Any) -> bool:
    return True


def _gives_back(line: Line, event: StockShipped | StockCollected | StockSold) -> bool:
    return line.committed_at(event.location) >= event.committed


def _puts_back(line: Line, event: StockUncommitted) -> bool:
    there = line.allocation(event.location)
    if there is None or there.committed < event.quantity:
        return False
    ready = there.waiting_ready if event.cause == "expired" else event.picked
    return min(there.waiting_picked, ready) >= event.picked


def _gone_from(line: Line, location: str) -> int:
    there = line.allocation(location)
    return 0 if there is None else there.gone


def _short(line: Line, event: LineShort) -> bool:
    if event.location is not None:
        return line.committed_at(event.location) >= event.short
    return bool(line.allocations) and line.allocations[0].committed >= event.short


_NEEDS: Final[dict[type, Callable[[Line, Any], bool]]] = {
    StockUncommitted: _puts_back,
    StockShipped: _gives_back,
    StockCollected: _gives_back,
    StockSold: _gives_back,
    ShipmentVoided: lambda line, event: (
        line.shipped >= event.quantity and _gone_from(line, event.location) >= event.quantity
    ),
    CollectionVoided: lambda line, event: (
        line.collected >= event.quantity
        and (event.location is None or _gone_from(line, event.location) >= event.quantity)
    ),
    OrderLineCancelled: lambda line, event: line.backorder_asked >= event.backordered,
    BackorderFilled: lambda line, event: line.backordered >= event.quantity,
    LineShort: _short,
}
"""What a change needs beside the line: never less than it takes away."""
