"""One run of the model: a time of troubles, a time of quiet, and what is left then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple, Self
from unittest.mock import patch

from msgspec import Struct
from msgspec.structs import replace
from simulated_log import WELL, Fate, troubled

from consumers import ledgers, snapshot
from consumers.snapshot import lazy, saving
from consumers.writing import blocks, engine
from ledger.kafka.chain import EMPTY, LedgerTruncated
from simulation.clients import Clients
from simulation.machine import Machine, Running
from simulation.stepped import TimedFuture
from simulation.topics import INPUTS, LEDGER
from simulation.wires import DIRECTIONS, Broker

QUIET_LIMIT_S: Final = 60.0
"""Within this simulated time after the last fault everything is answered."""
LATEST_LANDING_S: Final = 60.0
"""By then no append is under way that was sent before."""
MAX_TURNS: Final = 20_000
MAX_TRACE: Final = 2_000
FAULTS: Final = {
    "crash": 4,
    "stop": 2,
    "stand still": 4,
    "cut": 5,
    "no broker": 2,
    "clock": 1,
}


OnStart = Callable[[Machine, Running], None]


class Setting(Struct, frozen=True):
    """What a seed says of its world."""

    machines: int
    requests: int
    within_s: float
    trouble: float
    """The share of appends that do not go well."""
    letters_lost: float
    faults_every_s: float
    block_events: int
    ahead_s: tuple[float, ...]
    hidden_s: float
    snapshots: bool
    emptied: bool
    """Whether the ledger's topic loses its first records as its first block is decided."""

    @classmethod
    def of(cls, chance: Random) -> "Setting":
        machines = chance.choices((1, 2, 3), (1, 5, 4))[0]
        return cls(
            machines,
            chance.randint(20, 60),
            chance.choice((2.0, 10.0, 25.0)),
            chance.choice((0.0, 0.1, 0.3, 0.6)),
            chance.choice((0.0, 0.05, 0.3)),
            chance.choice((0.7, 2.0, 6.0, 1000.0)),
            chance.choice((3, 10, 40, 1000)),
            tuple(chance.choice((0.0, 0.0, 2.0, -2.0, 60.0)) for _ in range(machines)),
            chance.choice((0.0, 0.0, 0.05, 1.0)),
            chance.random() < 0.15,
            chance.random() < 0.04,
        )


class Emptied(NamedTuple):
    """When the ledger's topic was emptied: after so many appends and so many answers."""

    sent: int
    told: int


