"""Orders, recorded sales among them, and payments: the rows of these views."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from ledger.domain.orders.lines import Label
from ledger.domain.words import (
    Currency,
    CustomerId,
    Location,
    MicroDegrees,
    PaymentId,
    PaymentState,
)
from projections.tables import Table
from projections.words import (
    EffectiveAt,
    ListedOrderId,
    ListedOrderKind,
    OccurredAt,
    Position,
    RecordedAt,
    SellingChannel,
    Sender,
    TotalMinor,
)

NAME = "orders"


class OrderRow(Struct, frozen=True, gc=False):
    """An order, or a recorded sale, and the label that follows from its lines."""

    order_id: ListedOrderId
    kind: ListedOrderKind
    state: Annotated[Label, Meta(description="Follows from its lines; the quantities stand there.")]
    selling_channel: SellingChannel
    customer_id: CustomerId | None
    currency: Currency | None
    total_minor: TotalMinor | None
    reference: Annotated[str | None, Meta(description="What it belongs to.")]
    location: Annotated[Location | None, Meta(description="Where a sale happened.")]
    tender: Annotated[str | None, Meta(description="How a sale was paid.")]
    ship_to_region: Annotated[str | None, Meta(description="ISO 3166 code of where it goes.")]
    ship_to_latitude_udeg: MicroDegrees | None
    ship_to_longitude_udeg: MicroDegrees | None
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it was sent as.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    position: Position
    changed_position: Annotated[int, Meta(description="Position of the last event of its lines.")]


class Payment(Struct, frozen=True, gc=False):
    """A payment's latest state; independent of stock, and of whether the order is known."""

    payment_id: PaymentId
    order_id: ListedOrderId
    state: Annotated[PaymentState, Meta(description="The latest state counts.")]
    amount_minor: Annotated[int, Meta(description="Amount in minor units of `currency`.")]
    currency: Currency
    provider_reference: Annotated[str | None, Meta(description="The provider's own id.")]
    lines: Annotated[
        tuple[str, ...] | None, Meta(description="The lines paid for; null: all of the order.")
    ]
    effective_at: EffectiveAt
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that said so.")]
    position: Position


ORDERS = Table(
    "orders",
    OrderRow,
    key=("order_id",),
    comment="Orders and recorded sales, with the state that follows from their lines.",
    indexes=[
        "(network, position)",
        "(network, state, position)",
        "(network, customer_id, position) WHERE customer_id IS NOT NULL",
    ],
    fillfactor=90,
)
PAYMENTS = Table(
    "payments",
    Payment,
    key=("payment_id",),
    comment="The latest state of each payment.",
    indexes=["(network, order_id)"],
)
PAYMENT_STAMP: Final = slice(-4, -1)
"""Where a payment's effective_at, channel and request_id stand."""
