"""What an answer says of the views behind it: how far they are behind, and which have stopped.

`Onebook-Stale: events=120, seconds=34` stands on an answer that misses events which this process
has known of for longer than STALE_AFTER_S. `Onebook-Stopped: inventory` names the views of it that
cannot take in an event of the ledger. docs/freshness.md has the whole of it.
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from api.backend import Views
from api.replies import POSITION_HEADER
from consumers.projecting.progress import Names

STALE_HEADER: Final = "Onebook-Stale"
STOPPED_HEADER: Final = "Onebook-Stopped"
STALE_AFTER_S: Final = 2.0
LOOK_EVERY_S: Final = 0.25
MAX_MOMENTS: Final = 4_096
"""Kept of how the ledger grew; of more, every second one is let go."""

_ALL: Final = ("",)
_read: ContextVar[Names] = ContextVar("views_read", default=())


def reading(names: Names) -> None:
    """Note, for the answer under way, which views it reads; None: all."""
    _read.set(_ALL if names is None else names)


class Growth:
    """When this process learned how far the ledger is: positions, and seconds of `ticks`."""

    def __init__(
        self,
        position: Callable[[], int],
        ticks: Callable[[], float] = time.monotonic,
        limit: int = MAX_MOMENTS,
    ) -> None:
        self._position, self._ticks, self._limit = position, ticks, limit
        self._positions: list[int] = []
        self._known_at: list[float] = []

    def note(self) -> None:
        """Look how far the ledger is known to be."""
        position = self._position()
        if self._positions and position <= self._positions[-1]:
            return
        if len(self._positions) >= self._limit:
            del self._positions[1::2]
            del self._known_at[1::2]
        self._positions.append(position)
        self._known_at.append(self._ticks())

    def behind(self, shown: int) -> tuple[int, float]:
        """What an answer at a position misses: events, and for how many seconds at least."""
        index = bisect_right(self._positions, shown)
        events = max(0, self._position() - shown)
        if index == len(self._positions):
            return events, 0.0
        return events, self._ticks() - self._known_at[index]


class Freshness:
    """Says of answers how fresh they are. Between `open` and `close` a task follows the ledger."""

    def __init__(self, views: Views, head: Callable[[], int]) -> None:
        self._views = views
        self._growth = Growth(head)
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to follow."""
        self._growth.note()
        self._task = asyncio.create_task(self._follow())

    def close(self) -> None:
        """Follow no more."""
        if self._task is not None:
            self._task.cancel()

    def say(self, request: Request, headers: MutableMapping[str, str] | MutableHeaders) -> None:
        """Add to an answer's headers what is to be said of the views that were read for it."""
        names = _read.get()
        if names == ():
            return
        _read.set(())
        if stopped := self._views.stopped(None if names is _ALL else names):
            headers[STOPPED_HEADER] = ", ".join(sorted(stopped))
        shown = headers.get(POSITION_HEADER)
        # An answer as of then is as old as it was asked to be.
        if shown is None or b"as_of=" in request.scope["query_string"]:
            return
        events, seconds = self._growth.behind(int(shown))
        if events and seconds > STALE_AFTER_S:
            headers[STALE_HEADER] = f"events={events}, seconds={seconds:.0f}"

    async def _follow(self) -> None:
        while True:
            self._growth.note()
            await asyncio.sleep(LOOK_EVERY_S)
