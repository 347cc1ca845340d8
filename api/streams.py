"""Open event streams (server-sent events): bounded, resumable, and told when the server stops."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import msgspec
from starlette.requests import Request

from api import problems
from api.events import LAST, LedgerEvent, Read
from api.problems import Problem

MAX_STREAMS: Final = 200
POLL_S: Final = 0.1
"""How often the head of the ledger is read while streams are open, once for all of them."""
HEARTBEAT_S: Final = 15.0
PAGE_EVENTS: Final = 500

ReadPage = Callable[[int, int], Awaitable[Read]]
"""The events after a position up to another one, PAGE_EVENTS at most."""
_MAX_POSITION_DIGITS: Final = len(str(LAST))
_NOTHING: Final = Read([], None)


class Streams:
    """The event streams that are open in this process."""

    def __init__(self, read_head: Callable[[], Awaitable[int]]) -> None:
        self._read_head = read_head
        self._head = 0
        self._read_at = 0.0
        self._open = 0
        self._closing = False
        self.on_close: Callable[[], None] = lambda: None
        """Called when the server stops, from any thread."""

    def close(self) -> None:
        """End every stream within moments, and let no new one begin; callable from anywhere."""
        self._closing = True
        self.on_close()

    def check_room(self) -> None:
        """Raise Problem (503) when no stream can begin now."""
        if self._closing or self._open >= MAX_STREAMS:
            raise Problem(problems.TOO_MANY_STREAMS, f"{self._open} event streams are open")

    async def follow(self, after: int, read_page: ReadPage) -> AsyncIterator[bytes]:
        """Yield every event after a position as it is recorded, and a comment when all is quiet."""
        self._open += 1
        try:
            async for chunk in self._follow(after, read_page):
                yield chunk
        finally:
            self._open -= 1

    async def _follow(self, after: int, read_page: ReadPage) -> AsyncIterator[bytes]:
        said_at = time.monotonic()
        yield b"retry: 1000\n\n"
        while not self._closing:
            head = await self.head()
            page = await read_page(after, head) if head > after else _NOTHING
            if page.events:
                yield b"".join(map(as_sse, page.events))
                said_at = time.monotonic()
            elif time.monotonic() - said_at > HEARTBEAT_S:
                yield b": nothing new\n\n"
                said_at = time.monotonic()
            after = max(after, head) if page.following is None else page.following
            if page.following is None or not page.events:
                await asyncio.sleep(POLL_S)

    async def head(self) -> int:
        """The last position of the ledger, read at most every POLL_S."""
        if time.monotonic() - self._read_at >= POLL_S:
            self._read_at = time.monotonic()
            self._head = await self._read_head()
        return self._head


def last_event_id(request: Request) -> int | None:
    """The position that the header Last-Event-ID says, None without one. Raises Problem (422)."""
    sent = request.headers.get("last-event-id")
    if sent is None:
        return None
    is_number = len(sent) <= _MAX_POSITION_DIGITS and sent.isascii() and sent.isdecimal()
    if not is_number or int(sent) > LAST:
        raise Problem(
            problems.BAD_PARAMETER,
            f"header Last-Event-ID: {sent[:60]!r} is not a position",
            parameter="Last-Event-ID",
        )
    return int(sent)


def as_sse(event: LedgerEvent) -> bytes:
    """The event as server-sent: its position as `id`, its type as `event`."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        event.position,
        event.type.encode(),
        msgspec.json.encode(event),
    )
