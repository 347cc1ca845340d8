"""What was done for each order, step by step: payments, parcels, pickups, returns, contacts.

A step stands with its order, so that it is found with whoever the order belongs to: the customer
that it names, or the one who claimed it later. An event is a row; the lines of one request are
put together when they are read.
"""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from ledger.domain.events import (
    CollectionVoided,
    ContactRecorded,
    DeliveryFailed,
    Event,
    LineCollected,
    LineDelivered,
    LineReturned,
    LineShipped,
    PaymentRecorded,
    PickupExpired,
    PickupReady,
    ReturnRecorded,
    ShipmentVoided,
)
from ledger.domain.stock.item import effective_at
from ledger.domain.words import ContactMeans, LineId, PaymentId, PaymentState, ReturnId, ShipmentId
from projections.money import total_minor
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows
from projections.tables import Table
from projections.words import (
    EffectiveAt,
    ListedOrderId,
    OccurredAt,
    Position,
    RecordedAt,
    Sender,
    TotalMinor,
)

NAME = "order_history"
Step = Literal[
    "payment",
    "ready_for_pickup",
    "pickup_expired",
    "collected",
    "collection_voided",
    "shipped",
    "shipment_voided",
    "delivered",
    "delivery_failed",
    "return",
    "contact",
]


class StepRow(Struct, frozen=True, gc=False):
    """Something that was done for an order, of one line where it is about lines."""

    position: Position
    order_id: ListedOrderId
    kind: Annotated[Step, Meta(description="What it is.")]
    line_id: LineId | None
    quantity: Annotated[int | None, Meta(description="How many units of the line.")]
    location: Annotated[str | None, Meta(description="Where it happened.")]
    shipment_id: ShipmentId | None
    return_id: ReturnId | None
    payment_id: PaymentId | None
    payment_state: PaymentState | None
    currency: Annotated[str | None, Meta(description="ISO 4217 code of the amount.")]
    total_minor: Annotated[
        TotalMinor | None,
        Meta(description="Amount of a payment, or of a return at its prices, in minor units."),
    ]
    means: ContactMeans | None
    direction: Annotated[
        Literal["inbound", "outbound"] | None, Meta(description="Who wrote or called.")
    ]
    topic: Annotated[str | None, Meta(description="What a contact was about.")]
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it follows from.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    effective_at: EffectiveAt


STEPS = Table(
    "order_history",
    StepRow,
    key=("position",),
    comment="What was done for each order: payments, parcels, pickups, returns, contacts.",
    indexes=["(network, order_id, position)"],
)
_OF_LINE: Final[dict[type, Step]] = {
    PickupReady: "ready_for_pickup",
    PickupExpired: "pickup_expired",
    LineCollected: "collected",
    CollectionVoided: "collection_voided",
    LineShipped: "shipped",
    ShipmentVoided: "shipment_voided",
    LineDelivered: "delivered",
    DeliveryFailed: "delivery_failed",
    LineReturned: "return",
}
LineStep = (
    PickupReady
    | PickupExpired
    | LineCollected
    | CollectionVoided
    | LineShipped
    | ShipmentVoided
    | LineDelivered
    | DeliveryFailed
    | LineReturned
)
_NO_MONEY: Final = (None,) * 4
_NO_CONTACT: Final = (None,) * 3


class OrderHistory(Projection):
    """Appends a row a step; nothing is kept."""

    name = NAME
    comment = STEPS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.steps = AppendedRows(STEPS)
        self.appended = (self.steps,)
        self.folds = {
            PaymentRecorded: self._paid,
            ReturnRecorded: self._returned,
            ContactRecorded: self._contacted,
            **dict.fromkeys(_OF_LINE, self._of_line),
        }

    def ask(self, batch: Batch) -> None:
        """Nothing: no step depends on another."""

    def _of_line(self, position: int, event: LineStep) -> None:
        return_id = event.return_id if isinstance(event, LineReturned) else None
        if event.__class__ is LineReturned and return_id is None:
            return  # its `return_recorded` is listed
        goods = (event.line_id, event.quantity, getattr(event, "location", None))
        named = (getattr(event, "shipment_id", None), return_id)
        what = (event.order_id, _OF_LINE[event.__class__])
        self._append(position, event, (*what, *goods, *named, *_NO_MONEY, *_NO_CONTACT))

    def _paid(self, position: int, event: PaymentRecorded) -> None:
        money = (event.payment_id, event.state, event.currency, event.amount_minor)
        what = (event.order_id, "payment", None, None, None, None, None)
        self._append(position, event, (*what, *money, *_NO_CONTACT))

    def _returned(self, position: int, event: ReturnRecorded) -> None:
        """Goods handed in by nobody in particular, of an order."""
        if event.order_id is None or event.customer_id is not None:
            return
        units = sum(line.quantity for line in event.lines if line.kind == "goods")
        what = (event.order_id, "return", None, units, event.location, None, None)
        money = (None, None, event.currency, total_minor(event.lines))
        self._append(position, event, (*what, *money, *_NO_CONTACT))

    def _contacted(self, position: int, event: ContactRecorded) -> None:
        """A contact about an order, of nobody in particular."""
        if event.order_id is None or event.customer_id is not None:
            return
        what = (event.order_id, "contact", None, None, None, None, None)
        contact = (event.means, event.direction, event.topic)
        self._append(position, event, (*what, *_NO_MONEY, *contact))

    def _append(self, position: int, event: Event, what: tuple[Any, ...]) -> None:
        self.steps.append(
            (
                position,
                *what,
                event.channel,
                event.request_id,
                event.occurred_at,
                event.recorded_at,
                effective_at(event),
            )
        )
