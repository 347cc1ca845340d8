"""A writer without a ledger: decides, evolves, numbers streams, and keeps what was written."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from ledger.domain.decider import Arrival, State, decide
from ledger.domain.events import AnyEvent
from ledger.domain.evolve import evolve
from ledger.domain.requests import Decided
from ledger.domain.state import MAPPINGS
from ledger.fingerprint import fingerprint

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


class Books:
    """The state after every request so far, and all events in order of position."""

    def __init__(self) -> None:
        self.state = State()
        self.events: list[AnyEvent] = []
        self.answers: dict[tuple[str, str], tuple[AnyEvent, ...]] = {}
        self.versions: Counter[str] = Counter()

    def decided(
        self, channel: str, request: Decided, recorded_at: datetime
    ) -> tuple[AnyEvent, ...]:
        """What deciding gives, without taking it over."""
        return decide(self.state, Arrival(channel, recorded_at, fingerprint(request), request))

    def take(self, channel: str, request: Decided, recorded_at: datetime) -> tuple[AnyEvent, ...]:
        """Decide and evolve; a request asked again gets its first answer and changes nothing."""
        asked = (channel, request.request_id)
        if asked not in self.answers:
            events = self.answers[asked] = self.decided(channel, request, recorded_at)
            for event in events:
                self.keep(event)
        return self.answers[asked]

    def keep(self, event: AnyEvent) -> None:
        """Evolve by one event and number it in its stream."""
        evolve(self.state, event)
        self.events.append(event)
        self.versions[event.stream] += 1


def snapshot(state: State) -> dict[str, Any]:
    """All that a state knows, as plain values to compare. Its entries are immutable themselves."""
    known: dict[str, Any] = {name: dict(getattr(state, name)) for name in MAPPINGS}
    return known | {"journal": sorted(state.journal)}
