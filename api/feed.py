"""What changes for channels, computed once for all who listen, in rounds.

A round tells all that changed since the one before. Rounds follow one another so slowly that
telling takes no more than a tenth of the time, however many listen.
"""

import asyncio
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Final

from api import problems
from api.live import Live
from api.problems import Problem
from api.reads import Reads
from consumers.availability.memory import Memory, Touched
from consumers.availability.ring import MAX_CHANGES, Change, Filter, Ring, offer_of
from consumers.availability.unnamed import Unnamed
from ledger.log import get_logger

MAX_LISTENERS: Final = 2_000
MAX_CHANNELS: Final = 500
"""That are listened to at a time."""
MAX_TOLD: Final = 500_000
"""Answers remembered to tell only what changed; beyond, some may be told once more."""
READY_WITHIN_S: Final = 10.0
PAUSE_S: Final = 0.05
REST: Final = 9
"""After a round, a pause of so many times as long as it took."""
KEPT_S: Final = 120.0
"""Changes are gathered for so long after the last listener left, so that it can resume."""
AT_ONCE: Final = 25
"""Skus that are looked at in one go; then others have their turn."""
AFTER_FAULT_S: Final = 1.0
TRIES: Final = 3

log = get_logger(__name__)


class Listener:
    """Who listens: woken when there is something for it."""

    def __init__(self, wanted: Filter) -> None:
        self.wanted = wanted
        self.woken = asyncio.Event()
        self.gone = False


