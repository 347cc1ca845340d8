"""Which rows of a view are wrong, and the first event of a stretch that touches one of them.

The view is folded afresh in a schema of its own, at full speed: up to where it stands, to compare
its rows; then again up to where all was well, and from there event by event.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import psycopg
from msgspec import Struct
from psycopg.sql import SQL, Composed, Identifier
from psycopg.types.json import Jsonb

from consumers.projecting.batches import MAX_BATCH_EVENTS
from consumers.projecting.fold import ViewFold
from consumers.projecting.parallel import LedgerAt
from consumers.projecting.source import Source
from ledger.kafka.chain import Checkpoint
from projections import views
from projections.keeping import checkpoints, equalising
from projections.keeping.equalising import MAX_DIFFERENCES, Differences
from projections.keeping.upkeep import RowDifference
from projections.projection import Projection, split
from projections.tables import Table

MAX_WATCHED_ROWS: Final = 1_000
"""Of one table: those whose first event is looked for."""
MAX_STEPS: Final = 200_000
"""Events of the view that are taken in one by one."""
LOCK_WAIT_S: Final = 60
MAX_IDLE_S: Final = 60


class Narrowed(Struct, frozen=True):
    """The rows that differ, the first of them by name, and where the first event touches one.

    `position` is None if no event of the stretch does.
    """

    rows: int
    differences: tuple[RowDifference, ...]
    position: int | None


def narrow(
    ledger: LedgerAt, source: Source, name: str, stretch: tuple[int, int] | None
) -> Narrowed:
    """Find what differs now, and the first event that touches it, of a stretch of positions.

    The stretch is all behind its first position, up to its last. The view waits while its rows are
    compared. Raises what the database and the ledger raise.
    """
    narrowing = _Narrowing(ledger, source, name)
    with psycopg.connect(ledger.database_url, autocommit=True) as conn:
        views.configure(conn)
        conn.execute(f"SET lock_timeout = '{LOCK_WAIT_S}s'")
        conn.execute(f"SET idle_in_transaction_session_timeout = '{MAX_IDLE_S}s'")
        try:
            found = narrowing.differences(conn)
            position = None
            if found.rows and stretch is not None:
                position = narrowing.first_touch(conn, found, *stretch)
        finally:
            narrowing.drop(conn)
    return Narrowed(found.rows, found.first[:MAX_DIFFERENCES], position)


class _Narrowing:
    """A view being folded afresh to look at it closely."""

    def __init__(self, ledger: LedgerAt, source: Source, name: str) -> None:
        self._ledger, self._network, self._source = ledger, ledger.network, source
        self._name = name
        self._tables = views.VIEWS[name]().tables
        self._schema = f"onebook_narrow_{ledger.network}"

    def differences(self, conn: psycopg.Connection[Any]) -> Differences:
        """How the view's rows differ from a fresh fold, where the view stands."""
        copy = self._begun(conn)
        try:
            self._fold(copy, checkpoints.kept(conn, self._network)[self._name].position)
            with conn.transaction():
                live = checkpoints.take(conn, self._network, self._name)
                self._fold(copy, live.kept.position)
                return equalising.differing(
                    conn, self._network, self._tables, self._schema, limit=MAX_WATCHED_ROWS
                )
        finally:
            copy.close()

    def first_touch(
        self, conn: psycopg.Connection[Any], found: Differences, after: int, at: int
    ) -> int | None:
        """The first event of the stretch that changes one of the rows."""
        copy = self._begun(conn)
        try:
            if after:
                self._fold(copy, after)
            watched = [_Watched(table, found.first, self._network) for table in self._tables]
            with copy.connection.transaction(force_rollback=True):
                return self._step(copy, [each for each in watched if each.keys], at)
        finally:
            copy.close()

    def drop(self, conn: psycopg.Connection[Any]) -> None:
        """Leave nothing behind."""
        conn.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(self._schema)))

    def _begun(self, conn: psycopg.Connection[Any]) -> ViewFold:
        self.drop(conn)
        url = self._ledger.database_url
        copy = ViewFold(self._source, url, self._network, [self._name], schema=self._schema)
        copy.open()
        return copy

    def _fold(self, copy: ViewFold, until: int) -> None:
        self._source.look()
        while copy.kept[self._name].position < until and copy.advance(until):
            pass

    def _step(self, copy: ViewFold, watched: Iterable["_Watched"], at: int) -> int | None:
        conn, view = copy.connection, views.VIEWS[self._name]()
        stand: Checkpoint = copy.kept[self._name].stand
        before = [each.rows(conn) for each in watched]
        steps = 0
        while steps < MAX_STEPS and (taken := self._source.read(stand, at, MAX_BATCH_EVENTS)):
            [own] = split([view], taken.events)
            steps += len(own)
            for position, event in own:
                if self._changes(conn, view, position, event):
                    now = [each.rows(conn) for each in watched]
                    if now != before:
                        return position
            stand = taken.checkpoint
        return None

    def _changes(
        self, conn: psycopg.Connection[Any], view: Projection, position: int, event: Any
    ) -> bool:
        """Fold one event; whether it changed any row."""
        batch = [(position, event)]
        view.ask(batch)
        for kept in view.kept:
            kept.load(conn, self._network)
        view.fold(batch)
        risen = [rows.write(conn, self._network) for rows in view.all_rows]
        view.settle()
        return any(risen)


class _Watched:
    """Some rows of a table, looked at again and again."""

    def __init__(self, table: Table, differences: Iterable[RowDifference], network: str) -> None:
        self.keys = [each.key for each in differences if each.table == table.name]
        self._network = network
        self._statement = _select_by_documents(table)

    def rows(self, conn: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
        """Those that are there, as they are now."""
        keys = Jsonb(msgspec.to_builtins(self.keys))
        return conn.execute(self._statement, [keys, self._network], prepare=True).fetchall()


def _select_by_documents(table: Table) -> Composed:
    types = {column.name: column.sql_type for column in table.columns}
    key = [Identifier(name) for name in table.key]
    return SQL(
        "SELECT to_jsonb(kept) FROM jsonb_to_recordset(%s) AS asked ({}) "
        "JOIN {} AS kept USING ({}) WHERE network = %s ORDER BY {}"
    ).format(
        SQL(", ").join(
            SQL("{} {}").format(name, SQL(types[text]))  # ours
            for name, text in zip(key, table.key, strict=True)
        ),
        Identifier(table.name),
        SQL(", ").join(key),
        SQL(", ").join(key),
    )
