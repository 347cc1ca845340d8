"""What has changed of late for channels, by position, and how it is told as server-sent events."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from ledger.domain.words import ChannelId, Sku
from projections.selling.availability import Availability, AvailableAt

MAX_CHANGES: Final = 50_000
MAX_BYTES: Final = 64 << 20
"""Of the changes kept; who resumes from before them gets a new snapshot."""
CHUNK_CHANGES: Final = 500
"""Told at a time."""


class Offer(Struct, frozen=True, gc=False):
    """What a channel may sell and order of a sku, and what there is at each of its locations."""

    channel: ChannelId
    sku: Sku
    available_to_sell: Annotated[int, Meta(description="What a claim of this channel may take.")]
    available_to_order: Annotated[int, Meta(description="With all that is still to come.")]
    locations: Annotated[tuple[AvailableAt, ...], Meta(description="Those that serve it.")]


class Change(NamedTuple):
    """An answer that changed at a position. `at`: the locations where it did, None: not by them.

    `body` is the Offer as JSON.
    """

    position: int
    channel: str
    sku: str
    at: frozenset[str] | None
    body: bytes


class Filter(Struct, frozen=True, gc=False):
    """What a listener wants to hear of; None: all."""

    channels: frozenset[str] | None = None
    skus: frozenset[str] | None = None
    locations: frozenset[str] | None = None

    def takes(self, change: Change) -> bool:
        """Whether it is to be told of the change."""
        return (
            (self.channels is None or change.channel in self.channels)
            and (self.skus is None or change.sku in self.skus)
            and (
                self.locations is None
                or change.at is None
                or not self.locations.isdisjoint(change.at)
            )
        )


class Ring:
    """All changes behind position `since` up to `told`, in the order of telling; bounded.

    Who listens goes on by a number in that order, who comes back by a position.
    """

    def __init__(
        self, since: int, max_changes: int = MAX_CHANGES, max_bytes: int = MAX_BYTES
    ) -> None:
        self.since = self.told = since
        self.resets = 0
        self._late_at = -1
        self._max_changes, self._max_bytes = max_changes, max_bytes
        self._changes: list[Change] = []
        self._bytes = 0
        self.first = 0
        """The number of the oldest change kept."""

    @property
    def next(self) -> int:
        """The number that the next change will have."""
        return self.first + len(self._changes)

    def add(self, changes: Iterable[Change], told: int) -> None:
        """Everything up to position `told` is told by these.

        Each is behind what was told before; or, late, at it.
        """
        new = sorted(changes, key=lambda change: change.position)
        assert self.told <= told, (self.told, told)
        assert all(self.told <= change.position <= told for change in new), (self.told, told)
        if new and new[0].position == self.told:
            self._late_at = self.told
        self._changes += new
        self._bytes += sum(len(change.body) for change in new)
        self.told = told
        self._trim()

    def reset(self, position: int) -> None:
        """So much changed at once that whoever listens needs a new snapshot."""
        self.first = self.next
        self._changes.clear()
        self._bytes = 0
        self.since = self.told = position
        self.resets += 1

    def resumes(self, position: int) -> bool:
        """Whether what was told after the id `position` can be said."""
        return self.since <= position <= self.told and position != self._late_at

    def number_after(self, position: int) -> int:
        """The number of the first change behind a position."""
        return self.first + bisect_right(self._changes, position, key=lambda c: c.position)

    def after(self, number: int) -> Sequence[Change]:
        """The changes from a number on, which is not before `first`."""
        assert number >= self.first, (number, self.first)
        return self._changes[number - self.first :]

    def chunk(self, wanted: Filter, number: int) -> tuple[bytes, int]:
        """Some of the changes from a number on as events, and the number to go on with."""
        found: list[Change] = []
        for place, change in enumerate(self.after(number), start=number):
            if len(found) >= CHUNK_CHANGES and change.position > found[-1].position:
                return as_events(found, found[-1].position), place
            if wanted.takes(change):
                found.append(change)
        return as_events(found, self.told), self.next

    def _trim(self) -> None:
        """Let go of the oldest."""
        gone = max(0, len(self._changes) - self._max_changes)
        left = self._bytes - sum(len(change.body) for change in self._changes[:gone])
        while left > self._max_bytes:
            left -= len(self._changes[gone].body)
            gone += 1
        if gone:
            self.since = self._changes[gone - 1].position
            self.first += gone
            del self._changes[:gone]
            self._bytes = left


def offer_of(answer: Availability) -> bytes:
    """The answer as it is told, as JSON."""
    return _encode(
        Offer(
            answer.channel,
            answer.sku,
            answer.available_to_sell,
            answer.available_to_order,
            answer.locations,
        )
    )


def with_position(position: int, body: bytes) -> bytes:
    """The JSON object with the position in front."""
    return b'{"position":%d,%s' % (position, body[1:])


def as_events(changes: Sequence[Change], told: int) -> bytes:
    """Changes as server-sent events.

    The id says that everything up to it was told: of several changes of one position only the
    last has one, and the last of all that of `told`.
    """
    lines = []
    for place, change in enumerate(changes, start=1):
        last = place == len(changes)
        if last or changes[place].position > change.position:
            lines.append(b"id: %d\n" % (told if last else change.position))
        said = with_position(change.position, change.body)
        lines.append(b"event: change\ndata: %s\n\n" % said)
    return b"".join(lines)


def as_snapshot(position: int, bodies: Collection[bytes]) -> bytes:
    """Part of a snapshot; no event of it has an id, so that who lost the rest begins anew."""
    return b"".join(
        b"event: snapshot\ndata: %s\n\n" % with_position(position, body) for body in bodies
    )


def as_mark(event: str, position: int) -> bytes:
    """An event that says a position and no more, with it as its id."""
    return b'id: %d\nevent: %s\ndata: {"position":%d}\n\n' % (position, event.encode(), position)


_encode: Final = msgspec.json.Encoder().encode
