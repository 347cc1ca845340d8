"""Taking batches of a ledger into views: rows, digests and checkpoints in one transaction a batch.

All views that stand at the same position move together; one that is behind catches up first,
alone. A view that cannot take in an event stops before it, and the others go on; one that somebody
else has locked is left to them for a moment. One thread: reading ahead and writing beside the fold
were measured to gain nothing, since all of them want the interpreter.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from consumers.projecting.batches import MAX_BATCH_EVENTS
from consumers.projecting.progress import Reached
from consumers.projecting.source import Source, Taken
from ledger.log import get_logger
from projections import views
from projections.keeping import checkpoints
from projections.keeping.checkpoints import MARK_EVERY, Kept
from projections.projection import Batch, FoldFailed, Projection, split
from projections.rows import MAX_ROWS_IN_MEMORY
from projections.tables import RowsVanished

STAND_BY_S: Final = 1.0
"""Views that another projector keeps have stood still for so long: it may be gone."""
LOCKED_PAUSE_S: Final = 1.0
"""So long a view that somebody else has locked is left alone while others go on."""
MAX_IDLE_IN_TRANSACTION_MS: Final = 15_000
"""A projector that stops within a batch, and holds its locks, loses its connection."""
VIEW_FAULTS: Final = (
    FoldFailed,
    RowsVanished,
    psycopg.IntegrityError,
    psycopg.DataError,
    psycopg.ProgrammingError,
)
"""What is wrong with one view and its rows, not with the database."""

log = get_logger(__name__)


class CheckpointMoved(Exception):
    """Somebody else keeps these views."""


class ViewReplaced(CheckpointMoved):
    """The rows of a view are others than it wrote: a rebuild has replaced them."""


class _ViewFailed(Exception):
    """One view could not take in a batch."""

    def __init__(self, name: str, position: int, fault: BaseException) -> None:
        super().__init__(name)
        self.name, self.position, self.fault = name, position, fault


class ViewFold:
    """The views of a network in one PostgreSQL, and the ledger that they follow.

    For one thread at a time. `reached` says how far the views are, `stopped` which cannot go on
    and why. With a `schema` they are tables of their own there, beside the ones that are read.
    With `leave_outdated`, views whose rows another release made are left to who rebuilds them,
    and named in `outdated`, those of another shape in `unreadable` too; else they are emptied and
    folded afresh.
    """

    def __init__(  # noqa: PLR0913 - what it reads, where it writes, and its limits
        self,
        source: Source,
        database_url: str,
        network: str,
        names: Iterable[str],
        *,
        schema: str | None = None,
        leave_outdated: bool = False,
        max_batch_events: int = MAX_BATCH_EVENTS,
        max_rows_in_memory: int = MAX_ROWS_IN_MEMORY,
    ) -> None:
        self._source, self._database_url, self._network = source, database_url, network
        self._schema, self._leave_outdated = schema, leave_outdated
        self._views = {view.name: view(max_rows_in_memory) for view in views.named(names)}
        self._kept: dict[str, Kept] = {}
        self._locked_until: dict[str, float] = {}
        self._max_batch_events = max_batch_events
        self._conn: psycopg.Connection[Any] | None = None
        self.stopped: dict[str, str] = {}
        self.outdated: frozenset[str] = frozenset()
        self.unreadable: frozenset[str] = frozenset()
        self.reached = Reached(self._views)

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """Where it writes; once open."""
        assert self._conn is not None, "open first"
        return self._conn

    @property
    def kept(self) -> Mapping[str, Kept]:
        """The checkpoints of its views, as it last wrote or read them."""
        return self._kept

    def open(self) -> None:
        """Connect, create what is missing, and prove that the ledger holds what the views saw.

        Does nothing when open. Views that were stopped are tried again. Raises ViewsAheadOfLedger,
        and what the database and the recorder raise.
        """
        if self._conn is not None:
            return
        self._connect()
        try:
            self._source.prove({name: kept.stand for name, kept in self._kept.items()})
        except BaseException:
            self.close()
            raise

    def _connect(self) -> None:
        self._conn = conn = psycopg.connect(self._database_url, autocommit=True)
        if self._schema is not None:
            schema = Identifier(self._schema)
            conn.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
            conn.execute(SQL("SET search_path = {}").format(schema))
        views.configure(conn)
        self.outdated = views.create(
            conn,
            self._network,
            self._views.values(),
            leave_outdated=self._leave_outdated,
            read=self._schema is None,
        )
        conn.execute(f"SET idle_in_transaction_session_timeout = {MAX_IDLE_IN_TRANSACTION_MS}")
        self.stopped = {}
        self._locked_until = {}
        self._reread(conn)

    def close(self) -> None:
        """Disconnect, also from the ledger, and remember nothing."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
        self._source.disconnect()
        self._forget()

    def advance(self, until: int | None = None) -> bool:
        """Take in the next batch, up to `until`; False if there is none for a view that can go on.

        Raises CheckpointMoved if somebody else is at all of it, and what the database and the
        recorder raise, FoldFailed for an event that cannot be read at all: nothing of the batch
        is written then.
        """
        going = self._going()
        if not going:
            return False
        before = min((self._kept[name] for name in going), key=_position)
        behind = [name for name in going if self._kept[name].position == before.position]
        others = [at for name in going if (at := self._kept[name].position) > before.position]
        stop = min(others) if others else until
        taken = self._source.read(before.stand, stop, self._max_batch_events)
        if taken is None:
            return False
        try:
            self._take_in_or_isolate(behind, taken)
        except ViewReplaced as replaced:
            log.info("view_goes_on_after_its_rebuild", reason=str(replaced))
            self._reread(self.connection)
        except CheckpointMoved:
            self._reread(self.connection)
            raise
        return True

    def look(self) -> None:
        """Look at the checkpoints anew: a rebuild may have replaced rows."""
        self._reread(self.connection)

    def look_if_replaced(self) -> None:
        """The same if a view has stopped, is another release's, or was rebuilt."""
        stored = checkpoints.kept(self.connection, self._network)
        replaced = any(
            stored[name].generation != kept.generation for name, kept in self._kept.items()
        )
        if replaced or self.stopped or self.outdated:
            self._reread(self.connection)

    def beat(self) -> None:
        """Say that the projector of these views lives."""
        checkpoints.beat(self.connection, self._network, self._views)

    def stand_by(self, stopping: Callable[[], bool]) -> None:
        """Follow the views as another projector keeps them, until they stand still.

        Raises what the database raises.
        """
        conn = self.connection
        channel = Identifier(checkpoints.channel_name(self._network))
        conn.execute(SQL("LISTEN {}").format(channel))
        while not stopping() and self._moved(conn):
            pass
        conn.execute(SQL("UNLISTEN {}").format(channel))

    def _moved(self, conn: psycopg.Connection[Any]) -> bool:
        """Wait at most STAND_BY_S until a view has moved; whether one has."""
        before = self._kept
        for _ in conn.notifies(timeout=STAND_BY_S, stop_after=1):
            pass
        self._reread(conn)
        return self._kept != before

    def _going(self) -> list[str]:
        """The views that can go on now."""
        now = time.monotonic()
        return [
            name
            for name in self._kept
            if name not in self.stopped and self._locked_until.get(name, now) <= now
        ]

    def _take_in_or_isolate(self, behind: Sequence[str], taken: Taken) -> None:
        try:
            self._take_in(behind, taken)
        except _ViewFailed as failed:
            self._isolate(failed, taken.events[-1][0])

    def _take_in(self, behind: Sequence[str], taken: Taken) -> None:
        conn, (batch, checkpoint) = self.connection, taken
        try:
            with conn.transaction():
                # First of all: this locks the views against whoever else keeps them.
                held = self._agreed(behind, checkpoints.lock(conn, self._network, behind))
                if not held:
                    return
                risen = self._fold(conn, [self._views[name] for name in held], batch)
                moved = {name: held[name].digest + more for name, more in risen.items()}
                self._advance(conn, held, moved, taken)
        except BaseException:
            self._forget()
            raise
        for name in held:
            self._views[name].settle()
        reached = {name: Kept(checkpoint, held[name].generation, moved[name]) for name in held}
        self._stand(reached)

    def _agreed(self, behind: Sequence[str], held: dict[str, Kept]) -> dict[str, Kept]:
        """The views that are locked now, which stand where they stood; others are left alone."""
        elsewhere = [name for name in behind if name not in held]
        if len(elsewhere) == len(self._kept):
            raise CheckpointMoved(f"views {elsewhere} are locked by somebody else")
        for name, kept in held.items():
            own = self._kept[name]
            if kept.generation != own.generation:
                raise ViewReplaced(f"view {name} was rebuilt up to {kept.position}")
            if kept.position != own.position:
                raise CheckpointMoved(f"view {name} is not at {own.position} any more")
        pause_until = time.monotonic() + LOCKED_PAUSE_S
        self._locked_until |= dict.fromkeys(elsewhere, pause_until)
        return held

    def _advance(
        self,
        conn: psycopg.Connection[Any],
        held: Mapping[str, Kept],
        moved: Mapping[str, int],
        taken: Taken,
    ) -> None:
        position, event = taken.events[-1]
        checkpoints.advance(
            conn, self._network, moved, to=taken.checkpoint, recorded_at=event.recorded_at
        )
        passed = {
            name: digest
            for name, digest in moved.items()
            if held[name].position // MARK_EVERY < position // MARK_EVERY
        }
        if passed:
            checkpoints.mark(conn, self._network, passed, position)

    def _fold(
        self, conn: psycopg.Connection[Any], behind: Sequence[Projection], batch: Batch
    ) -> dict[str, int]:
        """By how much the digests of these views rise."""
        risen = {}
        for view, events in zip(behind, split(behind, batch), strict=True):
            try:
                risen[view.name] = self._fold_one(conn, view, events)
            except VIEW_FAULTS as fault:
                raise _ViewFailed(view.name, batch[0][0], fault) from fault
        return risen

    def _fold_one(self, conn: psycopg.Connection[Any], view: Projection, events: Batch) -> int:
        self._load(conn, view, events)
        view.fold(events)
        return sum(rows.write(conn, self._network) for rows in view.all_rows)

    def _load(self, conn: psycopg.Connection[Any], view: Projection, events: Batch) -> None:
        try:
            view.ask(events)
            for kept in view.kept:
                kept.load(conn, self._network)
        except psycopg.Error:
            raise
        except Exception as fault:
            why = f"view {view.name} could not read its rows ({type(fault).__name__}: {fault})"
            raise FoldFailed(why, events[0][0] if events else None) from fault

    def _isolate(self, failed: _ViewFailed, last: int) -> None:
        """Take the view that failed alone as far as it goes, by ever smaller steps, and stop it.

        One that somebody else has locked is left alone: it fails again when it is free.
        """
        name, limit = failed.name, self._max_batch_events
        while self._kept[name].position < last and name in self._going():
            taken = self._source.read(self._kept[name].stand, last, limit)
            assert taken is not None, f"view {name} failed on events that are not there"
            try:
                self._take_in([name], taken)
            except _ViewFailed as again:
                if limit == 1:
                    self._stop(again)
                    return
                limit = max(1, min(limit, len(taken.events)) // 2)

    def _stop(self, failed: _ViewFailed) -> None:
        position = getattr(failed.fault, "position", None) or failed.position
        why = str(failed.fault)
        log.error("view_stopped", view=failed.name, position=position, error=why)
        checkpoints.stop(self.connection, self._network, failed.name, position, why)
        self.stopped = {**self.stopped, failed.name: why}
        self.reached.stop(self.outdated.union(self.stopped))

    def _reread(self, conn: psycopg.Connection[Any]) -> None:
        """Somebody may have moved the checkpoints: believe the table, remember nothing else.

        Views that were rebuilt are tried again, and taken up if they had been left.
        """
        stored = checkpoints.kept(conn, self._network)
        self._forget()
        if self._leave_outdated:
            found = views.outdated(conn, self._network, self._views.values())
            self.outdated, self.unreadable = found
        self.stopped = {
            name: why
            for name, why in self.stopped.items()
            if stored[name].generation == self._kept[name].generation
        }
        self.reached.stop(self.outdated.union(self.stopped))
        self._kept = {}
        self.reached.set({name: stored[name].position for name in self.outdated})
        self._stand({name: stored[name] for name in self._views if name not in self.outdated})

    def _stand(self, moved: dict[str, Kept]) -> None:
        self._kept = {**self._kept, **moved}
        self.reached.set({name: kept.position for name, kept in moved.items()})

    def _forget(self) -> None:
        for view in self._views.values():
            view.forget()


def _position(kept: Kept) -> int:
    return kept.position
