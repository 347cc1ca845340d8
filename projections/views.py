"""All views, and their tables."""

from collections.abc import Iterable
from typing import Any, Final

from psycopg import Connection

from ledger.log import get_logger
from projections import checkpoints
from projections.catalog import ChannelBuffers, Channels, Locations, Products
from projections.customer_fold import Customers
from projections.customer_links import CustomerLinks
from projections.exceptions import Exceptions
from projections.fulfilment import Fulfilment
from projections.holds import Holds
from projections.inventory import Inventory
from projections.movements import Movements
from projections.order_fold import Orders
from projections.order_history import OrderHistory
from projections.parcels import Parcels
from projections.projection import Projection
from projections.reading import adapt
from projections.requests import Requests
from projections.returns import Returns
from projections.supply_fold import Supplies
from projections.transfer_fold import Transfers

log = get_logger(__name__)

VIEWS: Final[dict[str, type[Projection]]] = {
    view.name: view
    for view in (
        Inventory,
        Movements,
        Orders,
        Fulfilment,
        Supplies,
        Transfers,
        Holds,
        Returns,
        Exceptions,
        Customers,
        CustomerLinks,
        OrderHistory,
        Products,
        Locations,
        Channels,
        ChannelBuffers,
        Parcels,
        Requests,
    )
}

_LOCK: Final = 0x6F6E65626F6F6B
"""The advisory lock under which tables are created: the word onebook."""


class ViewsOutdated(Exception):
    """Views hold rows of another release."""


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


def create(
    conn: Connection[Any],
    network: str,
    projections: Iterable[Projection],
    *,
    leave_outdated: bool = False,
    sql_views: bool = True,
) -> frozenset[str]:
    """Create the views' tables and checkpoints where they are missing, and the SQL views.

    Views whose rows another release made are emptied, in every network, to be folded afresh: two
    releases cannot keep the same views. With `leave_outdated` they are left as they are, and
    their names returned.
    """
    made = {view.name: view for view in projections}
    definitions = {name: view.definition for name, view in made.items()}
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        checkpoints.create(conn)
        outdated = frozenset(checkpoints.of_other_definitions(conn, definitions))
        for name in () if leave_outdated else sorted(outdated):
            log.warning("view_of_another_release_is_folded_afresh", view=name)
            checkpoints.redefine(conn, name, definitions[name])
            _drop(conn, made[name])
        left = outdated if leave_outdated else frozenset[str]()
        for name in made.keys() - left:
            for table in made[name].tables:
                table.create(conn)
        if sql_views:
            _create_sql_views(conn, left)
        checkpoints.prepare(conn, network, definitions)
    return left


def _create_sql_views(conn: Connection[Any], left: frozenset[str]) -> None:
    """Those that read no table of the views that are left."""
    theirs = {table.name for name in left for table in VIEWS[name]().tables}
    for sql_view in (each for view in VIEWS.values() for each in view.sql_views):
        if theirs.isdisjoint(sql_view.reads):
            sql_view.create(conn)


def prepare(conn: Connection[Any], network: str) -> None:
    """Create all views' tables and checkpoints where they are missing.

    Raises ViewsOutdated where another release made some.
    """
    made = [view() for view in VIEWS.values()]
    checkpoints.create(conn)
    check(conn, made)
    create(conn, network, made)


def check(conn: Connection[Any], views: Iterable[Projection]) -> None:
    """Raise ViewsOutdated where rows of these views are of another release."""
    definitions = {view.name: view.definition for view in views}
    if outdated := checkpoints.of_other_definitions(conn, definitions):
        raise ViewsOutdated(
            f"another release made the rows of views {', '.join(outdated)}: run "
            f"`onebook rebuild`, or start the server, which folds them afresh"
        )


def _drop(conn: Connection[Any], view: Projection) -> None:
    for sql_view in view.sql_views:
        sql_view.drop(conn)
    for table in view.tables:
        table.drop(conn)
