"""What stock costs, by a shopkeeper's queue of single units: written apart from the SQL.

Units stand in a queue a shelf. What leaves takes the first; what leaves an empty shelf takes the
next that comes. A transfer brings the units that were sent, a named return those that were sold.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from ledger.domain import events as facts
from ledger.domain.stock.item import effective_at

MILLION = 1_000_000
VOIDS = (facts.StockSaleVoided, facts.StockShipmentVoided)


class Unit(NamedTuple):
    """A unit and the cost that is said of it, or the place that it left before it came."""

    cost: int | None
    currency: str | None
    basis: str
    age_at: datetime
    came: tuple[datetime, int]
    from_place: tuple[Any, int] | None = None
    by_transfer: bool = False


class Slot:
    """A place that one unit left; it may still have to come."""

    def __init__(self) -> None:
        self.unit: Unit | None = None


class Shelf:
    def __init__(self) -> None:
        self.queue: deque[Unit] = deque()
        self.owed: deque[Slot] = deque()

    def put(self, unit: Unit) -> None:
        if self.owed:
            self.owed.popleft().unit = unit
        else:
            self.queue.append(unit)

    def take(self) -> Slot:
        slot = Slot()
        if self.queue:
            slot.unit = self.queue.popleft()
        else:
            self.owed.append(slot)
        return slot

    def give_back(self, slot: Slot) -> None:
        """The unit of this slot, the last that left, never did."""
        if slot.unit is None:
            self.owed.remove(slot)
        elif self.owed:
            first = self.owed.popleft()
            first.unit = slot.unit
        else:
            self.queue.appendleft(slot.unit)


class CostQueue:
    """All shelves of one sku at a moment."""

    def __init__(self, events: Iterable[Any], sku: str, at: datetime) -> None:
        self.shelves: dict[str, Shelf] = defaultdict(Shelf)
        self.left: dict[Any, list[Slot]] = defaultdict(list)
        self.back: dict[Any, int] = defaultdict(int)
        self.last: tuple[int, str] | None = None
        self.average: int | None = None
        self.average_currency: str | None = None
        self.pool = 0
        mine = [
            (_took_effect(event), position, event)
            for position, event in enumerate(events, start=1)
            if isinstance(event, facts.StockEvent) and event.sku == sku
        ]
        for moment, position, event in sorted(mine, key=lambda each: each[:2]):
            if moment <= at and (change := _change(event)):
                self._happens(event, change, (moment, position))

    def _happens(self, event: Any, change: int, came: tuple[datetime, int]) -> None:
        shelf = self.shelves[event.location]
        if isinstance(event, VOIDS):
            self._never_left(event, change, shelf)
        elif change > 0:
            self._average(event, change)
            for unit in self._units(event, change, came):
                shelf.put(unit)
        else:
            self.left[_link(event)] += [shelf.take() for _ in range(-change)]
        if not isinstance(event, facts.StockSent | facts.StockArrived):
            self.pool += change

    def _never_left(self, event: Any, change: int, shelf: Shelf) -> None:
        slots = self.left[_link(event)]
        for _ in range(change):
            shelf.give_back(slots.pop())
        slots += [shelf.take() for _ in range(-change)]

    def _units(self, event: Any, change: int, came: tuple[datetime, int]) -> list[Unit]:
        cost = getattr(event, "unit_cost_minor", None)
        if cost is not None:
            self.last = (cost, event.currency)
            return [Unit(cost, event.currency, "own", came[0], came)] * change
        said = (None, None, "none") if self.last is None else (*self.last, "last")
        unit = Unit(*said, came[0], came, by_transfer=isinstance(event, facts.StockArrived))
        link = _link(event)
        if link is None:
            return [unit] * change
        first = self.back[link]
        self.back[link] += change
        places = range(first, first + change)
        return [unit._replace(from_place=(link, place)) for place in places]

    def _known(self, unit: Unit) -> Unit:
        """The unit with the cost and age with which it left; only what came before can have."""
        if unit.from_place is None:
            return unit
        link, place = unit.from_place
        slots = self.left[link]
        before = slots[place].unit if place < len(slots) else None
        if before is None or before.came >= unit.came:
            return unit
        before = self._known(before)
        return before._replace(age_at=before.age_at if unit.by_transfer else unit.age_at)

    def _average(self, event: Any, change: int) -> None:
        cost = getattr(event, "unit_cost_minor", None)
        if cost is None:
            return
        if self.average is None or self.pool <= 0 or event.currency != self.average_currency:
            self.average = cost * MILLION
        else:
            worth = self.pool * self.average + change * cost * MILLION
            units = self.pool + change
            self.average = (2 * worth + units) // (2 * units)
        self.average_currency = event.currency

    def units(self, location: str) -> list[Unit]:
        return [self._known(unit) for unit in self.shelves[location].queue]

    def below_zero(self, location: str) -> int:
        return len(self.shelves[location].owed)


def _took_effect(event: Any) -> datetime:
    """A revision counts with the count that it revises."""
    return event.counted_at if isinstance(event, facts.StockCountRevised) else effective_at(event)


def _link(event: Any) -> Any:
    """What brings units back: a line of a transfer, or an order or sale."""
    if isinstance(event, facts.StockSent | facts.StockArrived):
        return ("transfer", event.transfer_id, event.line_id)
    if isinstance(event, facts.StockSold):
        return ("order", f"sale:{event.channel}:{event.request_id}")
    if isinstance(event, facts.StockSaleVoided):
        return ("order", f"sale:{event.sale_channel}:{event.sale_request_id}")
    order_id = getattr(event, "order_id", None)
    return None if order_id is None else ("order", order_id)


def _change(event: Any) -> int:
    """The change of on_hand."""
    match event:
        case facts.StockReceived() | facts.StockAdjusted() | facts.StockReturned():
            return event.quantity
        case facts.StockArrived() | facts.StockSaleVoided() | facts.StockShipmentVoided():
            return event.quantity
        case facts.StockSold() | facts.StockShipped() | facts.StockCollected():
            return -event.quantity
        case facts.StockSent() | facts.StockWrittenOut():
            return -event.quantity
        case facts.StockCounted(state="on_hand"):
            return event.variance
        case facts.StockCountRevised(state="on_hand"):
            return event.quantity
    return 0
