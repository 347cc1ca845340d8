"""A writer's state on its own disk, so that a start does not grow with the ledger.

The ledger is the truth: a snapshot of another network, of other code or with damage is discarded,
and the writer starts from the ledger. What changed since the last save is noted block by block as
references to immutable values, and written in the background with the checkpoint it belongs to,
all in one transaction. So what is on disk is always exactly the state at its checkpoint.
"""

import time
from concurrent import futures
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Final, Self

import lmdb
import msgspec

from consumers.snapshot.folder import Folder, SnapshotBusy
from consumers.snapshot.forms import format_id
from consumers.snapshot.index import SavedIndex
from consumers.snapshot.lazy import StoredJournal, mapping
from consumers.snapshot.request_index import RequestIndex
from consumers.snapshot.saving import Meta, Part, read_meta, write
from consumers.snapshot.store import SnapshotDamaged, Store
from ledger.domain.deadlines import Agenda
from ledger.domain.state import MAPPINGS, Changes, State
from ledger.domain.stock.counts import Journal
from ledger.kafka.chain import Checkpoint
from ledger.log import get_logger

__all__ = ["Snapshot", "SnapshotBusy", "SnapshotDamaged"]

SAVE_EVERY_EVENTS: Final = 100_000
SAVE_EVERY_S: Final = 30.0
MAX_BEHIND_EVENTS: Final = 4 * SAVE_EVERY_EVENTS
"""Then who decides waits a little with each block, so that the save under way gets on."""
WAIT_S_AN_ENTRY: Final = 2e-6
"""Somewhat longer than writing an entry takes."""
MAX_FAILED_SAVES: Final = 5
"""In a row; then nothing is noted any more, and the next start is from the last good save."""

log = get_logger(__name__)


