"""Customers, and what each of them bought and brought back.

A customer exists from the first sale, order or return that names them, registered or not. A
return belongs to the customer that it names.
"""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import astuple
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed

from ledger.domain.events import (
    CustomerRegistered,
    Event,
    OrderPlaced,
    ReturnRecorded,
    SaleRecorded,
)
from ledger.domain.stock import effective_at
from ledger.domain.words import CustomerId, sale_id
from projections.money import total_minor
from projections.paging import FIRST_PAGE, Page, key_of
from projections.projection import Batch, Projection
from projections.reading import listing, maker, one, page
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows, Rows
from projections.tables import Table
from projections.words import (
    EffectiveAt,
    ListedOrderId,
    OccurredAt,
    Position,
    RecordedAt,
    SellingChannel,
    Sender,
    TotalMinor,
)

NAME = "customers"


class CustomerRow(Struct, frozen=True, gc=False):
    """A customer: known by an opaque id, without personal data."""

    customer_id: CustomerId
    registered: Annotated[bool, Meta(description="False: only named by sales, orders, returns.")]
    first_seen: Annotated[datetime, Meta(description="The earliest that anything names them.")]
    last_purchase_at: Annotated[
        datetime | None, Meta(description="When the latest sale or order took effect.")
    ]
    sales: Annotated[int, Meta(description="Recorded sales, voided ones included.")]
    orders: Annotated[int, Meta(description="Orders placed, cancelled ones included.")]
    returns: Annotated[int, Meta(description="Recorded returns.")]
    position: Annotated[int, Meta(description="Position of the last event that names them.")]


class HistoryRow(Struct, frozen=True, gc=False):
    """A sale, an order or a return of a customer."""

    customer_id: CustomerId
    position: Position
    kind: Annotated[Literal["sale", "order", "return"], Meta(description="What it is.")]
    order_id: Annotated[
        ListedOrderId | None,
        Meta(description="The order, or `sale:{channel}:{request_id}`; of a return what it names."),
    ]
    selling_channel: SellingChannel
    location: Annotated[str | None, Meta(description="Where a sale or return happened.")]
    currency: Annotated[str | None, Meta(description="ISO 4217 code of its prices.")]
    total_minor: TotalMinor | None
    reference: Annotated[str | None, Meta(description="What it belongs to.")]
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it was sent as.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    effective_at: EffectiveAt


CUSTOMERS = Table(
    "customers",
    CustomerRow,
    key=("customer_id",),
    comment="Customers, registered or named by a sale, an order or a return.",
    fillfactor=80,
)
HISTORY = Table(
    "customer_history",
    HistoryRow,
    key=("customer_id", "position"),
    order=("position",),
    comment="What each customer bought and brought back: sales, orders and returns.",
)
Purchase = SaleRecorded | OrderPlaced | ReturnRecorded
_COUNTED = {SaleRecorded: (1, 0, 0), OrderPlaced: (0, 1, 0), ReturnRecorded: (0, 0, 1)}


class Customers(Projection):
    """Keeps a row a customer and appends a row a sale, order and return that names one."""

    name = NAME
    comment = CUSTOMERS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.customers: Rows[str, CustomerRow] = Rows(
            CUSTOMERS.select_by(CUSTOMERS.key),
            table=CUSTOMERS,
            pack=lambda _, row: astuple(row),
            unpack=lambda values: (values[0], CustomerRow(*values)),
            limit=limit,
        )
        self.history = AppendedRows(HISTORY)
        self.kept = (self.customers,)
        self.appended = (self.history,)
        self.folds = {
            CustomerRegistered: self._registered,
            SaleRecorded: self._sold,
            OrderPlaced: self._ordered,
            ReturnRecorded: self._returned,
        }

    def ask(self, batch: Batch) -> None:
        """The customers that events name."""
        named = {event.customer_id for _, event in batch}  # type: ignore[union-attr]
        self.customers.ask(named - {None})  # type: ignore[arg-type]

    def _registered(self, position: int, event: CustomerRegistered) -> None:
        self._seen(position, event.customer_id, event)

    def _sold(self, position: int, event: SaleRecorded) -> None:
        if event.customer_id is not None:
            self._seen(position, event.customer_id, event)
            order_id = sale_id(event.channel, event.request_id)
            self._listed(position, event, ("sale", order_id, event.location))

    def _ordered(self, position: int, event: OrderPlaced) -> None:
        if event.customer_id is not None:
            self._seen(position, event.customer_id, event)
            self._listed(position, event, ("order", event.order_id, None))

    def _returned(self, position: int, event: ReturnRecorded) -> None:
        if event.customer_id is not None:
            self._seen(position, event.customer_id, event)
            self._listed(position, event, ("return", event.order_id, event.location))

    def _seen(self, position: int, customer_id: str, event: Event) -> None:
        time = effective_at(event)
        row = self.customers.get(customer_id)
        if row is None:
            row = CustomerRow(customer_id, False, time, None, 0, 0, 0, position)  # noqa: FBT003
        sales, orders, returns = _COUNTED.get(event.__class__, (0, 0, 0))
        last = row.last_purchase_at
        if sales or orders:
            last = time if last is None else max(last, time)
        self.customers.put(
            customer_id,
            CustomerRow(
                customer_id,
                row.registered or event.__class__ is CustomerRegistered,
                min(row.first_seen, time),
                last,
                row.sales + sales,
                row.orders + orders,
                row.returns + returns,
                position,
            ),
        )

    def _listed(
        self, position: int, event: Purchase, what: tuple[str, str | None, str | None]
    ) -> None:
        kind, order_id, location = what
        self.history.append(
            (
                event.customer_id,
                position,
                kind,
                order_id,
                event.selling_channel,
                location,
                event.currency,
                total_minor(event.lines),
                event.reference,
                event.channel,
                event.request_id,
                event.occurred_at,
                event.recorded_at,
                effective_at(event),
            )
        )


