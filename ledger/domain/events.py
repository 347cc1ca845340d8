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

from msgspec import field

from ledger.domain.event import Event
from ledger.domain.order_events import (
    AnyOrderEvent,
    CollectionVoided,
    LineCollected,
    LineReturned,
    LineShipped,
    LineShort,
    OrderEvent,
    OrderLineCancelled,
    OrderPlaced,
    PaymentRecorded,
    PickupReady,
)
from ledger.domain.requests import Fact, LineQuantity, Part, Price, ReturnLine, SaleLine
from ledger.domain.stock_events import (
    AnyStockEvent,
    SafetyStockSet,
    ShortageCleared,
    ShortageFound,
    ShortLine,
    StockAdjusted,
    StockCollected,
    StockCommitted,
    StockCounted,
    StockCountRevised,
    StockEvent,
    StockMoved,
    StockReceived,
    StockReturned,
    StockSaleVoided,
    StockShipped,
    StockSold,
    StockUncommitted,
)
from ledger.domain.words import ChannelKind, CountedState, LocationKind, Reason, part

__all__ = [
    "AnyEvent",
    "AnyOrderEvent",
    "AnyStockEvent",
    "ChannelDescribed",
    "CollectionVoided",
    "CustomerRegistered",
    "Event",
    "ExceptionKind",
    "ExceptionRaised",
    "ExceptionResolved",
    "InputReason",
    "InputRefused",
    "LineCollected",
    "LineReturned",
    "LineShipped",
    "LineShort",
    "LocationCounted",
    "LocationDescribed",
    "OrderEvent",
    "OrderLineCancelled",
    "OrderPlaced",
    "PaymentRecorded",
    "PickupReady",
    "ProductDescribed",
    "RefusedLine",
    "RequestAccepted",
    "RequestRefused",
    "ReturnRecorded",
    "SafetyStockSet",
    "SaleRecorded",
    "SaleVoided",
    "ShortLine",
    "ShortageCleared",
    "ShortageFound",
    "StockAdjusted",
    "StockCollected",
    "StockCommitted",
    "StockCountRevised",
    "StockCounted",
    "StockEvent",
    "StockMoved",
    "StockReceived",
    "StockReturned",
    "StockSaleVoided",
    "StockShipped",
    "StockSold",
    "StockUncommitted",
    "input_stream",
]


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
    attributes: dict[str, str] = field(default_factory=dict)
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


InputReason = Literal["unreadable", "malformed", "idempotency_mismatch", "undecidable"]


class InputRefused(Event, frozen=True):
    """A record of a channel's topic, or one item of it, is no request that can be decided.

    Its bytes are kept among the dead letters. `index` is the item's place in the record, -1 for
    the whole; request_id is empty where none could be read.
    """

    topic: str
    offset: int
    index: int
    sha256: str
    reason: InputReason
    detail: str

    @property
    def stream(self) -> str:
        return input_stream(self.topic, self.offset, self.index)


def input_stream(topic: str, offset: int, index: int) -> str:
    """The stream of what became of one item of input."""
    return f"input/{topic}/{offset}/{index}"


AnyEvent = (
    RequestAccepted
    | RequestRefused
    | InputRefused
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
