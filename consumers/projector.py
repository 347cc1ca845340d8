"""Keeps the views of a network equal to a fold of its ledger.

A batch of events is decoded once for all views. All views that stand at the same position move
together: their rows and checkpoints are one transaction, so a view takes in each event exactly
once, whatever fails when. A view that is behind catches up first, alone.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from eventsourcing.persistence import ApplicationRecorder, Notification
from msgspec import Struct

from consumers.wake import Wake
from ledger.codec import decode
from ledger.log import get_logger
from projections import checkpoints, views
from projections.checkpoints import CheckpointMoved
from projections.projection import Batch, FoldFailed, Projection

MAX_BATCH_EVENTS: Final = 5_000
MAX_FAILURES: Final = 5
"""Faults of the database in a row before the projector gives up."""
PAUSE_AFTER_FAILURE_S: Final = 0.5
STOP_WITHIN_S: Final = 8.0

log = get_logger(__name__)

Progress = Callable[[int, int], None]
"""Called after each batch with the views' position and the ledger's last."""


class ViewsAheadOfLedger(Exception):
    """A view has seen events that the ledger does not hold."""


class ProjectorStopped(Exception):
    """The views do not follow the ledger any more."""


class ProjectorStatus(Struct, frozen=True):
    """How the projector is. `error` says why it stopped, None while nothing is wrong."""

    running: bool
    error: str | None
    views: dict[str, int]
    ledger_position: int
    lag_events: int


class Projector:
    """Projects one network: in a thread of its own between `start` and `stop`, or by `catch_up`.

    `database_url` is the views' PostgreSQL. It is woken by `notify`, and where the recorder
    sends notifications through that PostgreSQL, by those too, unless `listen` is false.
    """

    def __init__(  # noqa: PLR0913 - what it reads, where it writes, and its limits
        self,
        recorder: ApplicationRecorder,
        database_url: str,
        network: str,
        names: Iterable[str] = tuple(views.VIEWS),
        *,
        max_batch_events: int = MAX_BATCH_EVENTS,
        listen: bool = True,
        progress: Progress | None = None,
    ) -> None:
        self.network = network
        self._recorder, self._database_url = recorder, database_url
        self._views = {view.name: view() for view in views.named(names)}
        self._max_batch_events = max_batch_events
        self._channel = getattr(recorder, "channel_name", None) if listen else None
        self._progress = progress
        self._positions = dict.fromkeys(self._views, 0)
        self._conn: psycopg.Connection[Any] | None = None
        self._thread: threading.Thread | None = None
        self._wake: Wake | None = None
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        self._moved = threading.Condition()
        self._waiters: dict[object, tuple[int, Callable[[], None]]] = {}

    def start(self) -> None:
        """Create what is missing, check the checkpoints, and follow the ledger in a thread.

        Raises ViewsAheadOfLedger, or what the database raises.
        """
        assert self._thread is None, "a projector is started once"
        self._open()
        self._wake = Wake(self._database_url, self._channel)
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the batch under way. Waiting readers get False."""
        self._stopping.set()
        self.notify()
        if self._thread is not None:
            self._thread.join(STOP_WITHIN_S)
            if self._thread.is_alive():
                log.error("projector_does_not_stop", waited_s=STOP_WITHIN_S)
                return
        self._close()
        if self._wake is not None:
            self._wake.close()
        self._tell_waiters()

    def notify(self) -> None:
        """Say that the ledger has grown. From any thread, at any time; never blocks."""
        if self._wake is not None:
            self._wake.notify()

    def catch_up(self, until: int | None = None) -> int:
        """Project in this thread up to the ledger's end (or `until`); return the position.

        For use without `start`. Raises ViewsAheadOfLedger, FoldFailed and what the database
        raises.
        """
        assert self._thread is None, "the projector's own thread is at it"
        if self._conn is None:
            self._open()
        while self._advance(until):
            pass
        return self.position()

    def rebuild(self, names: Iterable[str] = tuple(views.VIEWS)) -> int:
        """Empty these views and fold them again from the ledger's start; return the position.

        For use without `start`. The views are empty meanwhile for whoever reads them.
        """
        chosen = [self._views[view.name] for view in views.named(names)]
        if self._conn is None:
            self._connect()
        assert self._conn is not None
        with self._conn.transaction():
            for view in chosen:
                checkpoints.reset(self._conn, self.network, view.name)
                for table in view.tables:
                    table.delete(self._conn, self.network)
        self._reread()
        return self.catch_up()

    def position(self) -> int:
        """The position that every view has reached."""
        return min(self._positions.values())

    def wait_for(self, position: int, timeout_s: float) -> bool:
        """Wait until every view has reached the position; False if not in time, or stopped."""
        deadline = time.monotonic() + timeout_s
        with self._moved:
            while self.position() < position:
                left = deadline - time.monotonic()
                if left <= 0 or not self._alive() or not self._moved.wait(left):
                    return self.position() >= position
        return True

    async def reached(self, position: int, timeout_s: float) -> bool:
        """As `wait_for`, for asyncio: does not block the loop."""
        if self.position() >= position:
            return True
        loop = asyncio.get_running_loop()
        event = asyncio.Event()
        self._waiters[event] = (position, lambda: loop.call_soon_threadsafe(event.set))
        try:
            # It may have got there, or stopped, before the waiter was known.
            if self.position() < position and self._alive():
                await asyncio.wait_for(event.wait(), timeout_s)
        except TimeoutError:
            pass
        finally:
            del self._waiters[event]
        return self.position() >= position

    def status(self) -> ProjectorStatus:
        """How it is. Asks the ledger for its end."""
        end = self._end()
        return ProjectorStatus(
            running=self._alive(),
            error=None if self._error is None else str(self._error),
            views=dict(self._positions),
            ledger_position=end,
            lag_events=max(0, end - self.position()),
        )

    def check(self) -> None:
        """Raise ProjectorStopped with the cause if the views do not follow the ledger."""
        if not self._alive():
            cause = self._error or "it was stopped"
            raise ProjectorStopped(f"the views stand still at {self.position()}: {cause}")

    def _alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and self._error is None

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self._follow()
                failures = 0
            except psycopg.OperationalError as fault:
                failures += 1
                log.warning("projector_lost_database", failures=failures, error=str(fault))
                if failures == MAX_FAILURES:
                    self._fail(fault)
                    return
                self._recover(failures)
            except Exception as fault:  # noqa: BLE001 - whatever it is, readers must learn of it
                self._fail(fault)
                return

    def _follow(self) -> None:
        assert self._wake is not None
        if self._conn is None:
            self._open()
        if not self._advance(None) and not self._stopping.is_set():
            self._wake.wait()

    def _recover(self, failures: int) -> None:
        self._close()
        self._forget()
        self._stopping.wait(PAUSE_AFTER_FAILURE_S * failures)
        if self._stopping.is_set():
            return
        assert self._wake is not None
        try:
            wake, self._wake = self._wake, Wake(self._database_url, self._channel)
            wake.close()
        except psycopg.OperationalError:
            log.warning("projector_waits_for_database")

    def _fail(self, fault: BaseException) -> None:
        self._error = fault
        log.error("projector_stopped", position=self.position(), error=str(fault))
        self._tell_waiters()

    def _open(self) -> None:
        self._connect()
        end = self._end()
        for name, position in self._positions.items():
            if position > end:
                self._close()
                raise ViewsAheadOfLedger(
                    f"the ledger lost events after position {end}: view {name} of network "
                    f"{self.network} has seen {position}; restore the ledger, or run "
                    f"`onebook rebuild` to fold the views from what is left"
                )

    def _connect(self) -> None:
        conn = psycopg.connect(self._database_url, autocommit=True)
        views.configure(conn)
        views.create(conn, self.network, self._views.values())
        self._conn = conn
        self._reread()

    def _close(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _reread(self) -> None:
        """Somebody may have moved the checkpoints: believe the table, remember nothing else."""
        assert self._conn is not None
        stored = checkpoints.positions(self._conn, self.network)
        self._forget()
        self._positions = {name: stored[name] for name in self._views}

    def _forget(self) -> None:
        for view in self._views.values():
            view.forget()

    def _end(self) -> int:
        return self._recorder.max_notification_id() or 0

    def _advance(self, until: int | None) -> bool:
        """Take in the next batch; False if there is none."""
        before = self.position()
        behind = [view for view in self._views.values() if self._positions[view.name] == before]
        others = [position for position in self._positions.values() if position > before]
        stop = min(others) if others else until
        found = self._recorder.select_notifications(
            before, self._max_batch_events, stop, inclusive_of_start=False
        )
        if not found:
            return False
        batch = _decoded(before, found)
        try:
            self._take_in(behind, before, batch)
        except CheckpointMoved as moved:
            log.info("projector_follows_another", reason=str(moved))
            self._reread()
        return True

    def _take_in(self, behind: Sequence[Projection], before: int, batch: Batch) -> None:
        assert self._conn is not None
        position, last = batch[-1]
        try:
            with self._conn.transaction():
                _write(self._conn, self.network, behind, (before, position, last.recorded_at), batch)
        except BaseException:
            for view in behind:
                view.forget()
            raise
        for view in behind:
            view.settle()
        with self._moved:
            self._positions |= {view.name: position for view in behind}
        self._tell_waiters()
        if self._progress is not None:
            self._progress(self.position(), max(self._end(), position))

    def _tell_waiters(self) -> None:
        with self._moved:
            self._moved.notify_all()
        reached, alive = self.position(), self._alive()
        for position, wake in list(self._waiters.values()):
            if position <= reached or not alive:
                wake()


def _decoded(before: int, found: Sequence[Notification]) -> Batch:
    ids = [notification.id for notification in found]
    assert ids == list(range(before + 1, before + 1 + len(ids))), (
        f"the ledger has gaps after position {before}: {ids[:3]}"
    )
    batch = []
    for notification in found:
        try:
            batch.append((notification.id, decode(notification.topic, notification.state)))
        except Exception as fault:
            raise FoldFailed(
                f"the event at position {notification.id} ({notification.topic}) of "
                f"{notification.originator_id} cannot be read: {fault}"
            ) from fault
    return batch


def _write(
    conn: psycopg.Connection[Any],
    network: str,
    behind: Sequence[Projection],
    move: tuple[int, int, datetime],
    batch: Batch,
) -> None:
    before, position, recorded_at = move
    names = [view.name for view in behind]
    checkpoints.advance(
        conn, network, names, before=before, position=position, recorded_at=recorded_at
    )
    for view in behind:
        view.ask(batch)
        for kept in view.kept:
            kept.load(conn, network)
        view.fold(batch)
        for rows in view.all_rows:
            rows.write(conn, network)
