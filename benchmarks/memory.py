"""How much memory a program and all that it starts hold, sampled while it runs.

Proportional set size: a page shared by n processes counts one n-th in each, so PostgreSQL's shared
buffers count once. The sum of resident set sizes would count them once a backend. Linux only.
"""

import os
import re
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

INTERVAL_S = 0.5
_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)
_PROC = Path("/proc")


def is_measurable() -> bool:
    """Whether this system tells the proportional set size of a process."""
    return Path("/proc/self/smaps_rollup").exists()


def own_resident_mib() -> float:
    """What this process holds in memory now."""
    resident_pages = int((_PROC / "self" / "statm").read_text().split()[1])
    return resident_pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class PeakMemory:
    """The greatest sum seen between enter and exit over processes and their descendants."""

    def __init__(self, *process_ids: int) -> None:
        self._roots = process_ids
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak-memory", daemon=True)
        self.peak_mib = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.peak_mib = max(self.peak_mib, sum(map(_pss_mib, _family(self._roots))))
            if self._stopped.wait(INTERVAL_S):
                return


def _family(roots: tuple[int, ...]) -> set[int]:
    """The processes and all that descend from them, as of now."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it ended meanwhile
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    found, waiting = set[int](), list(roots)
    while waiting:
        process_id = waiting.pop()
        if process_id not in found:
            found.add(process_id)
            waiting.extend(children.get(process_id, ()))
    return found


def _pss_mib(process_id: int) -> float:
    with suppress(OSError):  # it ended meanwhile
        told = _PSS.search((_PROC / str(process_id) / "smaps_rollup").read_text())
        return int(told.group(1)) / 1024 if told else 0.0
    return 0.0
