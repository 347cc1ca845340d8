"""The writer: requests in, events out, one total order, each request exactly once for ever.

One thread decides. An append that fails in any way has an unknown outcome: the writer drops what
it decided on it, reads the ledger to its end, believes it, and decides again what has no answer
there. On a ledger that others may write too it is active or stands by: a standby follows the
ledger, publishes what it is asked to its channel's topic, and takes over when nobody decides it.
What the writer does by the clock it decides by itself, before any later request.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Final

from eventsourcing.persistence import PersistenceError

from consumers.ledgers import Page, WritersLedger
from consumers.snapshot import Snapshot, SnapshotDamaged
from consumers.writing.answers import (
    Answer,
    DecisionFailed,
    Mismatch,
    Outcome,
    WriterBusy,
    WriterStopped,
)
from consumers.writing.blocks import Answers, Submission, fail
from consumers.writing.engine import Engine
from consumers.writing.handing_on import HandingOn, Publisher
from consumers.writing.inputs import DeadLetters, Inputs
from consumers.writing.takeover import TAKEOVER_S, Standing
from ledger.domain.requests import AnyRequest
from ledger.kafka.chain import LedgerCorrupt, LedgerTruncated
from ledger.log import get_logger

__all__ = [
    "Answer",
    "Answers",
    "DecisionFailed",
    "Mismatch",
    "Outcome",
    "Writer",
    "WriterBusy",
    "WriterStopped",
]

MAX_QUEUED_REQUESTS: Final = 100_000
FIRST_RETRY_PAUSE_S: Final = 0.01
MAX_RETRY_PAUSE_S: Final = 1.0
STALLED_AFTER_S: Final = 5.0
STANDBY_POLL_S: Final = 0.05
MAX_SLEEP_S: Final = 1.0
"""Between two looks at the clock while a deadline stands: somebody may set the clock."""
MAX_CLOCK_DIFFERENCE_S: Final = 5.0


class ClockWrong(Exception):
    """This machine's clock and the brokers' differ too much to say when something was recorded."""


class CannotFollow(Exception):
    """An event of the ledger could not be folded: this writer's state would lack it."""


FATAL: Final = (LedgerCorrupt, LedgerTruncated, SnapshotDamaged, ClockWrong, CannotFollow)
"""Faults of the ledger, or of what is known of it: this writer may not go on."""
UNCERTAIN: Final = (PersistenceError, OSError, TimeoutError)
"""What leaves the outcome of an append, or of keeping a dead letter, unknown."""