class Amount(Struct, frozen=True):
    """Money of one currency; currencies are never added up."""

    currency: Annotated[str, Meta(description="ISO 4217 code.")]
    bought_minor: Annotated[
        int, Meta(description="Sales and orders at their prices, less what was cancelled.")
    ]
    returned_minor: Annotated[int, Meta(description="Returns at their prices.")]


class Customer(CustomerRow, frozen=True, gc=False):
    """A customer with what they bought and brought back."""

    amounts: Annotated[tuple[Amount, ...], Meta(description="One for each currency, by code.")]


class HistoryItem(HistoryRow, frozen=True, gc=False):
    """A sale, an order or a return; a sale or order with its state of now."""

    state: Annotated[
        str | None, Meta(description="The order's or sale's state; null for a return.")
    ]


_WITH_AMOUNTS = SQL("""
    (SELECT customers.*, coalesce((
        SELECT jsonb_agg(to_jsonb(amount) ORDER BY amount.currency) FROM (
            SELECT history.currency,
                coalesce(sum(bought.minor), 0) AS bought_minor,
                coalesce(sum(history.total_minor) FILTER (WHERE history.kind = 'return'), 0)
                    AS returned_minor
            FROM customer_history AS history LEFT JOIN LATERAL (
                SELECT sum(line.unit_price_minor::numeric * (line.ordered - line.cancelled))
                    AS minor
                FROM order_lines AS line
                WHERE line.network = history.network AND line.order_id = history.order_id
            ) AS bought ON history.kind <> 'return'
            WHERE history.network = %(network)s AND history.customer_id = %(customer_id)s
                AND history.currency IS NOT NULL
            GROUP BY history.currency
        ) AS amount), '[]') AS amounts
    FROM customers WHERE network = %(network)s AND customer_id = %(customer_id)s) AS customer
""")
_WITH_STATE = SQL("""
    (SELECT history.*, CASE WHEN history.kind <> 'return' THEN orders.state END AS state
    FROM customer_history AS history LEFT JOIN orders USING (network, order_id)
    WHERE network = %(network)s AND history.customer_id = %(customer_id)s
        AND history.position < %(before)s
    ORDER BY history.position DESC LIMIT %(fetched)s) AS item
""")


async def customer(
    conn: AsyncConnection[Any], network: str, customer_id: str
) -> tuple[Customer | None, int]:
    """A customer, None if nothing has named them, and the view's position."""
    params = {"network": network, "customer_id": customer_id}
    return await one(conn, maker(Customer), _customer(), params)


async def history(
    conn: AsyncConnection[Any],
    network: str,
    customer_id: str,
    *,
    after: str | None = None,
    limit: int = 100,
) -> Page[HistoryItem]:
    """What a customer bought and brought back, newest first.

    Raises BadToken for an `after` that is not this list's.
    """
    before = FIRST_PAGE if after is None else key_of(after, int)[0]
    params = {"network": network, "customer_id": customer_id, "before": before}
    return await page(conn, HistoryItem, _history(), params, limit, lambda row: (row.position,))


@cache
def _customer() -> Composed:
    return listing(NAME, Customer.__struct_fields__, _WITH_AMOUNTS, order="customer_id")


@cache
def _history() -> Composed:
    columns = HistoryItem.__struct_fields__
    return listing(NAME, columns, _WITH_STATE, order="position DESC", limited=True)
