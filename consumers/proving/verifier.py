"""Proving the views all the time: a slow fold of the ledger beside them, and their digests.

A pass folds the ledger into tables of its own, some events a second, and compares the digest of
each view at every position where the live view's was written down, and where the view stands. Now
and then the digest of the rows that stand there is taken anew: that finds what somebody changed by
hand, or a disk. What differs raises an alarm, with the first position where they part.
"""

import math
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import psycopg
from msgspec import Struct
from psycopg.sql import SQL, Identifier

from consumers.projecting.fold import ViewFold
from consumers.projecting.parallel import LedgerAt
from consumers.projecting.source import Source, ViewsAheadOfLedger
from consumers.proving.narrowing import narrow
from consumers.sources import source_of
from ledger.log import get_logger
from projections import digests, views
from projections.keeping import checkpoints, upkeep
from projections.keeping.checkpoints import Kept

EVENTS_PER_S: Final = 500
"""Unless a setting says otherwise: some five per cent of one core."""
ROWS_PER_EVENT: Final = 20
"""A row is hashed as fast as a twentieth of an event is folded."""
BATCH_EVENTS: Final = 500
ROWS_IN_MEMORY: Final = 5_000
FIRST_AFTER_S: Final = 60.0
"""A process that lives so long begins to verify."""
EVERY_S: Final = 60.0
"""How often what is new is verified."""
ROWS_EVERY_S: Final = 3_600.0
"""How often all rows are read; a fold that takes longer is interrupted for it, and gone on with."""
SLOW_SNAPSHOT_S: Final = 30.0
"""So long rows are read slowly in one transaction; then at full speed: vacuum waits for its end."""
ANEW_EVERY_S: Final = 86_400.0
"""How often a process that lives so long has the whole ledger folded again."""
MAX_ROUNDS: Final = 1_000
"""Of going on to where the views stand meanwhile, in one pass."""
STOP_WITHIN_S: Final = 20.0

log = get_logger(__name__)


class Parted(Struct, frozen=True):
    """A view that is not what a fresh fold says: all was well at `after`, and not at `at`.

    `by_an_event`: it went wrong when it took one in; else its rows were changed without one.
    """

    view: str
    after: int
    at: int
    what: str
    by_an_event: bool = True


class Stopped(Exception):
    """The verifier was told to stop."""


def copy_schema(network: str) -> str:
    """Where the slow fold stands."""
    return f"onebook_verify_{network}"


