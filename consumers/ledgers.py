"""A ledger as its writer sees it: what stands at the end, appended to with one block in flight.

Two kinds: one in PostgreSQL that this writer has for itself, and one in Kafka that others may
write at the same time.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from itertools import starmap
from typing import Final, NamedTuple, Protocol

from eventsourcing.persistence import Notification, StoredEvent

from ledger.head import Head
from ledger.kafka.chain import Checkpoint, Counted
from ledger.kafka.recorder import ApplicationRecorder as KafkaRecorder
from ledger.kafka.tip import pass_on_positions
from ledger.postgres import ProcessRecorder as PostgresRecorder
from ledger.recorded import Recorded

READ_PAGE_EVENTS: Final = 10_000


class Page(NamedTuple):
    """Events in order, the first at position `first`, and how the ledger stands behind them.

    `author` wrote them at `recorded_at`; empty and None where a ledger does not say. The ledger
    itself may be further on already: `checkpoint` is where a fold of these events stands.
    """

    first: int
    events: Sequence[Recorded]
    head: Head
    author: str
    recorded_at: datetime | None = None
    checkpoint: Checkpoint | None = None


Take = Callable[[Page], None]


class WritersLedger(Protocol):
    """What a writer needs. For one thread, except that the futures are done in another."""

    shared: bool
    """Whether others may write it too."""
    author: str
    """This writer, as pages name it."""

    @property
    def head(self) -> Head:
        """The last head that is known here. Asks nobody."""
        ...

    @property
    def trackings(self) -> Mapping[str, int]:
        """How far every input was consumed at that head: {topic: next offset}."""
        ...

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The same with where it stands in the topic; None where there are no blocks."""
        ...

    def append(
        self,
        events: Sequence[Recorded],
        decided_on: Head,
        tracking: Mapping[str, int],
        recorded_at: datetime,
    ) -> Future[list[int]]:
        """Append one block; the future holds the positions, or any error: outcome unknown."""
        ...

    def landed(self, positions: Sequence[int]) -> Head:
        """The head with the block that landed at these positions."""
        ...

    def read_on(self, take: Take) -> None:
        """Read from the head to the ledger's end."""
        ...

    def wait(self, timeout_s: float, take: Take) -> None:
        """Wait so long for what others write, and read it; only of a shared ledger."""
        ...

    def event_at(self, position: int) -> Recorded:
        """One event."""
        ...

    @property
    def clock_ahead_s(self) -> float:
        """How far this machine's clock is ahead of the ledger's, at least; negative: behind."""
        ...


class PostgresLedger:
    """The ledger in PostgreSQL, of this writer alone: it takes no input topics."""

    shared = False
    author = ""
    checkpoint: Checkpoint | None = None
    trackings: Mapping[str, int] = {}
    clock_ahead_s = 0.0

    def __init__(self, recorder: PostgresRecorder) -> None:
        self._recorder = recorder
        self.head = Head(0, "")

    def append(
        self,
        events: Sequence[Recorded],
        decided_on: Head,
        tracking: Mapping[str, int],
        recorded_at: datetime,  # noqa: ARG002 - of blocks, which this ledger has not
    ) -> Future[list[int]]:
        """Append in one transaction."""
        assert not tracking, tracking
        return self._recorder.append(list(starmap(StoredEvent, events)), decided_on=decided_on)

    def landed(self, positions: Sequence[int]) -> Head:
        """The last of them."""
        first = self.head.position + 1
        assert list(positions) == list(range(first, first + len(positions))), positions
        self.head = Head(positions[-1], "")
        return self.head

    def read_on(self, take: Take) -> None:
        """Read page by page."""
        end = self._recorder.max_notification_id() or 0
        while self.head.position < end:
            page = self._recorder.select_notifications(
                self.head.position, READ_PAGE_EVENTS, inclusive_of_start=False
            )
            first = self.head.position + 1
            for position, notification in enumerate(page, first):
                assert notification.id == position, (
                    f"the ledger has a gap: position {notification.id} where {position} belongs"
                )
            self.head = Head(page[-1].id, "")
            take(Page(first, [_recorded(one) for one in page], self.head, self.author))

    def wait(self, timeout_s: float, take: Take) -> None:  # noqa: ARG002 - of shared ledgers
        """Never: nobody else writes this ledger."""
        raise AssertionError("a ledger of one writer has no standby")

    def event_at(self, position: int) -> Recorded:
        """One event."""
        [notification] = self._recorder.select_notifications(position, 1)
        return _recorded(notification)


class KafkaLedger:
    """The ledger in Kafka, by the block rule."""

    shared = True

    def __init__(self, recorder: KafkaRecorder) -> None:
        self._recorder = recorder
        self._tip = recorder.tip
        self.author = recorder.tip.writer

    @property
    def head(self) -> Head:
        """The last block that is known to count."""
        return self._tip.head

    @property
    def trackings(self) -> Mapping[str, int]:
        """As of that block."""
        return self._tip.checkpoint.trackings

    @property
    def checkpoint(self) -> Checkpoint | None:
        """Behind that block."""
        return self._tip.checkpoint

    @property
    def clock_ahead_s(self) -> float:
        """By the broker's stamp on the last own append."""
        return self._tip.clock_ahead_s

    def append(
        self,
        events: Sequence[Recorded],
        decided_on: Head,
        tracking: Mapping[str, int],
        recorded_at: datetime,
    ) -> Future[list[int]]:
        """Append one block."""
        positions: Future[list[int]] = Future()
        pass_on_positions(self._tip.append(events, decided_on, tracking, recorded_at), positions)
        return positions

    def landed(self, positions: Sequence[int]) -> Head:
        """The tip's head: no other block is under way."""
        head = self._tip.head
        assert not positions or head.position == positions[-1], (head, positions)
        return head

    def read_on(self, take: Take) -> None:
        """Read block by block."""
        self._tip.read_on(lambda counted: take(_page(counted)))

    def wait(self, timeout_s: float, take: Take) -> None:
        """Wait at the broker."""
        self._tip.wait(timeout_s, lambda counted: take(_page(counted)))

    def event_at(self, position: int) -> Recorded:
        """One event, found in the topic."""
        [notification] = self._recorder.select_notifications(position, 1)
        return _recorded(notification)


def _recorded(one: Notification) -> Recorded:
    return Recorded(str(one.originator_id), one.originator_version, one.topic, one.state)


def _page(counted: Counted) -> Page:
    block = counted.block
    reached = counted.checkpoint
    return Page(block.first, block.events, reached.head, block.writer, block.recorded_at, reached)
