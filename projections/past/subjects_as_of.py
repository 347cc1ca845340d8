"""Orders, customers and products as of then: folded from their events, read as they are read now.

Each of these does what the read of its name does, on `then` in place of the views.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from projections.apart import apart
from projections.customers import customers
from projections.customers.customer_fold import Customers
from projections.customers.customer_links import CustomerLinks
from projections.customers.customers import Customer, HistoryItem
from projections.orders import order_reads, orders
from projections.orders.fulfilment import Fulfilment
from projections.orders.order_fold import Orders
from projections.orders.order_history import OrderHistory
from projections.orders.order_reads import Order
from projections.orders.orders import OrderRow
from projections.paging import FIRST_PAGE, Page, key_of
from projections.past import subject_events, subject_reads
from projections.past.as_of import AsOf, stands_for
from projections.past.as_of_fold import Folded, Then
from projections.past.following import in_effect
from projections.projection import Batch, Projection
from projections.reading import equal, listing, rows
from projections.selling import catalog
from projections.selling.catalog import Product, Products

VIEWS: Final = (subject_events.NAME,)
"""What is read as of then."""
LISTED: Final = (subject_events.NAME, orders.NAME)
"""What a list as of then is read from."""
_OF_ORDERS: Final = (Orders, Fulfilment)
_OF_CUSTOMERS: Final = (Customers, CustomerLinks, OrderHistory, Orders)


async def order(
    conn: AsyncConnection[Any], network: str, as_of: AsOf, order_id: str
) -> tuple[Order | None, int]:
    """An order or sale; None if there was none. Raises TooManyEvents and ViewBehind."""
    events = await subject_reads.of_order(conn, network, as_of, order_id)
    return await order_reads.order(await _then(conn, _OF_ORDERS, events, as_of), network, order_id)


async def order_list(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
    network: str,
    as_of: AsOf,
    *,
    kind: str | None = None,
    channel: str | None = None,
    customer_id: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[OrderRow]:
    """Orders and sales that were known by then, newest first, each with its label of then.

    As of a position only. Raises BadToken, TooManyEvents and ViewBehind.
    """
    assert as_of.until is None, "what had taken effect by a time is not in the order of positions"
    filters = {"kind": kind, "selling_channel": channel, "customer_id": customer_id}
    given = {name: value for name, value in filters.items() if value is not None}
    before = FIRST_PAGE if after is None else key_of(after, int)[0]
    first = min(before, as_of.position + 1)
    params = {"network": network, "before": first, "fetched": limit + 1, **given}
    ids, shown = await rows(conn, _first, _order_ids(tuple(given)), params)
    stands_for(as_of, shown)
    events = await subject_reads.of_orders(conn, network, as_of, ids)
    then = await _then(conn, (Orders,), events, as_of)
    return await order_reads.order_list(then, network, after=after, limit=limit)


async def customer(
    conn: AsyncConnection[Any], network: str, as_of: AsOf, customer_id: str
) -> tuple[Customer | None, int]:
    """The person that a customer was. Raises TooManyEvents and ViewBehind."""
    events = await subject_reads.of_customer(conn, network, as_of, customer_id)
    then = await _then(conn, _OF_CUSTOMERS, events, as_of)
    return await customers.customer(then, network, customer_id)


async def history(  # noqa: PLR0913 - a page
    conn: AsyncConnection[Any],
    network: str,
    as_of: AsOf,
    customer_id: str,
    *,
    after: str | None = None,
    limit: int = 100,
) -> Page[HistoryItem]:
    """All of the person that a customer was, newest first.

    Raises BadToken, TooManyEvents and ViewBehind.
    """
    events = await subject_reads.of_customer(conn, network, as_of, customer_id)
    then = await _then(conn, _OF_CUSTOMERS, events, as_of)
    return await customers.history(then, network, customer_id, after=after, limit=limit)


async def product(
    conn: AsyncConnection[Any], network: str, as_of: AsOf, sku: str
) -> tuple[Product | None, int]:
    """A described product, as described latest then. Raises TooManyEvents and ViewBehind."""
    events = await subject_reads.of_product(conn, network, as_of, sku)
    return await catalog.product(await _then(conn, (Products,), events, as_of), network, sku)


async def _then(
    conn: AsyncConnection[Any], views: Sequence[type[Projection]], events: Batch, as_of: AsOf
) -> Then:
    return Then(conn, await apart(len(events), _folded, views, events, as_of))


def _folded(views: Sequence[type[Projection]], events: Batch, as_of: AsOf) -> Folded:
    counted = events if as_of.until is None else in_effect(events)
    return Folded(views, counted, as_of.position)


def _first(order_id: str, _position: int) -> str:
    return order_id


@cache
def _order_ids(given: tuple[str, ...]) -> Composed:
    """The orders of a page: what these filters say of an order never changes."""
    return listing(
        LISTED,
        ("order_id", "position"),
        Identifier(orders.ORDERS.name),
        conditions=[*equal(["network", *given]), SQL("position < %(before)s")],
        order="position DESC",
        limited=True,
    )
