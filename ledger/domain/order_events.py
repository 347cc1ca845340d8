"""What happened to one order, or to one sale under its id among the orders."""

from datetime import datetime
from typing import Literal

from ledger.domain.event import Event
from ledger.domain.requests import OrderLine, Place
from ledger.domain.words import SALE_PREFIX, PaymentState, part


class OrderEvent(Event, frozen=True):
    """An event of one order, or of one sale under its id among the orders."""

    order_id: str

    @property
    def stream(self) -> str:
        if self.order_id.startswith(SALE_PREFIX):
            channel, request_id = self.order_id[len(SALE_PREFIX) :].split(":", 1)
            return f"sale/{channel}/{part(request_id)}"
        return f"order/{part(self.order_id)}"


class OrderPlaced(OrderEvent, frozen=True):
    selling_channel: str
    lines: tuple[OrderLine, ...]
    customer_id: str | None = None
    currency: str | None = None
    ship_to: Place | None = None
    reference: str | None = None


class OrderLineCancelled(OrderEvent, frozen=True):
    line_id: str
    quantity: int
    cause: Literal["requested", "out_of_stock"]


class PaymentRecorded(OrderEvent, frozen=True):
    payment_id: str
    state: PaymentState
    amount_minor: int
    currency: str
    provider_reference: str | None = None
    lines: tuple[str, ...] = ()


class LineShipped(OrderEvent, frozen=True):
    line_id: str
    quantity: int
    location: str
    shipment_id: str
    carrier: str | None = None
    tracking_number: str | None = None


class PickupReady(OrderEvent, frozen=True):
    line_id: str
    quantity: int
    location: str
    until: datetime | None = None


class LineCollected(OrderEvent, frozen=True):
    """`sale_id` is the sale that fulfilled the line, if one did."""

    line_id: str
    quantity: int
    location: str
    sale_id: str | None = None


class CollectionVoided(OrderEvent, frozen=True):
    """The sale that had fulfilled the line never happened."""

    line_id: str
    quantity: int
    sale_id: str


class LineShort(OrderEvent, frozen=True):
    """`short` is how much of the line the shelf cannot keep from now on; 0 when it can again."""

    line_id: str
    short: int


class LineReturned(OrderEvent, frozen=True):
    """`named`: the return named this line; else it was found by its sku."""

    line_id: str
    quantity: int
    named: bool = False


AnyOrderEvent = (
    OrderPlaced
    | OrderLineCancelled
    | PaymentRecorded
    | LineShipped
    | PickupReady
    | LineCollected
    | CollectionVoided
    | LineShort
    | LineReturned
)
