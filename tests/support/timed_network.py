"""Writers that share a ledger in a simulated Kafka, whose time passes only when a test lets it."""

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from chaos.reader import walk
from simulation.machine import Machine, Running
from simulation.topics import LEDGER, NETWORK
from simulation.wires import Broker
from simulation.world import on_simulated_time

from consumers.writing.answers import Outcome
from ledger import codec
from ledger.domain.events import AnyEvent
from ledger.domain.requests import AnyRequest, HoldLine, PlaceHold

STEP_S = 0.01
PATIENCE_S = 60.0


class TimedNetwork:
    """So many writers, each with a clock of its own; with a `folder` they keep snapshots there."""

    def __init__(
        self, writers: int = 1, *, ahead_s: float = 0.0, folder: Path | None = None
    ) -> None:
        self.kafka = Broker()
        self.machines = [
            Machine(self.kafka, place, ahead_s, folder and folder / f"w{place}", Random(place))
            for place in range(writers)
        ]
        self.began = self.kafka.now()

    def at(self, seconds: float) -> datetime:
        """The time so long after the beginning."""
        return self.began + timedelta(seconds=seconds)

    def run_until(self, seconds: float) -> None:
        """Let it be so long after the beginning; all machines that are up do what is to be done."""
        with on_simulated_time(self.kafka):
            while self.kafka.ticks() < seconds:
                for machine in self.machines:
                    machine.step()
                    assert machine.stopped_by is None, machine.stopped_by
                self.kafka.run_for(min(STEP_S, max(0.0, seconds - self.kafka.ticks())))

    def ask(self, *requests: AnyRequest, of: int = 0, channel: str = "web") -> list[Outcome]:
        """What these requests are answered."""
        asked = self.running(of).writer.submit(channel, requests)
        until = self.kafka.ticks() + PATIENCE_S
        while not asked.done():
            assert self.kafka.ticks() < until, "nobody answers"
            self.run_until(self.kafka.ticks() + STEP_S)
        return asked.result(0)

    def running(self, place: int = 0) -> Running:
        """A machine's writer, started if need be."""
        machine = self.machines[place]
        while machine.running is None:
            self.run_until(self.kafka.ticks() + STEP_S)
        return machine.running

    def hold(self, owner: str, until_s: float, *skus: str) -> PlaceHold:
        """One of each for this owner, until so long after the beginning."""
        return PlaceHold(
            request_id=f"hold for {owner} until {until_s}",
            occurred_at=self.kafka.now(),
            owner=owner,
            location="dc-1",
            expires_at=self.at(until_s),
            lines=tuple(
                HoldLine(line_id=str(n), sku=sku, quantity=1)
                for n, sku in enumerate(skus or ("MUG",), 1)
            ),
        )

    @property
    def events(self) -> list[AnyEvent]:
        """The ledger."""
        values = [value or b"" for value in self.kafka.values(LEDGER)]
        found = walk(enumerate(values), NETWORK)
        assert not found.corrupt, found.corrupt
        return [codec.decode(event.type, event.state) for event in found.events]

    def named(self, *types: type) -> list[tuple[str, str]]:
        """The events of these types, and the requests that made them."""
        return [(type(e).__name__, e.request_id) for e in self.events if isinstance(e, types)]
