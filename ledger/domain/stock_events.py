"""What happened to the stock of one sku at one location.

Quantities are whole stock units. `effective_at` stands only where a movement takes the time of
another; elsewhere it is effective at min(occurred_at, recorded_at).
"""

from datetime import datetime
from typing import Literal

from msgspec import field

from ledger.domain.event import Event
from ledger.domain.requests import Part
from ledger.domain.words import CountedState, StockState, part


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
