"""Keeps the views of a network equal to a fold of its ledger, in a thread of its own."""

import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Final

import psycopg
from eventsourcing import persistence
from eventsourcing.persistence import ApplicationRecorder
from msgspec import Struct

from consumers.projecting.batches import MAX_BATCH_EVENTS
from consumers.projecting.fold import CheckpointMoved, ViewFold
from consumers.projecting.parallel import WORTH_IT_EVENTS, LedgerAt, fold
from consumers.projecting.progress import Names
from consumers.proving.rebuild import RebuildRuns, rebuild
from consumers.proving.rebuilds import Rebuilds
from consumers.proving.verifier import Verifier
from consumers.sources import source_of
from ledger.kafka.log import LogUnavailable
from ledger.log import get_logger
from projections import views
from projections.keeping import upkeep
from projections.projection import FoldFailed
from projections.rows import MAX_ROWS_IN_MEMORY

MAX_FAILURES: Final = 20
"""Faults in a row before the projector gives up, unless it is patient."""
PAUSE_AFTER_FAILURE_S: Final = 0.5
MAX_PAUSE_S: Final = 5.0
STOP_WITHIN_S: Final = 8.0
BEAT_EVERY_S: Final = 5.0
"""How often a projector that has nothing to do says that it lives."""
REBUILD_AGAIN_S: Final = 10.0
"""After a rebuild that could not begin or has failed, so long until the next."""
LOOK_EVERY_S: Final = 1.0
"""How often it looks whether there is something to do that nobody told it of."""
PASSING_FAULTS: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    persistence.OperationalError,
    persistence.InterfaceError,
)
"""Of PostgreSQL and of Kafka: what was away may come back."""

log = get_logger(__name__)

Progress = Callable[[int, int], None]
"""Called after each batch with the views' position and the ledger's last."""


class ProjectorStopped(Exception):
    """The views do not follow the ledger any more."""


class ProjectorStatus(Struct, frozen=True):
    """How the projector is. `error` says why it stopped, None while nothing is wrong.

    `stopped` are the views that stopped alone, and why.
    """

    running: bool
    error: str | None
    views: dict[str, int]
    stopped: dict[str, str]
    ledger_position: int
    lag_events: int


