"""Rows that only the pages show, read from the views with SQL of their own."""

from datetime import date
from typing import Any, Final

from msgspec import Struct

from api.database import Connection

MAX_ROWS: Final = 50
"""Of what is still to come of a sku, of who waits for it, and of an order's returns."""


class Coming(Struct, frozen=True):
    """Some of a sku that is still to come to a location, by a supply or a transfer."""

    due: date | None
    overdue: bool
    location: str
    quantity: int
    by: str
    source_id: str


class Waiting(Struct, frozen=True):
    """A line of an order that waits for a sku to come."""

    order_id: str
    quantity: int
    promise: date | None


class Returned(Struct, frozen=True):
    """An authorised return of an order's goods."""

    return_id: str
    state: str
    authorised: int
    received: int


_COMING: Final = """
    SELECT due, overdue, location, incoming, 'supply' AS by, supply_id AS source_id
    FROM supply_lines WHERE network = %(network)s AND sku = %(id)s AND incoming > 0
    UNION ALL
    SELECT header.due, header.overdue, header.to_location, line.in_transit, 'transfer',
        line.transfer_id
    FROM transfer_lines AS line JOIN transfers AS header USING (network, transfer_id)
    WHERE line.network = %(network)s AND line.sku = %(id)s AND line.in_transit > 0
    ORDER BY due, by, source_id LIMIT %(rows)s
"""
_WAITING: Final = """
    SELECT line.order_id, line.backordered, line.promise
    FROM order_lines AS line JOIN orders USING (network, order_id)
    WHERE line.network = %(network)s AND line.sku = %(id)s AND line.backordered > 0
    ORDER BY line.promise, orders.position, line.number LIMIT %(rows)s
"""
_RETURNS: Final = """
    SELECT return_id, state, authorised, received FROM returns
    WHERE network = %(network)s AND order_id = %(id)s ORDER BY position LIMIT %(rows)s
"""
_KINDS: Final = """
    SELECT kind, count(*) FROM exceptions WHERE network = %(network)s
    AND (%(state)s = 'all' OR (resolved_position IS NULL) = (%(state)s = 'open'))
    GROUP BY kind ORDER BY kind <> 'paid_short', count(*), kind
"""


async def coming(conn: Connection, network: str, sku: str) -> list[Coming]:
    """What of a sku is still to come, by day; what no day is known of last."""
    return [Coming(*row) for row in await fetch(conn, _COMING, **_of(network, sku))]


async def waiting(conn: Connection, network: str, sku: str) -> list[Waiting]:
    """The lines that wait for a sku, in the order in which they are filled."""
    return [Waiting(*row) for row in await fetch(conn, _WAITING, **_of(network, sku))]


async def returns(conn: Connection, network: str, order_id: str) -> list[Returned]:
    """The returns that were authorised of an order or sale."""
    return [Returned(*row) for row in await fetch(conn, _RETURNS, **_of(network, order_id))]


async def kinds(conn: Connection, network: str, state: str) -> list[tuple[str, int]]:
    """How many exceptions there are of each kind: `open`, `resolved` or `all` of them."""
    found = await fetch(conn, _KINDS, network=network, state=state)
    return [(kind, count) for kind, count in found]


async def fetch(conn: Connection, query: Any, /, **parameters: Any) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    cursor = await conn.execute(query, parameters, prepare=True)
    return await cursor.fetchall()


def _of(network: str, identifier: str) -> dict[str, Any]:
    return {"network": network, "id": identifier, "rows": MAX_ROWS}
