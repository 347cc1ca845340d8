"""How far views have got, and who waits for it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

MAX_WAITERS = 10_000
"""On event loops, at a time; a further one does not wait."""


class Reached:
    """Positions by view. Set by one thread, waited for by threads and event loops."""

    def __init__(self, names: Iterable[str]) -> None:
        self.positions: dict[str, int] = dict.fromkeys(names, 0)
        self._ended = False
        self._changed = threading.Condition()
        self._waiters: dict[object, tuple[int, Callable[[], object]]] = {}

    def position(self) -> int:
        """The position that every view has reached."""
        return min(self.positions.values())

    def set(self, moved: Mapping[str, int]) -> None:
        """Views have got to these positions."""
        with self._changed:
            # A new dict: whoever reads the old one is not disturbed.
            self.positions = {**self.positions, **moved}
        self._tell()

    def end(self) -> None:
        """Nothing will move any more: nobody shall wait."""
        self._ended = True
        self._tell()

    def wait_for(self, position: int, timeout_s: float) -> bool:
        """Wait until all views are there; False if not in time, or ended before."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while self.position() < position and not self._ended:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
        return self.position() >= position

    async def reached(self, position: int, timeout_s: float) -> bool:
        """As `wait_for`, without blocking the running event loop."""
        if self.position() >= position or len(self._waiters) >= MAX_WAITERS:
            return self.position() >= position
        loop, there = asyncio.get_running_loop(), asyncio.Event()
        self._waiters[there] = (position, lambda: loop.call_soon_threadsafe(there.set))
        try:
            # It may have got there before the waiter was known.
            if self.position() < position and not self._ended:
                await asyncio.wait_for(there.wait(), timeout_s)
        except TimeoutError:
            pass
        finally:
            del self._waiters[there]
        return self.position() >= position

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
        reached = self.position()
        for position, wake in list(self._waiters.values()):
            if position <= reached or self._ended:
                with suppress(RuntimeError):  # its loop was closed: nobody waits there any more
                    wake()
