"""Run as a program: saves a snapshot of some busy days, and is killed in the middle of the next.

Arguments: the folder, and after how many writes of that save.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path

from busy_days import busy_days
from following import decisions, write_on

from consumers.snapshot import Snapshot, saving
from consumers.snapshot.store import Writing

REQUESTS = 120
SAVED = 60


def main(place: Path, writes: int) -> None:
    decided = decisions(busy_days(REQUESTS).books.events)
    kept = Snapshot.open(place, "main")
    write_on(kept, decided[:SAVED], save_every=SAVED)
    saving.SLICE_ENTRIES = 10
    plain, written = Writing.put, count(1)

    def put(self, table, rows) -> None:
        plain(self, table, rows)
        if next(written) == writes:
            os.kill(os.getpid(), signal.SIGKILL)

    Writing.put = put  # type: ignore[method-assign]
    rest = decided[SAVED:]
    write_on(kept, rest, save_every=len(rest))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
