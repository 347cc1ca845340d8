"""Taking batches of a ledger into views: rows and checkpoints in one transaction a batch.

All views that stand at the same position move together; one that is behind catches up first,
alone. One thread: reading ahead and writing beside the fold were measured to gain nothing, since
all of them want the interpreter.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import psycopg
from eventsourcing.persistence import ApplicationRecorder

from consumers.batches import MAX_BATCH_EVENTS, read
from consumers.progress import Reached
from ledger.log import get_logger
from projections import checkpoints, views
from projections.checkpoints import CheckpointMoved
from projections.projection import Batch, Projection, split
from projections.rows import MAX_ROWS_IN_MEMORY

log = get_logger(__name__)


class ViewsAheadOfLedger(Exception):
    """A view has seen events that the ledger does not hold."""


class ViewFold:
    """The views of a network in one PostgreSQL, and the ledger that they follow.

    For one thread at a time. `reached` says how far the views are.
    """

    def __init__(  # noqa: PLR0913 - what it reads, where it writes, and its limits
        self,
        recorder: ApplicationRecorder,
        database_url: str,
        network: str,
        names: Iterable[str],
        *,
        max_batch_events: int = MAX_BATCH_EVENTS,
        max_rows_in_memory: int = MAX_ROWS_IN_MEMORY,
    ) -> None:
        self._recorder, self._database_url, self._network = recorder, database_url, network
        self._views = {view.name: view(max_rows_in_memory) for view in views.named(names)}
        self._max_batch_events = max_batch_events
        self._conn: psycopg.Connection[Any] | None = None
        self.reached = Reached(self._views)

    def open(self) -> None:
        """Connect, create what is missing, and prove that the ledger holds what the views saw.

        Does nothing when open. Raises ViewsAheadOfLedger, and what the database raises.
        """
        if self._conn is not None:
            return
        self._connect()
        end = self.ledger_end()
        for name, position in self.reached.positions.items():
            if position > end:
                self.close()
                raise ViewsAheadOfLedger(
                    f"the ledger lost events after position {end}: view {name} of network "
                    f"{self._network} has seen {position}; restore the ledger, or run "
                    f"`onebook rebuild` to fold the views from what is left"
                )

    def _connect(self) -> None:
        self._conn = conn = psycopg.connect(self._database_url, autocommit=True)
        views.configure(conn)
        views.create(conn, self._network, self._views.values())
        self._reread(conn)

    def close(self) -> None:
        """Disconnect and remember nothing."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
        self._forget()

    def ledger_end(self) -> int:
        """The position of the ledger's last event."""
        return self._recorder.max_notification_id() or 0

    def empty(self, names: Iterable[str]) -> None:
        """Delete the rows of these views and put them back to position 0. Opens, unproven."""
        chosen = [self._views[view.name] for view in views.named(names)]
        if self._conn is None:
            self._connect()
        assert self._conn is not None
        with self._conn.transaction():
            for view in chosen:
                checkpoints.reset(self._conn, self._network, view.name)
                for table in view.tables:
                    table.delete(self._conn, self._network)
        self._reread(self._conn)

    def advance(self, until: int | None = None) -> bool:
        """Take in the next batch, up to `until`; False if there is none.

        Raises FoldFailed and what the database and the recorder raise: nothing of the batch is
        written then.
        """
        assert self._conn is not None, "open first"
        before, positions = self.reached.position(), self.reached.positions
        behind = [view for view in self._views.values() if positions[view.name] == before]
        others = [position for position in positions.values() if position > before]
        stop = min(others) if others else until
        batch = read(self._recorder, before, stop, self._max_batch_events)
        if not batch:
            return False
        try:
            self._take_in(self._conn, behind, before, batch)
        except CheckpointMoved as moved:
            log.info("projector_follows_another", reason=str(moved))
            self._reread(self._conn)
        return True

    def _take_in(
        self,
        conn: psycopg.Connection[Any],
        behind: Sequence[Projection],
        before: int,
        batch: Batch,
    ) -> None:
        position, last = batch[-1]
        try:
            with conn.transaction():
                self._move_checkpoints(conn, behind, before, (position, last.recorded_at))
                self._fold(conn, behind, batch)
        except BaseException:
            self._forget()
            raise
        for view in behind:
            view.settle()
        self.reached.set({view.name: position for view in behind})

    def _move_checkpoints(
        self,
        conn: psycopg.Connection[Any],
        behind: Sequence[Projection],
        before: int,
        to: tuple[int, datetime],
    ) -> None:
        """First of all: this locks the views against another projector."""
        names = [view.name for view in behind]
        position, recorded_at = to
        checkpoints.advance(
            conn, self._network, names, before=before, position=position, recorded_at=recorded_at
        )

    def _fold(
        self, conn: psycopg.Connection[Any], behind: Sequence[Projection], batch: Batch
    ) -> None:
        for view, events in zip(behind, split(behind, batch), strict=True):
            view.ask(events)
            for kept in view.kept:
                kept.load(conn, self._network)
            view.fold(events)
            for rows in view.all_rows:
                rows.write(conn, self._network)

    def _reread(self, conn: psycopg.Connection[Any]) -> None:
        """Somebody may have moved the checkpoints: believe the table, remember nothing else."""
        stored = checkpoints.positions(conn, self._network)
        self._forget()
        self.reached.set({name: stored[name] for name in self._views})

    def _forget(self) -> None:
        for view in self._views.values():
            view.forget()
