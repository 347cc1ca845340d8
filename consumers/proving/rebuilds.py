"""Rebuilds in a thread of this process: one at a time, whoever asks for it."""

import threading
from collections.abc import Callable, Iterable
from typing import Final

from consumers.projecting.parallel import LedgerAt
from consumers.proving.rebuild import Rebuild, RebuildFailed, RebuildInterrupted, RebuildRuns
from ledger.log import get_logger

STOP_WITHIN_S: Final = 20.0

log = get_logger(__name__)


class Rebuilds:
    """Starts rebuilds of a network's views; how they are stands beside the views."""

    def __init__(self, ledger: LedgerAt) -> None:
        self._ledger = ledger
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether one runs in this process."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, names: Iterable[str], on_end: Callable[[], object] = lambda: None) -> None:
        """Begin to rebuild these views; `on_end` is called in its thread.

        Blocks for a connection. Raises RebuildRuns, UnknownView, and what the database raises.
        """
        with self._starting:
            if self.running:
                raise RebuildRuns(
                    "a rebuild is under way here: wait for its end, which GET /v1/projections shows"
                )
            begun = Rebuild(self._ledger, names, stopping=self._stopping.is_set).__enter__()
            self._thread = threading.Thread(
                target=self._run, args=(begun, on_end), name="rebuild", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Have it end after the batch under way; the next rebuild goes on from there."""
        self._stopping.set()
        with self._starting:
            if self._thread is not None:
                self._thread.join(STOP_WITHIN_S)

    def _run(self, begun: Rebuild, on_end: Callable[[], object]) -> None:
        try:
            rebuilt = begun.run()
            log.info("views_rebuilt", views=[each.view for each in rebuilt])
        except RebuildInterrupted as interrupted:
            log.info("rebuild_interrupted", reason=str(interrupted))
        except RebuildFailed as failed:
            log.error("rebuild_failed", views=begun.names, error=str(failed))
        except Exception as fault:  # noqa: BLE001 - it is told beside the views, and here
            log.error("rebuild_failed", views=begun.names, error=repr(fault))
        finally:
            begun.__exit__()
            on_end()
