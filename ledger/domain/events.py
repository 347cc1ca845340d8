"""What happened: the immutable consequences of requests.

Every event is self-contained: who sent the request, both clocks, and its own data. Its bytes are
its fields as JSON in this order, without those at their default. A published version never
changes; a new meaning is a new version and an upcaster in `ledger.codec`.

Quantities are whole stock units, amounts minor units, times UTC. `effective_at` stands only where
a movement takes the time of another (a void takes that of its sale, a fact that waited unlinked
its own); elsewhere a movement is effective at min(occurred_at, recorded_at).
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from ledger.domain.requests import (
    Fact,
    LineQuantity,
    OrderLine,
    Part,
    Place,
    Price,
    ReturnLine,
    SaleLine,
)
from ledger.domain.words import (
    SALE_PREFIX,
    ChannelKind,
    CountedState,
    LocationKind,
    PaymentState,
    Reason,
    StockState,
    part,
)


class Event(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What every event carries: its request, and when by the channel's and the writer's clock."""

    channel: str
    request_id: str
    occurred_at: datetime
    recorded_at: datetime

    @property
    def stream(self) -> str:
        """The stream that this event belongs to."""
        raise AssertionError(type(self))


class RefusedLine(Part, frozen=True):
    """What a refusal hits, with the numbers that let a channel offer what is there."""

    line_id: str | None = None
    sku: str | None = None
    location: str | None = None
    order_id: str | None = None
    asked: int | None = None
    available: int | None = None


class _RequestEvent(Event, frozen=True):
    @property
    def stream(self) -> str:
        return f"request/{self.channel}/{part(self.request_id)}"


class RequestAccepted(_RequestEvent, frozen=True):
    """A request was accepted; its effects are the next `effects` events."""

    kind: str
    fingerprint: str
    effects: int
    actor: str | None = None
    reason: str | None = None
    reference: str | None = None


class RequestRefused(_RequestEvent, frozen=True):
    """A claim was refused, for ever: asked again, it gets the same answer."""

    kind: str
    fingerprint: str
    reason: Reason
    details: tuple[RefusedLine, ...]
    actor: str | None = None
    reference: str | None = None


class StockEvent(Event, frozen=True):
    """An event of one sku at one location."""

    location: str
    sku: str

    @property
    def stream(self) -> str:
        return f"stock/{part(self.location)}/{part(self.sku)}"


class StockReceived(StockEvent, frozen=True):
    line_id: str
    quantity: int
    state: StockState = "available"
    unit_cost_minor: int | None = None
    currency: str | None = None
    supply_id: str | None = None
    lot: str | None = None
    serial: str | None = None


class StockAdjusted(StockEvent, frozen=True):
    """`quantity` is signed; `reason` says why."""

    line_id: str
    quantity: int
    reason: str
    state: StockState = "available"
    unit_cost_minor: int | None = None
    currency: str | None = None
    lot: str | None = None
    serial: str | None = None


class StockCounted(StockEvent, frozen=True):
    """variance = counted - expected; the quantity changes by it."""

    counted: int
    expected: int
    variance: int
    state: CountedState = "on_hand"
    unit_cost_minor: int | None = None
    currency: str | None = None


class StockCountRevised(StockEvent, frozen=True):
    """A count had seen what arrived only now: its variance, and the quantity, change by `quantity`.

    The count is named by its sender, its request_id and its effective time.
    """

    count_channel: str
    count_request_id: str
    counted_at: datetime
    quantity: int
    variance: int
    state: CountedState = "on_hand"


class StockMoved(StockEvent, frozen=True):
    line_id: str
    quantity: int
    from_state: StockState = field(name="from")
    to_state: StockState = field(name="to")


class StockSold(StockEvent, frozen=True):
    """`committed` is how much of a promise at this location the goods took along."""

    line_id: str
    quantity: int
    committed: int = 0


class StockSaleVoided(StockEvent, frozen=True):
    sale_channel: str
    sale_request_id: str
    line_id: str
    quantity: int
    effective_at: datetime


class StockReturned(StockEvent, frozen=True):
    """`order_id` is the order's, or `sale:{channel}:{request_id}`, if the return named one."""

    line_id: str
    quantity: int
    state: StockState = "available"
    order_id: str | None = None
    lot: str | None = None
    serial: str | None = None


class StockCommitted(StockEvent, frozen=True):
    order_id: str
    line_id: str
    quantity: int


class StockUncommitted(StockEvent, frozen=True):
    order_id: str
    line_id: str
    quantity: int
    cause: Literal["cancelled", "left_elsewhere"]


class StockShipped(StockEvent, frozen=True):
    """on_hand falls by `quantity`, committed by `committed`: what of it was promised here."""

    order_id: str
    line_id: str
    quantity: int
    committed: int
    shipment_id: str
    effective_at: datetime | None = None


class StockCollected(StockEvent, frozen=True):
    """on_hand falls by `quantity`, committed by `committed`: what of it was promised here."""

    order_id: str
    line_id: str
    quantity: int
    committed: int
    effective_at: datetime | None = None


class SafetyStockSet(StockEvent, frozen=True):
    quantity: int


