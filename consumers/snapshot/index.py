"""The request index over what was saved: entries in shards, each read when first looked into."""

from collections.abc import Iterator
from typing import Final

from consumers.snapshot.request_index import (
    HASH_BYTES,
    Key,
    Known,
    RequestIndex,
    find,
    known_at,
)
from consumers.snapshot.store import REQUESTS, Row, Store

SHARDS: Final = 8_192
"""At a million requests 4 KB each, which are searched in half a microsecond."""
_SHARD_BYTES: Final = 2
_NUMBER_BYTES: Final = 4


class SavedIndex(RequestIndex):
    """New requests in the table of a RequestIndex, saved ones beside it as they stand on disk."""

    __slots__ = ("_new", "_saved", "_shards", "_store")

    def __init__(self, store: Store, saved: int) -> None:
        super().__init__()
        self._store = store
        self._saved = saved
        self._shards: list[bytes | None] = [None if saved else b""] * SHARDS
        self._new: list[bytes] = []

    def __len__(self) -> int:
        return self._saved + super().__len__()

    def get(self, key: Key) -> Known | None:
        """Where the request was answered, if it was. Raises SnapshotDamaged."""
        known = super().get(key)
        if known is not None:
            return known
        shard = self._shard(key)
        place = find(shard, key)
        return None if place < 0 else known_at(shard, place)

    def put(self, entry: bytes) -> None:
        """Take the entry of a request, which is answered once."""
        super().put(entry)
        self._new.append(entry)

    def take_new(self) -> list[bytes]:
        """The entries since this was called last."""
        new, self._new = self._new, []
        return new

    def give_back(self, entries: list[bytes]) -> None:
        """Count these among the new ones after all."""
        self._new = [*entries, *self._new]

    def _shard(self, key: bytes) -> bytes:
        number = _shard_of(key)
        shard = self._shards[number]
        if shard is None:
            rows = self._store.rows(REQUESTS, number.to_bytes(_SHARD_BYTES, "big"))
            shard = self._shards[number] = b"".join([entries for _, entries in rows])
        return shard


def rows_of(entries: list[bytes], save: int) -> Iterator[Row]:
    """The rows in which one save, of that number, writes its entries."""
    shards: dict[int, list[bytes]] = {}
    for entry in entries:
        shards.setdefault(_shard_of(entry), []).append(entry)
    for number in sorted(shards):
        raw = number.to_bytes(_SHARD_BYTES, "big") + save.to_bytes(_NUMBER_BYTES, "big")
        yield raw, b"".join(shards[number])


def _shard_of(key: bytes) -> int:
    """By the key's last bytes: the first ones divide the table in memory."""
    return (key[HASH_BYTES - 1] << 8 | key[HASH_BYTES - 2]) % SHARDS
