"""What a state reads from the store: an entry when it is first asked for."""

from array import array
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime
from struct import Struct
from typing import Any, Final, Generic, TypeVar, cast

from consumers.snapshot.forms import FORMS, Form
from consumers.snapshot.store import JOURNAL, Row, Store, Writing
from ledger.domain.state import GONE
from ledger.domain.stock.counts import Columns, CountedKey, microseconds

EAGER_ENTRIES: Final = 50_000
"""A mapping of no more is read whole: what most decisions ask for and do not find costs nothing."""
WHOLE: Final = frozenset({"deadlines"})
"""Read whole however large: the agenda has them all in order."""
CHUNK_MOVEMENTS: Final = 240
"""Of one quantity's journal in a row: some 4 KB, a page of the store."""

_HEADER: Final = Struct("<qqq")  # earliest, latest, sum
_NUMBER_BYTES: Final = 4
_JOURNAL_KEYS: Final[Form[CountedKey, None]] = Form(CountedKey, None)

K = TypeVar("K")
V = TypeVar("V")


def mapping(store: Store, name: str) -> MutableMapping[Any, Any]:
    """A mapping of the state as it was saved: whole if it is small, else read as it is needed."""
    form = FORMS[name]
    if name not in WHOLE and store.count(name) > EAGER_ENTRIES:
        return Lazy(store, name, form)
    return {form.key(raw, kept): form.value(raw, kept) for raw, kept in store.rows(name)}


class Lazy(MutableMapping[K, V], Generic[K, V]):
    """A mapping on top of a table: what was read or written stays here."""

    __slots__ = ("_form", "_own", "_store", "_table")

    def __init__(self, store: Store, table: str, form: Form[K, V]) -> None:
        self._store = store
        self._table = table
        self._form = form
        self._own: dict[K, object] = {}

    def __getitem__(self, key: K) -> V:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def get(self, key: K, default: V | None = None) -> V | None:  # type: ignore[override] # one signature of two
        """The value, or the default. No value is None."""
        value = self._own.get(key)
        if value is None:
            raw = self._form.raw(key)
            kept = self._store.get(self._table, raw)
            if kept is None:
                return default
            value = self._own[key] = self._form.value(raw, kept)
        return default if value is GONE else cast("V", value)

    def __contains__(self, key: object) -> bool:
        return self.get(cast("K", key)) is not None

    def __setitem__(self, key: K, value: V) -> None:
        self._own[key] = value

    def __delitem__(self, key: K) -> None:
        self._own[key] = GONE

    def __iter__(self) -> Iterator[K]:
        for raw, kept in self._store.rows(self._table):
            key = self._form.key(raw, kept)
            if key not in self._own:
                yield key
        for key, value in self._own.items():
            if value is not GONE:
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)


class StoredJournal:
    """The movements that were saved: rows of up to CHUNK_MOVEMENTS, each with its sum in front.

    So the movements of a quantity are never read whole, and never written again.
    """

    __slots__ = ("_store",)

    def __init__(self, store: Store) -> None:
        self._store = store

    def sum_after(self, key: CountedKey, effective: datetime) -> int:
        """The movements that took effect after that time."""
        after, total = microseconds(effective), 0
        for _, chunk in self._store.rows(JOURNAL, _JOURNAL_KEYS.raw(key)):
            earliest, latest, moved = _HEADER.unpack_from(chunk)
            if earliest > after:
                total += moved
            elif latest > after:
                times, deltas = _columns(chunk)
                total += sum(d for t, d in zip(times, deltas, strict=True) if t > after)
        return total


def append_movements(writing: Writing, columns: Mapping[CountedKey, Columns]) -> None:
    """Add movements behind those that were saved, filling the last row of each quantity first."""
    for key, (times, deltas) in columns.items():
        prefix = _JOURNAL_KEYS.raw(key)
        number, kept = _last_chunk(writing, prefix)
        rows = _chunks(prefix, number, kept[0] + times, kept[1] + deltas)
        writing.put(JOURNAL, rows)


def _last_chunk(writing: Writing, prefix: bytes) -> tuple[int, Columns]:
    """The number of the row to write next, and the movements that stand in it already."""
    last = writing.last(JOURNAL, prefix, prefix + b"\xff" * (_NUMBER_BYTES + 1))
    if last is None:
        return 0, (array("q"), array("q"))
    number = int.from_bytes(last[0][-_NUMBER_BYTES:], "big")
    kept = _columns(last[1])
    if len(kept[0]) < CHUNK_MOVEMENTS:
        return number, kept
    return number + 1, (array("q"), array("q"))


def _chunks(prefix: bytes, number: int, times: "array[int]", deltas: "array[int]") -> Iterator[Row]:
    for start in range(0, len(times), CHUNK_MOVEMENTS):
        own_times = times[start : start + CHUNK_MOVEMENTS]
        own = deltas[start : start + CHUNK_MOVEMENTS]
        raw = prefix + number.to_bytes(_NUMBER_BYTES, "big")
        header = _HEADER.pack(min(own_times), max(own_times), sum(own))
        yield raw, header + own_times.tobytes() + own.tobytes()
        number += 1


def _columns(chunk: bytes) -> Columns:
    middle = _HEADER.size + (len(chunk) - _HEADER.size) // 2
    times, deltas = array("q"), array("q")
    times.frombytes(chunk[_HEADER.size : middle])
    deltas.frombytes(chunk[middle:])
    return times, deltas
