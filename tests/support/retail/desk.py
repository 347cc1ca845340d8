"""A writer without a ledger: asked twice it decides once, and deadlines are decided in their time."""

from datetime import datetime
from typing import Final

from consumers.snapshot.request_index import RequestIndex, key_of
from ledger.domain.deadlines import request_of
from ledger.domain.decider import Arrival, State, decide
from ledger.domain.entries import DeadlineKey
from ledger.domain.events import AnyEvent, RequestAccepted, RequestRefused
from ledger.domain.evolve import evolve
from ledger.domain.requests import Decided
from ledger.domain.words import WRITER_CHANNEL
from ledger.fingerprint import fingerprint
from retail.proofs import Proofs
from retail.world import Sent

MAX_AT_ONCE: Final = 2_000
"""Deadlines that pass before one request; a day never has as many."""


class Desk:
    """`taken` is all that reached it, as it arrived; `events` all that it led to.

    `passed` are the deadlines that were decided, by the ids of their requests; `proofs` looks at
    every decision once it is evolved.
    """

    def __init__(self) -> None:
        self.state = State()
        self.proofs = Proofs(self.state)
        self.events: list[AnyEvent] = []
        self.taken: list[Sent] = []
        self.passed: dict[str, DeadlineKey] = {}
        self.index = RequestIndex()

    def tell(self, sent: Sent) -> None:
        """Take a request at the time of its arrival; what is known by its id changes nothing."""
        self.taken.append(sent)
        self.wait_until(sent.arrives)
        self._take(sent.channel, sent.request, sent.arrives)

    def wait_until(self, now: datetime) -> None:
        """Deadlines that have passed are decided, in their order."""
        for _ in range(MAX_AT_ONCE):
            key = self.state.passed_deadline(now)
            if key is None:
                return
            request = request_of(key)
            self.passed[request.request_id] = key
            self._take(WRITER_CHANNEL, request, now)
            assert key not in self.state.deadlines, f"decided, and stands: {key}"
        raise AssertionError(f"{MAX_AT_ONCE} deadlines at once")

    def _take(self, channel: str, request: Decided, now: datetime) -> None:
        said = fingerprint(request)
        key = key_of(channel, request.request_id)
        if self.index.get(key) is not None:
            return
        arrival = Arrival(channel, now, said, request)
        events = decide(self.state, arrival)
        for event in events:
            evolve(self.state, event)
        own = events[0]
        assert isinstance(own, RequestAccepted | RequestRefused), own
        self.index.add(key, own, len(self.events) + 1)
        self.events += events
        self.proofs.decided(arrival, events)