class ShortLine(Part, frozen=True):
    """How much more of an order line the shelf cannot keep (or can again)."""

    order_id: str
    line_id: str
    quantity: int


class ShortageFound(StockEvent, frozen=True):
    """Promises exceed the shelf by `quantity` more; `lines` says whom it hits."""

    quantity: int
    lines: tuple[ShortLine, ...]


class ShortageCleared(StockEvent, frozen=True):
    """Promises exceed the shelf by `quantity` less; `lines` says who is served again."""

    quantity: int
    lines: tuple[ShortLine, ...]


class _LocationEvent(Event, frozen=True):
    location: str

    @property
    def stream(self) -> str:
        return f"location/{part(self.location)}"


class LocationDescribed(_LocationEvent, frozen=True):
    kind: LocationKind
    active: bool
    time_zone: str
    ships: bool
    pickup: bool
    latitude_udeg: int | None = None
    longitude_udeg: int | None = None
    handling_cost_minor: int | None = None
    daily_capacity: int | None = None


class LocationCounted(_LocationEvent, frozen=True):
    """The whole location was counted: every sku not named in it was counted 0."""

    named: int


class ProductDescribed(Event, frozen=True):
    sku: str
    title: str
    attributes: dict[str, str] = {}
    gtin: str | None = None
    prices: tuple[Price, ...] = ()

    @property
    def stream(self) -> str:
        return f"product/{part(self.sku)}"


class ChannelDescribed(Event, frozen=True):
    """`described` is the channel; `channel` is who said so."""

    described: str
    kind: ChannelKind
    locations: tuple[str, ...] | None = None

    @property
    def stream(self) -> str:
        return f"channel/{self.described}"


class CustomerRegistered(Event, frozen=True):
    customer_id: str

    @property
    def stream(self) -> str:
        return f"customer/{part(self.customer_id)}"


class SaleRecorded(Event, frozen=True):
    location: str
    selling_channel: str
    lines: tuple[SaleLine, ...]
    customer_id: str | None = None
    currency: str | None = None
    tender: str | None = None
    reference: str | None = None

    @property
    def stream(self) -> str:
        return f"sale/{self.channel}/{part(self.request_id)}"


class SaleVoided(Event, frozen=True):
    """`lines` are the quantities that were still there to be voided."""

    sale_channel: str
    sale_request_id: str
    lines: tuple[LineQuantity, ...]

    @property
    def stream(self) -> str:
        return f"sale/{self.sale_channel}/{part(self.sale_request_id)}"


class ReturnRecorded(Event, frozen=True):
    """`order_id` is the order's, or `sale:{channel}:{request_id}`, if one was named."""

    location: str
    selling_channel: str
    lines: tuple[ReturnLine, ...]
    order_id: str | None = None
    customer_id: str | None = None
    currency: str | None = None
    tender: str | None = None
    reference: str | None = None

    @property
    def stream(self) -> str:
        return f"return/{self.channel}/{part(self.request_id)}"


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


ExceptionKind = Literal[
    "unlinked",
    "unknown_sku",
    "unknown_location",
    "overshipped",
    "over_returned",
    "over_voided",
    "clock_ahead",
    "discrepancy",
    "payment_moved",
]


class ExceptionRaised(Event, frozen=True):
    """Known by its request and its `number` within it; `fact` is what waits to be joined.

    A fact that had waited before keeps its own sender, `fact_channel`, and time, `effective_at`.
    """

    number: int
    kind: ExceptionKind
    detail: str
    order_id: str | None = None
    line_id: str | None = None
    location: str | None = None
    sku: str | None = None
    state: CountedState | None = None
    quantity: int | None = None
    fact: Fact | None = None
    fact_channel: str | None = None
    effective_at: datetime | None = None

    @property
    def stream(self) -> str:
        return f"exception/{self.channel}/{part(self.request_id)}/{self.number}"


class ExceptionResolved(Event, frozen=True):
    """Names the exception by the request that raised it and its number there."""

    raised_channel: str
    raised_request_id: str
    number: int
    kind: ExceptionKind
    order_id: str | None = None
    line_id: str | None = None
    location: str | None = None
    sku: str | None = None
    state: CountedState | None = None

    @property
    def stream(self) -> str:
        return f"exception/{self.raised_channel}/{part(self.raised_request_id)}/{self.number}"


AnyStockEvent = (
    StockReceived
    | StockAdjusted
    | StockCounted
    | StockCountRevised
    | StockMoved
    | StockSold
    | StockSaleVoided
    | StockReturned
    | StockCommitted
    | StockUncommitted
    | StockShipped
    | StockCollected
    | SafetyStockSet
    | ShortageFound
    | ShortageCleared
)
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
AnyEvent = (
    RequestAccepted
    | RequestRefused
    | AnyStockEvent
    | LocationDescribed
    | LocationCounted
    | ProductDescribed
    | ChannelDescribed
    | CustomerRegistered
    | SaleRecorded
    | SaleVoided
    | ReturnRecorded
    | AnyOrderEvent
    | ExceptionRaised
    | ExceptionResolved
)
