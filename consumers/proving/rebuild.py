"""Rebuilding views beside the live ones: a new copy from the ledger's start, then one swap a view.

The copy is made in a schema of its own, while the live views are read and written on. At the end,
in one transaction a view, its checkpoint is locked, the copy is folded up to where the view
stands, and the rows of the view are made equal to the copy's. Whatever happens before that
transaction changes nothing that anybody reads; the copy stays, and the next rebuild goes on there.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Self

import psycopg
from msgspec import Struct
from psycopg.sql import SQL, Identifier

from consumers.projecting.batches import MAX_BATCH_EVENTS
from consumers.projecting.fold import ViewFold
from consumers.projecting.parallel import WORTH_IT_EVENTS, LedgerAt, fold
from consumers.projecting.source import Source, ViewsAheadOfLedger
from consumers.sources import source_of
from ledger.kafka.chain import Checkpoint
from ledger.log import get_logger
from projections import digests, views
from projections.keeping import checkpoints, equalising, upkeep
from projections.keeping.checkpoints import Taken
from projections.keeping.equalising import Differences
from projections.keeping.upkeep import RowDifference
from projections.projection import Projection
from projections.rows import MAX_ROWS_IN_MEMORY

MAX_ROUNDS: Final = 10
"""Of catching up with live views that move on, before they are made to wait."""
CLOSE_EVENTS: Final = 10_000
"""A copy that is so close is taken to its view one by one."""
LOCK_WAIT_S: Final = 60
"""So long a view's projector may take for one batch."""
MAX_IDLE_S: Final = 60
"""A rebuild that is halted while it holds a view loses it."""
TELL_EVERY_S: Final = 0.5

log = get_logger(__name__)

Progress = Callable[[int, int], None]
"""Called now and then with the last event of the copy and the last that it has to take in."""


class RebuildRuns(Exception):
    """Another rebuild of this network's views is under way."""


class RebuildFailed(Exception):
    """Views could not be rebuilt; what stood there still does."""


class RebuildInterrupted(Exception):
    """It was told to stop; the next rebuild goes on from there."""


class Rebuilt(Struct, frozen=True):
    """A view after its rebuild.

    `proven`: what had stood there was equal to the fresh fold; None where that says nothing,
    since it was of another definition or position.
    """

    view: str
    position: int
    digest: str
    proven: bool | None
    different_rows: int
    differences: tuple[RowDifference, ...]


def copy_schema(network: str) -> str:
    """Where the copies stand."""
    return f"{upkeep.REBUILD_BESIDE}{network}"


def rebuild(
    ledger: LedgerAt,
    names: Iterable[str] = tuple(views.VIEWS),
    *,
    progress: Progress | None = None,
    max_batch_events: int = MAX_BATCH_EVENTS,
    max_rows_in_memory: int = MAX_ROWS_IN_MEMORY,
) -> list[Rebuilt]:
    """Rebuild these views in this thread.

    Raises RebuildRuns, RebuildFailed, UnknownView, and what the database and the ledger raise.
    """
    with Rebuild(
        ledger,
        names,
        progress=progress,
        max_batch_events=max_batch_events,
        max_rows_in_memory=max_rows_in_memory,
    ) as begun:
        return begun.run()


