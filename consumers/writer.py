"""The writer: requests in, events out, one total order, each request exactly once for ever.

One thread decides. While one block of events is on its way into the ledger, the next is decided
on an overlay over it and handed over when that one is confirmed; nobody is answered from anything
unconfirmed. An append that fails in any way has an unknown outcome: the writer drops its
overlays, reads the ledger to its end, believes it, and decides again what has no answer there.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Final

from eventsourcing.persistence import Notification

from consumers.answers import Answer, DecisionFailed, Mismatch, Outcome, answer_of
from consumers.blocks import Block, InFlight, Submission, Waiter
from consumers.request_index import Key, Known, RequestIndex, key_of
from ledger import codec
from ledger.domain.decider import Arrival, State, decide
from ledger.domain.events import RequestAccepted, RequestRefused
from ledger.domain.evolve import evolve
from ledger.domain.requests import AnyRequest
from ledger.fingerprint import fingerprint
from ledger.head import Head
from ledger.log import get_logger
from ledger.postgres import ProcessRecorder

__all__ = [
    "Answer",
    "DecisionFailed",
    "Mismatch",
    "Outcome",
    "Writer",
    "WriterBusy",
    "WriterStopped",
]

MAX_QUEUED_REQUESTS: Final = 100_000
REPLAY_PAGE_EVENTS: Final = 10_000
FIRST_RETRY_PAUSE_S: Final = 0.01
MAX_RETRY_PAUSE_S: Final = 1.0
STALLED_AFTER_S: Final = 5.0

log = get_logger(__name__)


class WriterBusy(Exception):
    """The queue is full: nothing was taken; send the same requests again in a moment."""


class WriterStopped(Exception):
    """The writer has stopped; whether these requests were recorded is not known: ask again."""


def _now() -> datetime:
    return datetime.now(UTC)


class Writer:
    """Decides the requests of one network. `submit` may be called from any thread."""

    def __init__(
        self,
        recorder: ProcessRecorder,
        *,
        clock: Callable[[], datetime] = _now,
        on_append: Callable[[int], None] | None = None,
    ) -> None:
        self._recorder = recorder
        self._clock = clock
        self._on_append = on_append
        self._state = State()
        self._index = RequestIndex()
        self._head = Head(0, "")
        self._recorded_at = datetime.min.replace(tzinfo=UTC)
        self._queue: deque[Waiter] = deque()
        self._block = Block(self._state)
        self._in_flight: InFlight | None = None
        self._waking = threading.Condition()
        self._landed = False
        self._stopping = False
        self._stalled_since: float | None = None
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    @property
    def position(self) -> int:
        """The last confirmed position."""
        return self._head.position

    @property
    def fault(self) -> BaseException | None:
        """What stopped the writer, if something did."""
        return self._fault

    @property
    def stalled(self) -> bool:
        """Whether the ledger could not be read or written for STALLED_AFTER_S seconds."""
        since = self._stalled_since
        return since is not None and time.monotonic() - since > STALLED_AFTER_S

    def start(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Read the whole ledger, calling `progress(position, head)`, then begin to decide."""
        self._read_to_the_end(progress)
        self._thread.start()

    def stop(self) -> None:
        """Decide what is queued, then end; no more is taken."""
        with self._waking:
            self._stopping = True
            self._waking.notify()
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, channel: str, requests: Sequence[AnyRequest]) -> Future[list[Outcome]]:
        """Queue requests of one channel; the future holds their answers in order.

        Raises WriterBusy if the queue is full and WriterStopped after `stop` or a fault; the
        future raises WriterStopped if the writer ended before all were answered.
        """
        submission = Submission(channel, requests)
        if not requests:
            submission.future.set_result([])
            return submission.future
        with self._waking:
            if self._stopping or self._fault is not None:
                raise WriterStopped("the writer has stopped; send the requests to a running one")
            if self._queue and len(self._queue) + len(requests) > MAX_QUEUED_REQUESTS:
                raise WriterBusy(f"{len(self._queue)} requests wait already; send these later")
            self._queue.extend((submission, index) for index in range(len(requests)))
            self._waking.notify()
        return submission.future

    def _run(self) -> None:
        try:
            self._decide_until_stopped()
        except BaseException as fault:  # noqa: BLE001 - told to everybody who waits
            log.error("writer_stopped", fault=repr(fault), position=self.position)
            with self._waking:
                self._fault = fault
            self._fail_everybody_who_waits(fault)

    def _decide_until_stopped(self) -> None:
        while self._wait_for_work():
            self._fill(self._block)
            if self._in_flight is not None and self._landed:
                self._confirm(self._in_flight)
            if self._in_flight is None and self._block.events:
                self._hand_over()

    def _wait_for_work(self) -> bool:
        """Sleep until there is something to do; False when stopped and all is done."""
        with self._waking:
            self._waking.wait_for(
                lambda: (
                    self._landed
                    or (self._queue and not self._block.full)
                    or (self._stopping and self._in_flight is None)
                )
            )
            return bool(self._queue) or self._in_flight is not None

    def _fill(self, block: Block) -> None:
        """Decide what is queued, until the block is full or the one before it has landed."""
        while self._queue and not block.full and not (self._landed and block.events):
            waiter = self._queue.popleft()
            submission, index = waiter
            key = key_of(submission.channel, submission.requests[index].request_id)
            if not self._is_answered(block, key, waiter):
                self._decide(block, key, waiter)

    def _decide(self, block: Block, key: Key, waiter: Waiter) -> None:
        submission, index = waiter
        request = submission.requests[index]
        now = self._recorded_at = max(self._clock(), self._recorded_at)
        arrival = Arrival(submission.channel, now, fingerprint(request), request)
        try:
            events = decide(block.state, arrival)
        except Exception as fault:  # noqa: BLE001 - one request must not stop all others
            log.error("decision_failed", request_id=request.request_id, fault=repr(fault))
            submission.answer(index, DecisionFailed(request.request_id))
            return
        block.add(key, events, waiter)

    def _is_answered(self, block: Block, key: Key, waiter: Waiter) -> bool:
        """Give a repeated request its first answer, as soon as that one is confirmed."""
        asked = block.asked.get(key)
        if asked is None and self._in_flight is not None:
            asked = self._in_flight.block.asked.get(key)
        if asked is not None:
            asked.waiters.append(waiter)
            return True
        known = self._index.get(key)
        if known is None:
            return False
        submission, index = waiter
        try:
            submission.answer(index, self._again(submission.requests[index], known))
        except Exception as fault:  # noqa: BLE001 - the ledger may be away; the answer is kept there
            log.warning("first_answer_unreadable", position=known.position, fault=repr(fault))
            submission.fail(WriterBusy("the first answer cannot be read now; ask again later"))
        return True

    def _again(self, request: AnyRequest, known: Known) -> Outcome:
        position = known.position
        if not known.same(fingerprint(request)):
            return Mismatch(request.request_id, position)
        if known.effects is not None:
            events = 1 + known.effects
            return Answer(request.request_id, "accepted", position, events, replayed=True)
        [notification] = self._recorder.select_notifications(position, 1)
        event = codec.decode(notification.topic, notification.state)
        assert isinstance(event, RequestRefused), event
        return answer_of(event, position, replayed=True)

    def _hand_over(self) -> None:
        """Send the block to the ledger and begin the next on top of it."""
        future = self._recorder.append(self._block.events, decided_on=self._head)
        self._in_flight = InFlight(self._block, future)
        self._block = Block(self._block.state)
        future.add_done_callback(self._wake)

    def _wake(self, _future: Future[list[int]]) -> None:
        with self._waking:
            self._landed = True
            self._waking.notify()

    def _confirm(self, sent: InFlight) -> None:
        """Answer for the block that landed; what was decided on top of it goes on."""
        self._landed = False
        try:
            positions = sent.future.result()
        except Exception as fault:  # noqa: BLE001 - whatever it was, the outcome is unknown
            self._recover(sent.block, fault)
            return
        first = self._head.position + 1
        assert positions == list(range(first, first + len(sent.block.events))), positions
        self._in_flight = None
        self._head = Head(positions[-1], "")
        sent.block.state.merge()
        self._block.state.put_on(self._state)
        for key, asked in sent.block.asked.items():
            self._index.add(key, asked.event, first + asked.offset)
        for asked in sent.block.asked.values():
            asked.answer(first)
        if self._on_append is not None:
            self._on_append(self._head.position)

    def _recover(self, sent: Block, fault: Exception) -> None:
        """Believe the ledger: read it to its end, then decide again what has no answer there."""
        log.warning("append_uncertain", fault=repr(fault), position=self.position)
        self._stalled_since = time.monotonic()
        self._queue.extendleft(reversed([*sent.waiters(), *self._block.waiters()]))
        self._in_flight = None
        self._block = Block(self._state)
        pause_s = FIRST_RETRY_PAUSE_S
        while not self._caught_up():
            with self._waking:
                if self._stopping:
                    raise WriterStopped("stopped while the ledger could not be read") from fault
                self._waking.wait(pause_s)
            pause_s = min(MAX_RETRY_PAUSE_S, 2 * pause_s)
        self._stalled_since = None

    def _caught_up(self) -> bool:
        try:
            self._read_to_the_end(None)
        except Exception as fault:  # noqa: BLE001 - tried again until it can be read
            log.warning("ledger_unreadable", fault=repr(fault), position=self.position)
            return False
        return True

    def _read_to_the_end(self, progress: Callable[[int, int], None] | None) -> None:
        """Fold what others, or an append of unknown outcome, have written."""
        end = self._recorder.max_notification_id() or 0
        while self._head.position < end:
            page = self._recorder.select_notifications(
                self._head.position, REPLAY_PAGE_EVENTS, inclusive_of_start=False
            )
            for notification in page:
                self._read(notification)
            if progress is not None:
                progress(self._head.position, end)

    def _read(self, notification: Notification) -> None:
        assert notification.id == self._head.position + 1, (
            f"the ledger has a gap: position {notification.id} follows {self._head.position}"
        )
        event = codec.decode(notification.topic, notification.state)
        evolve(self._state, event)
        if isinstance(event, RequestAccepted | RequestRefused):
            key = key_of(event.channel, event.request_id)
            self._index.add(key, event, notification.id)
        else:
            stream = str(notification.originator_id)
            self._state.versions[stream] = notification.originator_version
        self._recorded_at = max(self._recorded_at, event.recorded_at)
        self._head = Head(notification.id, "")

    def _fail_everybody_who_waits(self, fault: BaseException) -> None:
        told = WriterStopped("the writer stopped before this was answered; send it again")
        told.__cause__ = fault
        waiters = [*self._queue, *self._block.waiters()]
        if self._in_flight is not None:
            waiters += self._in_flight.block.waiters()
        self._queue.clear()
        for submission, _ in waiters:
            submission.fail(told)
