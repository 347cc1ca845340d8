"""Availability at the ledger's head: in memory, followed from the first time that somebody asks.

What is not in memory is loaded from the views; what cannot be moved on from there is None, and is
to be read from the views as they are. On the event loop only.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import date
from typing import Any, Final, NamedTuple

from api import problems
from api.backend import Views
from api.problems import Problem
from api.reads import VIEW_WAIT_S, Reads
from consumers.availability.loading import load
from consumers.availability.memory import Memory, NotInMemory, Touched
from consumers.availability.tail import Tail
from consumers.projecting.source import Source
from projections.projection import Batch
from projections.selling.availability import READS, Availability
from projections.stock.inventory import InventoryItem

IDLE_S: Final = 900.0
"""Nobody has asked for so long: the ledger is not followed for it any more."""
AT_ONCE: Final = 500
"""Events that are taken in one go; then others have their turn."""
AGAIN_AFTER_S: Final = 5.0
"""A tail that failed is begun anew after so long."""
MAX_WAITING: Final = 10_000
HANDED_ON_WITHIN_S: Final = 0.5
"""How often a tail that waits for the event loop looks whether it is to stop."""


class Shown(NamedTuple):
    """Answers, None for a sku without any stock event, and the position that they show."""

    found: list[Availability | None]
    position: int


class Stock(NamedTuple):
    """Items by location, none for a sku without any stock event, and the position they show.

    `items` is the same object until it changes.
    """

    items: tuple[InventoryItem, ...]
    position: int


class Live:
    """The memory of one network and what feeds it, between `open` and `close`."""

    def __init__(
        self,
        open_source: Callable[[], Source],
        database_url: str,
        reads: Reads,
        views: Views,
    ) -> None:
        self._open_source, self._database_url = open_source, database_url
        self._reads, self._views = reads, views
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tail: Tail | None = None
        self._memory: Memory | None = None
        self.turn = asyncio.Lock()
        """Held while the memory moves, and by whoever needs it to stand still."""
        self._loading = asyncio.Lock()
        self._asked_at = 0.0
        self._generations: Mapping[str, int] = {}
        self._waiting: dict[asyncio.Future[None], int] = {}
        self.on_taken: Callable[[Touched], None] = lambda _: None
        self.on_forgotten: Callable[[], None] = lambda: None

    def open(self) -> None:
        """Be ready to follow."""
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        """Follow no more."""
        self._loop = None
        tail = self._tail
        self._stop()
        if tail is not None:
            await asyncio.to_thread(tail.stop)

    @property
    def memory(self) -> Memory | None:
        """What is known; None until the ledger is followed and what all skus share is loaded."""
        memory = self._memory
        return memory if memory is not None and memory.ready else None

    async def of(
        self,
        channel: str,
        skus: Sequence[str],
        day: date | None = None,
        *,
        min_position: int | None = None,
    ) -> Shown | None:
        """The answers for these skus at one position; None: read the views instead.

        Raises Problem (503) if the ledger is not known to be at `min_position` within VIEW_WAIT_S,
        or if PostgreSQL is away and not all of them are in memory.
        """
        if not await self.has(skus, min_position=min_position):
            return None
        memory = self._memory
        assert memory is not None, "it has them"
        with suppress(NotInMemory):  # one let go of while another was loaded
            return Shown([memory.of(channel, sku, day) for sku in skus], memory.position)
        return None

    async def stock(self, sku: str, min_position: int | None = None) -> Stock | None:
        """A sku's stock by location; None: read the views instead. Raises Problem as `of`."""
        if not await self.has((sku,), min_position=min_position):
            return None
        memory = self._memory
        assert memory is not None, "it has it"
        with suppress(NotInMemory):  # let go of while it was loaded
            return Stock(memory.stock(sku), memory.position)
        return None

    async def after(
        self, after: str, limit: int, *, min_position: int | None = None
    ) -> list[str] | None:
        """So many skus by name that ever had stock, all in memory; None: read the views instead."""
        if not await self.has((), min_position=min_position):
            return None
        assert self._memory is not None, "it has what all share"
        skus = self._memory.skus_after(after, limit)
        return skus if skus is not None and await self.has(skus) else None

    async def has(self, skus: Collection[str], *, min_position: int | None = None) -> bool:
        """Have these skus in memory; False if they cannot be brought to the ledger's head.

        Raises Problem as `of`.
        """
        self.follow()
        memory = self._memory
        if memory is None or self.failed or self._views.outdated(READS):
            return False
        self._forget_replaced(memory)
        if min_position and not await self.reached(min_position, VIEW_WAIT_S):
            raise Problem(
                problems.NOT_YET_VISIBLE,
                f"the ledger is known here up to {memory.position}, and position {min_position} "
                f"did not come within {VIEW_WAIT_S:g} s",
                head=memory.position,
                position=memory.position,
            )
        if memory.ready and all(sku in memory for sku in skus):
            return True
        async with self._loading, self._reads.at(views=()) as conn:
            return await load(memory, conn, self._reads.network, skus, self.reached)

    def _forget_replaced(self, memory: Memory) -> None:
        """What was loaded from rows that a rebuild has replaced is loaded again."""
        generations = self._views.generations(READS)
        if generations != self._generations:
            self._generations = generations
            memory.forget()
            self.on_forgotten()

    def follow(self) -> None:
        """Somebody asks: follow the ledger from now on, unless that is done already."""
        self._asked_at = now = time.monotonic()
        if self._tail is not None and self.failed and now - self._tail.ended_at > AGAIN_AFTER_S:
            self._stop()
        if self._tail is None and self._loop is not None:
            tail = Tail(
                self._open_source,
                self._database_url,
                self._reads.network,
                lambda position: self._hand_on(tail, self._begin(position)),
                lambda batch, position: self._hand_on(tail, self._take(batch, position)),
            )
            self._tail = tail
            tail.start()

    async def reached(self, position: int, timeout_s: float) -> bool:
        """Wait until the memory is at a position; False if not in time."""
        memory = self._memory
        if memory is None or len(self._waiting) >= MAX_WAITING:
            return False
        if memory.position < position:
            there = asyncio.get_running_loop().create_future()
            self._waiting[there] = position
            with suppress(TimeoutError):
                await asyncio.wait_for(there, timeout_s)
            self._waiting.pop(there, None)
        return memory.position >= position

    @property
    def failed(self) -> bool:
        """Whether the ledger is not followed, because that failed; it is tried again."""
        return self._tail is not None and self._tail.fault is not None

    def _hand_on(self, tail: Tail, taking: Coroutine[Any, Any, None]) -> None:
        """In the tail's thread: have the event loop do it, and wait for that."""
        loop = self._loop
        if loop is None or tail.stopping:
            taking.close()
            return
        done: Future[None] = asyncio.run_coroutine_threadsafe(taking, loop)
        while not tail.stopping:
            with suppress(TimeoutError):
                done.result(HANDED_ON_WITHIN_S)
                return

    async def _begin(self, position: int) -> None:
        self._generations = self._views.generations(READS)
        self._memory = Memory(position)

    async def _take(self, batch: Batch, position: int) -> None:
        memory = self._memory
        if memory is None:
            return
        for first in range(0, len(batch) or 1, AT_ONCE):
            some = batch[first : first + AT_ONCE]
            last = first + AT_ONCE >= len(batch)
            async with self.turn:
                self.on_taken(memory.take(some, position if last else None))
            self._tell(memory.position)
            await asyncio.sleep(0)
        self._forget_replaced(memory)
        memory.recent.passed(self._views.position(READS))
        if time.monotonic() - self._asked_at > IDLE_S:
            self._stop()

    def _tell(self, position: int) -> None:
        for waiting, wanted in list(self._waiting.items()):
            if wanted <= position and not waiting.done():
                waiting.set_result(None)

    def _stop(self) -> None:
        if self._tail is not None:
            self._tail.tell_to_stop()
        self._tail = self._memory = None
