"""All views, and their tables."""

from collections.abc import Iterable
from typing import Any, Final

from psycopg import Connection

from projections import checkpoints
from projections.catalog import Channels, Locations, Products
from projections.customers import Customers
from projections.inventory import Inventory
from projections.movements import Movements
from projections.orders import Orders
from projections.projection import Projection
from projections.reading import adapt
from projections.requests import Requests

VIEWS: Final[dict[str, type[Projection]]] = {
    view.name: view
    for view in (
        Inventory,
        Movements,
        Orders,
        Customers,
        Products,
        Locations,
        Channels,
        Requests,
    )
}

_LOCK: Final = 0x6F6E65626F6F6B
"""The advisory lock under which tables are created: the word onebook."""


class UnknownView(LookupError):
    """There is no view of this name."""


def named(names: Iterable[str]) -> tuple[type[Projection], ...]:
    """The views of these names. Raises UnknownView."""
    asked = list(names)
    unknown = [name for name in asked if name not in VIEWS]
    if unknown:
        raise UnknownView(f"no view {', '.join(unknown)}; there are: {', '.join(VIEWS)}")
    return tuple(VIEWS[name] for name in asked)


def configure(conn: Connection[Any]) -> None:
    """Make a connection of the projector or of verify: money as int, times in UTC."""
    adapt(conn)
    conn.execute("SET TIME ZONE 'UTC'")
    # Rows and checkpoint are one transaction: what a crash takes, it takes together, and it is
    # folded again from the ledger, which is durable.
    conn.execute("SET synchronous_commit = off")


def create(conn: Connection[Any], network: str, projections: Iterable[Projection]) -> None:
    """Create the views' tables and checkpoints where they are missing."""
    made = list(projections)
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        checkpoints.create(conn)
        for table in (table for view in made for table in view.tables):
            table.create(conn)
        checkpoints.prepare(conn, network, [view.name for view in made])
