"""One machine with one writer: it starts, stands still, stops, crashes and starts again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from consumers.ledgers import KafkaLedger
from consumers.snapshot import Snapshot
from consumers.writing.writer import ClockWrong, Writer, WriterStopped
from ledger.kafka.log import LogUnavailable
from ledger.kafka.tip import Tip
from simulation.stepped import NobodyWaits, SteppedRecorder, opened
from simulation.topics import SimulatedInputs, SimulatedLetters, SimulatedPublisher
from simulation.wires import Broker, Link

TAKEOVER_S: Final = 1.0
DOWN_S: Final = 0.5
"""How long a machine is down that could not start, or whose writer ended."""
UNHEARD: Final = 0.05
"""How often telling who follows a writer fails."""


class Running:
    """A writer and what it stands on."""

    def __init__(self, writer: Writer, tip: Tip, snapshot: Snapshot | None) -> None:
        self.writer, self.tip, self.snapshot = writer, tip, snapshot

    @property
    def settled(self) -> bool:
        """Whether it has nothing to read and nothing under way."""
        return not self.writer._behind and not self.writer._under_way()


class Machine:
    """`step` does what the writer's thread would do next, if it would do something.

    With a `folder` it keeps a snapshot there. `stopped_by` is the fault that no writer should
    meet; `on_start` is called with each new writer before it reads anything.
    """

    def __init__(
        self, kafka: Broker, place: int, ahead_s: float, folder: Path | None, chance: Random
    ) -> None:
        self.name = f"w{place}"
        self.link = Link(kafka)
        self.ahead_s = ahead_s
        self.running: Running | None = None
        self.stopped_by: BaseException | None = None
        self.on_start: Callable[[Machine, Running], None] = lambda _machine, _running: None
        self._kafka, self._place, self._folder = kafka, place, folder
        self._chance = chance
        self._incarnation = 0
        self._still_until = 0.0

    def clock(self) -> datetime:
        """What time it is here."""
        return self._kafka.now() + timedelta(seconds=self.ahead_s)

    def step(self) -> None:
        """Start, or do the next thing, unless the machine stands still."""
        if self._kafka.ticks() < self._still_until or self.stopped_by is not None:
            return
        try:
            if self.running is None:
                self._start()
            elif _is_awake(self.running.writer):
                self._step(self.running)
        except ClockWrong as fault:
            self._end(fault)
            self.ahead_s = 0.0
        except Exception as fault:  # noqa: BLE001 - judged by whoever looks at the machine
            self._end(fault)
            self.stopped_by = fault

    def stand_still(self, seconds: float) -> None:
        """As SIGSTOP does."""
        self._still_until = self._kafka.ticks() + seconds

    def go_on(self) -> None:
        """As SIGCONT does."""
        self._still_until = 0.0

    def stop(self) -> None:
        """As SIGTERM does: the writer decides what is queued, then ends."""
        if self.running is not None:
            self.running.writer._stopping = True

    def crash(self, down_s: float) -> None:
        """As kill -9 does: nobody is told anything, and what is in the network may arrive."""
        if self.running is not None:
            appender = self.running.tip._appender
            if appender is not None and self._chance.random() < 0.5:
                appender.discard()
            self._forget(self.running)
        self.stand_still(down_s)

    def _start(self) -> None:
        self._incarnation += 1
        running = self._made(f"{self.name}-{self._incarnation}")
        self.on_start(self, running)
        try:
            running.writer.begin()
        except LogUnavailable:
            self._forget(running)
            self.stand_still(DOWN_S)
        else:
            self.running = running

    def _made(self, author: str) -> Running:
        snapshot = opened(self._folder) if self._folder is not None else None
        checkpoint = None if snapshot is None else snapshot.checkpoint
        recorder = SteppedRecorder(self._kafka, self.link, author, self.clock, checkpoint)
        writer = Writer(
            KafkaLedger(recorder),
            inputs=SimulatedInputs(self._kafka, self.link, self._chance),
            letters=SimulatedLetters(self._kafka, self.link, self._chance),
            publisher=SimulatedPublisher(self._kafka, self.link),
            snapshot=snapshot,
            takeover_s=TAKEOVER_S,
            place=self._place,
            clock=self.clock,
            ticks=self._kafka.ticks,
            on_append=self._hear,
        )
        writer._waking = NobodyWaits()
        return Running(writer, recorder.tip, snapshot)

    def _hear(self, position: int) -> None:
        """Who follows the writer may be gone: that must harm nobody else."""
        if self._chance.random() < UNHEARD:
            raise OSError(f"nobody hears of position {position}")

    def _step(self, running: Running) -> None:
        """One turn of the writer's thread, which ends when it has nothing more to wait for."""
        writer = running.writer
        try:
            goes_on = writer._wait_for_work()
        except WriterStopped as stopped:
            self._end(stopped)
            return
        if not goes_on:
            writer._engine.save()
            self._end(None)
            return
        writer.step()
        if writer._behind and writer._pause_s:
            self.stand_still(writer._pause_s)

    def _end(self, fault: Exception | None) -> None:
        running = self.running
        if running is not None:
            running.writer._fault = fault
            running.writer._fail_everybody_who_waits(fault)
            running.tip.close()
            self._forget(running)
        self.stand_still(DOWN_S)

    def _forget(self, running: Running) -> None:
        if running.snapshot is not None:
            running.snapshot.close()
        self.running = None


def _is_awake(writer: Writer) -> bool:
    """Whether the writer's thread would not wait for something to happen."""
    waits = writer.active and not writer._behind and not writer._stopping
    return not waits or writer._has_work()
