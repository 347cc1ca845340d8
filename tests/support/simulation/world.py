"""One run of the model: a time of troubles, a time of quiet, and what is left then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Final
from unittest.mock import patch

from msgspec import Struct
from simulated_log import WELL, Fate, troubled
from simulation.clients import Clients
from simulation.machine import Machine
from simulation.topics import INPUTS
from simulation.wires import DIRECTIONS, Broker

from consumers import blocks, engine

QUIET_LIMIT_S: Final = 60.0
"""Within this simulated time after the last fault everything is answered."""
LATEST_LANDING_S: Final = 60.0
"""By then no append is under way that was sent before."""
MAX_TURNS: Final = 20_000
MAX_TRACE: Final = 2_000
FAULTS: Final = {
    "crash": 4,
    "stand still": 4,
    "cut": 5,
    "no broker": 2,
    "clock": 1,
}


class Setting(Struct, frozen=True):
    """What a seed says of its world."""

    machines: int
    requests: int
    within_s: float
    trouble: float
    """The share of appends that do not go well."""
    faults_every_s: float
    block_events: int
    ahead_s: tuple[float, ...]
    hidden_s: float

    @classmethod
    def of(cls, chance: Random) -> "Setting":
        machines = chance.choices((1, 2, 3), (1, 5, 4))[0]
        return cls(
            machines,
            chance.randint(20, 60),
            chance.choice((2.0, 10.0, 25.0)),
            chance.choice((0.0, 0.1, 0.3, 0.6)),
            chance.choice((0.7, 2.0, 6.0, 1000.0)),
            chance.choice((3, 10, 40, 1000)),
            tuple(chance.choice((0.0, 0.0, 2.0, -2.0, 60.0)) for _ in range(machines)),
            chance.choice((0.0, 0.0, 0.05, 1.0)),
        )


class World:
    """Everything of one run. `on_start` is called with a machine when its writer starts."""

    def __init__(self, seed: int, on_start: Callable[[Machine], None] | None = None) -> None:
        self.seed = seed
        self.setting = setting = Setting.of(Random(f"{seed}/setting"))
        self._chance = Random(f"{seed}/world")
        self._calm = False
        hiding = Random(f"{seed}/hiding")
        self.kafka = Broker(
            self._fates(),
            hidden_for_s=lambda: 0.0 if self._calm else hiding.random() * setting.hidden_s,
        )
        self.kafka.letters_lost = setting.trouble / 3
        self.machines = [
            Machine(self.kafka, place, setting.ahead_s[place], Random(f"{seed}/{place}"))
            for place in range(setting.machines)
        ]
        for machine in self.machines:
            if on_start is not None:
                machine.on_start = on_start
        self.clients = Clients(self.kafka, self.machines, seed)
        self.trace: list[str] = []
        self.stuck: list[str] = []
        """What did not come about in time."""
        self._turns = 0

    def run(self) -> None:
        """Let it all happen; stop early if a writer does what none should."""
        with small_limits(self.setting.block_events):
            self._troubled_time()
            self._quiet_time()

    @property
    def broken(self) -> bool:
        """Whether a writer met a fault that none should."""
        return any(machine.stopped_by is not None for machine in self.machines)

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
        self.kafka.run_for(LATEST_LANDING_S)
        for machine in self.machines:
            self.clients.ask_this_one(machine)
        self._turns_until(self._all_know_the_same, "the writers do not come to the same head")

    def _turns_until(self, enough: Callable[[], bool], otherwise: str) -> None:
        until = self.kafka.ticks() + QUIET_LIMIT_S
        while not self.stuck and not self.broken and not enough():
            self._turn()
            if self.kafka.ticks() > until:
                self.stuck.append(f"{otherwise} within {QUIET_LIMIT_S:g} s")

    def _all_is_answered(self) -> bool:
        if self.clients.open or not all(machine.up for machine in self.machines):
            return False
        known = [machine.tip.checkpoint.trackings for machine in self.machines if machine.tip]
        return all(
            max(trackings.get(topic, 0) for trackings in known) == len(self.kafka.values(topic))
            for topic in INPUTS
        )

    def _all_know_the_same(self) -> bool:
        if not self._all_is_answered():
            return False
        heads = {machine.tip.head for machine in self.machines if machine.tip}
        return len(heads) == 1 and not any(
            machine.writer._behind or machine.writer._under_way()
            for machine in self.machines
            if machine.writer
        )

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
            case "stand still":
                machine.stand_still(seconds)
            case "cut":
                kind = chance.choice(("reading", "sending", "hearing", "everything"))
                for direction in DIRECTIONS:
                    if kind in (direction, "everything"):
                        machine.link.cut(direction, seconds)
            case "no broker":
                self.kafka.go_away_for(min(seconds, 5.0))
            case "clock":
                machine.ahead_s += chance.choice((-3.0, 0.5, 3.0, 30.0))
        self._note(f"{machine.name}: {kind}, {seconds:.2f} s")

    def _note(self, what: str) -> None:
        if len(self.trace) < MAX_TRACE:
            self.trace.append(f"{self.kafka.ticks():9.3f} {what}")


@contextmanager
def small_limits(block_events: int) -> Iterator[None]:
    """Small blocks, so that a record's requests come into several, and a short memory."""
    with (
        patch.object(blocks, "MAX_BLOCK_EVENTS", block_events),
        patch.object(engine, "MAX_REFUSALS_IN_MEMORY", 2),
    ):
        yield
