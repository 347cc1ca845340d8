"""What the writer decides together: blocks of events, and who waits for them."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from eventsourcing.persistence import StoredEvent
from msgspec import Struct

from consumers.answers import Mismatch, Outcome, answer_of
from consumers.request_index import Key
from ledger import codec
from ledger.domain.decider import State
from ledger.domain.events import AnyEvent, RequestAccepted, RequestRefused
from ledger.domain.evolve import evolve
from ledger.domain.requests import AnyRequest
from ledger.fingerprint import fingerprint

MAX_BLOCK_EVENTS: Final = 1_000
MAX_BLOCK_BYTES: Final = 512 * 1024


class Submission:
    """Some requests of one channel, and their answers as they come in."""

    __slots__ = ("answers", "channel", "future", "missing", "requests")

    def __init__(self, channel: str, requests: Sequence[AnyRequest]) -> None:
        self.channel = channel
        self.requests = requests
        self.answers: list[Outcome | None] = [None] * len(requests)
        self.missing = len(requests)
        self.future: Future[list[Outcome]] = Future()

    def answer(self, index: int, outcome: Outcome) -> None:
        """Note one answer; the last one completes the future."""
        self.answers[index] = outcome
        self.missing -= 1
        if self.missing > 0 or self.future.done():
            return
        if self.future.set_running_or_notify_cancel():
            self.future.set_result([a for a in self.answers if a is not None])

    def fail(self, fault: Exception) -> None:
        """Tell whoever waits that there will be no answer from here."""
        if not self.future.done():
            self.future.set_exception(fault)


Waiter = tuple[Submission, int]


class Asked(Struct):
    """A request decided in a block: its own event, its place there, and who waits for it."""

    event: RequestAccepted | RequestRefused
    offset: int
    waiters: list[Waiter]

    def answer(self, first: int) -> None:
        """Answer all who wait, now that the block's first event stands at this position."""
        position = first + self.offset
        for number, (submission, index) in enumerate(self.waiters):
            request = submission.requests[index]
            if number > 0 and fingerprint(request) != self.event.fingerprint:
                submission.answer(index, Mismatch(request.request_id, position))
            else:
                submission.answer(index, answer_of(self.event, position, replayed=number > 0))


class Block:
    """Events decided together, on a state of their own, and who waits for them."""

    def __init__(self, below: State) -> None:
        self.state = below.on_top()
        self.events: list[StoredEvent] = []
        self.bytes = 0
        self.asked: dict[Key, Asked] = {}

    @property
    def full(self) -> bool:
        """Whether the next request goes into the next block."""
        return len(self.events) >= MAX_BLOCK_EVENTS or self.bytes >= MAX_BLOCK_BYTES

    def waiters(self) -> list[Waiter]:
        """Everybody who waits for this block, in order."""
        return [waiter for asked in self.asked.values() for waiter in asked.waiters]

    def add(self, key: Key, events: tuple[AnyEvent, ...], waiter: Waiter) -> None:
        """Add one request's events, numbered in their streams."""
        own = events[0]
        assert isinstance(own, RequestAccepted | RequestRefused), own
        self.asked[key] = Asked(own, len(self.events), [waiter])
        versions = self.state.versions
        for event in events:
            evolve(self.state, event)
            stream = event.stream
            version = 1
            if event is not own:
                version = versions[stream] = versions.get(stream, 0) + 1
            stored = codec.stored(event, stream, version)
            self.bytes += len(stored.state)
            self.events.append(stored)


class InFlight(Struct):
    """A block on its way into the ledger."""

    block: Block
    future: Future[list[int]]