class Verifier:
    """Verifies the views of a network in a thread between `start` and `stop`.

    At most `events_per_s` events are folded a second. One process verifies a network at a time;
    the others look now and then whether it has left.
    """

    def __init__(
        self,
        ledger: LedgerAt,
        names: Iterable[str] = tuple(views.VIEWS),
        *,
        events_per_s: int = EVENTS_PER_S,
    ) -> None:
        self._ledger, self._names = ledger, tuple(names)
        self._events_per_s = events_per_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="verifier", daemon=True)
        self._rows_at, self._anew_at = -ROWS_EVERY_S, time.monotonic()

    def start(self) -> None:
        """Begin, after a while."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batch under way; the next process goes on from there."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_WITHIN_S)

    def look(self) -> list[Parted]:
        """Verify what is new, and the rows when it is time; what was found.

        Raises what the database and the ledger raise, and Stopped.
        """
        with (
            psycopg.connect(
                self._ledger.database_url, autocommit=True, application_name="onebook-verify"
            ) as conn,
            self._ledger.reader() as recorder,
        ):
            views.configure(conn)
            if not _alone(conn, self._ledger.network):
                return []
            source = source_of(recorder, self._ledger.database_url, listen=False)
            try:
                return self._look(conn, source)
            finally:
                source.close()

    def _look(self, conn: psycopg.Connection[Any], source: Source) -> list[Parted]:
        now, found = time.monotonic(), []
        a_pass = _Pass(self._ledger, self._names, conn, source, self._pause)
        if now - self._rows_at >= ROWS_EVERY_S:
            self._rows_at = now
            found += a_pass.check_rows()
        if now - self._anew_at >= ANEW_EVERY_S:
            self._anew_at = now
            a_pass.begin_anew()
        return found + a_pass.check_fold(self._rows_at + ROWS_EVERY_S)

    def _run(self) -> None:
        wait_s = FIRST_AFTER_S
        while not self._stopping.wait(wait_s):
            wait_s = EVERY_S
            try:
                self.look()
            except Stopped:
                return
            except Exception as fault:  # noqa: BLE001 - whatever it is, it is tried again
                log.warning("views_are_not_verified_now", error=repr(fault))

    def _pause(self, events: float) -> None:
        """Take as long as so many events may take."""
        if self._stopping.wait(events / self._events_per_s):
            raise Stopped


class _Pass:
    """One look at the views. `pause(events)` keeps it slow."""

    def __init__(
        self,
        ledger: LedgerAt,
        names: Iterable[str],
        conn: psycopg.Connection[Any],
        source: Source,
        pause: Callable[[float], None],
    ) -> None:
        self._ledger, self._network, self._conn = ledger, ledger.network, conn
        self._source, self._pause = source, pause
        self._schema = copy_schema(ledger.network)
        alarms = upkeep.alarms(conn, ledger.network)
        outdated = views.outdated(conn, ledger.network, (views.VIEWS[name]() for name in names))
        self._names = [name for name in names if name not in alarms and name not in outdated.names]

    def begin_anew(self) -> None:
        """Forget what was folded."""
        schema = Identifier(self._schema)
        self._conn.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))

    def check_rows(self) -> list[Parted]:
        """Whether the rows of each view are those that its digest is of."""
        parted = []
        for name in list(self._names):
            found = self._check_rows_of(name)
            if found is not None:
                parted.append(self._alarm(found))
        return parted

    def _check_rows_of(self, name: str) -> Parted | None:
        """Rows that are only appended are most, and never change: they are read at leisure first.

        What came meanwhile, and all other tables, are read in one moment.
        """
        conn, network, view = self._conn, self._network, views.VIEWS[name]()
        appended = [rows.table for rows in view.appended]
        others = [table for table in view.tables if table not in appended]
        begun = checkpoints.kept(conn, network)[name]
        total = sum(
            digests.of_appended(conn, network, table, begun.position, on_read=self._read)
            for table in appended
        )
        with conn.transaction():
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            hurry_at = time.monotonic() + SLOW_SNAPSHOT_S
            kept = checkpoints.kept(conn, network)[name]
            if kept.generation != begun.generation:
                return None
            total += digests.of_stored(conn, network, appended, after=begun.position)
            total += digests.of_stored(
                conn, network, others, on_read=lambda rows: self._read(rows, hurry_at)
            )
        if total % digests.MODULUS == kept.digest:
            upkeep.rows_verified(conn, self._network, name, kept.position)
            return None
        proof = upkeep.proofs(conn, self._network).get(name)
        after = 0 if proof is None else proof.rows_position
        what = f"the rows that stand in view {name} at position {kept.position} are not those"
        said = f"{what} that were written there"
        return Parted(name, after, kept.position, said, by_an_event=False)

    def _read(self, rows: int, hurry_at: float = math.inf) -> None:
        """So many rows were read: rest, unless it is late."""
        self._pause(rows / ROWS_PER_EVENT if time.monotonic() < hurry_at else 0)

    def check_fold(self, deadline: float) -> list[Parted]:
        """Fold on to where the views stand, and compare on the way, until the clock says so."""
        if not self._names:
            return []
        copy = self._opened()
        try:
            return self._check_fold(copy, deadline)
        finally:
            copy.close()

    def _check_fold(self, copy: ViewFold, deadline: float) -> list[Parted]:
        parted: list[Parted] = []
        proofs = upkeep.proofs(self._conn, self._network)
        well = {name: proofs[name].verified_position if name in proofs else 0 for name in copy.kept}
        seen: set[tuple[str, int]] = set()
        for _ in range(MAX_ROUNDS):
            live = checkpoints.kept(self._conn, self._network)
            points = self._points(copy, live, seen)
            for position in sorted(points):
                self._fold(copy, position)
                parted += self._compare(copy, live, points[position], position, well)
                seen.update((name, position) for name in points[position])
                if time.monotonic() > deadline:
                    return parted
            if not points:
                break
        return parted

    def _compare(
        self,
        copy: ViewFold,
        live: Mapping[str, Kept],
        known: Mapping[str, int],
        position: int,
        well: dict[str, int],
    ) -> list[Parted]:
        """Compare digests at a position; `well` is up to where each view was."""
        parted = []
        # A fold that cannot take in an event stops before it, and says nothing about the view.
        known = {name: known[name] for name in known if copy.kept[name].position == position}
        for name in self._differ(copy, live, known):
            what = f"view {name} was not what a fresh fold makes of the ledger"
            parted.append(self._alarm(Parted(name, well[name], position, what)))
        fine = {name: position for name in known if name in self._names}
        well |= fine
        upkeep.verified(self._conn, self._network, fine)
        return parted

    def _points(
        self, copy: ViewFold, live: Mapping[str, Kept], seen: set[tuple[str, int]]
    ) -> dict[int, dict[str, int]]:
        """Where which views' digests are known, from where the fold stands on, but for the seen.

        Where it stands itself only the live view is of interest: it may have been rebuilt.
        """
        points: dict[int, dict[str, int]] = {}
        for name in self._names:
            known = {
                position: digests.parsed(digest)
                for position, digest in checkpoints.marks(self._conn, self._network, name).items()
            }
            reached, stands = copy.kept[name].position, live[name].position
            known = {position: digest for position, digest in known.items() if position > reached}
            if stands >= reached:
                known[stands] = live[name].digest
            for position, digest in known.items():
                if (name, position) not in seen:
                    points.setdefault(position, {})[name] = digest
        return points

    def _fold(self, copy: ViewFold, until: int) -> None:
        self._source.look()
        while (least := _least(copy)) < until and copy.advance(until):
            self._pause(max(1, min(_least(copy), until) - least))

    def _differ(
        self, copy: ViewFold, live: Mapping[str, Kept], known: Mapping[str, int]
    ) -> list[str]:
        """The views whose digest is another there; not those that were rebuilt meanwhile."""
        differ = []
        now = checkpoints.kept(self._conn, self._network)
        for name in [name for name in known if name in self._names]:
            if digests.text(copy.kept[name].digest) == digests.text(known[name]):
                continue
            self._names.remove(name)
            if now[name].generation == live[name].generation:
                differ.append(name)
        return differ

    def _alarm(self, parted: Parted) -> Parted:
        """Say it at once; then find the rows and the first event."""
        name, after, at = parted.view, parted.after, parted.at
        if name in self._names:
            self._names.remove(name)
        said = f"{parted.what}: it was right up to position {after}, and is not at {at}"
        log.error("view_differs", view=name, after=after, position=at, error=said)
        upkeep.raise_alarm(self._conn, self._network, name, said, after=after, position=at)
        stretch = (after, at) if parted.by_an_event else None
        found = narrow(self._ledger, self._source, name, stretch)
        first = at if found.position is None else found.position
        if found.position is not None:
            said = f"{said}; the first event between that touches a wrong row is at {first}"
        said = f"{said}; now {found.rows} rows differ: run `onebook rebuild {name}`"
        log.error("view_differs", view=name, after=after, position=first, error=said)
        upkeep.raise_alarm(
            self._conn,
            self._network,
            name,
            said,
            after=after,
            position=first,
            different_rows=found.rows,
            differences=found.differences,
        )
        return Parted(name, after, first, said, parted.by_an_event)

    def _opened(self) -> ViewFold:
        copy = self._copy()
        try:
            copy.open()
        except ViewsAheadOfLedger:
            self.begin_anew()
            copy = self._copy()
            copy.open()
        return copy

    def _copy(self) -> ViewFold:
        return ViewFold(
            self._source,
            self._ledger.database_url,
            self._network,
            self._names,
            schema=self._schema,
            max_batch_events=BATCH_EVENTS,
            max_rows_in_memory=ROWS_IN_MEMORY,
        )


def _least(copy: ViewFold) -> int:
    going = [kept.position for name, kept in copy.kept.items() if name not in copy.stopped]
    return min(going, default=sys.maxsize)


def _alone(conn: psycopg.Connection[Any], network: str) -> bool:
    """Whether nobody else verifies this network; nobody does while the connection lives."""
    found = conn.execute(
        "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [copy_schema(network)]
    ).fetchone()
    return found == (True,)
