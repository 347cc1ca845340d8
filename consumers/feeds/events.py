"""The feed of a network's events: one CloudEvents record an event, in the order of positions.

The rule that makes it exactly-once for a reader: a record counts if its position is the next one.
In the topic no record ever stands before the one of the position before it; one that stands there
again, because two published at once or one did not know that it had, is at a position that was
there already.
"""

import time
from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec

from consumers.feeds.cloud_events import CONTENT_TYPE, as_cloud_event, value_of
from consumers.feeds.publisher import FeedStopped
from consumers.feeds.topic import Published, size_of
from ledger.head import Head
from ledger.kafka.block import Block, decode, hash_of
from ledger.kafka.chain import Checkpoint, Counted, LedgerTruncated
from ledger.kafka.client import MAX_GROUP_BYTES, Keyed
from ledger.kafka.follower import Follower, record_at
from ledger.kafka.log import Log, LogUnavailable

MAX_GROUP_RECORDS: Final = 2_000
TAIL_RECORDS: Final = 4 * MAX_GROUP_RECORDS
"""Of the topic's end: more than two publishers at once repeat."""
BLOCK: Final = "onebook-block"
"""The header that says which block of the ledger an event is from: `{offset}/{hash}`."""
_MS: Final = 1_000


class _Id(msgspec.Struct, gc=False):
    id: str


class _At(msgspec.Struct, frozen=True):
    """The block of an event: the offset of its record in the ledger, and its hash."""

    offset: int
    name: str


_id: Final = msgspec.json.Decoder(_Id).decode


class EventsFeed:
    """Implements `Feed` for the ledger of a network in Kafka."""

    tail: int | None = TAIL_RECORDS

    def __init__(self, ledger: Log, network: str) -> None:
        self._ledger, self._network = ledger, network
        self._position: int | None = None
        self._at: _At | None = None
        self._follower: Follower | None = None
        self._ready: deque[tuple[Block, _At]] = deque()

    @property
    def position(self) -> int:
        """The last that the topic shows."""
        return self._position or 0

    def begin(self) -> None:
        """Forget where it stood."""
        self.close()
        self._position = self._at = None

    def take(self, record: Published) -> bool:
        """Whether it is of the next position; the first that is read says where the topic is."""
        found = _place_of(record)
        if found is None:
            return False
        position, at = found
        if self._position is not None and position != self._position + 1:
            return False
        self._position, self._at = position, at
        return True

    def opened(self, *, has_held: bool) -> None:
        """An empty topic begins with position 1; one whose records are all gone says nothing."""
        if self._position is not None:
            return
        if has_held:
            raise FeedStopped(
                f"the topic of the events of {self._network} held records, and none is left that "
                f"says how far it is: {_ANEW}"
            )
        self._position = 0

    def group(self, timeout_s: float) -> list[Keyed]:
        """The events behind the last one, at most MAX_GROUP_RECORDS of MAX_GROUP_BYTES in all."""
        follower = self._follower or self._followed()
        self._let_go()
        if not self._ready:
            self._ready.extend(map(_ready, follower.poll(timeout_s)))
            self._let_go()
        group: list[Keyed] = []
        size = 0
        for record in self._following():
            size += size_of(record)
            if group and (size > MAX_GROUP_BYTES or len(group) == MAX_GROUP_RECORDS):
                break
            group.append(record)
        return group

    def settled(self) -> None:
        """Nothing: what was taken is let go."""

    def close(self) -> None:
        """Give up the connection to the ledger."""
        if self._follower is not None:
            self._follower.close()
            self._follower = None
        self._ready.clear()

    def _let_go(self) -> None:
        while self._ready and self._ready[0][0].last <= self.position:
            self._ready.popleft()

    def _following(self) -> Iterator[Keyed]:
        for block, at in self._ready:
            skip = max(0, self.position + 1 - block.first)
            place = ((BLOCK, f"{at.offset}/{at.name}".encode()), CONTENT_TYPE)
            for position, event in enumerate(block.events[skip:], block.first + skip):
                said = as_cloud_event(self._network, position, event, block.recorded_at)
                stamp = int(said.time.timestamp() * _MS)
                yield Keyed(event.stream.encode(), value_of(said), place, stamp)

    def _followed(self) -> Follower:
        """Follow the ledger from the block of the last event on, having proven that it is there."""
        self._ready.clear()
        if self._at is None:
            self._follower = Follower(self._ledger, self._network)
            return self._follower
        block = self._block_at(self._at)
        self._ready.append((block, self._at))
        reached = Checkpoint(self._at.offset + 1, Head(block.last, self._at.name))
        self._follower = Follower(self._ledger, self._network, reached)
        return self._follower

    def _block_at(self, at: _At) -> Block:
        reader = self._ledger.reader(few=True)
        try:
            record = record_at(reader, at.offset, time.monotonic)
        except LogUnavailable as late:
            if at.offset < reader.end():
                raise
            raise self._not_there(at) from late
        finally:
            reader.close()
        block = decode(record.value)
        if block is None or record.value is None or hash_of(record.value) != at.name:
            raise self._not_there(at)
        return block

    def _not_there(self, at: _At) -> LedgerTruncated:
        return LedgerTruncated(
            f"position {self.position} of network {self._network} was published from the block at "
            f"offset {at.offset} of {self._ledger.topic}, which is not there: it is another "
            f"ledger, or lost blocks. If it is the right one, {_ANEW}"
        )


_ANEW: Final = (
    "delete the topic, run `onebook topics create`, and all events are published again; readers "
    "begin again too"
)


def _ready(counted: Counted) -> tuple[Block, _At]:
    reached = counted.checkpoint
    return counted.block, _At(reached.next_offset - 1, reached.head.hash)


def _place_of(record: Published) -> tuple[int, _At] | None:
    """The position and block of a record; None for one that is not of ours."""
    offset, _, name = record.headers.get(BLOCK, b"").decode(errors="replace").partition("/")
    try:
        return int(_id(record.value or b"").id), _At(int(offset), name)
    except (msgspec.DecodeError, ValueError):
        return None
