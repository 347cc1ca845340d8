"""Reading orders: lists, and one order with all that is known of it."""

from functools import cache
from typing import Annotated

from msgspec import Meta, Struct
from psycopg.sql import SQL, Composed, Identifier

from ledger.domain.words import Currency, PaymentId
from projections.orders.fulfilment import NAME as FULFILMENT
from projections.orders.fulfilment import ShipmentLine, SourcingItem
from projections.orders.order_lines import AllocationItem, OrderLineItem
from projections.orders.orders import NAME, OrderRow, Payment
from projections.paging import FIRST_PAGE, Page, key_of
from projections.reading import Reader, equal, listing, maker, one, page
from projections.words import EffectiveAt

READS = (NAME, FULFILMENT)
"""The views that one order is put together from."""


class AllocatedLine(OrderLineItem, frozen=True, gc=False):
    """A line with the locations that serve it, or did."""

    allocations: Annotated[
        tuple[AllocationItem, ...], Meta(description="In the order as they were promised.")
    ]


class Refund(Struct, frozen=True, gc=False):
    """A payment that was refunded."""

    payment_id: PaymentId
    amount_minor: Annotated[int, Meta(description="Amount in minor units of `currency`.")]
    currency: Currency
    lines: Annotated[
        tuple[str, ...], Meta(description="The lines that it named; none: it named no line.")
    ]
    effective_at: EffectiveAt


class Order(OrderRow, frozen=True, gc=False):
    """An order or a recorded sale with all that is known of it."""

    lines: Annotated[tuple[AllocatedLine, ...], Meta(description="In the order as they came.")]
    payments: Annotated[tuple[Payment, ...], Meta(description="By payment_id.")]
    shipments: Annotated[
        tuple[ShipmentLine, ...], Meta(description="What left in which shipment, oldest first.")
    ]
    sourcing: Annotated[
        tuple[SourcingItem, ...],
        Meta(description="Why lines are served from their locations, in order."),
    ]
    refunds: Annotated[tuple[Refund, ...], Meta(description="Payments that were refunded.")]


# The locations of all lines are gathered once, not looked up for each: folded rows have no index.
_WITH_LINES = SQL("""
    (SELECT orders.*, (
        SELECT jsonb_agg(to_jsonb(line) || jsonb_build_object('allocations', coalesce((
            SELECT jsonb_object_agg(line_id, listed) FROM (
                SELECT line_id, jsonb_agg(to_jsonb(there) ORDER BY there.number) AS listed
                FROM order_allocations AS there
                WHERE there.network = %(network)s AND there.order_id = %(order_id)s
                GROUP BY line_id
            ) AS by_line
        ) -> line.line_id, '[]')) ORDER BY line.number) FROM order_lines AS line
        WHERE line.network = %(network)s AND line.order_id = %(order_id)s
    ) AS lines, coalesce((
        SELECT jsonb_agg(to_jsonb(payment) ORDER BY payment.payment_id) FROM payments AS payment
        WHERE payment.network = %(network)s AND payment.order_id = %(order_id)s
    ), '[]') AS payments, coalesce((
        SELECT jsonb_agg(to_jsonb(part) ORDER BY part.shipped_at, part.shipment_id, part.line_id)
        FROM shipment_lines AS part
        WHERE part.network = %(network)s AND part.order_id = %(order_id)s
    ), '[]') AS shipments, coalesce((
        SELECT jsonb_agg(to_jsonb(chosen) ORDER BY chosen.position)
        FROM order_sourcing AS chosen
        WHERE chosen.network = %(network)s AND chosen.order_id = %(order_id)s
    ), '[]') AS sourcing, coalesce((
        SELECT jsonb_agg(to_jsonb(payment) || jsonb_build_object('lines', coalesce((
            SELECT jsonb_agg(DISTINCT named.line_id) FROM line_refunds AS named
            WHERE named.network = payment.network AND named.order_id = payment.order_id
            AND named.payment_id = payment.payment_id
        ), '[]')) ORDER BY payment.payment_id) FROM payments AS payment
        WHERE payment.network = %(network)s AND payment.order_id = %(order_id)s
        AND payment.state = 'refunded'
    ), '[]') AS refunds
    FROM orders WHERE network = %(network)s AND order_id = %(order_id)s) AS item
""")


async def order(conn: Reader, network: str, order_id: str) -> tuple[Order | None, int]:
    """An order or sale, None if there is none, and the view's position."""
    params = {"network": network, "order_id": order_id}
    return await one(conn, maker(Order), _order(), params)


async def order_list(  # noqa: PLR0913 - filters
    conn: Reader,
    network: str,
    *,
    state: str | None = None,
    kind: str | None = None,
    channel: str | None = None,
    customer_id: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[OrderRow]:
    """Orders and sales, newest first; `channel` is the selling channel.

    Raises BadToken for an `after` that is not this list's.
    """
    filters = {
        "state": state,
        "kind": kind,
        "selling_channel": channel,
        "customer_id": customer_id,
    }
    given = {name: value for name, value in filters.items() if value is not None}
    before = FIRST_PAGE if after is None else key_of(after, int)[0]
    params = {"network": network, "before": before, **given}
    statement = _order_list(tuple(given))
    return await page(conn, OrderRow, statement, params, limit, lambda row: (row.position,))


@cache
def _order() -> Composed:
    return listing(READS, Order.__struct_fields__, _WITH_LINES, order="order_id")


@cache
def _order_list(given: tuple[str, ...]) -> Composed:
    return listing(
        NAME,
        OrderRow.__struct_fields__,
        Identifier("orders"),
        conditions=[*equal(["network", *given]), SQL("position < %(before)s")],
        order="position DESC",
        limited=True,
    )
