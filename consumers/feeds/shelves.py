"""What may be sold, at the ledger's head: memory that reads the ledger on by itself.

Begun where the views are; skus are loaded from them when they are needed. For one thread, which
may wait for the ledger and for PostgreSQL.
"""

import asyncio
import time
from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

import psycopg
from eventsourcing.persistence import OperationalError
from msgspec import Struct
from psycopg import AsyncConnection

from consumers.availability.loading import load
from consumers.availability.memory import Memory
from consumers.availability.recent import MAX_RECENT
from consumers.availability.unnamed import Unnamed
from consumers.projecting.source import Source
from ledger.kafka.chain import Checkpoint
from projections.keeping import checkpoints
from projections.reading import configure
from projections.selling import availability_parts
from projections.selling.availability import READS, Availability, AvailableAt

READ_EVENTS: Final = 10_000
PAUSE_S: Final = 0.02
"""Between two looks at the ledger while a view is further on than memory."""
LOOK_EVERY_S: Final = 2.0
"""How often it is asked whether a rebuild has replaced rows of the views."""
CONNECT_LIMIT_S: Final = 10
_UNDESCRIBED: Final = ""
"""A channel that nobody described: all active locations serve it."""


class Changes(Struct):
    """Of which skus the answers may have changed; `everything`: of all."""

    skus: set[str]
    everything: bool = False


class _Open(NamedTuple):
    memory: Memory
    runner: asyncio.Runner
    connection: AsyncConnection[Any]


class Shelves:
    """Raises OperationalError while the views are too far behind, and what the ledger raises."""

    def __init__(self, ledger: Source, database_url: str, network: str) -> None:
        self._ledger, self._database_url, self._network = ledger, database_url, network
        self._opened: _Open | None = None
        self._stand = Checkpoint()
        self._changes = Changes(set())
        self._unnamed = Unnamed()
        self._generations: dict[str, int] = {}
        self._look_at = 0.0

    @property
    def position(self) -> int:
        """The position that the answers show."""
        return self._stand.head.position

    def open(self) -> None:
        """Begin where the views stand, unless it has begun."""
        if self._opened is not None:
            return
        stands = self._stands()
        self._ledger.prove(stands)
        self._stand = min(stands.values(), key=lambda stand: stand.head.position)
        behind = self._ledger.end() - self.position
        if behind > MAX_RECENT:
            raise OperationalError(
                f"the views of network {self._network} are {behind} events behind the ledger, and "
                f"at most {MAX_RECENT} can be made up for: is a projector at work?"
            )
        runner = asyncio.Runner()
        try:
            connection = runner.run(self._connect())
            self._generations = runner.run(self._replaced(connection))
        except BaseException:
            runner.close()
            raise
        self._opened = _Open(Memory(self.position), runner, connection)
        self._changes = Changes(set())
        self._unnamed.clear()

    def end(self) -> int:
        """The last position of the ledger, asked anew."""
        return self._ledger.end()

    def look(self) -> None:
        """Let `read` go as far as the ledger goes now."""
        self._ledger.look()

    def read(self) -> bool:
        """Read some events on; False if there are none, as far as was looked or waited for."""
        taken = self._ledger.read(self._stand, None, READ_EVENTS)
        if taken is None:
            return False
        touched = self._open.memory.take(taken.events, taken.checkpoint.head.position)
        self._stand = taken.checkpoint
        self._changes.skus |= touched.skus.keys()
        self._changes.everything |= touched.everywhere or bool(touched.channels)
        self._unnamed.add(touched.unnamed, touched.position)
        return True

    def wait(self) -> None:
        """Wait for events, some time."""
        self._ledger.wait()

    def changes(self) -> Changes:
        """What has changed since this was asked last; everything, where rows were replaced."""
        memory, runner, connection = self._open
        if self._unnamed:
            self._changes.skus |= runner.run(self._unnamed.skus(connection, self._network))
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_EVERY_S
            generations = runner.run(self._replaced(connection))
            if generations != self._generations:
                self._generations = generations
                self._changes.everything = True
                memory.forget()
        found, self._changes = self._changes, Changes(set())
        return found

    def load(self, skus: Collection[str]) -> None:
        """Have these skus in memory."""
        memory, runner, connection = self._open
        if memory.ready and all(sku in memory for sku in skus):
            return
        asked = load(memory, connection, self._network, skus, self._reached)
        if not runner.run(asked):
            raise OperationalError(
                f"what the views of network {self._network} say of {len(skus)} skus cannot be "
                f"moved on to position {self.position}: are they far behind?"
            )

    def skus_after(self, after: str, limit: int) -> list[str]:
        """So many skus by name that ever had stock."""
        self.load(())
        found = self._open.memory.skus_after(after, limit)
        if found is None:
            raise OperationalError(f"network {self._network} has more skus than are kept by name")
        return found

    def channels_of(self, sku: str) -> Iterator[Availability]:
        """What each described channel may sell of a sku that is in memory."""
        memory = self._open.memory
        for channel in sorted(memory.channels):
            if (said := memory.of(channel, sku)) is not None:
                yield said

    def locations_of(self, sku: str) -> tuple[AvailableAt, ...]:
        """What each active location has of a sku that is in memory."""
        said = self._open.memory.of(_UNDESCRIBED, sku)
        return () if said is None else said.locations

    def close(self) -> None:
        """Give up the connections and what is remembered."""
        self._ledger.disconnect()
        if self._opened is not None:
            _, runner, connection = self._opened
            self._opened = None
            runner.run(connection.close())
            runner.close()

    @property
    def _open(self) -> _Open:
        assert self._opened is not None, "open it first"
        return self._opened

    def _stands(self) -> dict[str, Checkpoint]:
        try:
            with psycopg.connect(self._database_url, connect_timeout=CONNECT_LIMIT_S) as conn:
                found = checkpoints.stands(conn, self._network)
        except psycopg.errors.UndefinedTable:
            found = {}
        missing = [view for view in READS if view not in found]
        if missing:
            raise OperationalError(
                f"network {self._network} has no view {missing[0]} yet: run `onebook project`"
            )
        return {view: found[view] for view in READS}

    async def _replaced(self, connection: AsyncConnection[Any]) -> dict[str, int]:
        """How often the rows of each view were replaced."""
        stands = await availability_parts.stands_of_views(connection, self._network)
        return {view: stand.generation for view, stand in stands.items()}

    async def _connect(self) -> AsyncConnection[Any]:
        connection = await AsyncConnection.connect(
            self._database_url, connect_timeout=CONNECT_LIMIT_S
        )
        await configure(connection)
        return connection

    async def _reached(self, position: int, timeout_s: float) -> bool:
        """Read on to a position that a view shows already."""
        deadline = time.monotonic() + timeout_s
        while self.position < position:
            self._ledger.look()
            if not self.read():
                if time.monotonic() > deadline:
                    return False
                await asyncio.sleep(PAUSE_S)
        return True
