"""Parts of a writer that would wait for threads or the clock, on simulated time."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from eventsourcing.persistence import Notification

from consumers.snapshot import Snapshot
from ledger.kafka.chain import Checkpoint
from ledger.kafka.history import History
from ledger.kafka.tip import Tip
from simulation.topics import LEDGER, NETWORK
from simulation.wires import Broker, Link, LinkedLog

LONG_S: Final = 120.0
"""Nothing that a writer waits for takes longer."""


class SteppedRecorder:
    """What a KafkaLedger needs of a recorder."""

    def __init__(
        self,
        kafka: Broker,
        link: Link,
        writer: str,
        clock: Callable[[], datetime],
        checkpoint: Checkpoint | None,
    ) -> None:
        self._kafka, self._log = kafka, LinkedLog(kafka, LEDGER, link)
        self.tip = Tip(self._log, NETWORK, writer, checkpoint, clock=clock, ticks=kafka.ticks)
        self.tip._changed = TimePasses(kafka)

    def select_notifications(self, start: int, limit: int) -> list[Notification]:
        history = History(self._log, NETWORK, clock=self._kafka.ticks)
        return history.select(start - 1, limit)


class TimePasses(threading.Condition):
    """Who waits lets the simulated time pass."""

    def __init__(self, kafka: Broker) -> None:
        super().__init__()
        self._kafka = kafka

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        self._kafka._run_until(self._kafka.ticks() + (timeout or 0.0), predicate)
        return predicate()


class NobodyWaits(threading.Condition):
    """Who would wait comes back at once, and is asked again later."""

    def wait(self, timeout: float | None = None) -> bool:
        return False

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        return predicate()


class TimedFuture(Future[Any]):
    """Who asks for its result lets the simulated time pass until it is there."""

    def __init__(self, kafka: Broker) -> None:
        super().__init__()
        self._kafka = kafka

    def result(self, timeout: float | None = None) -> Any:
        limit_s = LONG_S if timeout is None else timeout
        self._kafka._run_until(self._kafka.ticks() + limit_s, self.done)
        return super().result(0)


class AtOnce(Executor):
    """What is submitted is done when `submit` returns."""

    def submit(self, do: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(do(*args, **more))
        except BaseException as fault:  # noqa: BLE001 - told to whoever asks
            done.set_exception(fault)
        return done


def opened(folder: Path) -> Snapshot:
    """The snapshot that a writer keeps there, written in the thread that uses it."""
    snapshot = Snapshot.open(folder, NETWORK)
    snapshot._background = AtOnce()
    return snapshot
