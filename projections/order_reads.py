"""Reading orders: lists, and one order with its lines and payments."""

from functools import cache
from typing import Annotated, Any

from msgspec import Meta
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from projections.order_lines import OrderLineItem
from projections.orders import NAME, OrderRow, Payment
from projections.paging import FIRST_PAGE, Page, key_of
from projections.reading import equal, listing, maker, one, page


class Order(OrderRow, frozen=True, gc=False):
    """An order or a recorded sale with its lines and payments."""

    lines: Annotated[tuple[OrderLineItem, ...], Meta(description="In the order as they came.")]
    payments: Annotated[tuple[Payment, ...], Meta(description="By payment_id.")]


_WITH_LINES = SQL("""
    (SELECT orders.*, (
        SELECT jsonb_agg(to_jsonb(line) ORDER BY line.number) FROM order_lines AS line
        WHERE line.network = %(network)s AND line.order_id = %(order_id)s
    ) AS lines, coalesce((
        SELECT jsonb_agg(to_jsonb(payment) ORDER BY payment.payment_id) FROM payments AS payment
        WHERE payment.network = %(network)s AND payment.order_id = %(order_id)s
    ), '[]') AS payments
    FROM orders WHERE network = %(network)s AND order_id = %(order_id)s) AS item
""")


async def order(
    conn: AsyncConnection[Any], network: str, order_id: str
) -> tuple[Order | None, int]:
    """An order or sale, None if there is none, and the view's position."""
    params = {"network": network, "order_id": order_id}
    return await one(conn, maker(Order), _order(), params)


async def order_list(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
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
    return listing(NAME, Order.__struct_fields__, _WITH_LINES, order="order_id")


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
