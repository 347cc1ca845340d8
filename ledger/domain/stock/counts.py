"""Counts as anchors in the channel's time (domain rule 6).

Per location, sku and counted state, a quantity is what the latest count found plus what took
effect after it. A movement that a count had seen and that arrives after it changes nothing but the
count's variance; a count that arrives behind a later one takes its variance back from that one.
So the variance of every count is what it found less the movements and variances up to it,
whatever the order of arrival.

Ten mugs came in and two were sold, so the books say 8. A count of 16:00 finds 7: `shelf._count`
asks `shelf._expected` for the 8 and emits a variance of -1; `evolve` keeps an `Anchor` of 16:00.
Then a sale of 15:40 arrives: `Draft.stock` emits it (6), sees by `State.counted_until` that a count
saw it, finds the count by `seen_by`, and `Draft.revise` gives the mug back (7) and makes the
variance 0.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, Protocol

from msgspec import Struct

from ledger.domain.stock.item import Stamp
from ledger.domain.words import CountedState

CountedKey = tuple[str, str, CountedState]
"""(location, sku, counted state)."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S: Final = 86_400
_SECOND_US: Final = 1_000_000


class Anchor(Struct, frozen=True, gc=False):
    """A count: when, by whom, and how far the books were off."""

    stamp: Stamp
    variance: int = 0

    @property
    def at(self) -> datetime:
        """Its effective time."""
        return self.stamp[0]


def seen_by(anchors: tuple[Anchor, ...], effective: datetime) -> Anchor | None:
    """The earliest count that saw a movement of that time: the first at the same instant or later.

    `anchors` are in order of their stamps.
    """
    index = bisect_left(anchors, effective, key=lambda anchor: anchor.at)
    return anchors[index] if index < len(anchors) else None


def next_after(anchors: tuple[Anchor, ...], stamp: Stamp) -> Anchor | None:
    """The count that follows."""
    index = bisect_right(anchors, stamp, key=lambda anchor: anchor.stamp)
    return anchors[index] if index < len(anchors) else None


def with_anchor(anchors: tuple[Anchor, ...], anchor: Anchor) -> tuple[Anchor, ...]:
    """The anchors with this one added, or in place of the one of its stamp."""
    index = bisect_left(anchors, anchor.stamp, key=lambda other: other.stamp)
    tail = index
    if index < len(anchors) and anchors[index].stamp == anchor.stamp:
        tail = index + 1
    return (*anchors[:index], anchor, *anchors[tail:])


class Movements(Protocol):
    """Movements that were noted before, here or in a store."""

    def sum_after(self, key: CountedKey, effective: datetime) -> int:
        """The movements that took effect after that time."""
        ...


Columns = tuple["array[int]", "array[int]"]
"""Times in microseconds since 1970, and how much moved at each."""


class Journal:
    """The movements of every counted quantity by effective time: 16 bytes a movement.

    A child holds what came on top of its parent, until it is merged into it or dropped.
    """

    __slots__ = ("_columns", "_parent")

    def __init__(self, parent: Movements | None = None) -> None:
        self._columns: dict[CountedKey, Columns] = {}
        self._parent = parent

    def add(self, key: CountedKey, effective: datetime, delta: int) -> None:
        """Note a movement."""
        self._add(key, microseconds(effective), delta)

    def _add(self, key: CountedKey, time: int, delta: int) -> None:
        """Insert by time. Movements mostly arrive in order, so it mostly appends."""
        columns = self._columns.get(key)
        if columns is None:
            columns = self._columns[key] = (array("q"), array("q"))
        times, deltas = columns
        if not times or times[-1] <= time:
            times.append(time)
            deltas.append(delta)
        else:
            index = bisect_right(times, time)
            times.insert(index, time)
            deltas.insert(index, delta)

    def sum_after(self, key: CountedKey, effective: datetime) -> int:
        """The movements that took effect after that time."""
        total = self._parent.sum_after(key, effective) if self._parent is not None else 0
        columns = self._columns.get(key)
        if columns is None:
            return total
        times, deltas = columns
        return total + sum(deltas[bisect_right(times, microseconds(effective)) :])

    def merge(self, child: "Journal") -> None:
        """Take over all that the child noted."""
        for key, time, delta in child:
            self._add(key, time, delta)

    def put_on(self, parent: Movements) -> None:
        """Stand on another journal."""
        self._parent = parent

    def handed_down(self) -> "Journal":
        """Move what was noted here into a new journal between this one and its parent."""
        between = Journal(self._parent)
        between._columns = self._columns
        self._columns, self._parent = {}, between
        return between

    def columns(self) -> dict[CountedKey, Columns]:
        """What was noted here, by key; not to be changed."""
        return self._columns

    def clear(self) -> None:
        """Forget what was noted here; the parent keeps its own."""
        self._columns.clear()

    def __iter__(self) -> Iterator[tuple[CountedKey, int, int]]:
        for key, (times, deltas) in self._columns.items():
            for time, delta in zip(times, deltas, strict=True):
                yield key, time, delta


def microseconds(time: datetime) -> int:
    """A time as the journal counts it, since 1970."""
    since = time - _EPOCH
    return (since.days * _DAY_S + since.seconds) * _SECOND_US + since.microseconds
