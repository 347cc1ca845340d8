"""A ledger told by hand: requests and their events as the writer would have written them."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from eventsourcing.persistence import StoredEvent

from ledger.codec import stored
from ledger.domain.events import AnyEvent, RequestAccepted, RequestRefused

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


class Story:
    """Collects events; a request's clock is `minutes` after START unless it says otherwise."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.stored: list[StoredEvent] = []
        self._versions: Counter[str] = Counter()
        self._requests = 0

    def request(
        self,
        kind: str,
        *effects: tuple[type, dict[str, Any]],
        at: float | None = None,
        channel: str = "till",
        request_id: str | None = None,
        recorded: float | None = None,
        **said: Any,
    ) -> int:
        """An accepted request with its effects; returns the position of its first event."""
        self._requests += 1
        minute = self._requests if at is None else at
        envelope = {
            "channel": channel,
            "request_id": request_id or f"r-{self._requests}",
            "occurred_at": START + timedelta(minutes=minute),
            "recorded_at": START + timedelta(minutes=self._requests if recorded is None else recorded),
        }
        first = RequestAccepted(
            **envelope, kind=kind, fingerprint=f"{self._requests:064x}", effects=len(effects), **said
        )
        position = len(self.events) + 1
        self.tell([first, *(event_type(**envelope, **data) for event_type, data in effects)])
        return position

    def refused(self, **data: Any) -> int:
        """A refused request; returns its position."""
        self._requests += 1
        time = START + timedelta(minutes=self._requests)
        envelope = {"channel": "web", "request_id": f"r-{self._requests}", "fingerprint": "0" * 64}
        self.tell([RequestRefused(**envelope, occurred_at=time, recorded_at=time, **data)])
        return len(self.events)

    def tell(self, events: Iterable[AnyEvent]) -> None:
        for event in events:
            self._versions[event.stream] += 1
            self.events.append(event)
            self.stored.append(stored(event, self._versions[event.stream]))
