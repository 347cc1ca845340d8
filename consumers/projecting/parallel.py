"""Folding a long stretch of a ledger by several processes: each takes some of the views.

A fold is bound by the interpreter, which one process has once. Views do not read one another's
tables, so that each process keeps its own; their checkpoints lock each view as ever, and whoever
goes on afterwards begins where these stopped. What a process could not do, or did not come to, is
left to whoever called: nothing depends on it.
"""

import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Final

import psycopg
from eventsourcing.persistence import ApplicationRecorder
from msgspec import Struct

from consumers.projecting.fold import CheckpointMoved, ViewFold
from consumers.projecting.garbage import GARBAGE_THRESHOLDS
from consumers.sources import source_of
from ledger import postgres
from ledger.kafka.client import KafkaLog
from ledger.kafka.recorder import ReadOnlyRecorder
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import ledger_topic
from ledger.log import get_logger
from ledger.opening import open_ledger
from projections.keeping import checkpoints

MAX_PROCESSES: Final = 4
WORTH_IT_EVENTS: Final = 100_000
"""Views so far behind are caught up by several processes: beginning one takes a second or two."""
LOOK_EVERY_S: Final = 0.5
END_WITHIN_S: Final = 8.0
COSTS: Final = {"orders": 9, "stock_history": 5, "subject_events": 4, "inventory_days": 3}
"""What views cost beside others, as measured on a ledger of sales and orders."""

log = get_logger(__name__)


class LedgerAt(Struct, frozen=True):
    """Where a ledger is, for a process that is to read it: in Kafka, else in this PostgreSQL."""

    network: str
    database_url: str
    kafka: KafkaSettings | None = None

    @contextmanager
    def reader(self) -> Iterator[ApplicationRecorder]:
        """The ledger, to read."""
        if self.kafka is None:
            settings = postgres.environment(self.database_url)
            with open_ledger(settings, self.network) as recorder:
                yield recorder
            return
        log_of = KafkaLog(self.kafka, ledger_topic(self.network))
        with ReadOnlyRecorder(log_of, self.network) as reader:
            yield reader


def shares(names: Iterable[str], processes: int) -> list[list[str]]:
    """The views, dealt out so that each process has about as much to do; none is empty."""
    dealt: list[list[str]] = [[] for _ in range(processes)]
    done = [0] * processes
    for name in sorted(names, key=lambda name: -COSTS.get(name, 1)):
        least = done.index(min(done))
        dealt[least].append(name)
        done[least] += COSTS.get(name, 1)
    return [share for share in dealt if share]


def fold(  # noqa: PLR0913 - which ledger, into which tables, by how many, and who is told
    ledger: LedgerAt,
    names: Iterable[str],
    until: int,
    *,
    schema: str | None = None,
    processes: int | None = None,
    progress: Callable[[int, int], None] = lambda _position, _until: None,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Fold these views up to a position, in processes of their own; returns when they have ended.

    `progress(position, until)` is called now and then with what all have reached. Ends early when
    `stopping` says so. A process that fails says why in the log.
    """
    views = list(names)
    count = processes or min(MAX_PROCESSES, max(2, os.cpu_count() or 1))
    spawn = multiprocessing.get_context("spawn")
    running = [
        spawn.Process(target=_fold, args=(ledger, share, until, schema), daemon=True)
        for share in shares(views, count)
    ]
    for process in running:
        process.start()
    try:
        _wait(ledger, views, until, schema, running, progress, stopping)
    finally:
        _end(running)


def _wait(  # noqa: PLR0913, PLR0917 - what `fold` was given
    ledger: LedgerAt,
    views: list[str],
    until: int,
    schema: str | None,
    running: Sequence[BaseProcess],
    progress: Callable[[int, int], None],
    stopping: Callable[[], bool],
) -> None:
    while any(process.is_alive() for process in running) and not stopping():
        running[0].join(LOOK_EVERY_S) if running[0].is_alive() else time.sleep(LOOK_EVERY_S)
        progress(_reached(ledger, views, schema), until)


def _reached(ledger: LedgerAt, views: list[str], schema: str | None) -> int:
    """What all of the views have reached; 0 while that cannot be read."""
    try:
        with psycopg.connect(ledger.database_url, autocommit=True) as conn:
            if schema is not None:
                conn.execute("SELECT set_config('search_path', quote_ident(%s), false)", [schema])
            found = checkpoints.positions(conn, ledger.network)
    except psycopg.Error:
        return 0
    return min(found.get(name, 0) for name in views)


def _end(running: Sequence[BaseProcess]) -> None:
    for process in running:
        if process.is_alive():
            process.terminate()
    for process in running:
        process.join(END_WITHIN_S)
        if process.exitcode:
            log.warning("fold_process_ended", exit_code=process.exitcode)


def _fold(ledger: LedgerAt, names: list[str], until: int, schema: str | None) -> None:
    """In a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and ends this one
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    with ledger.reader() as recorder:
        source = source_of(recorder, ledger.database_url, listen=False)
        views = ViewFold(
            source,
            ledger.database_url,
            ledger.network,
            names,
            schema=schema,
            leave_outdated=schema is None,  # they are read, and rebuilt beside, by whoever calls
        )
        try:
            views.open()
            source.look()
            while views.advance(until):
                pass
        except CheckpointMoved as moved:
            log.info("fold_process_leaves_views", reason=str(moved))
        finally:
            views.close()
            source.close()
