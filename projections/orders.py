"""Orders, recorded sales among them: their lines, their payments and the label that follows.

Lines change by the writer's own fold; quantities derived from what was said are derived here once
more, never kept apart from it.
"""

from typing import Annotated, Final, get_args

from msgspec import Meta, Struct
from msgspec.structs import astuple, replace

from ledger.domain.events import (
    OrderEvent,
    OrderPlaced,
    PaymentRecorded,
    SaleRecorded,
    SaleVoided,
)
from ledger.domain.orders import (
    Label,
    LineEvent,
    changed,
    label,
    voided,
)
from ledger.domain.stock import stamp_of
from ledger.domain.words import (
    Currency,
    CustomerId,
    Location,
    MicroDegrees,
    PaymentId,
    PaymentState,
    sale_id,
)
from projections.money import total_minor
from projections.order_lines import (
    LINE_ORDER_ID,
    ORDER_LINES,
    label_of,
    line_of,
    new_line,
    with_line,
)
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, GroupedRows, Rows
from projections.tables import Table, Values
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

LineKey = tuple[str, str]


class Orders(Projection):
    """Folds orders and sales, with the writer's own fold of their lines."""

    name = NAME
    comment = ORDERS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.orders: Rows[str, OrderRow] = Rows(
            ORDERS.select_by(ORDERS.key),
            table=ORDERS,
            pack=lambda _, row: astuple(row),
            unpack=lambda values: (values[0], OrderRow(*values)),
            limit=limit,
        )
        self.lines: GroupedRows[str, LineKey, Values] = GroupedRows(
            ORDER_LINES.select_by(["order_id"]),
            group_of=lambda key: key[0],
            table=ORDER_LINES,
            pack=lambda _, values: values,
            unpack=lambda values: ((values[LINE_ORDER_ID], values[0]), values),
            limit=limit,
        )
        self.payments: Rows[str, Values] = Rows(
            PAYMENTS.select_by(PAYMENTS.key),
            table=PAYMENTS,
            pack=lambda _, values: values,
            unpack=lambda values: (values[0], values),
            limit=limit,
        )
        self.kept = (self.orders, self.lines, self.payments)
        self._changed: dict[str, int] = {}
        self.folds = {
            OrderPlaced: self._placed,
            SaleRecorded: self._sold,
            SaleVoided: self._voided,
            PaymentRecorded: self._paid,
            **dict.fromkeys(get_args(LineEvent), self._line_changed),
        }

    def ask(self, batch: Batch) -> None:
        """The orders whose lines change, with all their lines, and the payments."""
        orders, payments = set(), set()
        for _, event in batch:
            if isinstance(event, PaymentRecorded):
                payments.add(event.payment_id)
            elif isinstance(event, OrderEvent) and event.__class__ is not OrderPlaced:
                orders.add(event.order_id)
            elif isinstance(event, SaleVoided):
                orders.add(sale_id(event.sale_channel, event.sale_request_id))
        self.orders.ask(orders)
        self.lines.ask(orders)
        self.payments.ask(payments)

    def finish(self) -> None:
        """Give each order that changed the label that follows from its lines."""
        changed_now, self._changed = self._changed, {}
        for order_id, position in changed_now.items():
            row = self.orders.get(order_id)
            assert row is not None, f"{order_id} changed, but it is not there"
            state = label(row.kind, map(line_of, self.lines.group(order_id)))
            self.orders.put(order_id, replace(row, state=state, changed_position=position))

    def forget(self) -> None:
        """Remember nothing."""
        super().forget()
        self._changed.clear()

    def _placed(self, position: int, event: OrderPlaced) -> None:
        order_id, place = event.order_id, event.ship_to
        row = OrderRow(
            order_id=order_id,
            kind="order",
            state=label_of("order", event.lines),
            selling_channel=event.selling_channel,
            customer_id=event.customer_id,
            currency=event.currency,
            total_minor=total_minor(event.lines),
            reference=event.reference,
            location=None,
            tender=None,
            ship_to_region=place.region if place else None,
            ship_to_latitude_udeg=place.latitude_udeg if place else None,
            ship_to_longitude_udeg=place.longitude_udeg if place else None,
            channel=event.channel,
            request_id=event.request_id,
            occurred_at=event.occurred_at,
            recorded_at=event.recorded_at,
            position=position,
            changed_position=position,
        )
        self.orders.put(order_id, row)
        self.lines.add(
            order_id,
            {
                (order_id, said.line_id): new_line(
                    "order", said, said.location, said.how, (order_id, number)
                )
                for number, said in enumerate(event.lines, start=1)
            },
        )

    def _sold(self, position: int, event: SaleRecorded) -> None:
        order_id, location = sale_id(event.channel, event.request_id), event.location
        row = OrderRow(
            order_id=order_id,
            kind="sale",
            state=label_of("sale", event.lines),
            selling_channel=event.selling_channel,
            customer_id=event.customer_id,
            currency=event.currency,
            total_minor=total_minor(event.lines),
            reference=event.reference,
            location=location,
            tender=event.tender,
            ship_to_region=None,
            ship_to_latitude_udeg=None,
            ship_to_longitude_udeg=None,
            channel=event.channel,
            request_id=event.request_id,
            occurred_at=event.occurred_at,
            recorded_at=event.recorded_at,
            position=position,
            changed_position=position,
        )
        self.orders.put(order_id, row)
        self.lines.add(
            order_id,
            {
                (order_id, said.line_id): new_line("sale", said, location, None, (order_id, number))
                for number, said in enumerate(event.lines, start=1)
            },
        )

    def _line_changed(self, position: int, event: LineEvent) -> None:
        key = (event.order_id, event.line_id)
        values = self._line(key)
        self.lines.put(key, with_line(values, changed(line_of(values), event)))
        self._changed[event.order_id] = position

    def _voided(self, position: int, event: SaleVoided) -> None:
        order_id = sale_id(event.sale_channel, event.sale_request_id)
        for cut in event.lines:
            values = self._line((order_id, cut.line_id))
            line = voided(line_of(values), cut.quantity)
            self.lines.put((order_id, cut.line_id), with_line(values, line))
        self._changed[order_id] = position

    def _line(self, key: LineKey) -> Values:
        values = self.lines.get(key)
        assert values is not None, f"order {key[0]} has no line {key[1]}"
        return values

    def _paid(self, position: int, event: PaymentRecorded) -> None:
        stamp = stamp_of(event)
        kept = self.payments.get(event.payment_id)
        if kept is None or stamp >= kept[PAYMENT_STAMP]:
            said = (
                event.payment_id,
                event.order_id,
                event.state,
                event.amount_minor,
                event.currency,
                event.provider_reference,
                list(event.lines) or None,
            )
            self.payments.put(event.payment_id, (*said, *stamp, position))


PAYMENT_STAMP: Final = slice(-4, -1)
"""Where a payment's effective_at, channel and request_id stand."""
