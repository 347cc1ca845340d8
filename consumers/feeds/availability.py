"""The feed of what may be sold: the last value of each key is what is so.

Two kinds of keys, their parts percent-encoded as in the names of streams: `{channel}/{sku}` says
what a described channel may sell and order, `@{location}/{sku}` what an active location has. A
value says the position of the ledger that it shows; a tombstone, that there is no such value any
more. Whoever has the topic from its beginning and puts what comes on top has all of it.

Only what differs from what the topic holds is published, whatever the reason: a change, a start,
another publisher that was behind.
"""

from collections.abc import Iterator
from hashlib import blake2b
from itertools import islice
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from consumers.feeds.publisher import FeedStopped
from consumers.feeds.shelves import Shelves
from consumers.feeds.topic import Published, size_of
from ledger.domain.words import Location, Sku, part
from ledger.kafka.client import MAX_GROUP_BYTES, Keyed
from projections.selling.availability import AvailabilityItem

MAX_GROUP_RECORDS: Final = 2_000
MAX_BATCHES: Final = 20
"""Of events, read on between two groups."""
SKUS_AT_ONCE: Final = 500
DIGEST_BYTES: Final = 16
AT: Final = "@"
"""No channel's id begins so."""


class ChannelValue(AvailabilityItem, frozen=True, gc=False):
    """What a channel may sell of a sku. Its key is `{channel}/{sku}`."""

    position: Annotated[int, Meta(description="The position of the ledger that this shows.")]


class LocationValue(Struct, frozen=True, gc=False):
    """What an active location has of a sku. Its key is `@{location}/{sku}`."""

    location: Location
    sku: Sku
    available: Annotated[int, Meta(description="Free for claims, shown as it is, also below zero.")]
    shortage: Annotated[int, Meta(description="Promises that this shelf cannot keep.")]
    position: Annotated[int, Meta(description="The position of the ledger that this shows.")]


Value = ChannelValue | LocationValue


class _Held(NamedTuple):
    """What the topic says of a key, and as of when."""

    digest: bytes
    position: int


_encode: Final = msgspec.json.Encoder().encode
_channel_value: Final = msgspec.json.Decoder(ChannelValue).decode
_location_value: Final = msgspec.json.Decoder(LocationValue).decode
_ITEM: Final = AvailabilityItem.__struct_fields__
_UNREADABLE: Final = _Held(b"", 0)


