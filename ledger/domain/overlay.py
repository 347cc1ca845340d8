"""A mapping on top of another: what is decided on something not yet confirmed."""

from collections.abc import Iterator, MutableMapping
from typing import Final, Generic, TypeVar, cast

K = TypeVar("K")
V = TypeVar("V")
GONE: Final = object()
"""Stands among an overlay's changes for an entry that is deleted."""


class Overlay(MutableMapping[K, V], Generic[K, V]):
    """A mapping on top of another: reads fall through, writes and deletions stay here."""

    __slots__ = ("_base", "_deletes", "_own")

    def __init__(self, base: MutableMapping[K, V]) -> None:
        self._base = base
        self._deletes = False
        self._own: dict[K, object] = {}

    def __getitem__(self, key: K) -> V:
        value = self._own.get(key)
        if value is None:
            return self._base[key]
        if value is GONE:
            raise KeyError(key)
        return cast("V", value)

    def get(self, key: K, default: V | None = None) -> V | None:  # type: ignore[override] # one signature of two
        """The value, or the default."""
        value = self._own.get(key)
        if value is None:
            return self._base.get(key, default)
        return default if value is GONE else cast("V", value)

    def __contains__(self, key: object) -> bool:
        value = self._own.get(cast("K", key))
        return key in self._base if value is None else value is not GONE

    def __setitem__(self, key: K, value: V) -> None:
        self._own[key] = value

    def __delitem__(self, key: K) -> None:
        self._own[key] = GONE
        self._deletes = True

    def __iter__(self) -> Iterator[K]:
        for key in self._base:
            if key not in self._own:
                yield key
        for key, value in self._own.items():
            if value is not GONE:
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def put_on(self, base: MutableMapping[K, V]) -> None:
        """Read through to this mapping from now on."""
        self._base = base

    def changes(self) -> dict[K, object]:
        """What was written here, GONE for what was deleted; left to the caller by `merge`."""
        return self._own

    def merge(self) -> None:
        """Write what changed into the mapping below, and be empty."""
        own, self._own = self._own, {}
        if not self._deletes:
            self._base.update(cast("dict[K, V]", own))
            return
        self._deletes = False
        for key, value in own.items():
            if value is GONE:
                self._base.pop(key, None)
            else:
                self._base[key] = cast("V", value)
