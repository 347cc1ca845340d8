"""What the home page shows, read from the views."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from api.database import Connection
from api.pages.rows import fetch
from ledger.domain.words import SALE_PREFIX, part
from projections.attention import exceptions_view
from projections.attention.exceptions_view import ExceptionItem
from projections.orders import order_reads
from projections.orders.order_reads import Order
from projections.orders.orders import OrderRow
from projections.paging import Page

ROWS: Final = 10
LOOK: Final = 3
"""What people must look at: so much of it."""


class Counts(Struct, frozen=True):
    """How much there is of everything."""

    skus: int
    units: int
    incoming: int
    orders: int
    sales: int
    customers: int
    short: int


class Goods(Struct, frozen=True):
    """One of the most moved skus, over all locations."""

    sku: str
    title: str | None
    on_hand: int
    committed: int
    reserved: int
    available: int
    incoming: int
    shortage: int
    movements: int


class Buyer(Struct, frozen=True):
    """One of the customers who bought last."""

    customer_id: str
    purchases: int
    returns: int
    last_purchase_at: datetime


class Home(Struct, frozen=True):
    """The home page's numbers; each table is of one instant, and none is older than `position`."""

    position: int
    counts: Counts
    exceptions: Page[ExceptionItem]
    goods: list[Goods]
    placed: list[OrderRow]
    sold: list[OrderRow]
    buyers: list[Buyer]


_POSITION: Final = "SELECT coalesce(min(position), 0) FROM projections WHERE network = %(network)s"

_COUNTS: Final = """
    SELECT stock.skus, stock.units, stock.incoming, sold.orders, sold.sales, people.customers,
        stock.short
    FROM (
        SELECT count(DISTINCT sku) AS skus, coalesce(sum(on_hand), 0)::bigint AS units,
            coalesce(sum(incoming), 0)::bigint AS incoming,
            count(*) FILTER (WHERE shortage > 0) AS short
        FROM inventory WHERE network = %(network)s
    ) AS stock, (
        SELECT count(*) FILTER (WHERE kind = 'order') AS orders,
            count(*) FILTER (WHERE kind = 'sale') AS sales
        FROM orders WHERE network = %(network)s
    ) AS sold, (
        SELECT count(*) AS customers FROM customers WHERE network = %(network)s
    ) AS people
"""
_MOST_MOVED: Final = """
    WITH moved AS (
        SELECT sku, count(*) AS movements FROM movements WHERE network = %(network)s
        GROUP BY sku ORDER BY movements DESC, sku LIMIT %(rows)s
    )
    SELECT moved.sku, products.title, stock.on_hand, stock.committed, stock.reserved,
        stock.available, stock.incoming, stock.shortage, moved.movements
    FROM moved JOIN LATERAL (
        SELECT sum(on_hand)::bigint AS on_hand, sum(committed)::bigint AS committed,
            sum(reserved)::bigint AS reserved, sum(available)::bigint AS available,
            sum(incoming)::bigint AS incoming, sum(shortage)::bigint AS shortage
        FROM inventory WHERE network = %(network)s AND sku = moved.sku
    ) AS stock ON true
    LEFT JOIN products ON products.network = %(network)s AND products.sku = moved.sku
    ORDER BY moved.movements DESC, moved.sku
"""
_LATEST_BUYERS: Final = """
    SELECT customer_id, sales + orders, returns, last_purchase_at FROM customers
    WHERE network = %(network)s AND last_purchase_at IS NOT NULL
    ORDER BY last_purchase_at DESC, customer_id LIMIT %(rows)s
"""


async def read(conn: Connection, network: str) -> Home:
    """Read everything; the position first, so that nothing shown is older."""
    [(position,)] = await fetch(conn, _POSITION, network=network)
    [counts] = await fetch(conn, _COUNTS, network=network)
    look = await exceptions_view.exception_list(conn, network, state="open", limit=LOOK)
    goods = await fetch(conn, _MOST_MOVED, network=network, rows=ROWS)
    buyers = await fetch(conn, _LATEST_BUYERS, network=network, rows=ROWS)
    placed = await order_reads.order_list(conn, network, kind="order", limit=ROWS)
    sold = await order_reads.order_list(conn, network, kind="sale", limit=ROWS)
    return Home(
        position,
        Counts(*counts),
        look,
        [Goods(*row) for row in goods],
        placed.items,
        sold.items,
        [Buyer(*row) for row in buyers],
    )


def stream_of(order: Order) -> str:
    """The stream of an order's or sale's own events."""
    if order.order_id.startswith(SALE_PREFIX):
        return f"sale/{order.channel}/{part(order.request_id)}"
    return f"order/{part(order.order_id)}"
