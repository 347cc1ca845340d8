"""What the writer remembers of a thing: the values of the state's mappings. All immutable."""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from ledger.domain.requests import DeadlineKind, Fact
from ledger.domain.stock.item import Stamp
from ledger.domain.words import CountedState

ItemKey = tuple[str, str]
"""(location, sku)."""
LineKey = tuple[str, str]
"""(order_id, line_id)."""
Reservation = tuple[Literal["hold", "transfer"], str, str]
"""(held for, holder, line_id)."""
Source = tuple[Literal["supply", "transfer"], str, str]
"""What brings stock: a line of a supply or of a transfer."""
DeadlineKey = tuple[datetime, DeadlineKind, str, str]
"""(deadline, kind, id, line_id): in this order they are decided."""


class ExceptionRef(Struct, frozen=True, gc=False):
    """What names an exception: the request that raised it and its number there."""

    channel: str
    request_id: str
    number: int


class About(Struct, frozen=True, gc=False):
    """What an exception is about."""

    order_id: str | None = None
    line_id: str | None = None
    location: str | None = None
    sku: str | None = None
    state: CountedState | None = None
    subject: str | None = None


class Waiting(Struct, frozen=True, gc=False):
    """A fact about something not yet known, its effective time and its exception."""

    fact: Fact
    channel: str
    effective_at: datetime
    exception: ExceptionRef


class LocationPolicy(Struct, frozen=True, gc=False):
    """A location as claims see it. Never described: active, ships, hands over, without limit."""

    stamp: Stamp | None = None
    active: bool = True
    ships: bool = True
    pickup: bool = True
    time_zone: str = "UTC"
    latitude_udeg: int | None = None
    longitude_udeg: int | None = None
    handling_cost_minor: int | None = None
    daily_capacity: int | None = None


class ChannelPolicy(Struct, frozen=True, gc=False):
    """The locations that serve a channel; None: all."""

    stamp: Stamp
    locations: frozenset[str] | None


class Buffer(Struct, frozen=True, gc=False):
    """How much of a sku a channel leaves to others, and the most it may show."""

    stamp: Stamp
    quantity: int
    cap: int | None = None


class Held(Struct, frozen=True, gc=False):
    """So much is reserved at a location; `number` is that of the reservation there."""

    location: str
    quantity: int
    number: int


class Hold(Struct, frozen=True, gc=False):
    """One line of an owner's holds, and where it is reserved."""

    sku: str
    expires_at: datetime
    parts: tuple[Held, ...] = ()

    @property
    def quantity(self) -> int:
        """All that is held."""
        return sum(part.quantity for part in self.parts)


class Backorder(Struct, frozen=True, gc=False, order=True):
    """A line that waits for stock, in the order of filling: promise date (none last), then number.

    `number` rises with every backorder of a network.
    """

    promise: date
    number: int
    order_id: str
    line_id: str


class Parcel(Struct, frozen=True, gc=False):
    """What of a line left a location in a shipment: how much, by when it did.

    `voided` of it never left after all: what was said to have left first, whatever came in first.
    """

    location: str
    left: tuple[tuple[datetime, int], ...] = ()
    voided: int = 0

    @property
    def quantity(self) -> int:
        """What left, net of voids."""
        return sum(quantity for _, quantity in self.left) - self.voided

    def voided_by_time(self) -> dict[datetime, int]:
        """What never left, by when it was said to have."""
        rest = self.voided
        by_time = {}
        for at, quantity in self.left:
            by_time[at] = min(rest, quantity)
            rest -= by_time[at]
        return by_time


class Shipment(Struct, frozen=True, gc=False):
    """What of a line left in a shipment: one parcel a location."""

    parcels: tuple[Parcel, ...] = ()

    @property
    def quantity(self) -> int:
        """What left, net of voids."""
        return sum(parcel.quantity for parcel in self.parcels)

    def parcel(self, location: str) -> Parcel:
        """What left there; an empty one if nothing did."""
        for parcel in self.parcels:
            if parcel.location == location:
                return parcel
        return Parcel(location)

    def having(self, parcel: Parcel) -> "Shipment":
        """The shipment with this in place of what was known of its location."""
        others = tuple(other for other in self.parcels if other.location != parcel.location)
        return Shipment((*others, parcel))


class Supply(Struct, frozen=True, gc=False):
    """Goods expected at a location."""

    location: str
    line_ids: tuple[str, ...]


class SupplyLineState(Struct, frozen=True, gc=False):
    """One line of a supply; `stamp` of the word on its quantity, `due_stamp` on its due date.

    `place` is its place in the word that counts: lines are in order of their words.
    """

    sku: str
    location: str
    expected: int
    stamp: Stamp
    received: int = 0
    due: date | None = None
    due_until: datetime | None = None
    due_stamp: Stamp | None = None
    cancelled: bool = False
    overdue: bool = False
    place: int = 0

    @property
    def incoming(self) -> int:
        """What is still to come."""
        return 0 if self.cancelled else max(0, self.expected - self.received)


class Transfer(Struct, frozen=True, gc=False):
    """A transfer; its quantities stand with its lines."""

    from_location: str
    to_location: str
    line_ids: tuple[str, ...]
    due: date | None = None
    due_until: datetime | None = None
    cancelled: bool = False
    closed: bool = False
    overdue: bool = False


class TransferLineState(Struct, frozen=True, gc=False):
    """One line of a transfer; `number` is that of its reservation at the source."""

    sku: str
    requested: int
    shipped: int = 0
    accepted: int = 0
    damaged: int = 0
    missing: int = 0
    reserved: int = 0
    number: int = 0
    closed: bool = False

    @property
    def in_transit(self) -> int:
        """On its way (domain rule 10)."""
        if self.closed:
            return 0
        return max(0, self.shipped - self.accepted - self.damaged - self.missing)

    @property
    def lost(self) -> int:
        """Lost less found: negative where more came than was shipped."""
        return self.shipped - self.accepted - self.damaged - self.in_transit


class AuthorisedReturn(Struct, frozen=True, gc=False):
    """An authorised return of an order, or of a sale under its id among the orders."""

    order_id: str
    line_ids: tuple[str, ...]


class AuthorisedLine(Struct, frozen=True, gc=False):
    """How much of an order's line may come back under a return, and how much did."""

    quantity: int
    received: int = 0

    @property
    def open(self) -> int:
        """What may still come."""
        return max(0, self.quantity - self.received)