class World:
    """Everything of one run, which has happened when the context is entered.

    `on_start` is called with a machine when its writer starts; `said` overrides what the seed says
    of the setting.
    """

    def __init__(self, seed: int, on_start: OnStart | None = None, **said: Any) -> None:
        self.seed = seed
        self.setting = setting = replace(Setting.of(Random(f"{seed}/setting")), **said)
        self._chance = Random(f"{seed}/world")
        self._calm = False
        hiding = Random(f"{seed}/hiding")
        self.kafka = Broker(
            self._fates(),
            hidden_for_s=lambda: 0.0 if self._calm else hiding.random() * setting.hidden_s,
        )
        self.kafka.letters_lost = setting.letters_lost
        self._disk = TemporaryDirectory() if setting.snapshots else None
        self.machines = [self._machine(place, on_start) for place in range(setting.machines)]
        self.clients = Clients(self.kafka, self.machines, seed)
        self.trace: list[str] = []
        self.stuck: list[str] = []
        """What did not come about in time."""
        self.emptied: Emptied | None = None
        self._turns = 0

    def __enter__(self) -> Self:
        """Let it all happen; stop early if a writer does what none should."""
        with on_simulated_time(self.kafka), small_limits(self.setting.block_events):
            self._troubled_time()
            if self.emptied is None:
                self._quiet_time()
        return self

    def __exit__(self, *fault: object) -> None:
        """Give up what lies on disk; until then it can be looked at."""
        for machine in self.machines:
            machine.crash(0.0)
        if self._disk is not None:
            self._disk.cleanup()

    @property
    def broken(self) -> bool:
        """Whether a writer met a fault that none should."""
        due = () if self.emptied is None else (LedgerTruncated,)
        faults = [machine.stopped_by for machine in self.machines]
        return any(fault is not None and not isinstance(fault, due) for fault in faults)

    def _machine(self, place: int, on_start: OnStart | None) -> Machine:
        folder = None if self._disk is None else Path(self._disk.name) / f"w{place}"
        chance = Random(f"{self.seed}/{place}")
        machine = Machine(self.kafka, place, self.setting.ahead_s[place], folder, chance)
        if on_start is not None:
            machine.on_start = on_start
        return machine

    def _fates(self) -> Iterator[Fate]:
        chance = Random(f"{self.seed}/fates")
        fates = troubled(chance, self.setting.trouble)
        while True:
            yield WELL if self._calm else next(fates)

    def _troubled_time(self) -> None:
        self.clients.plan(self.setting.requests, self.setting.within_s)
        next_fault = self._chance.expovariate(1 / self.setting.faults_every_s)
        while self.kafka.ticks() < self.setting.within_s and not self.broken:
            self._turn()
            if self.setting.emptied and self.emptied is None:
                self._empty()
            if self.kafka.ticks() >= next_fault:
                self._fault()
                next_fault += self._chance.expovariate(1 / self.setting.faults_every_s)

    def _quiet_time(self) -> None:
        """No more faults: all is answered soon, and every writer comes to know the same."""
        self._note("quiet")
        self._calm, self.kafka.letters_lost = True, 0.0
        self.kafka.go_away_for(0.0)
        for machine in self.machines:
            machine.link.heal()
            machine.go_on()
        self._turns_until(self._all_is_answered, "no answer to everything that was asked")
        self.clients.ask_for_the_rest()
        self._turns_until(self._all_is_answered, "no answer to what was asked again")
        if self._chance.random() < 0.5:
            self._start_again()
        self.kafka.run_for(LATEST_LANDING_S)
        self._turns_until(self._no_deadline_stands, "a deadline passes and nobody decides it")
        for machine in self.machines:
            self.clients.ask_this_one(machine)
        self._turns_until(self._all_know_the_same, "the writers do not come to the same head")

    def _start_again(self) -> None:
        """All machines, so that none is active while the last deadlines pass."""
        self._note("all machines start again")
        for machine in self.machines:
            machine.crash(0.0)

    def _turns_until(self, enough: Callable[[], bool], otherwise: str) -> None:
        until = self.kafka.ticks() + QUIET_LIMIT_S
        while not self.stuck and not self.broken and not enough():
            self._turn()
            if self.kafka.ticks() > until:
                self.stuck.append(f"{otherwise} within {QUIET_LIMIT_S:g} s")

    def _all_is_answered(self) -> bool:
        """Whether every call is answered and the ledger has consumed every topic."""
        running = [machine.running for machine in self.machines if machine.running is not None]
        if self.clients.open or len(running) < len(self.machines):
            return False
        return all(
            max(one.tip.checkpoint.trackings.get(topic, 0) for one in running)
            == len(self.kafka.values(topic))
            for topic in INPUTS
        )

    def _no_deadline_stands(self) -> bool:
        """Whether every writer has seen that whatever had a deadline is over."""
        running = [machine.running for machine in self.machines if machine.running is not None]
        if len(running) < len(self.machines):
            return False
        return not any(one.writer._engine.state.deadlines for one in running)

    def _all_know_the_same(self) -> bool:
        if not self._all_is_answered():
            return False
        running = [machine.running for machine in self.machines if machine.running is not None]
        heads = {one.tip.head for one in running}
        return len(heads) == 1 and all(one.settled for one in running)

    def _turn(self) -> None:
        self._turns += 1
        assert self._turns < MAX_TURNS, "the run does not come to an end"
        self._chance.choice(self.machines).step()
        self.kafka.run_for(self._pause_s())

    def _pause_s(self) -> float:
        kind = self._chance.random()
        if kind < 0.7:
            return self._chance.expovariate(500)
        return self._chance.expovariate(30 if kind < 0.97 else 3)

    def _fault(self) -> None:
        chance, machine = self._chance, self._chance.choice(self.machines)
        kind = chance.choices(list(FAULTS), list(FAULTS.values()))[0]
        seconds = min(20.0, chance.expovariate(1 / chance.choice((0.1, 2.0, 6.0))))
        match kind:
            case "crash":
                machine.crash(seconds)
            case "stop":
                machine.stop()
            case "stand still":
                machine.stand_still(seconds)
            case "cut":
                cut = chance.choice((*DIRECTIONS, "everything"))
                kind = f"cut, {cut}"
                for direction in DIRECTIONS:
                    if cut in (direction, "everything"):
                        machine.link.cut(direction, seconds)
            case "no broker":
                self.kafka.go_away_for(min(seconds, 5.0))
            case "clock":
                machine.ahead_s += chance.choice((-3.0, 0.5, 3.0, 30.0))
        self._note(f"{machine.name}: {kind}, {seconds:.2f} s")

    def _empty(self) -> None:
        """Take the first records away while a writer has read that there are none."""
        running = [machine.running for machine in self.machines if machine.running is not None]
        if any(one.writer.active and one.settled and one.tip.head == EMPTY for one in running):
            self.kafka.put(LEDGER, b"what stood first")
            self.kafka.delete_before(LEDGER, len(self.kafka.values(LEDGER)))
            self.emptied = Emptied(len(self.kafka.sent), len(self.clients.told))
            self._note("the ledger's topic is emptied")

    def _note(self, what: str) -> None:
        if len(self.trace) < MAX_TRACE:
            self.trace.append(f"{self.kafka.ticks():9.3f} {what}")


@contextmanager
def on_simulated_time(kafka: Broker) -> Iterator[None]:
    """A writer that waits for its append lets the time pass."""
    with patch.object(ledgers, "Future", partial(TimedFuture, kafka)):
        yield


@contextmanager
def small_limits(block_events: int) -> Iterator[None]:
    """Small blocks, so that a record's requests come into several, and a short memory."""
    with (
        patch.object(blocks, "MAX_BLOCK_EVENTS", block_events),
        patch.object(engine, "MAX_REFUSALS_IN_MEMORY", 2),
        patch.object(snapshot, "SAVE_EVERY_EVENTS", 20),
        patch.object(saving, "SLICE_PAUSE_S", 0.0),
        patch.object(lazy, "EAGER_ENTRIES", 0),
    ):
        yield
