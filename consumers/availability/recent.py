"""The last events that availability follows from, by what they are about."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from ledger.domain.events import AnyEvent, StockEvent

MAX_RECENT: Final = 50_000
"""Events kept, some 30 MB: views that are further behind cannot be moved on from here."""
KEPT_ANYWAY: Final = 2_000
"""So many stay though every view has passed them: a read of the views may be some moments old."""

Subject = tuple[str, str]
"""A kind of thing and its id: `sku`, `supply`, `transfer`, `order` or `described`."""
Told = tuple[int, AnyEvent]


class Recent:
    """All events behind `since` that were put in, up to MAX_RECENT."""

    def __init__(self, since: int, limit: int = MAX_RECENT, kept: int = KEPT_ANYWAY) -> None:
        self.since = since
        self._limit, self._kept_anyway = limit, kept
        self._in_order: deque[tuple[int, tuple[Subject, ...]]] = deque()
        self._about: dict[Subject, deque[Told]] = {}

    def __len__(self) -> int:
        return len(self._in_order)

    def put(self, position: int, event: AnyEvent, subjects: tuple[Subject, ...]) -> None:
        """Keep an event, the last of all; no subject twice."""
        self._in_order.append((position, subjects))
        for subject in subjects:
            self._about.setdefault(subject, deque()).append((position, event))
        if len(self._in_order) > self._limit:
            self._drop_first()

    def about(self, subject: Subject) -> Iterable[Told]:
        """The events about it, by position."""
        return self._about.get(subject, ())

    def about_stock(self) -> Iterable[str]:
        """The skus that events of stock are about."""
        for (kind, name), events in self._about.items():
            if kind == "sku" and any(isinstance(event, StockEvent) for _, event in events):
                yield name

    def about_any(self, subjects: Iterable[Subject]) -> list[Told]:
        """The events about any of these, by position, each once."""
        found = {position: event for s in subjects for position, event in self.about(s)}
        return sorted(found.items())

    def passed(self, position: int) -> None:
        """Every view shows this position: what is not behind it is hardly needed any more."""
        while len(self._in_order) > self._kept_anyway and self._in_order[0][0] <= position:
            self._drop_first()

    def forget(self, position: int) -> None:
        """Keep nothing up to this position."""
        self._in_order.clear()
        self._about.clear()
        self.since = position

    def _drop_first(self) -> None:
        self.since, subjects = self._in_order.popleft()
        for subject in subjects:
            events = self._about[subject]
            events.popleft()
            if not events:
                del self._about[subject]
