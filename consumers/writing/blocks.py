"""What the writer decides together: blocks of events, and who waits for them."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import Any, Final

from msgspec import Struct

from consumers.snapshot.request_index import Key
from consumers.writing.answers import Mismatch, Outcome, answer_of
from ledger import codec
from ledger.domain.decider import State
from ledger.domain.events import AnyEvent, InputRefused, RequestAccepted, RequestRefused
from ledger.domain.evolve import evolve
from ledger.domain.requests import AnyRequest
from ledger.fingerprint import fingerprint
from ledger.recorded import Recorded

MAX_BLOCK_EVENTS: Final = 1_000
MAX_BLOCK_BYTES: Final = 512 * 1024
MAX_BLOCK_REQUESTS: Final = 10_000
"""Repeats lead to no event: without this limit a block of them would never end."""


class Answers(Future[list[Outcome]]):
    """The answers to some requests, in order.

    `kept` is whether the requests are durable by themselves, in their channel's topic: then they
    will be decided, whoever waits.
    """

    kept = False


class Submission:
    """Some requests of one channel, and their answers as they come in."""

    __slots__ = ("answers", "channel", "future", "missing", "requests", "unkept")

    def __init__(self, channel: str, requests: Sequence[AnyRequest]) -> None:
        self.channel = channel
        self.requests = requests
        self.answers: list[Outcome | None] = [None] * len(requests)
        self.missing = len(requests)
        self.unkept = len(requests)
        self.future = Answers()

    def answer(self, index: int, outcome: Outcome) -> None:
        """Note one answer; the last one completes the future."""
        if self.answers[index] is not None:
            return
        self.answers[index] = outcome
        self.missing -= 1
        if self.missing > 0 or self.future.done():
            return
        if self.future.set_running_or_notify_cancel():
            self.future.set_result([a for a in self.answers if a is not None])

    def keep(self, count: int) -> None:
        """Note that so many more requests are durable in their channel's topic."""
        self.unkept -= count
        self.future.kept = self.unkept <= 0

    def fail(self, fault: Exception) -> None:
        """Tell whoever waits that there will be no answer from here."""
        if not self.future.done():
            self.future.set_exception(fault)


Waiter = tuple[Submission, int]


def tell(
    waiter: Waiter, event: RequestAccepted | RequestRefused, position: int, *, replayed: bool
) -> None:
    """Answer one who waits by the request's own event, if it says the same."""
    submission, index = waiter
    request = submission.requests[index]
    if fingerprint(request) != event.fingerprint:
        submission.answer(index, Mismatch(request.request_id, position))
    else:
        submission.answer(index, answer_of(event, position, replayed=replayed))


def fail(waiters: Iterable[Waiter], fault: Exception) -> None:
    """Tell all of them that there will be no answer from here."""
    for submission, _ in waiters:
        submission.fail(fault)


class Asked(Struct):
    """A request decided in a block: its own event, its place there, and who waits for it.

    `by_waiter`: the first who waits made it happen, and not a record of a topic.
    """

    event: RequestAccepted | RequestRefused
    offset: int
    waiters: list[Waiter]
    by_waiter: bool

    def answer(self, first: int) -> None:
        """Answer all who wait, now that the block's first event stands at this position."""
        position = first + self.offset
        others = self.waiters
        if self.by_waiter:
            (submission, index), *others = self.waiters
            submission.answer(index, answer_of(self.event, position, replayed=False))
        for waiter in others:
            tell(waiter, self.event, position, replayed=True)


class Block:
    """Events decided together, on a state of their own, and who waits for them.

    `tracking` is how far it takes each topic of requests: {topic: next offset}.
    """

    def __init__(self, below: State) -> None:
        self.state = below.on_top()
        self.events: list[Recorded] = []
        self.bytes = 0
        self.asked: dict[Key, Asked] = {}
        self.tracking: dict[str, int] = {}
        self.requests = 0
        self.letters: list[Future[Any]] = []

    @property
    def full(self) -> bool:
        """Whether the next request goes into the next block."""
        return (
            len(self.events) >= MAX_BLOCK_EVENTS
            or self.bytes >= MAX_BLOCK_BYTES
            or self.requests >= MAX_BLOCK_REQUESTS
        )

    @property
    def says_something(self) -> bool:
        """Whether it is worth appending: consumed input is, even if it led to nothing."""
        return bool(self.events or self.tracking)

    def waiters(self) -> list[Waiter]:
        """Everybody who waits for this block, in order."""
        return [waiter for asked in self.asked.values() for waiter in asked.waiters]

    def add(self, key: Key, events: tuple[AnyEvent, ...], waiter: Waiter | None) -> None:
        """Add one request's events, numbered in their streams."""
        own = events[0]
        assert isinstance(own, (RequestAccepted, RequestRefused)), own
        waiters = [] if waiter is None else [waiter]
        self.asked[key] = Asked(own, len(self.events), waiters, waiter is not None)
        self._record(own, own.stream, 1)
        versions = self.state.versions
        for event in events[1:]:
            stream = event.stream
            version = versions[stream] = versions.get(stream, 0) + 1
            self._record(event, stream, version)

    def refuse(self, event: InputRefused, letter: Future[Any]) -> None:
        """Add what became of input that is no request; its letter must be kept first."""
        stream = event.stream
        self.state.versions[stream] = 1
        self.letters.append(letter)
        self._record(event, stream, 1)

    def _record(self, event: AnyEvent, stream: str, version: int) -> None:
        evolve(self.state, event)
        recorded = codec.recorded(event, stream, version)
        self.bytes += len(recorded.state)
        self.events.append(recorded)


class InFlight(Struct):
    """A block on its way into the ledger."""

    block: Block
    future: Future[list[int]]
