"""One machine with one writer: it starts, stands still, crashes and starts again."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from eventsourcing.persistence import Notification
from simulation.topics import (
    LEDGER,
    NETWORK,
    SimulatedInputs,
    SimulatedLetters,
    SimulatedPublisher,
)
from simulation.wires import Broker, Link, LinkedLog

from consumers.ledgers import KafkaLedger
from consumers.writer import ClockWrong, Writer
from ledger.kafka.chain import Checkpoint
from ledger.kafka.history import History
from ledger.kafka.log import LogUnavailable
from ledger.kafka.tip import Tip

TAKEOVER_S: Final = 1.0
RETRY_START_S: Final = 0.5


class SimulatedRecorder:
    """What a KafkaLedger needs of a recorder, on simulated time."""

    def __init__(
        self, log: LinkedLog, writer: str, kafka: Broker, clock: Callable[[], datetime]
    ) -> None:
        self._log, self._kafka = log, kafka
        self.tip = Tip(log, NETWORK, writer, clock=clock, ticks=kafka.ticks)
        self.tip._changed = SteppedCondition(kafka)

    def select_notifications(self, start: int, limit: int) -> list[Notification]:
        history = History(self._log, NETWORK, clock=self._kafka.ticks)
        return history.select(start - 1, limit)


class SteppedCondition(threading.Condition):
    """Who waits lets the simulated time pass."""

    def __init__(self, kafka: Broker) -> None:
        super().__init__()
        self._kafka = kafka

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        self._kafka._run_until(self._kafka.ticks() + (timeout or 0.0), predicate)
        return predicate()


class Machine:
    """`step` does what the writer's thread would do next, if it would do something.

    `stopped_by` is the fault that no writer should meet. `on_start`, if given, is called with
    each new writer's tip before it reads anything.
    """

    def __init__(self, kafka: Broker, place: int, ahead_s: float, chance: Random) -> None:
        self.name = f"w{place}"
        self.link = Link(kafka)
        self.ahead_s = ahead_s
        self.writer: Writer | None = None
        self.tip: Tip | None = None
        self.stopped_by: BaseException | None = None
        self.on_start: Callable[[Machine], None] = lambda _: None
        self._kafka, self._place, self._chance = kafka, place, chance
        self._incarnation = 0
        self._still_until = 0.0

    @property
    def up(self) -> bool:
        """Whether a writer runs here, be it that it stands still."""
        return self.writer is not None

    def clock(self) -> datetime:
        """What time it is here."""
        return self._kafka.now() + timedelta(seconds=self.ahead_s)

    def step(self) -> None:
        """Start, or do the next thing, unless the machine stands still."""
        if self._kafka.ticks() < self._still_until or self.stopped_by is not None:
            return
        try:
            if self.writer is None:
                self._start()
            elif self._would_step(self.writer):
                self._step(self.writer)
        except ClockWrong as fault:
            self._stopped(fault)
            self.ahead_s = 0.0
        except Exception as fault:  # noqa: BLE001 - judged by whoever looks at the machine
            self._stopped(fault)
            self.stopped_by = fault

    def stand_still(self, seconds: float) -> None:
        """As SIGSTOP does."""
        self._still_until = self._kafka.ticks() + seconds

    def go_on(self) -> None:
        """As SIGCONT does."""
        self._still_until = 0.0

    def crash(self, down_s: float) -> None:
        """As kill -9 does: nobody is told anything, and what is in the network may arrive."""
        if self.tip is not None and self.tip._appender is not None and self._chance.random() < 0.5:
            self.tip._appender.discard()
        self.writer = self.tip = None
        self.stand_still(down_s)

    def _start(self) -> None:
        self._incarnation += 1
        name = f"{self.name}-{self._incarnation}"
        log = LinkedLog(self._kafka, LEDGER, self.link)
        recorder = SimulatedRecorder(log, name, self._kafka, self.clock)
        self.tip = recorder.tip
        self.on_start(self)
        writer = Writer(
            KafkaLedger(recorder),
            inputs=SimulatedInputs(self._kafka, self.link, self._chance),
            letters=SimulatedLetters(self._kafka, self.link, self._chance),
            publisher=SimulatedPublisher(self._kafka, self.link),
            takeover_s=TAKEOVER_S,
            place=self._place,
            clock=self.clock,
            ticks=self._kafka.ticks,
        )
        try:
            writer.begin()
        except LogUnavailable:
            self.stand_still(RETRY_START_S)
        else:
            self.writer = writer

    def _would_step(self, writer: Writer) -> bool:
        """Whether the writer's thread would be awake."""
        return writer._behind or not writer.active or writer._has_work()

    def _step(self, writer: Writer) -> None:
        writer.step()
        if writer._behind and writer._pause_s:
            self.stand_still(writer._pause_s)

    def _stopped(self, fault: Exception) -> None:
        writer, self.writer, self.tip = self.writer, None, None
        if writer is not None:
            writer._fail_everybody_who_waits(fault)
        self.stand_still(RETRY_START_S)
