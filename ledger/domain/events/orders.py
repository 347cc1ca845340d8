"""What happened to one order, or to one sale under its id among the orders."""

from datetime import date, datetime
from typing import Literal

from ledger.domain.events.base import Event
from ledger.domain.requests import OrderLine, Part, Place
from ledger.domain.words import SALE_PREFIX, DeclineCause, PaymentState, part


class OrderEvent(Event, frozen=True):
    """An event of one order, or of one sale under its id among the orders."""

    order_id: str

    @property
    def stream(self) -> str:
        return order_stream(self.order_id)


def order_stream(order_id: str) -> str:
    """The stream of an order, or of a sale under its id among the orders."""
    if order_id.startswith(SALE_PREFIX):
        channel, request_id = order_id[len(SALE_PREFIX) :].split(":", 1)
        return f"sale/{channel}/{part(request_id)}"
    return f"order/{part(order_id)}"


class OrderPlaced(OrderEvent, frozen=True):
    selling_channel: str
    lines: tuple[OrderLine, ...]
    customer_id: str | None = None
    currency: str | None = None
    ship_to: Place | None = None
    reference: str | None = None
    allow_split: bool = False
    allow_backorder: bool = False
    hold_owner: str | None = None


class OrderChanged(OrderEvent, frozen=True):
    """Lines were added; what was cut follows as `order_line_cancelled`."""

    added: tuple[OrderLine, ...]


SourcingRule = Literal[
    "only", "held", "fewest_parcels", "nearest", "handling_cost", "most_available", "location_id"
]


class RunnerUp(Part, frozen=True):
    """Who would have served it next: one location, or several in as many parcels."""

    locations: tuple[str, ...]
    distance_m: int | None = None


class OrderLineSourced(OrderEvent, frozen=True):
    """The writer chose `location` for so much of a line; `rule` decided, or it was the only one.

    `day` is the location's local date on which a parcel counts toward its capacity; None where
    the parcel was counted before.
    """

    line_id: str
    quantity: int
    location: str
    rule: SourcingRule
    runner_up: RunnerUp | None = None
    distance_m: int | None = None
    day: date | None = None


class OrderLineReassigned(OrderEvent, frozen=True):
    """Another location serves it from now on."""

    line_id: str
    quantity: int
    location: str


class OrderLineDeclined(OrderEvent, frozen=True):
    """A location cannot serve it, and is not asked again for this line."""

    line_id: str
    location: str
    quantity: int
    cause: DeclineCause


class OrderLineBackordered(OrderEvent, frozen=True):
    """Promised from what comes in: on `promise`, the due date of the supply that covers it.

    `promised_until` is when that day is over where it is due.
    """

    line_id: str
    quantity: int
    promise: date | None = None
    promised_until: datetime | None = None


class BackorderFilled(OrderEvent, frozen=True):
    """So much of it is there now, and committed at this location."""

    line_id: str
    quantity: int
    location: str


class BackorderOverdue(OrderEvent, frozen=True):
    """The promised day has passed, and so much is not there."""

    line_id: str
    quantity: int
    promise: date


class OrderLineCancelled(OrderEvent, frozen=True):
    """`backordered` is how much of it was waiting for stock."""

    line_id: str
    quantity: int
    cause: Literal["requested", "out_of_stock"]
    backordered: int = 0


class PaymentRecorded(OrderEvent, frozen=True):
    payment_id: str
    state: PaymentState
    amount_minor: int
    currency: str
    provider_reference: str | None = None
    lines: tuple[str, ...] = ()


class LinePicked(OrderEvent, frozen=True):
    """Taken from the shelf; no stock moves."""

    line_id: str
    quantity: int
    location: str


class LineShipped(OrderEvent, frozen=True):
    line_id: str
    quantity: int
    location: str
    shipment_id: str
    carrier: str | None = None
    tracking_number: str | None = None
    effective_at: datetime | None = None


class ShipmentVoided(OrderEvent, frozen=True):
    """So much of that shipment never left."""

    line_id: str
    quantity: int
    location: str
    shipment_id: str


class LineDelivered(OrderEvent, frozen=True):
    line_id: str
    quantity: int
    shipment_id: str


class DeliveryFailed(OrderEvent, frozen=True):
    """The carrier could not deliver so much; no stock moves until it comes back."""

    line_id: str
    quantity: int
    shipment_id: str


class PickupReady(OrderEvent, frozen=True):
    line_id: str
    quantity: int
    location: str
    until: datetime | None = None


class PickupExpired(OrderEvent, frozen=True):
    """The customer did not come by `until`: so much is available again."""

    line_id: str
    quantity: int
    location: str
    until: datetime


class LineCollected(OrderEvent, frozen=True):
    """`sale_id` is the sale that fulfilled the line, if one did."""

    line_id: str
    quantity: int
    location: str
    sale_id: str | None = None


class CollectionVoided(OrderEvent, frozen=True):
    """The sale that had fulfilled the line, at `location`, never happened."""

    line_id: str
    quantity: int
    sale_id: str
    location: str | None = None


class LineShort(OrderEvent, frozen=True):
    """`short` is how much the shelf cannot keep from now on; 0 when it can again.

    At `location`; without one: where all of the line is promised.
    """

    line_id: str
    short: int
    location: str | None = None


class LineReturned(OrderEvent, frozen=True):
    """`named`: the return named this line; else it was found by its sku."""

    line_id: str
    quantity: int
    named: bool = False
    return_id: str | None = None


class LineRefunded(OrderEvent, frozen=True):
    """A refund named this line; amounts stand with the payment."""

    line_id: str
    payment_id: str


AnyOrderEvent = (
    OrderPlaced
    | OrderChanged
    | OrderLineSourced
    | OrderLineReassigned
    | OrderLineDeclined
    | OrderLineBackordered
    | BackorderFilled
    | BackorderOverdue
    | OrderLineCancelled
    | PaymentRecorded
    | LinePicked
    | LineShipped
    | ShipmentVoided
    | LineDelivered
    | DeliveryFailed
    | PickupReady
    | PickupExpired
    | LineCollected
    | CollectionVoided
    | LineShort
    | LineReturned
    | LineRefunded
)