class _Proven:
    """A ledger that is proven already, for one fold after the other: it stays open between them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.look, self.read, self.wait = source.look, source.read, source.wait
        self.notify, self.end, self.close = source.notify, source.end, source.close

    def prove(self, stands: Mapping[str, Checkpoint]) -> None:
        """It is."""

    def disconnect(self) -> None:
        """It stays open."""


class Rebuild:
    """One rebuild: a context manager; entered, no other rebuild of the network runs.

    Entering raises RebuildRuns, UnknownView, and what the database raises.
    """

    def __init__(  # noqa: PLR0913 - what it folds, who is told, and its limits
        self,
        ledger: LedgerAt,
        names: Iterable[str],
        *,
        progress: Progress | None = None,
        stopping: Callable[[], bool] = lambda: False,
        max_batch_events: int = MAX_BATCH_EVENTS,
        max_rows_in_memory: int = MAX_ROWS_IN_MEMORY,
    ) -> None:
        self._ledger, self._network = ledger, ledger.network
        self._views = {view.name: view() for view in views.named(names)}
        self._schema = copy_schema(ledger.network)
        self._progress, self._stopping = progress, stopping
        self._batch_events, self._rows_in_memory = max_batch_events, max_rows_in_memory
        self._strangers: frozenset[str] = frozenset()
        self._told_at = 0.0
        self._began: tuple[float, int] | None = None
        self._conn: psycopg.Connection[Any]

    @property
    def names(self) -> list[str]:
        """The views that it rebuilds."""
        return list(self._views)

    def __enter__(self) -> Self:
        self._conn = psycopg.connect(
            self._ledger.database_url, autocommit=True, application_name="onebook-rebuild"
        )
        try:
            self._prepare()
        except BaseException:
            self._conn.close()
            raise
        return self

    def __exit__(self, *fault: object) -> None:
        self._conn.close()

    def run(self) -> list[Rebuilt]:
        """Fold the copy and swap every view.

        Raises RebuildFailed when the views that can be are rebuilt, RebuildInterrupted, and what
        the database and the ledger raise.
        """
        with self._ledger.reader() as recorder:
            source = source_of(recorder, self._ledger.database_url, listen=False)
            try:
                return self._run(source)
            except RebuildFailed:
                raise
            except BaseException as fault:
                self._say_it_ended(fault)
                raise
            finally:
                source.close()

    def _prepare(self) -> None:
        conn = self._conn
        views.configure(conn)
        conn.execute(f"SET idle_in_transaction_session_timeout = '{MAX_IDLE_S}s'")
        conn.execute(f"SET lock_timeout = '{LOCK_WAIT_S}s'")
        conn.execute(SQL("SET work_mem = {}").format(equalising.WORK_MEMORY))
        if not upkeep.hold_rebuild(conn, self._network):
            raise RebuildRuns(
                f"a rebuild of views of network {self._network} is under way: wait for its end, "
                "which GET /v1/projections shows"
            )
        outdated = views.create(conn, self._network, self._views.values(), leave_outdated=True)
        readable = [
            name
            for name, view in self._views.items()
            if name not in outdated or equalising.readable(conn, view.tables)
        ]
        upkeep.begin_rebuild(conn, self._network, self.names, readable)

    def _run(self, source: Source) -> list[Rebuilt]:
        self._strangers = self._not_of(source)
        self._go_on_or_begin(source)
        source = _Proven(source)
        self._come_close(source)
        done, failed = [], []
        for name, view in self._views.items():
            try:
                done.append(self._rebuild(source, view))
            except RebuildFailed as fault:
                log.error("view_cannot_be_rebuilt", view=name, error=str(fault))
                upkeep.fail_rebuild(self._conn, self._network, [name], str(fault))
                failed.append(str(fault))
        self._drop_copies()
        if failed:
            raise RebuildFailed("; ".join(failed))
        return done

    def _say_it_ended(self, fault: BaseException) -> None:
        with suppress(psycopg.Error):
            if isinstance(fault, RebuildInterrupted):
                upkeep.interrupt_rebuild(self._conn, self._network, self.names)
            else:
                upkeep.fail_rebuild(self._conn, self._network, self.names, str(fault))

    def _not_of(self, source: Source) -> frozenset[str]:
        """The live views that do not stand on this ledger: it has lost events, or is another.

        Raises ViewsAheadOfLedger if that is so of views that are not rebuilt.
        """
        stands = checkpoints.stands(self._conn, self._network)
        source.prove({name: stands[name] for name in stands.keys() - self._views.keys()})
        strangers = set()
        for together in _standing_together(stands, self._views).values():
            try:
                source.prove({name: stands[name] for name in together})
            except ViewsAheadOfLedger as ahead:
                log.warning("views_are_rebuilt_from_another_ledger", error=str(ahead))
                strangers.update(together)
        return frozenset(strangers)

    def _go_on_or_begin(self, source: Source) -> None:
        """Have the copies be there, and be what their checkpoints say.

        Those of another definition are emptied by whoever opens them.
        """
        copy = self._copy_of(source, self.names)
        try:
            copy.open()
            sound = self._is_sound(copy)
        except ViewsAheadOfLedger:
            sound = False
        finally:
            copy.close()
        if not sound:
            log.warning("rebuild_begins_anew", network=self._network)
            self._drop_copies()
            copy = self._copy_of(source, self.names)
            copy.open()
            copy.close()

    def _is_sound(self, copy: ViewFold) -> bool:
        with copy.connection.transaction():
            return all(
                digests.of_stored(copy.connection, self._network, self._views[name].tables)
                == kept.digest
                for name, kept in copy.kept.items()
                if kept.position
            )

    def _come_close(self, source: Source) -> None:
        """Fold the copies until they are close to where their views stand."""
        for _ in range(MAX_ROUNDS):
            far = self._far(source)
            if not far:
                return
            for until, names in far.items():
                self._fold(source, names, until)

    def _far(self, source: Source) -> dict[int, list[str]]:
        """The views whose copies have a long way to go, by how far; not those that stopped."""
        live, end = checkpoints.kept(self._conn, self._network), source.end()
        definitions = checkpoints.definitions(self._conn, self._network)
        stopped = checkpoints.stopped(self._conn, self._network)
        far: dict[int, list[str]] = {}
        for name, position in self._copied().items():
            taken = Taken(live[name], definitions[name], stopped=name in stopped)
            until = self._until(name, taken)
            until = end if until is None else until
            if until - position > CLOSE_EVENTS:
                far.setdefault(until, []).append(name)
        return far

    def _until(self, name: str, live: Taken) -> int | None:
        """Up to where the copy is folded: where its view stands, if somebody takes it on.

        None: to the ledger's end.
        """
        own = live.definition == self._views[name].definition
        if own and not live.stopped and name not in self._strangers:
            return live.kept.position
        return None

    def _copied(self) -> dict[str, int]:
        statement = SQL(
            "SELECT view, position FROM {} WHERE network = %s AND view = ANY(%s) "
            "AND stopped_at IS NULL"
        ).format(Identifier(self._schema, "projections"))
        return dict(self._conn.execute(statement, [self._network, self.names]).fetchall())

    def _fold(self, source: Source, names: Sequence[str], until: int) -> None:
        copied = self._copied()
        least = min(copied[name] for name in names)
        self._began = self._began or (time.monotonic(), least)
        if until - least >= WORTH_IT_EVENTS:
            fold(
                self._ledger,
                names,
                until,
                schema=self._schema,
                progress=lambda _position, until: self._tell(until),
                stopping=self._stopping,
            )
        copy = self._copy_of(source, names)
        try:
            copy.open()
            self._advance(source, copy, until)
        finally:
            copy.close()

    def _advance(self, source: Source, copy: ViewFold, until: int | None) -> None:
        """Take a copy on, to the ledger's end if there is no `until`."""
        source.look()
        while self._is_behind(copy, until) and copy.advance(until):
            self._tell(until)

    def _is_behind(self, copy: ViewFold, until: int | None) -> bool:
        if self._stopping():
            raise RebuildInterrupted("the rebuild was told to stop; the next one goes on from here")
        positions = [kept.position for kept in copy.kept.values()]
        return until is None or min(positions, default=until) < until

    def _rebuild(self, source: Source, view: Projection) -> Rebuilt:
        copy = self._copy_of(source, [view.name])
        conn, network = self._conn, self._network
        try:
            copy.open()
            live = checkpoints.kept(conn, network)[view.name]
            self._advance(source, copy, live.position)
            for table in view.tables:  # for plans that suit as many rows as there are
                copy.connection.execute(SQL("ANALYZE {}").format(Identifier(table.name)))
            with conn.transaction():
                taken = checkpoints.take(conn, network, view.name)
                self._advance(source, copy, self._until(view.name, taken))
                return self._swap(view, copy, taken)
        finally:
            copy.close()

    def _swap(self, view: Projection, copy: ViewFold, live: Taken) -> Rebuilt:
        """Within the transaction that holds the live view's checkpoint."""
        conn, network, copied = self._conn, self._network, copy.kept[view.name]
        if copied.position < live.kept.position and view.name not in self._strangers:
            why = copy.stopped.get(view.name, "the ledger ends before the view")
            raise RebuildFailed(f"view {view.name} cannot be folded as far as it stands: {why}")
        same = live.definition == view.definition
        differences = self._give_rows(view, same=same)
        exact = same and copied.position == live.kept.position
        digest = digests.text(copied.digest)
        equal = not differences.rows and digest == digests.text(live.kept.digest)
        rebuilt = Rebuilt(
            view.name,
            copied.position,
            digest,
            equal if exact else None,
            differences.rows,
            differences.first[: equalising.MAX_DIFFERENCES],
        )
        checkpoints.replace(conn, network, view.name, view.definition, copy=self._schema)
        equalising.drop(conn, view.tables, self._schema)
        upkeep.end_rebuild(
            conn,
            network,
            view.name,
            rebuilt.position,
            proven=rebuilt.proven,
            different_rows=rebuilt.different_rows,
            differences=rebuilt.differences,
        )
        log.info("view_rebuilt", view=view.name, position=rebuilt.position, rows=differences.rows)
        return rebuilt

    def _give_rows(self, view: Projection, *, same: bool) -> Differences:
        """Make the rows equal; tables of another shape are replaced by the copy's."""
        conn, network = self._conn, self._network
        if equalising.alike(conn, view.tables, self._schema):
            differences = equalising.equalise(conn, network, view.tables, self._schema)
            if not same:
                equalising.redescribe(conn, view.tables)
        else:
            differences = Differences()
            checkpoints.redefine(conn, view.name, view.definition, but=network)
            equalising.replace(conn, view.tables, self._schema)
        if not same:
            views.remake_sql_views(conn, network, type(view))
        return differences

    def _copy_of(self, source: Source, names: Iterable[str]) -> ViewFold:
        return ViewFold(
            source,
            self._ledger.database_url,
            self._network,
            names,
            schema=self._schema,
            max_batch_events=self._batch_events,
            max_rows_in_memory=self._rows_in_memory,
        )

    def _drop_copies(self) -> None:
        """Drop the copies of these views; what was interrupted of others is gone on with."""
        conn, schema = self._conn, self._schema
        with conn.transaction():
            for view in self._views.values():
                equalising.drop(conn, view.tables, schema)
            if not checkpoints.drop_copies(conn, self.names, views.VIEWS, schema):
                conn.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(schema)))

    def _tell(self, until: int | None) -> None:
        now = time.monotonic()
        if now - self._told_at < TELL_EVERY_S:
            return
        self._told_at = now
        copied = self._copied()
        if not copied:
            return
        least = min(copied.values())
        began_at, first = self._began or (now, least)
        rate = int((least - first) / (now - began_at)) if now > began_at else 0
        goal = max(copied.values()) if until is None else until
        upkeep.tell_rebuild(self._conn, self._network, copied, goal, max(0, rate))
        if self._progress is not None:
            self._progress(least, max(goal, least))


def _standing_together(
    stands: Mapping[str, Checkpoint], names: Iterable[str]
) -> dict[tuple[int, str, int], list[str]]:
    """The views by where they stand: proving a place takes a while where it is not there."""
    found: dict[tuple[int, str, int], list[str]] = {}
    for name in names:
        stand = stands[name]
        place = (stand.head.position, stand.head.hash, stand.next_offset)
        found.setdefault(place, []).append(name)
    return found