log = get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Writer:
    """Decides the requests of one network. `submit` may be called from any thread.

    `inputs`, `letters` and `publisher` come with a shared ledger. `place` orders the standbys.
    `on_append(position)` is called after each block that landed.
    """

    def __init__(  # noqa: PLR0913 - what it reads and writes, its place, and two clocks
        self,
        ledger: WritersLedger,
        *,
        inputs: Inputs | None = None,
        letters: DeadLetters | None = None,
        publisher: Publisher | None = None,
        snapshot: Snapshot | None = None,
        takeover_s: float = TAKEOVER_S,
        place: int = 0,
        clock: Callable[[], datetime] = _now,
        ticks: Callable[[], float] = time.monotonic,
        on_append: Callable[[int], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._engine = Engine(ledger, clock, inputs, letters, snapshot)
        self._inputs = inputs
        self._handing_on = HandingOn(self._engine, publisher)
        self._standing = Standing(takeover_s, place, ticks)
        self._ticks = ticks
        self._on_append = on_append
        self._waking = threading.Condition()
        self._active = not ledger.shared
        self._behind = True
        self._pause_s = 0.0
        self._landed = False
        # After a takeover by the clock alone a block without anything goes first: by the brokers'
        # stamp on it a clock that is wrong is found out before anything is decided by it.
        self._unproven = False
        self._unfilled: Exception | None = None
        self._stopping = False
        self._stalled_since: float | None = None
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    @property
    def position(self) -> int:
        """The last confirmed position."""
        return self._ledger.head.position

    @property
    def active(self) -> bool:
        """Whether it decides; a standby follows."""
        return self._active

    @property
    def fault(self) -> BaseException | None:
        """What stopped the writer, if something did."""
        return self._fault

    @property
    def stalled(self) -> bool:
        """Whether the ledger could not be read or written for STALLED_AFTER_S seconds."""
        since = self._stalled_since
        return since is not None and self._ticks() - since > STALLED_AFTER_S

    def start(self, progress: Callable[[int], None] | None = None) -> None:
        """Read the ledger to its end, calling `progress(position)`, then begin in a thread."""
        self.begin(progress)
        self._thread.start()

    def begin(self, progress: Callable[[int], None] | None = None) -> None:
        """Read the ledger to its end; then `step` does what the thread would do."""

        def take(page: Page) -> None:
            self._read(page)
            if progress is not None:
                progress(page.head.position)

        self._ledger.read_on(take)
        self._behind = False
        self._engine.rewind()

    def stop(self) -> None:
        """Decide what is queued, then end; no more is taken."""
        with self._waking:
            self._stopping = True
            self._waking.notify()
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, channel: str, requests: Sequence[AnyRequest]) -> Answers:
        """Queue requests of one channel; the future holds their answers in order.

        Raises WriterBusy if the queue is full and WriterStopped after `stop` or a fault; the
        future raises WriterStopped if the writer ended before all were answered.
        """
        submission = Submission(channel, requests)
        if not requests:
            submission.future.set_result([])
            return submission.future
        queue = self._engine.queue
        with self._waking:
            if self._stopping or self._fault is not None:
                raise WriterStopped("the writer has stopped; send the requests to a running one")
            if queue and len(queue) + len(requests) > MAX_QUEUED_REQUESTS:
                raise WriterBusy(f"{len(queue)} requests wait already; send these later")
            queue.extend((submission, index) for index in range(len(requests)))
            self._waking.notify()
        return submission.future

    def notify(self) -> None:
        """Say that input has come. From any thread."""
        with self._waking:
            self._waking.notify()

    def step(self, wait_s: float = 0.0) -> None:
        """Do what is to be done next; a standby waits so long for the ledger."""
        if self._behind:
            self._catch_up()
        elif self._active:
            self._decide()
        else:
            self._stand_by(wait_s)

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                self.step(STANDBY_POLL_S)
            self._engine.save()
        except BaseException as fault:  # noqa: BLE001 - told to everybody who waits
            log.error("writer_stopped", fault=repr(fault), position=self.position)
            with self._waking:
                self._fault = fault
        self._fail_everybody_who_waits(self._fault)

    def _wait_for_work(self) -> bool:
        """Sleep until there is something to do; False when stopped and all is done."""
        with self._waking:
            if self._behind:
                if self._stopping:
                    raise WriterStopped("stopped while the ledger could not be read")
                self._waking.wait(self._pause_s)
                return True
            if not self._active:
                return not self._stopping
            self._waking.wait_for(self._has_work, self._sleep_s())
            return not self._stopping or bool(self._engine.queue) or self._under_way()

    def _has_work(self) -> bool:
        if self._landed:
            return True
        if self._unfilled is not None or self._unproven:
            return not self._under_way()
        if not self._engine.block.full and self._something_to_decide():
            return True
        return not self._under_way() and (self._stopping or self._engine.block.says_something)

    def _something_to_decide(self) -> bool:
        return bool(self._engine.queue) or self._input_waits() or self._deadline_passed()

    def _deadline_passed(self) -> bool:
        return not self._stopping and self._engine.due is not None

    def _sleep_s(self) -> float | None:
        """How long to sleep at most; None: nothing will have to be decided by the clock."""
        if self._stopping or self._unproven or self._unfilled is not None:
            return None
        if self._engine.block.full:
            return None
        due_in_s = self._engine.due_in_s
        return None if due_in_s is None else min(max(0.0, due_in_s), MAX_SLEEP_S)

    def _input_waits(self) -> bool:
        return not self._stopping and self._inputs is not None and self._engine.input_waits()

    def _under_way(self) -> bool:
        return self._engine.in_flight is not None

    def _decide(self) -> None:
        """Fill a block; confirm the one under way if it has landed, and hand over the next."""
        engine = self._engine
        try:
            self._fill()
            if engine.in_flight is not None and self._landed:
                engine.in_flight.future.result()
        except UNCERTAIN as fault:
            self._recover(fault)
            return
        if engine.in_flight is not None and self._landed:
            self._landed = False
            engine.confirm()
            self._confirmed()
        if engine.in_flight is not None:
            return
        if self._unfilled is not None:
            self._recover(self._unfilled)
        elif engine.block.says_something or self._unproven:
            self._hand_over()

    def _fill(self) -> None:
        """Decide what waits. A fault there says nothing of the block under way: that comes first.

        To drop that one too would be to lose it, if it lands: the ledger gives it to nobody again.
        """
        if self._unfilled is not None or self._unproven:
            return
        try:
            self._engine.fill(lambda: self._landed, take_input=not self._stopping)
        except FATAL:
            raise
        except UNCERTAIN as fault:
            self._unfilled = fault

    def _hand_over(self) -> None:
        try:
            future = self._engine.hand_over()
        except UNCERTAIN as fault:
            self._recover(fault)
        else:
            future.add_done_callback(self._wake)

    def _confirmed(self) -> None:
        ahead_s = self._ledger.clock_ahead_s
        if abs(ahead_s) > MAX_CLOCK_DIFFERENCE_S:
            raise ClockWrong(
                f"this machine's clock is {ahead_s:+.1f} s from the brokers': set it, then start "
                "the writer again. Nothing that was acknowledged is lost"
            )
        self._unproven = False
        self._tell_appended(self.position)

    def _wake(self, _future: Future[list[int]]) -> None:
        with self._waking:
            self._landed = True
            self._waking.notify()

    def _recover(self, fault: Exception) -> None:
        """Believe the ledger: read it to its end, then decide again what has no answer there."""
        log.warning("append_uncertain", fault=repr(fault), position=self.position)
        if self._stalled_since is None:
            self._stalled_since = self._ticks()
        self._engine.drop()
        self._unfilled, self._landed = None, False
        self._behind, self._pause_s = True, 0.0

    def _catch_up(self) -> None:
        try:
            self._ledger.read_on(self._read)
        except FATAL:
            raise
        except UNCERTAIN as fault:
            log.warning("ledger_unreadable", fault=repr(fault), position=self.position)
            if self._stalled_since is None:
                self._stalled_since = self._ticks()
            self._pause_s = min(MAX_RETRY_PAUSE_S, max(FIRST_RETRY_PAUSE_S, 2 * self._pause_s))
            return
        self._behind, self._stalled_since = False, None
        self._engine.rewind()

    def _read(self, page: Page) -> None:
        try:
            self._engine.read(page)
        except SnapshotDamaged:
            raise
        except Exception as fault:
            # The ledger gives a block once: going on would be deciding without it.
            raise CannotFollow(
                f"the events from position {page.first} on cannot be folded by this release: "
                f"{fault!r}. Nothing that was acknowledged is lost; read it with a newer release"
            ) from fault
        if self._active and page.author != self._ledger.author:
            log.warning("writer_superseded", by=page.author, position=page.head.position)
            self._active = False
        self._tell_appended(page.head.position)

    def _tell_appended(self, position: int) -> None:
        """Whatever is wrong there is nothing of the ledger's, which goes on."""
        if self._on_append is None:
            return
        try:
            self._on_append(position)
        except Exception as fault:  # noqa: BLE001 - who is told may be gone
            log.warning("append_not_told", position=position, fault=repr(fault))

    def _stand_by(self, wait_s: float) -> None:
        """Follow the ledger; publish what was asked here; act when nobody does."""
        assert self._inputs is not None, "who shares a ledger takes input from topics"
        self._handing_on.publish_what_is_queued()
        try:
            self._ledger.wait(wait_s, self._read)
        except FATAL:
            raise
        except UNCERTAIN as fault:
            self._recover(fault)
            return
        trackings = self._ledger.trackings
        waiting = self._inputs.waiting(trackings)
        due = self._engine.due
        if self._standing.look(trackings, waiting, due):
            log.warning("writer_takes_over", position=self.position)
            self._active = self._behind = True
            self._unproven = due is not None
            self._pause_s = 0.0

    def _fail_everybody_who_waits(self, fault: BaseException | None) -> None:
        told = WriterStopped("the writer stopped before this was answered; send it again")
        told.__cause__ = fault
        fail(self._engine.everybody_who_waits(), told)
        self._engine.queue.clear()
