"""What becomes of orders, recorded sales among them: their lines, payments and labels.

Lines change by the writer's own fold, from the events of orders and from those of stock that say
what is promised to them.
"""

from typing import Final, get_args

from msgspec.structs import astuple, replace

from ledger.domain.events import (
    Event,
    OrderChanged,
    OrderEvent,
    OrderPlaced,
    PaymentRecorded,
    SaleRecorded,
    SaleVoided,
    StockCollected,
    StockCommitted,
    StockShipped,
    StockSold,
    StockUncommitted,
)
from ledger.domain.orders.lines import (
    Label,
    Line,
    LineEvent,
    changed,
    given_back,
    label,
    promised,
    uncommitted,
    voided,
)
from ledger.domain.stock.item import stamp_of
from ledger.domain.words import sale_id
from projections.money import total_minor
from projections.orders.line_states import (
    SELECT_LINES,
    LineState,
    allocations_of,
    new_line,
    new_sale_line,
    pack_line,
    unpack_line,
    with_line,
)
from projections.orders.order_lines import ALLOCATIONS, ORDER_LINES
from projections.orders.orders import NAME, ORDERS, PAYMENT_STAMP, PAYMENTS, OrderRow
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, DetailRows, GroupedRows, Rows
from projections.tables import Values

LineKey = tuple[str, str]
OPEN: Final[Label] = "open"
"""The label of an order until the batch that it came in is finished."""


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
        self.lines: GroupedRows[str, LineKey, LineState] = GroupedRows(
            SELECT_LINES,
            group_of=lambda key: key[0],
            table=ORDER_LINES,
            pack=pack_line,
            unpack=unpack_line,
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
        self.details = (DetailRows(ALLOCATIONS, self.lines, allocations_of),)
        self._changed: dict[str, int] = {}
        self.folds = {
            OrderPlaced: self._placed,
            OrderChanged: self._added,
            SaleRecorded: self._sold,
            SaleVoided: self._voided,
            PaymentRecorded: self._paid,
            StockCommitted: self._committed,
            StockUncommitted: self._uncommitted,
            StockShipped: self._left,
            StockCollected: self._left,
            StockSold: self._goods_sold,
            **dict.fromkeys(get_args(LineEvent), self._line_changed),
        }

    def ask(self, batch: Batch) -> None:
        """The orders whose lines change, with all their lines, and the payments."""
        orders: set[str] = set()
        placed: set[str] = set()
        payments: set[str] = set()
        for _, event in batch:
            match event:
                case PaymentRecorded():
                    payments.add(event.payment_id)
                case OrderPlaced():
                    placed.add(event.order_id)
                case SaleRecorded():
                    placed.add(sale_id(event.channel, event.request_id))
                case SaleVoided():
                    orders.add(sale_id(event.sale_channel, event.sale_request_id))
                case StockSold():
                    if event.order_id is not None:
                        orders.add(event.order_id)
                case (
                    OrderEvent()
                    | StockCommitted()
                    | StockUncommitted()
                    | StockShipped()
                    | StockCollected()
                ):
                    orders.add(event.order_id)
        orders -= placed
        self.orders.ask(orders)
        self.lines.ask(orders)
        self.payments.ask(payments)

    def finish(self) -> None:
        """Give each order that changed the label that follows from its lines."""
        changed_now, self._changed = self._changed, {}
        for order_id, position in changed_now.items():
            row = self.orders.get(order_id)
            assert row is not None, f"{order_id} changed, but it is not there"
            state = label(row.kind, [kept.line for kept in self.lines.group(order_id)])
            if state != row.state or position != row.changed_position:
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
            state=OPEN,
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
        lines = [new_line(said, number) for number, said in enumerate(event.lines, start=1)]
        self._add(row, lines)

    def _sold(self, position: int, event: SaleRecorded) -> None:
        row = OrderRow(
            order_id=sale_id(event.channel, event.request_id),
            kind="sale",
            state=OPEN,
            selling_channel=event.selling_channel,
            customer_id=event.customer_id,
            currency=event.currency,
            total_minor=total_minor(event.lines),
            reference=event.reference,
            location=event.location,
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
        said = enumerate(event.lines, start=1)
        self._add(row, [new_sale_line(line, event.location, number) for number, line in said])

    def _add(self, row: OrderRow, lines: list[LineState]) -> None:
        order_id = row.order_id
        self.orders.put(order_id, row)
        self.lines.add(order_id, {(order_id, line.line_id): line for line in lines})
        self._changed[order_id] = row.position

    def _added(self, position: int, event: OrderChanged) -> None:
        order_id = event.order_id
        row = self.orders.get(order_id)
        assert row is not None, f"{order_id} changed, but it is not there"
        for number, said in enumerate(event.added, start=self.lines.size(order_id) + 1):
            self.lines.put((order_id, said.line_id), new_line(said, number))
        more = total_minor(event.added)
        if more is not None:
            self.orders.put(order_id, replace(row, total_minor=(row.total_minor or 0) + more))
        self._changed[order_id] = position

    def _line_changed(self, position: int, event: LineEvent) -> None:
        key = (event.order_id, event.line_id)
        self._put(key, changed(self._line(key).line, event), position, event)

    def _committed(self, position: int, event: StockCommitted) -> None:
        key = (event.order_id, event.line_id)
        # Which promise it is of its stock item only the writer needs to know.
        line = promised(self._line(key).line, event.location, event.quantity, 0)
        self._put(key, line, position, event)

    def _uncommitted(self, position: int, event: StockUncommitted) -> None:
        key = (event.order_id, event.line_id)
        self._put(key, uncommitted(self._line(key).line, event), position, event)

    def _left(self, position: int, event: StockShipped | StockCollected) -> None:
        if event.committed:
            self._give_back(position, event, (event.order_id, event.line_id), event.committed)

    def _goods_sold(self, position: int, event: StockSold) -> None:
        if event.committed:
            assert event.order_id is not None, event
            assert event.order_line_id is not None, event
            self._give_back(position, event, (event.order_id, event.order_line_id), event.committed)

    def _give_back(
        self,
        position: int,
        event: StockShipped | StockCollected | StockSold,
        key: LineKey,
        quantity: int,
    ) -> None:
        line = given_back(self._line(key).line, event.location, quantity)
        self._put(key, line, position, event)

    def _voided(self, position: int, event: SaleVoided) -> None:
        order_id = sale_id(event.sale_channel, event.sale_request_id)
        for cut in event.lines:
            key = (order_id, cut.line_id)
            self._put(key, voided(self._line(key).line, cut.quantity), position, event)

    def _line(self, key: LineKey) -> LineState:
        state = self.lines.get(key)
        assert state is not None, f"order {key[0]} has no line {key[1]}"
        return state

    def _put(self, key: LineKey, line: Line, position: int, event: Event) -> None:
        self.lines.put(key, with_line(self._line(key), line, position, event))
        self._changed[key[0]] = position

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