class Projector:
    """Projects one network: in a thread between `start` and `stop`, or by `catch_up`.

    `database_url` is the views' PostgreSQL. On a ledger in PostgreSQL the thread is woken by
    `notify`, and, unless `listen` is false, by the notifications that the recorder sends through
    that PostgreSQL; on one in Kafka it waits for blocks. While another projector keeps the same
    views, this one stands by. A `patient` one outlives PostgreSQL and brokers that are away for
    however long; one that is not gives up after MAX_FAILURES. One that is told where the `ledger`
    is catches up by several processes when it begins far behind, and rebuilds views of another
    release beside their old rows, by `rebuilds`; else it empties them first. With
    `verify_events_per_s` it folds so many events a second once more, to prove the views.

    `caught_up` is set when it has first reached the ledger's end, or stands by.
    """

    def __init__(  # noqa: PLR0913 - what it reads, where it writes, and its limits
        self,
        recorder: ApplicationRecorder,
        database_url: str,
        network: str,
        names: Iterable[str] = tuple(views.VIEWS),
        *,
        max_batch_events: int = MAX_BATCH_EVENTS,
        max_rows_in_memory: int = MAX_ROWS_IN_MEMORY,
        listen: bool = True,
        patient: bool = False,
        ledger: LedgerAt | None = None,
        verify_events_per_s: int = 0,
    ) -> None:
        self.network = network
        self._ledger = ledger
        self.rebuilds = None if ledger is None else Rebuilds(ledger)
        self._verifier: Verifier | None = None
        if ledger is not None and verify_events_per_s:
            self._verifier = Verifier(ledger, names, events_per_s=verify_events_per_s)
        self._alarms: dict[str, str] = {}
        self._rebuilt = threading.Event()
        self._rebuild_at = 0.0
        self.caught_up = threading.Event()
        self._patient = patient
        self._source = source_of(recorder, database_url, listen=listen)
        self._fold = ViewFold(
            self._source,
            database_url,
            network,
            names,
            leave_outdated=ledger is not None,
            max_batch_events=max_batch_events,
            max_rows_in_memory=max_rows_in_memory,
        )
        self._thread: threading.Thread | None = None
        self._prompter = threading.Thread(target=self._prompt, name="projector-beat", daemon=True)
        self._beaten_at = time.monotonic()
        self._stopping = threading.Event()
        self._error: BaseException | None = None

    def start(self) -> None:
        """Create what is missing, check the checkpoints, and follow the ledger in a thread.

        Raises ViewsAheadOfLedger, or what the database and the recorder raise; a patient one
        raises nothing, and tries until it is told to stop.
        """
        assert self._thread is None, "a projector is started once"
        if not self._patient:
            self._fold.open()
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self._thread.start()
        self._prompter.start()
        if self._verifier is not None:
            self._verifier.start()

    def stop(self) -> None:
        """End after the batch under way. Whoever waits for a position gets False."""
        self._stopping.set()
        self.notify()
        if self._verifier is not None:
            self._verifier.stop()
        if self.rebuilds is not None:
            self.rebuilds.stop()
        if self._thread is not None:
            self._thread.join(STOP_WITHIN_S)
        self._fold.reached.end()
        if self._thread is not None and self._thread.is_alive():
            log.error("projector_does_not_stop", waited_s=STOP_WITHIN_S)
            return
        self._fold.close()
        self._source.close()

    def notify(self) -> None:
        """Say that the ledger has grown. From any thread, at any time; never blocks.

        One in Kafka says so itself.
        """
        self._source.notify()

    def catch_up(self, until: int | None = None, progress: Progress | None = None) -> int:
        """Project in this thread up to the ledger's end (or `until`); return the position.

        For use without `start`. Raises ViewsAheadOfLedger, FoldFailed for a view that stopped
        once the others are there, and what the database and the recorder raise.
        """
        assert self._thread is None, "the projector's own thread is at it"
        self._catch_up_in_parallel(until, progress)
        self._fold.open()
        if self._ledger is not None and self._fold.outdated:
            rebuild(self._ledger, self._fold.outdated, progress=progress)
            self._fold.look()
        self._source.look()
        end = 0 if progress is None else until or self._source.end()
        while self._advanced(until):
            if progress is not None:
                progress(self.position(), max(end, self.position()))
        for why in self._fold.stopped.values():
            raise FoldFailed(why)
        return self.position()

    def position(self, names: Names = None) -> int:
        """The position that these views have reached; without names, all that go on."""
        return self._fold.reached.position(names)

    def stopped(self, names: Names = None) -> dict[str, str]:
        """The views, of these or of all, that stopped alone, and why."""
        stopped = self._fold.stopped
        return {name: stopped[name] for name in stopped if names is None or name in names}

    def alarms(self) -> dict[str, str]:
        """What is known to be wrong with the rows of views, by name."""
        return self._alarms

    def generations(self, names: Collection[str]) -> dict[str, int]:
        """How often the rows of these views were replaced; of those that go on."""
        kept = self._fold.kept
        return {name: kept[name].generation for name in names if name in kept}

    def outdated(self, names: Names = None) -> frozenset[str]:
        """The views, of these or of all, whose rows another release made: they stand still."""
        outdated = self._fold.outdated
        return outdated if names is None else outdated.intersection(names)

    def unreadable(self, names: Names = None) -> frozenset[str]:
        """The views, of these or of all, of them that cannot be read: the shape is another."""
        unreadable = self._fold.unreadable
        return unreadable if names is None else unreadable.intersection(names)

    def wait_for(self, position: int, timeout_s: float, names: Names = None) -> bool:
        """Wait until these views have reached the position; False if not in time, or stopped."""
        return self._fold.reached.wait_for(position, timeout_s, names)

    async def reached(self, position: int, timeout_s: float, names: Names = None) -> bool:
        """As `wait_for`, for asyncio: does not block the loop."""
        return await self._fold.reached.reached(position, timeout_s, names)

    def status(self) -> ProjectorStatus:
        """How it is. Asks the ledger for its end."""
        end = self._source.end()
        return ProjectorStatus(
            running=self._alive(),
            error=None if self._error is None else str(self._error),
            views=self._fold.reached.positions,
            stopped=self._fold.stopped,
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

    def _catch_up_in_parallel(self, until: int | None, progress: Progress | None) -> None:
        """Where that is worth it; what is left of it is done here."""
        if self._ledger is None:
            return
        self._fold.open()
        names = list(self._fold.kept)
        end = until or self._source.end()
        least = min((kept.position for kept in self._fold.kept.values()), default=end)
        if end - least < WORTH_IT_EVENTS:
            return
        self._fold.close()
        log.info("projector_catches_up_in_parallel", network=self.network, until=end)
        told = progress or (lambda _position, _end: None)
        fold(self._ledger, names, end, progress=told, stopping=self._stopping.is_set)

    def _run(self) -> None:
        failures = 0
        begun = False
        while not self._stopping.is_set():
            try:
                if not begun:
                    self._catch_up_in_parallel(None, None)
                    begun = True
                self._follow()
                failures = 0
            except PASSING_FAULTS as fault:
                failures += 1
                log.warning(
                    "projector_waits_for_brokers"
                    if isinstance(fault, LogUnavailable)
                    else "projector_waits_for_database",
                    failures=failures,
                    error=str(fault),
                )
                if failures == MAX_FAILURES and not self._patient:
                    self._fail(fault)
                    return
                self._fold.close()
                self._stopping.wait(min(PAUSE_AFTER_FAILURE_S * failures, MAX_PAUSE_S))
            except Exception as fault:  # noqa: BLE001 - whatever it is, readers must learn of it
                self._fail(fault)
                return

    def _follow(self) -> None:
        """Take in a batch, or wait for one, or for another projector to leave."""
        self._fold.open()
        self._see_to_rebuilds()
        try:
            if self._fold.advance():
                return
        except CheckpointMoved as moved:
            log.info("projector_stands_by", reason=str(moved))
            self.caught_up.set()
            self._fold.stand_by(self._stopping.is_set)
            return
        self.caught_up.set()
        if time.monotonic() - self._beaten_at > BEAT_EVERY_S:
            self._fold.beat()
            self._alarms = upkeep.alarms(self._fold.connection, self.network)
            self._beaten_at = time.monotonic()
            self._fold.look_if_replaced()
        if not self._stopping.is_set():
            self._source.wait()

    def _see_to_rebuilds(self) -> None:
        """Go on with what was rebuilt, and have views of another release rebuilt."""
        if self._rebuilt.is_set():
            self._rebuilt.clear()
            self._fold.look()
        now = time.monotonic()
        if self.rebuilds is None or not self._fold.outdated or now < self._rebuild_at:
            return
        self._rebuild_at = now + REBUILD_AGAIN_S
        if not self.rebuilds.running:
            log.warning("views_of_another_release_are_rebuilt", views=sorted(self._fold.outdated))
            try:
                self.rebuilds.start(self._fold.outdated, self._on_rebuilt)
            except RebuildRuns as runs:
                log.info("projector_waits_for_a_rebuild", reason=str(runs))

    def _on_rebuilt(self) -> None:
        self._rebuilt.set()
        self.notify()

    def _prompt(self) -> None:
        """A thread of its own: who waits for the ledger looks around now and then."""
        while not self._stopping.wait(LOOK_EVERY_S):
            self.notify()

    def _advanced(self, until: int | None) -> bool:
        try:
            return self._fold.advance(until)
        except CheckpointMoved as moved:
            log.info("projector_follows_another", reason=str(moved))
            return True

    def _fail(self, fault: BaseException) -> None:
        self._error = fault
        log.error("projector_stopped", position=self.position(), error=str(fault))
        self._fold.reached.end()