class Feed:
    """The changes of one network, while somebody listens. On the event loop only."""

    def __init__(self, live: Live, reads: Reads) -> None:
        self._live, self._reads = live, reads
        self.ring = Ring(0)
        self.closing = False
        self._groups: dict[Filter, set[Listener]] = {}
        self._watched: dict[str, int] = {}
        self._said: dict[tuple[str, str], bytes] = {}
        self._pending: dict[str, set[str | None]] = {}
        self._positions: dict[str, int] = {}
        self._unnamed = Unnamed()
        self._left: dict[str, float] = {}
        self._everything = False
        self._grown = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._memory: Memory | None = None
        self._left_at = 0.0
        self._all_woken_at = 0
        self._chunks: dict[tuple[Filter, int], tuple[bytes, int]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        live.on_taken = self._taken
        live.on_forgotten = self._replaced

    @property
    def listeners(self) -> int:
        """How many listen."""
        return sum(map(len, self._groups.values()))

    def close(self) -> None:
        """End every stream within moments; callable from anywhere."""
        self.closing = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake_all)

    def stop(self) -> None:
        """Gather no more changes."""
        self.closing = True
        if self._task is not None:
            self._task.cancel()

    async def join(self, wanted: Filter, min_position: int | None = None) -> Listener:
        """Begin to listen, at `min_position` or behind. Raises Problem (503): not possible now."""
        if self.closing or self.listeners >= MAX_LISTENERS:
            raise Problem(problems.TOO_MANY_STREAMS, f"{self.listeners} streams are open")
        memory = await self._ready(min_position)
        if self.listeners >= MAX_LISTENERS:  # others came meanwhile
            raise Problem(problems.TOO_MANY_STREAMS, f"{self.listeners} streams are open")
        if memory is not self._memory or self._task is None or self._task.done():
            self._begin(memory)
        self._watch(wanted.channels if wanted.channels is not None else memory.channels)
        listener = Listener(wanted)
        self._groups.setdefault(wanted, set()).add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no more."""
        group = self._groups[listener.wanted]
        group.discard(listener)
        self._left_at = time.monotonic()
        if not group:
            del self._groups[listener.wanted]
            unwanted = self._watched.keys() - self._listened_to()
            self._left |= dict.fromkeys(unwanted - self._left.keys(), self._left_at)

    def resumes(self, wanted: Filter, position: int) -> bool:
        """Whether all that such a listener wants is kept from behind this position on."""
        memory = self._memory
        assert memory is not None, "joined"
        channels = wanted.channels if wanted.channels is not None else memory.channels
        watched = all(self._watched.get(channel, position + 1) <= position for channel in channels)
        return watched and self.ring.resumes(position)

    async def look(self) -> bool:
        """Whether what is told is followed; else it is begun anew, as soon as that can be."""
        with suppress(Problem):
            await self._live.has(())
        memory = self._live.memory
        if memory is None or self._live.failed:
            return False
        if memory is not self._memory or self._task is None or self._task.done():
            self._begin(memory)
        return True

    def chunk(self, wanted: Filter, number: int) -> tuple[bytes, int]:
        """What there is to tell from a number on, the same bytes for all who want the same."""
        key = (wanted, number)
        found = self._chunks.get(key)
        if found is None:
            found = self._chunks[key] = self.ring.chunk(wanted, number)
        return found

    async def snapshot(self, wanted: Filter, skus: Collection[str]) -> tuple[int, list[bytes]]:
        """What is so now of these skus, and at which position. Raises Problem (503)."""
        memory = self._memory
        assert memory is not None, "joined"
        for _ in range(TRIES):
            if await self._live.has(skus) and all(sku in memory for sku in skus):
                break
        else:
            raise Problem(problems.NOT_READY, "the views are too far behind the ledger")
        channels = wanted.channels if wanted.channels is not None else memory.channels
        bodies = (self._body(memory, channel, sku) for channel in sorted(channels) for sku in skus)
        return memory.position, [body for body in bodies if body is not None]

    async def told(self, position: int) -> bool:
        """Wait until everything up to a position was told; False if that takes too long."""
        deadline = time.monotonic() + READY_WITHIN_S
        while self.ring.told < position and not self.closing and time.monotonic() < deadline:
            self._grown.set()
            await asyncio.sleep(PAUSE_S)
        return self.ring.told >= position

    async def skus_after(self, after: str, limit: int) -> list[str]:
        """Names of skus, for a snapshot of all. Raises Problem (503)."""
        skus = await self._live.after(after, limit)
        if skus is None:
            raise Problem(problems.NOT_READY, "the skus are not all known here: name some by `sku`")
        return skus

    async def _ready(self, min_position: int | None) -> Memory:
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            known = await self._live.has((), min_position=min_position)
            if known and (memory := self._live.memory) is not None:
                return memory
            if time.monotonic() > deadline or self.closing:
                raise Problem(problems.NOT_READY, "the views are too far behind the ledger")
            await asyncio.sleep(PAUSE_S)

    def _begin(self, memory: Memory) -> None:
        if self._task is not None:
            self._task.cancel()
        self._loop = asyncio.get_running_loop()
        self._memory = memory
        resets = self.ring.resets
        self.ring = Ring(memory.position)
        self.ring.resets = resets + 1
        self._all_woken_at = 0
        for known in (self._said, self._pending, self._positions, self._watched, self._chunks):
            known.clear()
        self._left.clear()
        for wanted in self._groups:
            self._watch(wanted.channels if wanted.channels is not None else memory.channels)
        self._unnamed.clear()
        self._task = asyncio.create_task(self._run())
        self._wake_all()  # before they tell a position of the new ring

    def _watch(self, channels: Iterable[str]) -> None:
        position = self.ring.told if self._memory is None else self._memory.position
        for channel in channels:
            if channel not in self._watched and len(self._watched) >= MAX_CHANNELS:
                if not self._left:
                    why = f"{MAX_CHANNELS} channels are listened to"
                    raise Problem(problems.TOO_MANY_STREAMS, why)
                self._unwatch(next(iter(self._left)))
            self._watched.setdefault(channel, position)
            self._left.pop(channel, None)

    def _unwatch(self, channel: str) -> None:
        """Nobody has listened to it for long, or others need its place."""
        self._left.pop(channel, None)
        self._watched.pop(channel, None)
        self._said = {key: body for key, body in self._said.items() if key[0] != channel}

    def _listened_to(self) -> Collection[str]:
        memory = self._memory
        described = () if memory is None else memory.channels
        named = (described if w.channels is None else w.channels for w in self._groups)
        return {channel for channels in named for channel in channels}

    def _replaced(self) -> None:
        """Rows of the views were replaced: what was told may have been wrong."""
        self._everything = True
        self._grown.set()

    def _taken(self, touched: Touched) -> None:
        if self._task is None or self._task.done():
            return
        for sku, position in touched.skus.items():
            self._positions[sku] = position
            self._pending.setdefault(sku, set()).update(touched.at[sku])
        self._unnamed.add(touched.unnamed, touched.position)
        self._everything |= touched.everywhere or not touched.channels.isdisjoint(self._wanted())
        self._grown.set()

    def _wanted(self) -> Collection[str]:
        memory = self._memory
        described = () if memory is None else memory.channels
        return {*self._watched, *(described if self._hears_all() else ())}

    def _hears_all(self) -> bool:
        return any(wanted.channels is None for wanted in self._groups)

    async def _run(self) -> None:
        while not self.closing:
            await self._grown.wait()
            self._grown.clear()
            began = time.monotonic()
            for channel, left_at in list(self._left.items()):
                if began - left_at > KEPT_S:
                    self._unwatch(channel)
            try:
                await self._round()
            except Exception as fault:  # noqa: BLE001 - whatever it is, listeners get a new snapshot
                log.error("feed_failed", error=repr(fault))
                self._everything = True
                asyncio.get_running_loop().call_later(AFTER_FAULT_S, self._grown.set)
            await asyncio.sleep(0)  # who was woken has had its turn
            await asyncio.sleep(max(PAUSE_S, REST * (time.monotonic() - began)))
            if not self._groups and time.monotonic() - self._left_at > KEPT_S:
                return

    async def _round(self) -> None:
        self._live.follow()
        try:
            await self._name()
            await self._load()
        except Problem as away:  # what is in memory is told all the same
            log.info("feed_waits", why=away.detail)
            asyncio.get_running_loop().call_later(AFTER_FAULT_S, self._grown.set)
        async with self._live.turn:
            await self._tell()

    async def _load(self) -> None:
        """Have what changed in memory. Raises Problem."""
        memory = self._memory
        missing = [sku for sku in self._pending if memory is not None and sku not in memory]
        if missing and not await self._live.has(missing):
            raise Problem(problems.NOT_READY, f"{len(missing)} skus cannot be moved on yet")

    async def _name(self) -> None:
        """Find the skus of what does not name them."""
        if not self._unnamed:
            return
        async with self._reads.at(views=()) as conn:
            found = await self._unnamed.skus(conn, self._reads.network)
        for sku in found:
            self._pending.setdefault(sku, set()).add(None)
        if self._unnamed:  # the views do not show them yet
            asyncio.get_running_loop().call_later(AFTER_FAULT_S, self._grown.set)

    async def _tell(self) -> None:
        """Put what changed into the ring, and wake who wants to hear of it."""
        memory = self._memory
        assert memory is not None, "begun"
        told, position = self.ring.told, memory.position
        if self._everything:
            self._start_over(position)
            return
        changes: list[Change] = []
        for place, sku in enumerate(tuple(self._pending)):
            if sku in memory:
                at = self._pending.pop(sku)
                label = self._positions.pop(sku, 0)
                changes += self._changes(memory, sku, label if label > told else position, at)
            if place % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
        self.ring.add(changes, position)
        self._chunks.clear()
        self._wake(changes)
        if len(self._said) > MAX_TOLD:
            self._said.clear()

    def _changes(
        self, memory: Memory, sku: str, position: int, at: Collection[str | None]
    ) -> Iterable[Change]:
        places = None if None in at else frozenset(place for place in at if place is not None)
        for channel in self._watched:
            answer = memory.of(channel, sku)
            if answer is None:
                continue
            body = offer_of(answer)
            if self._said.get((channel, sku)) != body:
                self._said[(channel, sku)] = body
                yield Change(position, channel, sku, places, body)

    def _body(self, memory: Memory, channel: str, sku: str) -> bytes | None:
        """What is told of a sku in a snapshot: what was told, unless it has changed since."""
        if sku not in self._pending:
            said = self._said.get((channel, sku))
            if said is not None:
                return said
        answer = memory.of(channel, sku)
        if answer is None:
            return None
        body = offer_of(answer)
        if sku not in self._pending:
            self._said[(channel, sku)] = body
        return body

    def _start_over(self, position: int) -> None:
        """Something was described that changes the answers for all skus."""
        self._everything = False
        for known in (self._pending, self._positions, self._said, self._chunks):
            known.clear()
        self.ring.reset(position)
        self._watched = dict.fromkeys(self._wanted(), position)
        self._wake_all()

    def _wake(self, changes: list[Change]) -> None:
        if self.ring.next - self._all_woken_at > MAX_CHANGES // 4:
            # Who wants nothing of all this goes on in it before it is let go of.
            self._all_woken_at = self.ring.next
            self._wake_all()
            return
        for wanted, group in self._groups.items():
            if any(wanted.takes(change) for change in changes):
                for listener in group:
                    listener.woken.set()

    def _wake_all(self) -> None:
        for group in self._groups.values():
            for listener in group:
                listener.woken.set()
