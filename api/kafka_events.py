"""Events of a ledger in Kafka: it has no index, so a filter looks through a bounded part a call.

The last events are kept in memory once, for every stream that follows; what is older is read by
a bounded number of readers, each going on where it ended if that fits.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final, Self

import msgspec
from eventsourcing.persistence import Notification

from api import problems
from api.events import LAST, LedgerEvent, Read
from api.problems import Problem
from ledger.kafka.chain import LedgerCorrupt, LedgerTruncated
from ledger.kafka.history import History
from ledger.kafka.log import LogUnavailable
from ledger.log import get_logger

MAX_READERS: Final = 4
"""Of the past, at a time; who comes later waits for one."""
MAX_LOOKED_AT: Final = 50_000
"""Events that one call looks through for a filter: some 0.3 s."""
READ_AT_ONCE: Final = 2_000
RECENT_EVENTS: Final = 10_000
RECENT_BYTES: Final = 32 << 20

log = get_logger(__name__)

NewHistory = Callable[[], History]
Wanted = Callable[[Notification], bool]


class KafkaEvents:
    """Implements `Events`. `position` is the last position of the ledger that is known here."""

    def __init__(self, new_history: NewHistory, position: Callable[[], int]) -> None:
        self._position = position
        self._recent = _Recent(new_history)
        self._past = [_Reader(new_history) for _ in range(MAX_READERS)]
        self._threads = ThreadPoolExecutor(MAX_READERS + 1, thread_name_prefix="events")

    async def head(self) -> int:
        """The last position, 0 for an empty ledger; as far as this process has followed it."""
        return self._position()

    async def page(
        self,
        after: int,
        limit: int,
        *,
        until: int = LAST,
        stream: str | None = None,
        topics: Sequence[str] | None = None,
    ) -> Read:
        """At most `limit` events, found among at most MAX_LOOKED_AT.

        Raises Problem (503) while the ledger cannot be read.
        """
        until = min(until, self._position())
        if after >= until:
            return Read([], None)
        wanted = _filter(stream, topics)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._threads, self._read, after, limit, until, wanted
            )
        except (LogUnavailable, LedgerTruncated, LedgerCorrupt) as fault:
            log.warning("events_unreadable", after=after, error=str(fault))
            why = f"the ledger cannot be read ({type(fault).__name__}); the server's log says more"
            raise Problem(problems.NOT_READY, why) from fault

    def close(self) -> None:
        """Give up the connections."""
        self._threads.shutdown()
        for reader in (self._recent.reader, *self._past):
            reader.close()

    def _read(self, after: int, limit: int, until: int, wanted: Wanted) -> Read:
        if until - after <= RECENT_EVENTS and (found := self._recent.between(after, until)):
            return _picked(found, after, limit, until, wanted)
        with self._reader_near(after) as reader:
            last = min(until, after + MAX_LOOKED_AT)
            return _picked(reader.between(after, last), after, limit, until, wanted)

    def _reader_near(self, after: int) -> "_Reader":
        """A free reader that ended at the position, else any that is free, else one to wait for."""
        by_place = sorted(self._past, key=lambda reader: abs(reader.ended_at - after))
        free = [reader for reader in by_place if not reader.lock.locked()]
        return (free or by_place)[0]


class _Reader:
    """One reader of the ledger, for one thread at a time."""

    def __init__(self, new_history: NewHistory) -> None:
        self._new_history = new_history
        self._history: History | None = None
        self.lock = Lock()
        self.ended_at = 0

    def __enter__(self) -> Self:
        self.lock.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.lock.release()

    def between(self, after: int, until: int) -> Iterator[Notification]:
        """The events after a position up to another, which the ledger has. Under the lock."""
        while after < until:
            page = self._page(after, until)
            yield from page
            if not page:
                return  # the end is further on than the brokers say now
            after = self.ended_at = page[-1].id

    def close(self) -> None:
        """Give up the connection."""
        if self._history is not None:
            self._history.close()
            self._history = None

    def _page(self, after: int, until: int) -> list[Notification]:
        if self._history is None:
            self._history = self._new_history()
        try:
            return self._history.select(after, READ_AT_ONCE, until)
        except BaseException:
            self.close()
            raise


class _Recent:
    """The last events, read on when somebody asks for more."""

    def __init__(self, new_history: NewHistory) -> None:
        self.reader = _Reader(new_history)
        self._events: list[Notification] = []
        self._bytes = 0

    def between(self, after: int, until: int) -> list[Notification] | None:
        """The events after a position up to another; None for what is older than those kept."""
        with self.reader:
            if not self._events or self._events[-1].id + RECENT_EVENTS < after:
                self._events, self._bytes = [], 0
                self._take(after, until)
            elif after + 1 < self._events[0].id:
                return None
            else:
                self._take(self._events[-1].id, until)
            first = self._events[0].id if self._events else after + 1
            found = self._events[after + 1 - first : max(0, until + 1 - first)]
            self._trim()
        return found

    def _take(self, after: int, until: int) -> None:
        for event in self.reader.between(after, until):
            self._events.append(event)
            self._bytes += len(event.state)

    def _trim(self) -> None:
        gone = max(0, len(self._events) - RECENT_EVENTS)
        left = self._bytes - sum(len(event.state) for event in self._events[:gone])
        while left > RECENT_BYTES:
            left -= len(self._events[gone].state)
            gone += 1
        del self._events[:gone]
        self._bytes = left


def _filter(stream: str | None, topics: Sequence[str] | None) -> Wanted:
    named = None if topics is None else frozenset(topics)

    def wanted(event: Notification) -> bool:
        return (stream is None or event.originator_id == stream) and (
            named is None or event.topic in named
        )

    return wanted


def _picked(
    events: Iterator[Notification] | list[Notification],
    after: int,
    limit: int,
    until: int,
    wanted: Wanted,
) -> Read:
    found: list[LedgerEvent] = []
    for event in events:
        after = event.id
        if wanted(event):
            found.append(_as_read(event))
            if len(found) == limit:
                break
    return Read(found, after if after < until else None)


def _as_read(event: Notification) -> LedgerEvent:
    stream = str(event.originator_id)
    data = msgspec.Raw(event.state)
    return LedgerEvent(event.id, stream, event.originator_version, event.topic, data)
