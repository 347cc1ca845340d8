"""Which requests were answered where: 32 bytes a request and little beside, whatever the ids.

Entries lie side by side in buckets, found by the request's key. The table grows by linear hashing:
every BUCKET_ENTRIES new entries one bucket is divided in two, so that no request ever waits for
the whole table to be laid out anew.
"""

import struct
from collections.abc import Iterator
from hashlib import blake2b
from operator import itemgetter
from typing import Final

from msgspec import Struct

from ledger.domain.events import RequestAccepted, RequestRefused

HASH_BYTES: Final = 16
FINGERPRINT_BYTES: Final = 8
EFFECTS_BITS: Final = 22
"""Four million effects of one request, which has at most 10,000 lines."""
POSITION_BITS: Final = 64 - EFFECTS_BITS
BUCKET_ENTRIES: Final = 12
"""On average. Measured: fewer cost more memory, more cost time and save next to nothing."""

_ENTRY: Final = struct.Struct(f"<{HASH_BYTES}sQ{FINGERPRINT_BYTES}s")
ENTRY_BYTES: Final = _ENTRY.size
_PLAIN: Final = struct.Struct(f"{ENTRY_BYTES}s")
_ADDRESS: Final = struct.Struct("<I").unpack_from
_EFFECTS: Final = (1 << EFFECTS_BITS) - 1

Key = bytes
"""A hash of channel and request_id."""


class Known(Struct, frozen=True, gc=False):
    """Where a request was answered; `effects` is None if it was refused."""

    position: int
    effects: int | None
    fingerprint: bytes

    def same(self, fingerprint: str) -> bool:
        """Whether a request of this fingerprint has the content that was answered."""
        return self.fingerprint == _short(fingerprint)


def key_of(channel: str, request_id: str) -> Key:
    """The key of a request. A channel id has no slash, so the two cannot run together."""
    return blake2b(f"{channel}/{request_id}".encode(), digest_size=HASH_BYTES).digest()


def entry_of(key: Key, event: RequestAccepted | RequestRefused, position: int) -> bytes:
    """The request of that key, whose own event stands at this position, in ENTRY_BYTES.

    Position and effects share eight bytes; effects count from 1 there, and 0 says refused.
    """
    effects = 0 if isinstance(event, RequestRefused) else event.effects + 1
    assert effects <= _EFFECTS, (event.request_id, effects)
    return _ENTRY.pack(key, position << EFFECTS_BITS | effects, _short(event.fingerprint))


class RequestIndex:
    """Request key to where it was answered: at most 64 bytes an entry in all."""

    __slots__ = ("_buckets", "_count", "_divided", "_mask")

    def __init__(self) -> None:
        self._buckets = [b""]
        self._count = 0
        self._divided = 0  # so many buckets are divided by one bit more than the mask has
        self._mask = 0

    def __len__(self) -> int:
        return self._count

    def add(self, key: Key, event: RequestAccepted | RequestRefused, position: int) -> None:
        """Note the request of that key, whose own event stands at this position."""
        self.put(entry_of(key, event, position))

    def get(self, key: Key) -> Known | None:
        """Where the request was answered, if it was."""
        (address,) = _ADDRESS(key)
        number = address & self._mask
        if number < self._divided:
            number = address & (2 * self._mask + 1)
        bucket = self._buckets[number]
        place = bucket.find(key)
        if place % ENTRY_BYTES:
            place = _aligned(bucket, key, place)
        return None if place < 0 else known_at(bucket, place)

    def put(self, entry: bytes) -> None:
        """Take an entry as `entry_of` made it, in place of an earlier one of its key."""
        (address,) = _ADDRESS(entry)
        number = address & self._mask
        if number < self._divided:
            number = address & (2 * self._mask + 1)
        buckets = self._buckets
        bucket = buckets[number]
        key = entry[:HASH_BYTES]
        place = bucket.find(key)
        if place % ENTRY_BYTES:
            place = _aligned(bucket, key, place)
        if place >= 0:
            buckets[number] = bucket[:place] + entry + bucket[place + ENTRY_BYTES :]
            return
        buckets[number] = bucket + entry
        self._count += 1
        if self._count > BUCKET_ENTRIES * len(buckets):
            self._divide()

    def _divide(self) -> None:
        """Divide the next bucket by one more bit of its entries' addresses."""
        addresses = self._mask + 1
        place, bit = divmod(addresses.bit_length() - 1, 8)
        entries = list(entries_in(self._buckets[self._divided]))
        self._buckets[self._divided] = b"".join([e for e in entries if not e[place] >> bit & 1])
        self._buckets.append(b"".join([e for e in entries if e[place] >> bit & 1]))
        self._divided += 1
        if self._divided == addresses:
            self._divided, self._mask = 0, 2 * self._mask + 1


def entries_in(entries: bytes) -> Iterator[bytes]:
    """Entries that lie side by side, one by one."""
    return map(itemgetter(0), _PLAIN.iter_unpack(entries))


def known_at(entries: bytes, place: int) -> Known:
    """The entry that begins there among entries side by side."""
    _, packed, fingerprint = _ENTRY.unpack_from(entries, place)
    effects = packed & _EFFECTS
    return Known(packed >> EFFECTS_BITS, effects - 1 if effects else None, fingerprint)


def find(entries: bytes, key: Key) -> int:
    """Where among entries side by side that of a key begins, or -1."""
    place = entries.find(key)
    return _aligned(entries, key, place) if place % ENTRY_BYTES else place


def _aligned(entries: bytes, key: Key, place: int) -> int:
    """As `find`: what was found at `place` may lie across two entries."""
    while place % ENTRY_BYTES and place >= 0:
        place = entries.find(key, place + 1)
    return place


def _short(fingerprint: str) -> bytes:
    return bytes.fromhex(fingerprint[: 2 * FINGERPRINT_BYTES])
