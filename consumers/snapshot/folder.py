"""The folder of a snapshot: who holds it, and whether what lies in it may be read.

A damaged file can end the process that reads it, so the folder also counts the starts that saved
nothing and did not end in order: after MAX_STARTS of them the snapshot is discarded.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from consumers.data_directory import LOCK_FILE, DataDirectoryError, take_lock
from consumers.snapshot.store import DATA_FILE

MAX_STARTS: Final = 5
STORE_FOLDER: Final = "store"
_NOTE_FILE: Final = "note.json"


class SnapshotBusy(DataDirectoryError):
    """Another process holds the snapshot: stop it, or name another data directory."""


class Note(msgspec.Struct, frozen=True):
    """What is known of the store without reading it.

    `starts` since it was last saved or closed, the least `bytes` that its file has, and why it is
    not to be used, if it is not.
    """

    starts: int = 0
    bytes: int = 0
    damaged: str | None = None


class Folder:
    """A folder that this process alone uses until it is closed. Raises SnapshotBusy."""

    def __init__(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = take_lock(path / LOCK_FILE)
        if lock is None:
            raise SnapshotBusy(
                f"{path} is in use by another process: stop it, or name another data directory"
            )
        self._lock = lock
        self.path = path
        self.store = path / STORE_FOLDER
        self.note = self._read_note()

    def fault(self) -> str | None:
        """Why the store must not be read, if so."""
        if self.note.damaged is not None:
            return self.note.damaged
        if self.note.starts >= MAX_STARTS:
            return f"{self.note.starts} starts from it in a row ended before anything was saved"
        length = self._length()
        if length < self.note.bytes:
            return f"its file has {length} bytes of {self.note.bytes}"
        return None

    def started(self) -> None:
        """Count one more start."""
        self._write_note(Note(self.note.starts + 1, self.note.bytes))

    def saved(self) -> None:
        """The store was written, or is closed in order: it can be read, unless it was condemned."""
        if self.note.damaged is None:
            self._write_note(Note(0, self._length()))

    def condemn(self, why: str) -> None:
        """Have the next start discard the store."""
        self._write_note(Note(damaged=why))

    def discard(self) -> None:
        """Remove the store."""
        shutil.rmtree(self.store, ignore_errors=True)
        self._write_note(Note())

    def close(self) -> None:
        """Let others use the folder."""
        os.close(self._lock)

    def _length(self) -> int:
        with suppress(FileNotFoundError):
            return (self.store / DATA_FILE).stat().st_size
        return 0

    def _read_note(self) -> Note:
        try:
            return msgspec.json.decode((self.path / _NOTE_FILE).read_bytes(), type=Note)
        except FileNotFoundError:
            return Note()
        except (OSError, msgspec.MsgspecError) as fault:
            return Note(damaged=f"{self.path / _NOTE_FILE} cannot be read: {fault}")

    def _write_note(self, note: Note) -> None:
        """In one step, so that a kill leaves the old one or the new one."""
        self.note = note
        fresh = self.path / f"{_NOTE_FILE}.new"
        fresh.write_bytes(msgspec.json.encode(note))
        fresh.replace(self.path / _NOTE_FILE)
