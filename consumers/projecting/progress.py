"""How far views have got, and who waits for it."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress

Names = Collection[str] | None
"""Of views; None: all that go on."""

MAX_WAITERS = 10_000
"""On event loops, at a time; a further one does not wait."""


class Reached:
    """Positions by view. Set by one thread, waited for by threads and event loops.

    Who waits for certain views names them; without names it is for all that have not stopped.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.positions: dict[str, int] = dict.fromkeys(names, 0)
        self.stopped: frozenset[str] = frozenset()
        self._ended = False
        self._changed = threading.Condition()
        self._waiters: dict[object, tuple[int, Names, Callable[[], object]]] = {}

    def position(self, names: Names = None) -> int:
        """The position that every view has reached, of these or of all that go on."""
        positions = self.positions
        chosen = positions.keys() - self.stopped or positions if names is None else names
        return min(positions[name] for name in chosen)

    def set(self, moved: Mapping[str, int]) -> None:
        """Views have got to these positions."""
        with self._changed:
            # A new dict: whoever reads the old one is not disturbed.
            self.positions = {**self.positions, **moved}
        self._tell()

    def stop(self, names: frozenset[str]) -> None:
        """These views, and no others, do not go on."""
        with self._changed:
            self.stopped = names
        self._tell()

    def end(self) -> None:
        """Nothing will move any more: nobody shall wait."""
        self._ended = True
        self._tell()

    def wait_for(self, position: int, timeout_s: float, names: Names = None) -> bool:
        """Wait until the views are there; False if not in time, or ended before."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while self.position(names) < position and not self._ended:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
        return self.position(names) >= position

    async def reached(self, position: int, timeout_s: float, names: Names = None) -> bool:
        """As `wait_for`, without blocking the running event loop."""
        if self.position(names) >= position or len(self._waiters) >= MAX_WAITERS:
            return self.position(names) >= position
        loop, there = asyncio.get_running_loop(), asyncio.Event()
        self._waiters[there] = (position, names, lambda: loop.call_soon_threadsafe(there.set))
        try:
            # It may have got there before the waiter was known.
            if self.position(names) < position and not self._ended:
                await asyncio.wait_for(there.wait(), timeout_s)
        except TimeoutError:
            pass
        finally:
            del self._waiters[there]
        return self.position(names) >= position

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
        for position, names, wake in list(self._waiters.values()):
            if position <= self.position(names) or self._ended:
                with suppress(RuntimeError):  # its loop was closed: nobody waits there any more
                    wake()
