"""Taking batches of a ledger into views: rows and checkpoints in one transaction a batch.

All views that stand at the same position move together; one that is behind catches up first,
alone. One thread: reading ahead and writing beside the fold were measured to gain nothing, since
all of them want the interpreter.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from consumers.batches import MAX_BATCH_EVENTS
from consumers.progress import Reached
from consumers.source import Source, Taken
from ledger.kafka.chain import Checkpoint
from ledger.log import get_logger
from projections import checkpoints, views
from projections.checkpoints import MAX_LOCK_WAIT_MS, CheckpointMoved
from projections.projection import Batch, Projection, split
from projections.rows import MAX_ROWS_IN_MEMORY

STAND_BY_S: Final = 1.0
"""Views that another projector keeps have stood still for so long: it may be gone."""
MAX_IDLE_IN_TRANSACTION_MS: Final = 15_000
"""A projector that stops within a batch, and holds its locks, loses its connection."""

log = get_logger(__name__)


class ViewFold:
    """The views of a network in one PostgreSQL, and the ledger that they follow.

    For one thread at a time. `reached` says how far the views are.
    """

    def __init__(  # noqa: PLR0913 - what it reads, where it writes, and its limits
        self,
        source: Source,
        database_url: str,
        network: str,
        names: Iterable[str],
        *,
        max_batch_events: int = MAX_BATCH_EVENTS,
        max_rows_in_memory: int = MAX_ROWS_IN_MEMORY,
    ) -> None:
        self._source, self._database_url, self._network = source, database_url, network
        self._views = {view.name: view(max_rows_in_memory) for view in views.named(names)}
        self._stands: dict[str, Checkpoint] = {}
        self._max_batch_events = max_batch_events
        self._conn: psycopg.Connection[Any] | None = None
        self.reached = Reached(self._views)

    def open(self) -> None:
        """Connect, create what is missing, and prove that the ledger holds what the views saw.

        Does nothing when open. Raises ViewsAheadOfLedger, and what the database and the recorder
        raise.
        """
        if self._conn is not None:
            return
        self._connect()
        try:
            self._source.prove(self._stands)
        except BaseException:
            self.close()
            raise

    def _connect(self) -> None:
        self._conn = conn = psycopg.connect(self._database_url, autocommit=True)
        views.configure(conn)
        views.create(conn, self._network, self._views.values())
        conn.execute(f"SET lock_timeout = {MAX_LOCK_WAIT_MS}")
        conn.execute(f"SET idle_in_transaction_session_timeout = {MAX_IDLE_IN_TRANSACTION_MS}")
        self._reread(conn)

    def close(self) -> None:
        """Disconnect, also from the ledger, and remember nothing."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
        self._source.disconnect()
        self._forget()

    def empty(self, names: Iterable[str]) -> None:
        """Delete the rows of these views and put them back to position 0.

        Opens; proves only where the other views stand, and raises as `open` does.
        """
        chosen = [self._views[view.name] for view in views.named(names)]
        if self._conn is None:
            self._connect()
        assert self._conn is not None
        emptied = {view.name for view in chosen}
        self._source.prove({n: stand for n, stand in self._stands.items() if n not in emptied})
        with self._conn.transaction():
            for view in chosen:
                checkpoints.reset(self._conn, self._network, view.name)
                for table in view.tables:
                    table.delete(self._conn, self._network)
        self._reread(self._conn)

    def advance(self, until: int | None = None) -> bool:
        """Take in the next batch, up to `until`; False if there is none.

        Raises CheckpointMoved if another projector is at it, FoldFailed, and what the database
        and the recorder raise: nothing of the batch is written then.
        """
        assert self._conn is not None, "open first"
        before = min(self._stands.values(), key=_position)
        behind = [
            view
            for view in self._views.values()
            if _position(self._stands[view.name]) == _position(before)
        ]
        others = [at for at in map(_position, self._stands.values()) if at > _position(before)]
        stop = min(others) if others else until
        taken = self._source.read(before, stop, self._max_batch_events)
        if taken is None:
            return False
        try:
            self._take_in(self._conn, behind, _position(before), taken)
        except CheckpointMoved:
            self._reread(self._conn)
            raise
        return True

    def stand_by(self, stopping: Callable[[], bool]) -> None:
        """Follow the views as another projector keeps them, until they stand still.

        Raises what the database raises.
        """
        assert self._conn is not None, "open first"
        channel = Identifier(checkpoints.channel_name(self._network))
        self._conn.execute(SQL("LISTEN {}").format(channel))
        while not stopping() and self._moved(self._conn):
            pass
        self._conn.execute(SQL("UNLISTEN {}").format(channel))

    def _moved(self, conn: psycopg.Connection[Any]) -> bool:
        """Wait at most STAND_BY_S until a view has moved; whether one has."""
        before = self._stands
        for _ in conn.notifies(timeout=STAND_BY_S, stop_after=1):
            pass
        self._reread(conn)
        return self._stands != before

    def _take_in(
        self, conn: psycopg.Connection[Any], behind: Sequence[Projection], before: int, taken: Taken
    ) -> None:
        batch, checkpoint = taken
        names = [view.name for view in behind]
        try:
            with conn.transaction():
                # First of all: this locks the views against another projector.
                checkpoints.advance(
                    conn,
                    self._network,
                    names,
                    before=before,
                    to=checkpoint,
                    recorded_at=batch[-1][1].recorded_at,
                )
                self._fold(conn, behind, batch)
        except BaseException:
            self._forget()
            raise
        for view in behind:
            view.settle()
        self._stand(dict.fromkeys(names, checkpoint))

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
        stored = checkpoints.stands(conn, self._network)
        self._forget()
        self._stand({name: stored[name] for name in self._views})

    def _stand(self, moved: dict[str, Checkpoint]) -> None:
        self._stands = {**self._stands, **moved}
        self.reached.set({name: _position(stand) for name, stand in moved.items()})

    def _forget(self) -> None:
        for view in self._views.values():
            view.forget()


def _position(stand: Checkpoint) -> int:
    return stand.head.position