class AvailabilityFeed:
    """Implements `Feed`. Remembers of every key what the topic holds, some 250 bytes each."""

    tail: int | None = None

    def __init__(self, shelves: Shelves, network: str) -> None:
        self._shelves, self._network = shelves, network
        self._held: dict[bytes, _Held] = {}
        self._highest = 0
        self._todo: dict[str, None] = {}
        """Skus to be compared, the longest waiting first."""
        self._done: list[str] = []
        """Those that the group under way says all of."""
        self._passed: str | None = ""
        """Of a comparison of all skus: the last one that was put to the others; None: all were."""
        self._unproven: set[bytes] = set()
        """Keys of which such a comparison has not found yet that there is a value."""

    def begin(self) -> None:
        """Forget what the topic held; all is compared again."""
        self._held.clear()
        self._highest = 0
        self._todo.clear()
        self._done.clear()

    def take(self, record: Published) -> bool:
        """Whether it says something new that is no older than what was known."""
        before = self._held.get(record.key)
        if record.value is None:
            self._held.pop(record.key, None)
            self._unproven.discard(record.key)
            return before is not None
        said = _read(record.key, record.value)
        if said is None:
            self._held[record.key] = _UNREADABLE
            return False
        held = self._held[record.key] = _Held(_digest(said), said.position)
        self._highest = max(self._highest, held.position)
        return before is None or (held.digest != before.digest and held.position >= before.position)

    def opened(self, *, has_held: bool) -> None:  # noqa: ARG002 - any topic can be made true
        """Compare all that there is with all that it holds."""
        self._compare_all()

    def group(self, timeout_s: float) -> list[Keyed]:
        """What differs, at most MAX_GROUP_RECORDS; raises FeedStopped and as `Shelves`."""
        self._shelves.open()
        self._hear()
        group = self._differences()
        if not group and timeout_s:
            self._shelves.wait()
        return group

    def settled(self) -> None:
        """The group landed."""
        self._let_go(self._done)

    def close(self) -> None:
        """Give up the connections."""
        self._shelves.close()

    def _compare_all(self) -> None:
        self._passed = ""
        self._unproven = set(self._held)

    def _hear(self) -> None:
        """Read the ledger on, at least to what the topic shows."""
        self._shelves.look()
        for _ in range(MAX_BATCHES):
            if not self._shelves.read():
                break
        if self._shelves.position < self._highest and self._shelves.end() < self._highest:
            raise FeedStopped(
                f"the topic of what may be sold in {self._network} shows position {self._highest}, "
                f"and the ledger ends at {self._shelves.position}: it is another ledger, or lost "
                "blocks. If it is the right one, delete the topic and run `onebook topics create`"
            )
        changes = self._shelves.changes()
        self._todo |= dict.fromkeys(sorted(changes.skus))
        if changes.everything:
            self._compare_all()

    def _differences(self) -> list[Keyed]:
        """Of the skus that may have changed; once there are none, of keys without a value."""
        if self._shelves.position < self._highest:
            return []
        while skus := self._some():
            self._shelves.load(skus)
            group, self._done = self._compared(skus)
            if group:
                return group
            self._let_go(self._done)
        return [Keyed(key, None) for key in islice(self._unproven, MAX_GROUP_RECORDS)]

    def _some(self) -> list[str]:
        """Skus to compare; those that changed first, then what is left of all."""
        if not self._todo and self._passed is not None:
            following = self._shelves.skus_after(self._passed, SKUS_AT_ONCE)
            self._todo = dict.fromkeys(following)
            self._passed = following[-1] if following else None
        return list(islice(self._todo, SKUS_AT_ONCE))

    def _compared(self, skus: list[str]) -> tuple[list[Keyed], list[str]]:
        """One group of what differs, and the skus of which it says all."""
        group: list[Keyed] = []
        done: list[str] = []
        size = 0
        for sku in skus:
            for key, value in self._values(sku):
                self._unproven.discard(key)
                held = self._held.get(key)
                if held is not None and held.digest == _digest(value):
                    continue
                record = Keyed(key, _encode(value))
                size += size_of(record)
                if group and (size > MAX_GROUP_BYTES or len(group) == MAX_GROUP_RECORDS):
                    return group, done
                group.append(record)
            done.append(sku)
        return group, done

    def _values(self, sku: str) -> Iterator[tuple[bytes, Value]]:
        """All that is so of a sku now."""
        position = self._shelves.position
        for said in self._shelves.channels_of(sku):
            fields = {name: getattr(said, name) for name in _ITEM}
            yield key_of(said.channel, sku), ChannelValue(**fields, position=position)
        for site in self._shelves.locations_of(sku):
            value = LocationValue(site.location, sku, site.available, site.shortage, position)
            yield key_of(f"{AT}{site.location}", sku), value

    def _let_go(self, skus: list[str]) -> None:
        for sku in skus:
            self._todo.pop(sku, None)
        self._done = []


def key_of(channel_or_location: str, sku: str) -> bytes:
    """The record's key: of a channel, or of a location behind an `@`."""
    return f"{part(channel_or_location)}/{part(sku)}".encode()


def _read(key: bytes, value: bytes) -> Value | None:
    """What a record says; None if that cannot be read."""
    try:
        return _location_value(value) if key.startswith(AT.encode()) else _channel_value(value)
    except (msgspec.DecodeError, RecursionError):
        return None


def _digest(value: Value) -> bytes:
    """Of all that a value says but the position."""
    said = _encode(replace(value, position=0))
    return blake2b(said, digest_size=DIGEST_BYTES).digest()
