"""One who listens to what changes for channels: a snapshot, then the changes, until it leaves."""

import asyncio
from bisect import bisect_left
from contextlib import suppress
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import problems
from api.feed import Feed, Listener
from api.problems import Problem
from consumers.availability.ring import Filter, as_mark, as_snapshot

SENT_WITHIN_S: Final = 20.0
"""Who does not take what it is sent for so long is given up; it may resume."""
QUIET_S: Final = 15.0
"""After so long without a change the position is told, so that a resume goes on from there."""
BEHIND: Final = "You took the changes too slowly: connect again, and you get a new snapshot."
FOLLOWS_NOT: Final = "The ledger is not followed here just now: connect again in a moment."
PAGE_SKUS: Final = 100
"""Of a snapshot, at a time."""
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Listening(Response):
    """Tells one listener, which has joined; `resumed`: the last id that it has seen."""

    def __init__(self, feed: Feed, listener: Listener, resumed: int | None) -> None:
        super().__init__()
        self._feed, self._listener = feed, listener
        self._wanted: Filter = listener.wanted
        self._resumed = resumed
        self._send: Send | None = None

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Tell until either side ends it."""
        self._send = send
        leaving = asyncio.create_task(self._leaves(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            # One that takes nothing any more is cut off: the end of the body would wait as well.
            with suppress(TimeoutError):
                try:
                    await self._tell()
                except Problem as away:
                    await self._say(_last("away", away.detail))
                await self._say(b"", more=False)
        finally:
            leaving.cancel()
            self._feed.leave(self._listener)

    async def _leaves(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._listener.gone = True
        self._listener.woken.set()

    async def _tell(self) -> None:
        feed, listener = self._feed, self._listener
        await self._say(b"retry: 1000\n\n")
        resets = feed.ring.resets
        if self._resumed is not None and feed.resumes(self._wanted, self._resumed):
            number = feed.ring.number_after(self._resumed)
        else:
            number = await self._snapshot()
        while not (feed.closing or listener.gone):
            ring = feed.ring
            if ring.resets != resets:
                resets = ring.resets
                number = await self._snapshot()
            elif number < ring.first:
                await self._say(_last("behind", BEHIND))
                return
            elif number < ring.next:
                chunk, number = feed.chunk(self._wanted, number)
                await self._say(chunk)
            else:
                await self._wait()

    async def _wait(self) -> None:
        """Until there may be something to tell; after a quiet while the position is."""
        woken = self._listener.woken
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIET_S):
                await woken.wait()
        if not woken.is_set() and not await self._feed.look():
            raise Problem(problems.NOT_READY, FOLLOWS_NOT)
        if not woken.is_set():
            await self._say(as_mark("position", self._feed.ring.told))
        woken.clear()

    async def _snapshot(self) -> int:
        """Tell what is so now; return the number of the first change behind that.

        What changed while it was told is told again where it was told too early.
        """
        feed = self._feed
        while not self._listener.gone:
            ring, resets, began = feed.ring, feed.ring.resets, feed.ring.next
            await self._say(b"event: snapshot_begin\ndata: {}\n\n")
            pages = await self._pages()
            if not await feed.told(max((at for _, at in pages), default=0)):
                raise TimeoutError
            if feed.ring is not ring or ring.resets != resets or began < ring.first:
                continue  # so much changed meanwhile that it is not worth telling
            missed = [
                change
                for change in ring.after(began)
                if self._wanted.takes(change) and change.position > _shown(pages, change.sku)
            ]
            number, told = ring.next, ring.told
            await self._say(as_snapshot(told, [change.body for change in missed]))
            await self._say(as_mark("snapshot_end", told))
            return number
        return feed.ring.next

    async def _pages(self) -> list[tuple[str, int]]:
        """Tell all skus, page by page: the last of each page, and the position that it shows."""
        named = None if self._wanted.skus is None else sorted(self._wanted.skus)
        pages: list[tuple[str, int]] = []
        after = ""
        while not (self._listener.gone or self._feed.closing):
            if named is None:
                skus = await self._feed.skus_after(after, PAGE_SKUS)
            else:
                skus = [sku for sku in named if sku > after][:PAGE_SKUS]
            if not skus:
                break
            position, bodies = await self._feed.snapshot(self._wanted, skus)
            after = skus[-1]
            pages.append((after, position))
            await self._say(as_snapshot(position, bodies))
        return pages

    async def _say(self, chunk: bytes, *, more: bool = True) -> None:
        """Send, bounded. Raises TimeoutError for one that does not take it."""
        if (chunk or not more) and self._send is not None:
            body = {"type": "http.response.body", "body": chunk, "more_body": more}
            async with asyncio.timeout(SENT_WITHIN_S):
                await self._send(body)


def _shown(pages: list[tuple[str, int]], sku: str) -> int:
    """The position at which a snapshot told a sku; -1: it did not."""
    place = bisect_left(pages, sku, key=lambda page: page[0])
    return pages[place][1] if place < len(pages) else -1


def _last(event: str, why: str) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (event.encode(), msgspec.json.encode({"detail": why}))
