"""The lock of a data directory: one process of ours at a time.

The lock is a ``flock`` on the file ``lock`` in the directory. The kernel gives it back when its
holder ends, kill -9 included, so no stale lock has to be recognised. The holder writes its HTTP
address into that file: a command that finds the lock taken is a client of that server. What the
file says counts only while somebody holds the lock.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Self

LOCK_FILE = "lock"
# A new holder wipes the address that a killed one left behind, right after it took the lock. Who
# finds the lock taken looks again after this pause, so that it never reads in between.
SETTLE_S = 0.05
ADDRESS_LIMIT_BYTES = 2048


class DataDirectoryError(Exception):
    """The data directory cannot be used; the text says why and what to do."""


class DataDirectoryBusy(DataDirectoryError):
    """Another process holds the data directory.

    ``address`` is the HTTP address that this process has published, or None while it has none:
    it is still starting, or it serves nothing.
    """

    def __init__(self, path: Path, address: str | None) -> None:
        where = f"which serves at {address}" if address else "which has published no HTTP address"
        super().__init__(
            f"data directory {path} is in use by another process, {where}: "
            "talk to that one, stop it, or name another directory"
        )
        self.path = path
        self.address = address


class DataDirectory:
    """A data directory that this process alone uses until it is closed."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock: int | None = lock

    @classmethod
    def open(cls, path: Path) -> Self:
        """Create the directory if it is not there (mode 0700), and take its lock.

        Raises DataDirectoryBusy if another process holds it, DataDirectoryError if the directory
        cannot be made or locked. Does not wait for a holder to end.
        """
        path = _made(path)
        for pause_s in (SETTLE_S, 0.0):
            lock = take_lock(path / LOCK_FILE)
            if lock is not None:
                os.ftruncate(lock, 0)
                return cls(path, lock)
            time.sleep(pause_s)
        raise DataDirectoryBusy(path, _published(path / LOCK_FILE))

    def publish_address(self, address: str) -> None:
        """Tell whoever finds the lock taken where this process serves HTTP."""
        if self._lock is None:
            raise DataDirectoryError(f"data directory {self.path} is closed: open it again first")
        line = f"{address}\n".encode()
        if len(line) > ADDRESS_LIMIT_BYTES:
            raise ValueError(f"an address has at most {ADDRESS_LIMIT_BYTES} bytes: {address[:80]}…")
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, line, 0)

    def close(self) -> None:
        """Take back the address and give back the lock. Harmless when repeated."""
        if self._lock is not None:
            lock, self._lock = self._lock, None
            os.ftruncate(lock, 0)
            os.close(lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def take_lock(file: Path) -> int | None:
    """Lock the file until its descriptor, which is returned, is closed; None if it is taken.

    Programs that this process starts do not inherit the lock. A forked copy of this process does,
    and holds it as long as it lives.
    """
    try:
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise DataDirectoryError(
            f"cannot open {file}: {error.strerror}; it must belong to the user who runs this"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except OSError as error:
        os.close(lock)
        raise DataDirectoryError(
            f"cannot lock {file}: {error.strerror}; put the data directory on a local disk"
        ) from error
    return lock


def _made(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirectoryError(f"cannot make directory {path}: {error.strerror}") from error
    return path.resolve()


def _published(file: Path) -> str | None:
    with file.open("rb") as lines:
        first, newline, _ = lines.read(ADDRESS_LIMIT_BYTES).partition(b"\n")
    return first.decode() if newline and first else None
