"""One network's ledger, writer and projector in one process: where these objects meet."""

import gc
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final, Self

from consumers.ledgers import PostgresLedger
from consumers.projecting.garbage import GARBAGE_THRESHOLDS
from consumers.projecting.parallel import LedgerAt
from consumers.projector import Projector
from consumers.writing.writer import Writer
from ledger import postgres
from ledger.opening import open_ledger

DEFAULT_NETWORK: Final = "main"

Progress = Callable[[int, int], None]


class Node:
    """A context manager: entered, it has read its ledger, decides requests and keeps its views.

    Entering raises what the database raises, and the projector's errors if a view stands beyond
    the ledger. `project=False` leaves the views alone; `progress(position, head)` is called while
    the ledger is read; with `verify_events_per_s` the views are proven all the time by folding so
    many events a second once more. Sets this process's garbage collector to GARBAGE_THRESHOLDS.
    """

    writer: Writer
    projector: Projector
    recorder: postgres.ProcessRecorder

    def __init__(
        self,
        database_url: str,
        network: str = DEFAULT_NETWORK,
        *,
        project: bool = True,
        progress: Progress | None = None,
        verify_events_per_s: int = 0,
    ) -> None:
        self.database_url = database_url
        self.network = network
        self._project = project
        self._progress = progress
        self._verify_events_per_s = verify_events_per_s
        self._parts = ExitStack()

    def __enter__(self) -> Self:
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        settings = postgres.environment(self.database_url)
        with ExitStack() as parts:
            self.recorder = parts.enter_context(open_ledger(settings, self.network))
            where = LedgerAt(self.network, self.database_url)
            self.projector = Projector(
                self.recorder,
                self.database_url,
                self.network,
                ledger=where,
                verify_events_per_s=self._verify_events_per_s,
            )
            ledger = PostgresLedger(self.recorder)
            self.writer = Writer(ledger, on_append=self._wake_views)
            if self._project:
                self.projector.start()
                parts.callback(self.projector.stop)
            self.writer.start(self._told(self.recorder.max_notification_id() or 0))
            parts.callback(self.writer.stop)
            self._parts = parts.pop_all()
        return self

    def _told(self, end: int) -> Callable[[int], None] | None:
        progress = self._progress
        return None if progress is None else lambda position: progress(position, max(position, end))

    def _wake_views(self, _position: int) -> None:
        self.projector.notify()

    def __exit__(self, *fault: object) -> None:
        self._parts.close()
