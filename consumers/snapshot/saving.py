"""Writing what changed, in one transaction and in slices, beside the thread that decides."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from threading import Event
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from consumers.snapshot.forms import FORMS
from consumers.snapshot.index import rows_of
from consumers.snapshot.lazy import append_movements
from consumers.snapshot.store import META, REQUESTS, Store, Writing
from ledger.domain.state import GONE, Changes
from ledger.domain.stock.counts import Journal
from ledger.kafka.chain import Checkpoint

SLICE_ENTRIES: Final = 500
SLICE_QUANTITIES: Final = 50
SLICE_BLOCKS: Final = 8
SLICE_PAUSE_S: Final = 0.0005
"""Some half a millisecond of work, then as long for the threads that answer, unless hurried."""

T = TypeVar("T")

_META_KEY: Final = b"snapshot"


class Meta(Struct, frozen=True):
    """Whose snapshot it is and where it stands, written with every save.

    `requests` counts the entries of the request index, `saves` the saves.
    """

    format: str
    network: str
    checkpoint: Checkpoint
    recorded_at: datetime
    requests: int
    saves: int


class Part(Struct, frozen=True):
    """What one save writes: the state at a checkpoint beyond what was saved before."""

    meta: Meta
    noted: list[Changes]
    journal: Journal
    requests: list[bytes]
    hurried: Event


def read_meta(store: Store) -> Meta | None:
    """Where the snapshot stands; None if nothing was ever saved. Raises SnapshotDamaged."""
    kept = store.get(META, _META_KEY)
    if kept is None:
        return None
    return msgspec.json.decode(kept, type=Meta)


def write(store: Store, part: Part) -> None:
    """Write it all or nothing. Raises lmdb.Error or OSError, such as for a full disk."""
    sliced = _Slices(part.hurried)
    with store.writing() as writing:
        for name, changed in _together(part.noted, sliced).items():
            for entries in sliced(changed.items(), SLICE_ENTRIES):
                _write_entries(writing, name, entries)
        for columns in sliced(part.journal.columns().items(), SLICE_QUANTITIES):
            append_movements(writing, dict(columns))
        for rows in sliced(rows_of(part.requests, part.meta.saves), SLICE_ENTRIES):
            writing.put(REQUESTS, rows)
        meta = msgspec.json.encode(part.meta)
        writing.put(META, [(_META_KEY, meta)])


class _Slices:
    """So many of anything at a time, with a pause before the next, in which other threads run."""

    def __init__(self, hurried: Event) -> None:
        self._hurried = hurried

    def __call__(self, items: Iterable[T], most: int) -> Iterator[list[T]]:
        left = iter(items)
        while some := list(islice(left, most)):
            yield some
            self._hurried.wait(SLICE_PAUSE_S)


def _together(noted: list[Changes], sliced: _Slices) -> Changes:
    """What changed last of every entry: gathered in the first, which may be by far the largest."""
    together = noted[0] if noted else {}
    for blocks in sliced(noted[1:], SLICE_BLOCKS):
        for changes in blocks:
            for name, changed in changes.items():
                together.setdefault(name, {}).update(changed)
    return together


def _write_entries(writing: Writing, name: str, entries: list[tuple[Any, object]]) -> None:
    form = FORMS[name]
    writing.put(name, [form.row(key, value) for key, value in entries if value is not GONE])
    writing.delete(name, [form.raw(key) for key, value in entries if value is GONE])
