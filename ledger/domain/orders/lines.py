"""Order lines, their quantities and the order's label.

What stands is what facts and accepted claims said; the rest is derived from it. So the same facts
in any order of arrival end in the same line: shipped after a cancel moves the quantity from
cancelled to shipped, and a void gives it back, without anybody remembering which came first.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from ledger.domain.entries import LineKey
from ledger.domain.events import (
    BackorderFilled,
    BackorderOverdue,
    CollectionVoided,
    DeliveryFailed,
    LineCollected,
    LineDelivered,
    LinePicked,
    LineRefunded,
    LineReturned,
    LineShipped,
    LineShort,
    OrderLineBackordered,
    OrderLineCancelled,
    OrderLineDeclined,
    OrderLineReassigned,
    OrderLineSourced,
    PickupExpired,
    PickupReady,
    ShipmentVoided,
    StockUncommitted,
)
from ledger.domain.requests import OrderLine, Place, SaleLine
from ledger.domain.words import How

OrderKind = Literal["order", "sale"]
Label = Literal[
    "on_hold",
    "returned",
    "partially_returned",
    "collected",
    "fulfilled",
    "ready_for_pickup",
    "partially_fulfilled",
    "pickup_expired",
    "cancelled",
    "open",
]
LineEvent = (
    BackorderFilled
    | BackorderOverdue
    | CollectionVoided
    | DeliveryFailed
    | LineCollected
    | LineDelivered
    | LinePicked
    | LineRefunded
    | LineReturned
    | LineShipped
    | LineShort
    | OrderLineBackordered
    | OrderLineCancelled
    | OrderLineDeclined
    | OrderLineReassigned
    | OrderLineSourced
    | PickupExpired
    | PickupReady
    | ShipmentVoided
)


class Allocation(Struct, frozen=True, gc=False):
    """What of a line is promised at a location, and what was done there.

    `promise` is the number under which the stock item remembers it, 0 when nothing is committed
    here; `gone` is what left from here, net of voids.
    """

    location: str
    committed: int = 0
    promise: int = 0
    short: int = 0
    picked: int = 0
    prepared: int = 0
    gone: int = 0

    @property
    def waiting_picked(self) -> int:
        """Taken from the shelf and still here."""
        return min(max(0, max(self.picked, self.prepared) - self.gone), self.committed)

    @property
    def waiting_ready(self) -> int:
        """Prepared and still waiting for the customer."""
        return min(max(0, self.prepared - self.gone), self.committed)


class Pickup(Struct, frozen=True, gc=False):
    """So much was prepared at a location, for the customer to come until then."""

    until: datetime
    quantity: int
    location: str


class Line(Struct, frozen=True, gc=False):
    """One line of an order or sale.

    Always: ordered = cancelled + expired + backordered + committed + left.

    `location` is the one that was named. `cancel_asked`, `expire_asked`, `backorder_asked`,
    `shipped`, `collected` (both net of voids), `delivered` and `returned` are sums of what was
    said; `found_by_sku` is the part of `returned` whose return named no line, `authorised` what
    may still come back. `backorder` is its number among the backorders of its network, 0 if
    nothing waits; `declined` are locations that are not asked again; `fulfils` is the order line
    that a sale's line stands for.
    """

    sku: str
    location: str | None
    goods: bool
    ordered: int
    allocations: tuple[Allocation, ...] = ()
    cancel_asked: int = 0
    shipped: int = 0
    collected: int = 0
    returned: int = 0
    found_by_sku: int = 0
    how: How | None = None
    fulfils: LineKey | None = None
    expire_asked: int = 0
    backorder_asked: int = 0
    delivered: int = 0
    authorised: int = 0
    backorder: int = 0
    promise: date | None = None
    promised_until: datetime | None = None
    declined: tuple[str, ...] = ()
    pickups: tuple[Pickup, ...] = ()

    @property
    def gone(self) -> int:
        """All that left, also beyond what was ordered."""
        return self.shipped + self.collected

    @property
    def parts(self) -> tuple[int, int, int, int, int]:
        """How what was ordered divides: cancelled, left, committed, expired, backordered.

        What left counts first, up to what was ordered; cancellations, expiries and backorders, in
        this order, take of the rest what they asked for, as far as it goes; what remains is
        promised.
        """
        gone = self.shipped + self.collected
        rest = self.ordered - gone
        if rest <= 0:
            return (0, self.ordered, 0, 0, 0)
        cancelled = min(rest, self.cancel_asked)
        rest -= cancelled
        expired = min(rest, self.expire_asked)
        rest -= expired
        backordered = min(rest, self.backorder_asked)
        return (cancelled, gone, rest - backordered, expired, backordered)

    @property
    def cancelled(self) -> int:
        """Cancelled and not left after all."""
        return self.parts[0]

    @property
    def left(self) -> int:
        """Shipped and collected, up to what was ordered."""
        return self.parts[1]

    @property
    def committed(self) -> int:
        """Promised, not yet left."""
        return self.parts[2]

    @property
    def expired(self) -> int:
        """Not collected in time, and not left after all."""
        return self.parts[3]

    @property
    def backordered(self) -> int:
        """Promised from what comes in."""
        return self.parts[4]

    @property
    def live(self) -> int:
        """What was ordered, less what was cancelled or not collected in time."""
        cancelled, _, _, expired, _ = self.parts
        return self.ordered - cancelled - expired

    @property
    def excess(self) -> int:
        """What left beyond what was ordered."""
        return max(0, self.gone - self.ordered)

    @property
    def short(self) -> int:
        """How much of it the shelves cannot keep."""
        return sum(allocation.short for allocation in self.allocations)

    @property
    def picked(self) -> int:
        """Taken from the shelf and still there."""
        return sum(allocation.waiting_picked for allocation in self.allocations)

    @property
    def ready(self) -> int:
        """Prepared and still waiting for the customer."""
        return sum(allocation.waiting_ready for allocation in self.allocations)

    @property
    def over_returned(self) -> int:
        """What came back beyond what left."""
        return max(0, self.returned - self.left)

    def allocation(self, location: str) -> Allocation | None:
        """What is known of the line at a location."""
        for allocation in self.allocations:
            if allocation.location == location:
                return allocation
        return None

    def committed_at(self, location: str) -> int:
        """How much of it is promised there."""
        allocation = self.allocation(location)
        return 0 if allocation is None else allocation.committed


class Order(Struct, frozen=True, gc=False):
    """An order, or a sale under its id among the orders.

    `location` and `effective_at` are a sale's: where its goods left, and when. `customer_id` is
    whom it names itself; None: a guest.
    """

    kind: OrderKind
    line_ids: tuple[str, ...]
    location: str | None = None
    effective_at: datetime | None = None
    selling_channel: str = ""
    ship_to: Place | None = None
    allow_split: bool = False
    allow_backorder: bool = False
    customer_id: str | None = None


def ordered_line(line: OrderLine) -> Line:
    """A line as the order was placed."""
    goods = line.kind == "goods"
    return Line(line.sku, line.location, goods, line.quantity, how=line.how)


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
    """The line after the event; what waits no longer has no promise either."""
    after = _CHANGED[type(event)](line, event)
    if after.promise is not None and after.backordered == 0:
        return replace(after, promise=None, promised_until=None)
    return after


def promised(line: Line, location: str, quantity: int, number: int) -> Line:
    """The line with more of it promised there; `number` is that of this promise."""
    if not line.allocations:
        return replace(line, allocations=(Allocation(location, quantity, number),))
    there = _at(line, location)
    kept = there.promise or number
    after = replace(there, committed=there.committed + quantity, promise=kept)
    return with_allocation(line, after)


def given_back(line: Line, location: str, quantity: int) -> Line:
    """The line with less of it promised there; `short` never exceeds what is."""
    there = _at(line, location)
    committed = there.committed - quantity
    after = replace(there, committed=committed, short=min(there.short, committed))
    return with_allocation(line, after)


def uncommitted(line: Line, event: StockUncommitted) -> Line:
    """The line with less of it promised there; what of it was picked stands on the shelf again.

    Of what was picked, what is ready goes last, unless it is what was not collected in time:
    then `pickup_expired` follows, and says of which pickups it was.
    """
    after = given_back(line, event.location, event.quantity)
    if event.picked == 0:
        return after
    there = _at(line, event.location)
    expired = event.cause == "expired"
    picked = there.waiting_picked - event.picked
    ready = there.waiting_ready - event.picked if expired else min(there.waiting_ready, picked)
    put_back = replace(
        _at(after, event.location),
        picked=min(there.picked, there.gone + picked),
        prepared=min(there.prepared, there.gone + ready),
    )
    after = with_allocation(after, put_back)
    if expired or not line.pickups:
        return after
    timed = sum(p.quantity for p in line.pickups if p.location == event.location)
    surplus = max(0, timed - put_back.prepared)
    return replace(after, pickups=_without(line.pickups, event.location, surplus))


def with_allocation(line: Line, there: Allocation) -> Line:
    """The line with this in place of what was known of its location."""
    if not line.allocations:
        return replace(line, allocations=(there,))
    others = line.allocations
    places = [allocation.location for allocation in others]
    if there.location not in places:
        return replace(line, allocations=(*others, there))
    index = places.index(there.location)
    return replace(line, allocations=(*others[:index], there, *others[index + 1 :]))


def _at(line: Line, location: str) -> Allocation:
    return line.allocation(location) or Allocation(location)


def _gone(line: Line, location: str, quantity: int) -> Line:
    there = _at(line, location)
    return with_allocation(line, replace(there, gone=there.gone + quantity))


def _prepared(line: Line, event: PickupReady) -> Line:
    there = _at(line, event.location)
    after = with_allocation(line, replace(there, prepared=there.prepared + event.quantity))
    if event.until is None:
        return after
    pickup = Pickup(event.until, event.quantity, event.location)
    return replace(after, pickups=(*line.pickups, pickup))


def _marked_short(line: Line, event: LineShort) -> Line:
    location = event.location or line.allocations[0].location
    return with_allocation(line, replace(_at(line, location), short=event.short))


def _shipped(line: Line, event: LineShipped) -> Line:
    after = replace(line, shipped=line.shipped + event.quantity)
    return _gone(after, event.location, event.quantity)


def _shipment_voided(line: Line, event: ShipmentVoided) -> Line:
    after = replace(line, shipped=line.shipped - event.quantity)
    return _gone(after, event.location, -event.quantity)


def _collected(line: Line, event: LineCollected) -> Line:
    after = replace(line, collected=line.collected + event.quantity)
    return _gone(after, event.location, event.quantity)


def _collection_voided(line: Line, event: CollectionVoided) -> Line:
    after = replace(line, collected=line.collected - event.quantity)
    return after if event.location is None else _gone(after, event.location, -event.quantity)


def _cancelled(line: Line, event: OrderLineCancelled) -> Line:
    return replace(
        line,
        cancel_asked=line.cancel_asked + event.quantity,
        backorder_asked=line.backorder_asked - event.backordered,
    )


def _backordered(line: Line, event: OrderLineBackordered) -> Line:
    return replace(
        line,
        backorder_asked=line.backorder_asked + event.quantity,
        promise=event.promise,
        promised_until=event.promised_until,
    )


def _filled(line: Line, event: BackorderFilled) -> Line:
    """Of what still waits: what left meanwhile waits no longer, though it was asked for."""
    return replace(line, backorder_asked=line.backordered - event.quantity)


def _overdue(line: Line, _event: BackorderOverdue) -> Line:
    """It was told: it is not told again, though the line waits on by its promise."""
    return replace(line, promised_until=None)


def _picked(line: Line, event: LinePicked) -> Line:
    there = _at(line, event.location)
    return with_allocation(line, replace(there, picked=there.picked + event.quantity))


def _expired(line: Line, event: PickupExpired) -> Line:
    expire_asked = line.expire_asked + event.quantity
    pickups = _without(line.pickups, event.location, event.quantity)
    return replace(line, expire_asked=expire_asked, pickups=pickups)


def _without(pickups: tuple[Pickup, ...], location: str, quantity: int) -> tuple[Pickup, ...]:
    """Pickups less so much at a location, the earliest first."""
    left = []
    for pickup in sorted(pickups, key=lambda pickup: pickup.until):
        taken = min(quantity, pickup.quantity) if pickup.location == location else 0
        quantity -= taken
        if taken < pickup.quantity:
            left.append(replace(pickup, quantity=pickup.quantity - taken))
    return tuple(left)


def _delivered(line: Line, event: LineDelivered) -> Line:
    return replace(line, delivered=line.delivered + event.quantity)


def _returned(line: Line, event: LineReturned) -> Line:
    found = line.found_by_sku + (0 if event.named else event.quantity)
    return replace(line, returned=line.returned + event.quantity, found_by_sku=found)


def _reassigned(line: Line, event: OrderLineReassigned) -> Line:
    whole = event.quantity >= line.committed + line.backordered
    return replace(line, location=event.location) if whole else line


def _declined(line: Line, event: OrderLineDeclined) -> Line:
    if event.location in line.declined:
        return line
    return replace(line, declined=(*line.declined, event.location))


def _unchanged(line: Line, _event: LineEvent) -> Line:
    return line


_CHANGED: Final[dict[type, Callable[[Line, Any], Line]]] = {
    BackorderFilled: _filled,
    BackorderOverdue: _overdue,
    CollectionVoided: _collection_voided,
    DeliveryFailed: _unchanged,
    LineCollected: _collected,
    LineDelivered: _delivered,
    LinePicked: _picked,
    LineRefunded: _unchanged,
    LineReturned: _returned,
    LineShipped: _shipped,
    LineShort: _marked_short,
    OrderLineBackordered: _backordered,
    OrderLineCancelled: _cancelled,
    OrderLineDeclined: _declined,
    OrderLineReassigned: _reassigned,
    OrderLineSourced: _unchanged,
    PickupExpired: _expired,
    PickupReady: _prepared,
    ShipmentVoided: _shipment_voided,
}


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
    if live == 0 and any(line.expired for line in lines):
        return "pickup_expired"
    return "cancelled" if live == 0 else "open"
