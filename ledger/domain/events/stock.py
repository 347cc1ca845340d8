"""What happened to the stock of one sku at one location.

Quantities are whole stock units. `effective_at` stands only where a movement takes the time of
another; elsewhere it is effective at min(occurred_at, recorded_at).
"""

from datetime import datetime
from typing import Literal

from msgspec import field

from ledger.domain.events.base import Event
from ledger.domain.requests import Part
from ledger.domain.words import CountedState, StockState, part

ReservedFor = Literal["hold", "transfer"]
ReleaseReason = Literal["customer", "expired", "superseded", "converted", "cancelled", "short"]
UncommitCause = Literal[
    "cancelled", "left_elsewhere", "expired", "reassigned", "declined", "resourced", "backordered"
]


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
    effective_at: datetime | None = None


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
    effective_at: datetime | None = None


class StockSold(StockEvent, frozen=True):
    """`committed` is how much of a promise at this location the goods took along.

    It was promised to `order_line_id` of `order_id`.
    """

    line_id: str
    quantity: int
    committed: int = 0
    order_id: str | None = None
    order_line_id: str | None = None


class StockSaleVoided(StockEvent, frozen=True):
    sale_channel: str
    sale_request_id: str
    line_id: str
    quantity: int
    effective_at: datetime


class StockReturned(StockEvent, frozen=True):
    """`order_id` is the order's, or `sale:{channel}:{request_id}`, if the return named one.

    `return_id` is that of an authorised return.
    """

    line_id: str
    quantity: int
    state: StockState = "available"
    order_id: str | None = None
    lot: str | None = None
    serial: str | None = None
    return_id: str | None = None


class StockReserved(StockEvent, frozen=True):
    """Held for an owner's cart (`holder`: the owner) or a transfer (its id)."""

    held_for: ReservedFor
    holder: str
    line_id: str
    quantity: int


class StockReleased(StockEvent, frozen=True):
    """No longer held; `cause` says why, `short` that the shelf could not keep it."""

    held_for: ReservedFor
    holder: str
    line_id: str
    quantity: int
    cause: ReleaseReason


class StockExpected(StockEvent, frozen=True):
    """What is on its way here changed by `quantity`, signed: a supply, or a transfer."""

    by: Literal["supply", "transfer"]
    source_id: str
    line_id: str
    quantity: int


class StockSent(StockEvent, frozen=True):
    """Left in a transfer: on_hand falls by `quantity`, reserved by `reserved`."""

    transfer_id: str
    line_id: str
    quantity: int
    reserved: int = 0
    effective_at: datetime | None = None


class StockArrived(StockEvent, frozen=True):
    """Came out of a transfer: on_hand rises by `quantity`, damaged by `damaged` of it."""

    transfer_id: str
    line_id: str
    quantity: int
    damaged: int = 0
    effective_at: datetime | None = None


class StockWrittenOut(StockEvent, frozen=True):
    """Returned goods leave the books from `state`; below zero: they came back after all."""

    return_id: str
    line_id: str
    quantity: int
    cause: Literal["scrap", "return_to_vendor", "missing"]
    state: StockState = "available"


class StockCommitted(StockEvent, frozen=True):
    order_id: str
    line_id: str
    quantity: int


class StockUncommitted(StockEvent, frozen=True):
    """No longer promised; `picked` of it was taken from the shelf: the location puts it back."""

    order_id: str
    line_id: str
    quantity: int
    cause: UncommitCause
    picked: int = 0


class StockShipped(StockEvent, frozen=True):
    """on_hand falls by `quantity`, committed by `committed`: what of it was promised here."""

    order_id: str
    line_id: str
    quantity: int
    committed: int
    shipment_id: str
    effective_at: datetime | None = None


class StockShipmentVoided(StockEvent, frozen=True):
    """It never left: on_hand is as it was, from the shipment's own time on.

    Below zero: another parcel of this shipment, told later, is the one that never left.
    """

    order_id: str
    line_id: str
    quantity: int
    shipment_id: str
    effective_at: datetime


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


class ShortReservation(Part, frozen=True):
    """How much of a hold or of a transfer's reservation the shelf cannot keep."""

    held_for: ReservedFor
    holder: str
    line_id: str
    quantity: int


class ShortageFound(StockEvent, frozen=True):
    """Promises exceed the shelf by `quantity` more; `reservations` and `lines` say whom it hits."""

    quantity: int
    lines: tuple[ShortLine, ...]
    reservations: tuple[ShortReservation, ...] = ()


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
    | StockReserved
    | StockReleased
    | StockExpected
    | StockSent
    | StockArrived
    | StockWrittenOut
    | StockCommitted
    | StockUncommitted
    | StockShipped
    | StockShipmentVoided
    | StockCollected
    | SafetyStockSet
    | ShortageFound
    | ShortageCleared
)
