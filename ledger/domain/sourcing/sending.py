"""Which locations send something of an order anyway.

A decision asks it again for every line that a location cannot serve, so it is kept up by the
events of the decision instead of being read from all lines of the order each time.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from ledger.domain.entries import LineKey
from ledger.domain.events import (
    AnyEvent,
    ExceptionRaised,
    ExceptionResolved,
    LineShort,
    ShortageCleared,
    ShortageFound,
)
from ledger.domain.state import State

_ONLY_TOLD: Final = (
    ExceptionRaised,
    ExceptionResolved,
    LineShort,
    ShortageCleared,
    ShortageFound,
)
"""Events after which nobody can serve more, or less, than before."""


def sending(state: State, order_id: str) -> frozenset[str]:
    """The locations that send something of the order anyway."""
    line_ids = state.orders[order_id].line_ids
    return frozenset(place for i in line_ids for place in _sent_from(state, (order_id, i)))


def _sent_from(state: State, key: LineKey) -> tuple[str, ...]:
    line = state.lines[key]
    if line.how != "ship":
        return ()
    return tuple(there.location for there in line.allocations if there.committed)


class Sending:
    """The same for the orders of one decision, by its events so far.

    `changes` is how many of them changed who could serve what: it rises, and only then.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._seen = 0
        self._by_line: dict[LineKey, tuple[str, ...]] = {}
        self._by_order: dict[str, Counter[str]] = {}

    def of(self, state: State, events: Sequence[AnyEvent], order_id: str) -> frozenset[str]:
        """The locations that send something of an order after all of these events."""
        self.follow(state, events)
        if order_id not in self._by_order:
            self._by_order[order_id] = Counter()
            for line_id in state.orders[order_id].line_ids:
                self._look(state, (order_id, line_id))
        return frozenset(self._by_order[order_id])

    def follow(self, state: State, events: Sequence[AnyEvent]) -> None:
        """Look at what came since; the state is the one after all of it."""
        for event in events[self._seen :]:
            if isinstance(event, _ONLY_TOLD):
                continue
            self.changes += 1
            order_id = getattr(event, "order_id", None)
            if order_id in self._by_order:
                for name in ("line_id", "order_line_id"):
                    key = (order_id, getattr(event, name, ""))
                    if key in state.lines:
                        self._look(state, key)
        self._seen = len(events)

    def _look(self, state: State, key: LineKey) -> None:
        before, after = self._by_line.get(key, ()), _sent_from(state, key)
        if before != after:
            counts = self._by_order[key[0]]
            counts.update(after)
            counts.subtract(before)
            for place in before:
                if not counts[place]:
                    del counts[place]
            self._by_line[key] = after