class Snapshot:
    """The snapshot of one writer. Only `write` runs beside the thread that uses it.

    What is read from state and index raises SnapshotDamaged where it is not what was written: the
    writer has to stop, and the next start discards the snapshot.
    """

    def __init__(self, folder: Folder, store: Store, network: str, meta: Meta | None) -> None:
        self._folder = folder
        self._store = store
        self._meta = meta or _nothing(network)
        self._movements = StoredJournal(store)
        self._state = State()
        self._index = SavedIndex(store, self._meta.requests)
        self._noted: list[Changes] = []
        self._background = futures.ThreadPoolExecutor(1, "snapshot")
        self._writing: tuple[Part, futures.Future[None]] | None = None
        self._noted_entries = 0
        self._failed = 0
        self._saved_at = time.monotonic()

    @classmethod
    def open(cls, folder: Path, network: str) -> Self:
        """Open the folder's snapshot, or an empty one if there is none that can be used.

        The folder is made if need be and locked: raises SnapshotBusy if another process holds it,
        OSError or DataDirectoryError if it cannot be used.
        """
        held = Folder(folder)
        try:
            return cls._opened(held, network)
        except BaseException:
            held.close()
            raise

    @classmethod
    def _opened(cls, folder: Folder, network: str) -> Self:
        fault = folder.fault()
        if fault is None:
            try:
                return cls._started(folder, network)
            except (SnapshotDamaged, msgspec.MsgspecError) as found:
                fault = str(found)
        log.warning("snapshot_discarded", folder=str(folder.path), reason=fault)
        folder.discard()
        return cls._started(folder, network)

    @classmethod
    def _started(cls, folder: Folder, network: str) -> Self:
        """Raises SnapshotDamaged for whatever cannot be used."""
        folder.store.mkdir(mode=0o700, exist_ok=True)
        store = Store(folder.store, folder.condemn)
        try:
            snapshot = cls(folder, store, network, _usable(read_meta(store), network))
            snapshot._fill()
        except BaseException:
            store.close()
            raise
        folder.started()
        return snapshot

    def _fill(self) -> None:
        for name in MAPPINGS:
            setattr(self._state, name, mapping(self._store, name))
        self._state.journal = Journal(self._movements)
        self._state.agenda = Agenda(self._state.deadlines)

    @property
    def checkpoint(self) -> Checkpoint | None:
        """Where the last save stands; None if there is none."""
        return self._meta.checkpoint if self._meta.saves else None

    @property
    def recorded_at(self) -> datetime:
        """The last recorded_at up to the checkpoint."""
        return self._meta.recorded_at

    def state(self) -> State:
        """The one state, as of the checkpoint until others evolve it."""
        return self._state

    def index(self) -> RequestIndex:
        """The one request index, as of the checkpoint until others add to it."""
        return self._index

    def note(self, changes: Changes) -> None:
        """Take what a confirmed block is about to change: `State.changes()` before `merge()`."""
        if changes and self._failed < MAX_FAILED_SAVES:
            self._noted.append(changes)
            self._noted_entries += sum(map(len, changes.values()))

    def due(self, position: int) -> bool:
        """Whether it is time to save, with the ledger at this position. To ask after each block.

        Costs next to nothing, but MAX_BEHIND_EVENTS after the last save it waits for the one under
        way: WAIT_S_AN_ENTRY for each entry noted since it was asked last.
        """
        behind = position - self._meta.checkpoint.head.position
        if self._writing is not None and behind >= MAX_BEHIND_EVENTS:
            part, written = self._writing
            part.hurried.set()
            futures.wait([written], self._noted_entries * WAIT_S_AN_ENTRY)
        self._noted_entries = 0
        self._settle(wait=False)
        if self._writing is not None or behind <= 0 or self._failed >= MAX_FAILED_SAVES:
            return False
        enough = behind >= SAVE_EVERY_EVENTS and self._failed == 0
        return enough or time.monotonic() - self._saved_at >= SAVE_EVERY_S

    def save(self, checkpoint: Checkpoint, recorded_at: datetime, *, wait: bool = False) -> None:
        """Begin to write the state as it is now, which is that at the checkpoint.

        While an earlier save is still being written nothing happens, unless told to wait for that
        one and this. A save that fails is logged, and the next writes what it should have.
        """
        self._settle(wait=wait)
        if self._writing is not None or self._failed >= MAX_FAILED_SAVES:
            return
        part = self._part(checkpoint, recorded_at)
        self._writing = (part, self._background.submit(write, self._store, part))
        self._settle(wait=wait)

    def close(self) -> None:
        """Wait for a save that is being written, and let others use the folder."""
        self._settle(wait=True)
        self._background.shutdown()
        self._store.close()
        self._folder.saved()
        self._folder.close()

    def _part(self, checkpoint: Checkpoint, recorded_at: datetime) -> Part:
        requests = self._index.take_new()
        meta = Meta(
            format_id(),
            self._meta.network,
            checkpoint,
            recorded_at,
            self._meta.requests + len(requests),
            self._meta.saves + 1,
        )
        noted, self._noted = self._noted, []
        return Part(meta, noted, self._state.journal.handed_down(), requests, Event())

    def _settle(self, *, wait: bool) -> None:
        """Take note of a save that has ended."""
        if self._writing is None:
            return
        part, written = self._writing
        if wait:
            part.hurried.set()
        elif not written.done():
            return
        self._writing, self._saved_at = None, time.monotonic()
        fault = written.exception()
        if fault is None:
            self._count(part.meta)
        elif isinstance(fault, lmdb.Error | OSError | SnapshotDamaged):
            self._take_back(part, fault)
        else:
            raise fault
        self._state.journal.put_on(self._movements)

    def _count(self, meta: Meta) -> None:
        self._failed = 0
        self._meta = meta
        self._store.renew()
        self._folder.saved()
        log.info("snapshot_saved", position=meta.checkpoint.head.position, saves=meta.saves)

    def _take_back(self, part: Part, fault: Exception) -> None:
        """What this save should have written is for the next; after too many there is none."""
        self._failed += 1
        more = self._failed < MAX_FAILED_SAVES
        log.warning("snapshot_failed", fault=repr(fault), tries_again=more)
        self._state.journal.merge(part.journal)
        if more:
            self._noted = [*part.noted, *self._noted]
            self._index.give_back(part.requests)
        else:
            self._noted.clear()


def _usable(meta: Meta | None, network: str) -> Meta | None:
    """Raises SnapshotDamaged if the state is not what this code knows of this network."""
    if meta is not None and meta.network != network:
        raise SnapshotDamaged(f"it is of network {meta.network!r}, not {network!r}")
    if meta is not None and meta.format != format_id():
        raise SnapshotDamaged("it was written by another release")
    return meta


def _nothing(network: str) -> Meta:
    beginning = datetime.min.replace(tzinfo=UTC)
    return Meta(format_id(), network, Checkpoint(), beginning, 0, 0)
