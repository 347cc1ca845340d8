"""All views, and their tables."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from psycopg import Connection
from psycopg.errors import DependentObjectsStillExist
from psycopg.sql import SQL, Identifier

from ledger.log import get_logger
from projections import reports
from projections.attention.exceptions import Exceptions
from projections.customers.customer_fold import Customers
from projections.customers.customer_links import CustomerLinks
from projections.keeping import checkpoints, equalising, upkeep
from projections.orders.fulfilment import Fulfilment
from projections.orders.order_additions import OrderAdditions
from projections.orders.order_fold import Orders
from projections.orders.order_history import OrderHistory
from projections.orders.parcels import Parcels
from projections.orders.recorded_returns import RecordedReturns
from projections.orders.returns import Returns
from projections.past.moments import Moments
from projections.past.subject_events import SubjectEvents
from projections.projection import Projection
from projections.reading import adapt
from projections.requests import Requests
from projections.selling.catalog import ChannelBuffers, Channels, Locations, Products
from projections.stock.holds import Holds
from projections.stock.inventory import Inventory
from projections.stock.stock_history import StockHistory
from projections.supply.supply_fold import Supplies
from projections.supply.transfer_fold import Transfers

log = get_logger(__name__)

VIEWS: Final[dict[str, type[Projection]]] = {
    view.name: view
    for view in (
        Inventory,
        StockHistory,
        Moments,
        Orders,
        Fulfilment,
        Supplies,
        Transfers,
        Holds,
        Returns,
        RecordedReturns,
        Exceptions,
        Customers,
        CustomerLinks,
        OrderHistory,
        OrderAdditions,
        Products,
        Locations,
        Channels,
        ChannelBuffers,
        Parcels,
        SubjectEvents,
        Requests,
    )
}

RETIRED: Final = ("movements",)
"""Views of earlier releases that nobody keeps any more; the name may be an SQL view's now."""
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
    read: bool = True,
) -> frozenset[str]:
    """Create the views' tables and checkpoints where they are missing, and the SQL views.

    Views whose rows another release made are emptied, in every network, to be folded afresh: two
    releases cannot keep the same views. With `leave_outdated` those of this network are left as
    they are, and their names returned; other networks are left to themselves. Tables that are not
    `read`, but only folded into, have neither SQL views nor the indexes of readers.
    """
    made = {view.name: view for view in projections}
    definitions = {name: view.definition for name, view in made.items()}
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        checkpoints.create(conn)
        _retire(conn)
        whose = network if leave_outdated else None
        outdated = frozenset(checkpoints.of_other_definitions(conn, definitions, whose))
        for name in () if leave_outdated else sorted(outdated):
            log.warning("view_of_another_release_is_folded_afresh", view=name)
            checkpoints.redefine(conn, name, definitions[name])
            _drop(conn, made[name])
        left = outdated if leave_outdated else frozenset[str]()
        for name in made.keys() - left:
            for table in made[name].tables:
                table.create(conn, read=read)
        if read:
            upkeep.create(conn)
            create_sql_views(conn, left)
            if not left:
                reports.create(conn)
        checkpoints.prepare(conn, network, definitions)
    return left


def _retire(conn: Connection[Any]) -> None:
    """Drop the tables and checkpoints of views that nobody keeps any more, of all networks."""
    found = conn.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname = ANY(%s) "
        "AND pg_table_is_visible(oid)",
        [list(RETIRED)],
    )
    for (table,) in found.fetchall():
        log.warning("table_of_a_retired_view_is_dropped", table=table)
        conn.execute(SQL("DROP TABLE {} CASCADE").format(Identifier(table)))
    conn.execute("DELETE FROM projections WHERE view = ANY(%s)", [list(RETIRED)])


def create_sql_views(conn: Connection[Any], left: frozenset[str]) -> None:
    """Create the SQL views that are missing and read no table of the views that are left."""
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
    check(conn, network, made)
    create(conn, network, made, leave_outdated=True)


def check(conn: Connection[Any], network: str, views: Iterable[Projection]) -> None:
    """Raise ViewsOutdated where a network's rows of these views are of another release."""
    definitions = {view.name: view.definition for view in views}
    if outdated := checkpoints.of_other_definitions(conn, definitions, network):
        raise ViewsOutdated(
            f"another release made the rows of views {', '.join(outdated)}: run "
            f"`onebook rebuild`, or start the server, which folds them afresh beside"
        )


class Outdated(NamedTuple):
    """Views whose rows another release made, and those of them that this one cannot read."""

    names: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()


def outdated(conn: Connection[Any], network: str, projections: Iterable[Projection]) -> Outdated:
    """Which of these views another release made."""
    made = {view.name: view for view in projections}
    definitions = {name: view.definition for name, view in made.items()}
    names = checkpoints.of_other_definitions(conn, definitions, network)
    unreadable = [name for name in names if not equalising.readable(conn, made[name].tables)]
    return Outdated(frozenset(names), frozenset(unreadable))


def remake_sql_views(conn: Connection[Any], network: str, view: type[Projection]) -> None:
    """Make a view's SQL views anew, whose rows are of this release now, and what reads them.

    Those that somebody has built on are left as they were.
    """
    if view.sql_views:
        for each in (*reversed(reports.MADE_OF), *view.sql_views):
            _drop_unless_built_on(conn, each)
    definitions = {name: made().definition for name, made in VIEWS.items()}
    others = checkpoints.of_other_definitions(conn, definitions, network)
    left = frozenset(others) - {view.name}
    create_sql_views(conn, left)
    if not left:
        reports.create(conn)


def _drop_unless_built_on(conn: Connection[Any], each: Any) -> None:
    try:
        with conn.transaction():
            each.drop(conn)
    except DependentObjectsStillExist as fault:
        log.warning("sql_view_is_kept_as_it_was", view=each.name, error=str(fault))


def _drop(conn: Connection[Any], view: Projection) -> None:
    for sql_view in view.sql_views:
        sql_view.drop(conn)
    for table in view.tables:
        table.drop(conn)
