"""Order lines, their quantities and the order's label.

What stands is what facts and accepted claims said; the rest is derived from it. So the same facts
in any order of arrival end in the same line: shipped after a cancel moves the quantity from
cancelled to shipped, and a void gives it back, without anybody remembering which came first.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.domain.events import (
    CollectionVoided,
    LineCollected,
    LineReturned,
    LineShipped,
    LineShort,
    OrderLineCancelled,
    PickupReady,
)
from ledger.domain.requests import OrderLine, SaleLine

OrderKind = Literal["order", "sale"]
Label = Literal[
    "on_hold",
    "returned",
    "partially_returned",
    "collected",
    "fulfilled",
    "ready_for_pickup",
    "partially_fulfilled",
    "cancelled",
    "open",
]
LineEvent = (
    LineShipped
    | LineCollected
    | CollectionVoided
    | OrderLineCancelled
    | PickupReady
    | LineShort
    | LineReturned
)


class Line(Struct, frozen=True, gc=False):
    """One line of an order or sale. Always: ordered = cancelled + committed + left.

    `cancel_asked`, `shipped`, `collected` (both net of voids), `returned` and `prepared` are sums
    of what was said; `found_by_sku` is the part of `returned` whose return named no line.
    `promise` is the number under which its stock item remembers it, 0 when nothing is committed;
    `fulfils` is the order line, as (order_id, line_id), that a sale's line stands for.
    """

    sku: str
    location: str | None
    goods: bool
    ordered: int
    cancel_asked: int = 0
    shipped: int = 0
    collected: int = 0
    returned: int = 0
    found_by_sku: int = 0
    prepared: int = 0
    short: int = 0
    promise: int = 0
    fulfils: tuple[str, str] | None = None

    @property
    def gone(self) -> int:
        """All that left, also beyond what was ordered."""
        return self.shipped + self.collected

    @property
    def parts(self) -> tuple[int, int, int]:
        """How what was ordered divides: cancelled, left, committed.

        What left counts first, up to what was ordered; a cancellation takes of the rest what it
        asked for, as far as it goes; what remains is promised.
        """
        gone = self.shipped + self.collected
        rest = self.ordered - gone
        if rest <= 0:
            return (0, self.ordered, 0)
        cancelled = min(rest, self.cancel_asked)
        return (cancelled, gone, rest - cancelled)

    @property
    def cancelled(self) -> int:
        """What was cancelled and did not leave all the same."""
        return self.parts[0]

    @property
    def live(self) -> int:
        """What is still wanted."""
        return self.ordered - self.parts[0]

    @property
    def left(self) -> int:
        """What left, counted up to live."""
        return self.parts[1]

    @property
    def committed(self) -> int:
        """Promised, not yet left."""
        return self.parts[2]

    @property
    def excess(self) -> int:
        """What left beyond what was ordered."""
        return max(0, self.gone - self.ordered)

    @property
    def ready(self) -> int:
        """Prepared and still waiting for the customer."""
        return min(max(0, self.prepared - self.gone), self.committed)

    @property
    def over_returned(self) -> int:
        """What came back beyond what left."""
        return max(0, self.returned - self.left)


class Order(Struct, frozen=True, gc=False):
    """An order, or a sale under its id among the orders.

    `location` and `effective_at` are a sale's: where its goods left, and when.
    """

    kind: OrderKind
    line_ids: tuple[str, ...]
    location: str | None = None
    effective_at: datetime | None = None


def ordered_line(line: OrderLine) -> Line:
    """A line as the order was placed."""
    return Line(line.sku, line.location, line.kind == "goods", line.quantity)


def sold_line(line: SaleLine, location: str) -> Line:
    """A line of a sale: collected as it was recorded."""
    fulfils = None if line.fulfils is None else (line.fulfils.order_id, line.fulfils.line_id)
    return Line(
        line.sku,
        location,
        line.kind == "goods",
        line.quantity,
        collected=line.quantity,
        fulfils=fulfils,
    )


def changed(line: Line, event: LineEvent) -> Line:
    """The line after the event; `short` never exceeds what is committed."""
    match event:
        case LineShipped(quantity=quantity):
            return _capped(replace(line, shipped=line.shipped + quantity))
        case LineCollected(quantity=quantity):
            return _capped(replace(line, collected=line.collected + quantity))
        case CollectionVoided(quantity=quantity):
            return _capped(replace(line, collected=line.collected - quantity))
        case OrderLineCancelled(quantity=quantity):
            return _capped(replace(line, cancel_asked=line.cancel_asked + quantity))
        case PickupReady(quantity=quantity):
            return replace(line, prepared=line.prepared + quantity)
        case LineShort(short=short):
            return replace(line, short=short)
        case LineReturned(quantity=quantity, named=named):
            found = line.found_by_sku + (0 if named else quantity)
            return replace(line, returned=line.returned + quantity, found_by_sku=found)
        case _:
            assert_never(event)


def _capped(line: Line) -> Line:
    committed = line.committed
    return line if line.short <= committed else replace(line, short=committed)


def voided(line: Line, quantity: int) -> Line:
    """A line of a sale of which so much never happened: no longer collected, but cancelled."""
    return replace(
        line, collected=line.collected - quantity, cancel_asked=line.cancel_asked + quantity
    )


def label(kind: OrderKind, lines: Iterable[Line]) -> Label:
    """The first label that holds over all goods lines (domain rule 11).

    An order without goods lines is done at once: `collected` as a sale, `fulfilled` as an order,
    `cancelled` when all its lines are.
    """
    every = tuple(lines)
    goods = [line for line in every if line.goods]
    if not goods:
        if every and all(line.live == 0 for line in every):
            return "cancelled"
        return "collected" if kind == "sale" else "fulfilled"
    return _goods_label(goods)


def _goods_label(lines: list[Line]) -> Label:
    live = sum(line.live for line in lines)
    left = sum(line.left for line in lines)
    returned = sum(min(line.returned, line.left) for line in lines)
    if any(line.short for line in lines):
        return "on_hold"
    if live > 0 and left == live == returned:
        return "returned"
    if returned > 0:
        return "partially_returned"
    if live > 0 and sum(min(line.collected, line.live) for line in lines) == live:
        return "collected"
    if live > 0 and left == live:
        return "fulfilled"
    if any(line.ready for line in lines):
        return "ready_for_pickup"
    if left > 0:
        return "partially_fulfilled"
    return "cancelled" if live == 0 else "open"
