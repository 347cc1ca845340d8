"""What the writer does by the clock: which deadline is next (docs/decisions/deadlines.md).

Deadlines that stand are an ordinary mapping of the state; the agenda has them in order. It is
shared by the confirmed state and those on top of it, so it may hold deadlines that no longer
stand, or never will: whoever asks passes over them, and they come back if what ended them is
dropped.
"""

from collections.abc import Collection, Container, Iterable
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from typing import Final, cast

from ledger.domain.entries import DeadlineKey
from ledger.domain.requests import DeadlineKind, DeadlinePassed

MAX_STALE: Final = 10_000
"""Beside twice those that stand, so many of the agenda may be over before they are forgotten."""


class Agenda:
    """Deadlines in order: (deadline, kind, id, line_id)."""

    __slots__ = ("_heap", "_passed_over")

    def __init__(self, standing: Iterable[DeadlineKey] = ()) -> None:
        self._heap = list(standing)
        self._passed_over: list[DeadlineKey] = []
        heapify(self._heap)

    def __len__(self) -> int:
        return len(self._heap) + len(self._passed_over)

    def add(self, key: DeadlineKey) -> None:
        """Plan a deadline."""
        heappush(self._heap, key)

    def first(self, standing: Container[DeadlineKey]) -> DeadlineKey | None:
        """The earliest of those that stand."""
        heap = self._heap
        while heap:
            if heap[0] in standing:
                return heap[0]
            self._passed_over.append(heappop(heap))
        return None

    def passed(self, now: datetime, standing: Container[DeadlineKey]) -> DeadlineKey | None:
        """The earliest of those that stand, if it is not after `now`. To ask before each request.

        While none has passed it is one comparison.
        """
        heap = self._heap
        while heap and heap[0][0] <= now:
            if heap[0] in standing:
                return heap[0]
            self._passed_over.append(heappop(heap))
        return None

    def take_off(self, key: DeadlineKey) -> None:
        """Plan the earliest no more, though it stands: nothing can be done about it here."""
        heap = self._heap
        while heap and heap[0] == key:
            heappop(heap)

    def settle(self, confirmed: Container[DeadlineKey]) -> None:
        """Forget for good what does not stand in the confirmed state; plan again what does.

        To call when what was decided on top of that state is merged or dropped.
        """
        passed_over, self._passed_over = self._passed_over, []
        for key in passed_over:
            if key in confirmed:
                heappush(self._heap, key)

    def tidy(self, confirmed: Collection[DeadlineKey], *above: Container[DeadlineKey]) -> None:
        """Forget deadlines that were ended before their time, once they are most of all.

        `above` are the deadlines of the states that stand on the confirmed one.
        """
        if len(self._heap) > MAX_STALE + 2 * len(confirmed):
            known = (confirmed, *above)
            self._heap = [key for key in set(self._heap) if any(key in one for one in known)]
            heapify(self._heap)


def request_of(key: DeadlineKey) -> DeadlinePassed:
    """What the writer asks for when this deadline has passed: the same request whoever asks."""
    at, kind, thing, line_id = key
    deadline = at.astimezone(UTC)  # one instant may be said in many ways, and its bytes in one
    parts = (kind, _part(thing), _part(line_id), _instant(deadline))
    return DeadlinePassed(
        request_id=":".join(parts), occurred_at=deadline, kind=kind, id=thing, line_id=line_id
    )


def key_of(request_id: str, deadline: datetime) -> DeadlineKey:
    """The deadline that such a request is about."""
    kind, thing, line_id, _ = request_id.split(":", 3)
    return (deadline, cast("DeadlineKind", kind), _whole(thing), _whole(line_id))


def _instant(deadline: datetime) -> str:
    return deadline.isoformat().replace("+00:00", "Z")


def _part(text: str) -> str:
    return text.replace("%", "%25").replace(":", "%3A")


def _whole(text: str) -> str:
    return text.replace("%3A", ":").replace("%25", "%")
