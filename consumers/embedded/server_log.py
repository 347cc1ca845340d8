"""The server's log: a file that the server appends to and that we keep within a limit."""

import os
import shutil
from pathlib import Path

LOG_LIMIT_BYTES = 8 << 20  # twice: the log and the one before it
LOG_TAIL_BYTES = 4096


def open_log(file: Path) -> int:
    """Open the log for us and for the server, which appends to it and need not reach its folder."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    log_file = os.open(file, flags, 0o600)
    bound_log(log_file, file)
    return log_file


def bound_log(written: int, file: Path) -> None:
    """Move the log aside and begin it anew once it is longer than LOG_LIMIT_BYTES."""
    # Copied and emptied rather than renamed: the server goes on writing to the descriptor it has.
    if os.fstat(written).st_size > LOG_LIMIT_BYTES:
        shutil.copyfile(file, file.with_suffix(".log.1"))
        os.ftruncate(written, 0)


def read_tail(written: int, begun_at: int) -> str:
    """Return the end of what was written since the log was ``begun_at`` bytes long."""
    size = os.fstat(written).st_size
    start = max(begun_at, size - LOG_TAIL_BYTES)
    return os.pread(written, size - start, start).decode(errors="replace").strip()
