"""Having requests decided by a writer of another process: published, and answered by the ledger.

The ledger is tailed from the checkpoint of the view `requests`, so that every answer is in the
view or comes by here. Who waits is registered first; then the answer is looked for in memory,
then in the view; only a request that neither knows goes to its channel's topic. Which writer
decides it, and when, makes no difference to who waits.

While the view is away, or behind what memory has let go of, nobody can say whether a request was
answered before. It is published all the same, for the writer decides each request once; and the
view is asked again until it can tell. docs/decisions/asking-without-views.md says what may come
of it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from consumers.snapshot.request_index import Key, key_of
from consumers.writing.answers import DecisionFailed, Mismatch, WriterBusy, WriterStopped
from consumers.writing.blocks import Answers, Submission
from consumers.writing.handing_on import Publisher
from consumers.writing.recollection import (
    ALWAYS_REMEMBERED,
    MAX_REMEMBERED,
    Recollection,
    Told,
    told_by,
)
from consumers.writing.writer import FATAL, STALLED_AFTER_S
from ledger import codec
from ledger.domain.events import InputRefused, RequestAccepted, RequestRefused
from ledger.domain.requests import AnyRequest
from ledger.kafka.admin import TopicsFailed
from ledger.kafka.chain import Checkpoint, Counted
from ledger.kafka.follower import Follower
from ledger.kafka.log import Log
from ledger.log import get_logger

MAX_AWAITED: Final = 100_000
"""Requests that callers of this process wait for."""
LOOK_UP_AT_ONCE: Final = 500
LOOK_AGAIN_S: Final = 1.0
"""So often the view is asked for requests that were published without its word."""
TAIL_POLL_S: Final = 0.25
PROBE_AFTER_S: Final = 2.0
"""A ledger that says nothing for so long is asked for its end: its brokers may be away."""
SWEEP_EVERY_S: Final = 5.0
FIRST_RETRY_PAUSE_S: Final = 0.05
MAX_RETRY_PAUSE_S: Final = 1.0
STOP_WITHIN_S: Final = 8.0

_ANSWERING: Final = tuple(
    f"{codec.type_name(t)}." for t in (RequestAccepted, RequestRefused, InputRefused)
)
_UNKNOWN: Final = -1
"""The position of a view that cannot be read."""

log = get_logger(__name__)

Asked = tuple[str, str]
"""Channel and request_id."""


class AnswersView(Protocol):
    """The view `requests`, read by one thread."""

    def find(self, asked: Sequence[Asked]) -> tuple[Mapping[Asked, Told], int]:
        """What these requests were told, if the view knows, and the position that it shows."""
        ...

    def close(self) -> None:
        """Give up the connection."""
        ...


class _Waiting:
    """One request that has no answer yet, and who waits for it.

    Answers up to position `needs` are not in memory: the view must be as far to say that there
    is none. `since` is where the ledger was when it was asked.
    """

    __slots__ = ("index", "key", "needs", "published", "since", "submission")

    def __init__(
        self, key: Key, submission: Submission, index: int, needs: int, since: int
    ) -> None:
        self.key, self.submission, self.index = key, submission, index
        self.needs, self.since = needs, since
        self.published = False

    @property
    def request(self) -> AnyRequest:
        return self.submission.requests[self.index]

    @property
    def asked(self) -> Asked:
        return self.submission.channel, self.request.request_id

    @property
    def over(self) -> bool:
        """Whether it is answered, or nobody waits any more."""
        submission = self.submission
        return submission.answers[self.index] is not None or submission.future.done()


class Asker:
    """Answers requests of one network without deciding any. `submit` is for any thread.

    `view_position` says how far the view `requests` is; `checkpoint` is where it was when this
    begins. Between `start` and `stop` one thread tails the ledger, another looks into the view
    and publishes; instead, after `begin`, `step` does what they do.
    """

    def __init__(  # noqa: PLR0913 - what it reads, where it publishes, and its limit
        self,
        ledger: Log,
        network: str,
        publisher: Publisher,
        view: AnswersView,
        view_position: Callable[[], int],
        *,
        checkpoint: Checkpoint | None = None,
        max_remembered: int = MAX_REMEMBERED,
        always_remembered: int = ALWAYS_REMEMBERED,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        begin = checkpoint or Checkpoint()
        self._follower = Follower(ledger, network, begin, clock=ticks)
        self._publisher = publisher
        self._view = view
        self._view_position = view_position
        self._recollection = Recollection(begin.head.position, max_remembered, always_remembered)
        # Reentrant: what is told to a future under it may come back here.
        self._changing = threading.Condition(threading.RLock())
        self._awaited: dict[Key, list[_Waiting]] = {}
        self._waiting = 0
        self._to_look_up: deque[_Waiting] = deque()
        self._unseen: deque[_Waiting] = deque()
        self._look_again_at = 0.0
        self._view_is_away = False
        self._stopping = threading.Event()
        self._fault: BaseException | None = None
        self._stalled_since: float | None = None
        self._ticks = ticks
        self._heard_at = self._swept_at = ticks()
        self._pause_s = 0.0
        self._threads = [
            threading.Thread(target=self._tail, name="tail", daemon=True),
            threading.Thread(target=self._look_up_all, name="look-up", daemon=True),
        ]

    @property
    def position(self) -> int:
        """The last position that was read."""
        return self._follower.checkpoint.head.position

    @property
    def active(self) -> bool:
        """Never: it decides nothing."""
        return False

    @property
    def fault(self) -> BaseException | None:
        """What is wrong with the ledger, if it cannot be followed any more."""
        return self._fault

    @property
    def stalled(self) -> bool:
        """Whether the ledger could not be read for STALLED_AFTER_S seconds."""
        since = self._stalled_since
        return since is not None and self._ticks() - since > STALLED_AFTER_S

    def start(self, progress: Callable[[int], None] | None = None) -> None:
        """Read the ledger to its end, calling `progress(position)`, then follow it in a thread.

        Raises what `Follower` does.
        """
        self.begin(progress)
        for thread in self._threads:
            thread.start()

    def begin(self, progress: Callable[[int], None] | None = None) -> None:
        """Read the ledger to its end. Raises what `Follower` does."""
        for counted in self._follower.to_the_end():
            self._take(counted)
            self._forget_what_the_view_shows()
            if progress is not None:
                progress(self.position)

    def step(self, wait_s: float = 0.0) -> None:
        """Look up and publish what waits, then read what the ledger says within so long."""
        with self._changing:
            batch = self._taken_to_look_up()
        if batch:
            self._look_up(batch)
        self._follow(wait_s)

    def stop(self) -> None:
        """Take no more; who still waits is told that this one has stopped."""
        self._stopping.set()
        self._end(None)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(STOP_WITHIN_S)
        self._follower.close()
        self._view.close()

    def submit(self, channel: str, requests: Sequence[AnyRequest]) -> Answers:
        """Have requests of one channel decided; the future holds their answers in order.

        Its `kept` says whether they are durable in the channel's topic. Raises WriterStopped
        after `stop` or a fault, WriterBusy while too many wait. The future raises WriterBusy if
        they cannot be published now, WriterStopped if this ends before they are answered. Who
        does not want the answers any more cancels the future.
        """
        submission = Submission(channel, requests)
        if not requests:
            submission.future.set_result([])
        with self._changing:
            self._check_room(len(requests))
            for index, request in enumerate(requests):
                self._ask(submission, index, key_of(channel, request.request_id))
            self._changing.notify_all()
        return submission.future

    def _check_room(self, more: int) -> None:
        if self._stopping.is_set() or self._fault is not None:
            raise WriterStopped("this process follows the ledger no more; ask another one")
        if self._waiting and self._waiting + more > MAX_AWAITED:
            raise WriterBusy(f"{self._waiting} requests wait already; send these later")

    def _ask(self, submission: Submission, index: int, key: Key) -> None:
        waiting = _Waiting(key, submission, index, self._recollection.forgotten, self.position)
        told = self._recollection.get(key)
        if told is not None:
            self._tell(waiting, told, replayed=True)
            return
        self._awaited.setdefault(key, []).append(waiting)
        self._waiting += 1
        self._to_look_up.append(waiting)

    def _look_up_all(self) -> None:
        while batch := self._next_to_look_up():
            self._look_up(batch)

    def _next_to_look_up(self) -> list[_Waiting]:
        """Those who wait now, in order; none if this ends."""
        with self._changing:
            while not self._is_over():
                if batch := self._taken_to_look_up():
                    return batch
                self._changing.wait(LOOK_AGAIN_S if self._unseen else None)
            return []

    def _taken_to_look_up(self) -> list[_Waiting]:
        if self._unseen and self._ticks() >= self._look_again_at:
            self._look_again_at = self._ticks() + LOOK_AGAIN_S
            self._to_look_up += [waiting for waiting in self._unseen if not waiting.over]
            self._unseen.clear()
        count = min(len(self._to_look_up), LOOK_UP_AT_ONCE)
        return [self._to_look_up.popleft() for _ in range(count)]

    def _is_over(self) -> bool:
        return self._stopping.is_set() or self._fault is not None

    def _look_up(self, batch: Sequence[_Waiting]) -> None:
        """Answer from the view what it knows, and publish the rest: one query for all of them."""
        found, shown = self._asked_of_view(batch)
        unknown: dict[str, list[_Waiting]] = {}
        with self._changing:
            for waiting in batch:
                if waiting.over:
                    continue
                told = found.get(waiting.asked)
                if told is not None:
                    # What was decided after it was published comes by in the ledger, which says
                    # who of several was the first.
                    if not waiting.published or told.position <= waiting.since:
                        self._let_go(waiting)
                        self._tell(waiting, told, replayed=True)
                    continue
                if shown < waiting.needs:
                    self._unseen.append(waiting)
                if not waiting.published:
                    unknown.setdefault(waiting.submission.channel, []).append(waiting)
        for channel, of_channel in unknown.items():
            self._publish(channel, of_channel)

    def _asked_of_view(self, batch: Sequence[_Waiting]) -> tuple[Mapping[Asked, Told], int]:
        """What the view knows, and its position: _UNKNOWN while it cannot be read."""
        try:
            answer = self._view.find([waiting.asked for waiting in batch])
        except Exception as fault:  # noqa: BLE001 - whatever it was: the writer knows them too
            if not self._view_is_away:
                log.warning("requests_view_unreadable", requests=len(batch), fault=repr(fault))
            self._view_is_away = True
            return {}, _UNKNOWN
        if self._view_is_away:
            log.info("requests_view_readable", position=answer[1])
        self._view_is_away = False
        return answer

    def _publish(self, channel: str, asked: Sequence[_Waiting]) -> None:
        for waiting in asked:
            waiting.published = True
        try:
            kept = self._publisher.publish(channel, [waiting.request for waiting in asked])
        except Exception as fault:  # noqa: BLE001 - told to who waits
            self._not_published(asked, fault)
            return
        kept.add_done_callback(lambda done: self._published(done, asked))

    def _published(self, done: Future[object], asked: Sequence[_Waiting]) -> None:
        fault = done.exception()
        if fault is not None:
            self._not_published(asked, fault)
            return
        with self._changing:
            for waiting in asked:
                waiting.submission.keep(1)

    def _not_published(self, asked: Sequence[_Waiting], fault: BaseException) -> None:
        log.warning("requests_not_published", requests=len(asked), fault=repr(fault))
        # What is wrong with a topic is for the caller's ears too: it says what to do.
        why = str(fault) if isinstance(fault, TopicsFailed) else "their topic takes no requests now"
        self._refuse(asked, why)

    def _refuse(self, asked: Iterable[_Waiting], why: str) -> None:
        with self._changing:
            for waiting in asked:
                self._let_go(waiting)
                waiting.submission.fail(WriterBusy(f"{why}; send the same again in a moment"))

    def _let_go(self, waiting: _Waiting) -> None:
        others = self._awaited.get(waiting.key)
        if others is None or waiting not in others:
            return
        others.remove(waiting)
        self._waiting -= 1
        if not others:
            del self._awaited[waiting.key]

    def _tail(self) -> None:
        while not self._is_over():
            self._follow(TAIL_POLL_S)
            if self._pause_s:
                self._stopping.wait(self._pause_s)

    def _follow(self, wait_s: float) -> None:
        """Read on, once; after a fault that may pass, `_pause_s` says when to try again."""
        try:
            self._read_on(wait_s)
        except FATAL as fault:
            log.error("ledger_not_followed", fault=repr(fault), position=self.position)
            self._end(fault)
        except Exception as fault:  # noqa: BLE001 - whatever it was: tried again until it reads
            log.warning("ledger_unreadable", fault=repr(fault), position=self.position)
            if self._stalled_since is None:
                self._stalled_since = self._ticks()
            self._follower.close()
            self._pause_s = min(MAX_RETRY_PAUSE_S, max(FIRST_RETRY_PAUSE_S, 2 * self._pause_s))
        else:
            self._pause_s = 0.0
            self._tidy()

    def _read_on(self, wait_s: float) -> None:
        blocks = self._follower.poll(wait_s)
        for counted in blocks:
            self._take(counted)
        silent = not blocks and self._ticks() - self._heard_at > PROBE_AFTER_S
        if silent:
            self._follower.end()
        if blocks or silent or self._stalled_since is not None:
            self._heard_at, self._stalled_since = self._ticks(), None

    def _take(self, counted: Counted) -> None:
        block = counted.block
        for position, (_, _, topic, state) in enumerate(block.events, block.first):
            if not topic.startswith(_ANSWERING):
                continue
            event = codec.decode(topic, state)
            if isinstance(event, InputRefused):
                self._take_refusal(event)
                continue
            assert isinstance(event, RequestAccepted | RequestRefused), event
            told = told_by(event, position)
            key = key_of(event.channel, event.request_id)
            with self._changing:
                self._recollection.add(key, told)
                waiting = self._awaited.pop(key, ())
                self._waiting -= len(waiting)
                for number, one in enumerate(waiting):
                    first = number == 0 and one.published and position > one.since
                    self._tell(one, told, replayed=not first)

    def _take_refusal(self, event: InputRefused) -> None:
        """The writer could not take a request as it was published: who sent just that is told.

        Of an id that was used before, the first answer may be in no memory here.
        """
        told: Mismatch | DecisionFailed | None = None
        if event.reason == "idempotency_mismatch":
            told = Mismatch(event.request_id, None)
        elif event.reason == "undecidable":
            told = DecisionFailed(event.request_id)
        with self._changing:
            for waiting in tuple(self._awaited.get(key_of(event.channel, event.request_id), ())):
                if told is not None and waiting.published and _is_of(event, waiting.request):
                    self._let_go(waiting)
                    if not waiting.over:
                        waiting.submission.answer(waiting.index, told)

    @staticmethod
    def _tell(waiting: _Waiting, told: Told, *, replayed: bool) -> None:
        if not waiting.over:
            if not waiting.published:
                waiting.submission.keep(1)  # it stands in the ledger
            answer = told.to(waiting.request, replayed=replayed)
            waiting.submission.answer(waiting.index, answer)

    def _tidy(self) -> None:
        self._forget_what_the_view_shows()
        if self._ticks() - self._swept_at > SWEEP_EVERY_S:
            self._swept_at = self._ticks()
            with self._changing:
                for waiting in [one for those in self._awaited.values() for one in those]:
                    if waiting.over:
                        self._let_go(waiting)

    def _forget_what_the_view_shows(self) -> None:
        with self._changing:
            self._recollection.forget_until(self._view_position())

    def _end(self, fault: BaseException | None) -> None:
        told = WriterStopped("this process stopped before they were answered; send them again")
        told.__cause__ = fault
        with self._changing:
            self._fault = self._fault or fault
            for waiting in [one for those in self._awaited.values() for one in those]:
                waiting.submission.fail(told)
            self._awaited.clear()
            self._to_look_up.clear()
            self._unseen.clear()
            self._waiting = 0
            self._changing.notify_all()


def _is_of(event: InputRefused, request: AnyRequest) -> bool:
    """Whether the refused bytes are those that this request was published as."""
    return event.sha256 == sha256(msgspec.json.encode(request)).hexdigest()
