"""Any part of a ledger, by position: from where the last reading ended, or found in the topic."""

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from eventsourcing.persistence import Notification

from ledger.head import Head
from ledger.kafka.block import decode, hash_of
from ledger.kafka.chain import Checkpoint, Counted
from ledger.kafka.follower import Follower, records_from
from ledger.kafka.log import Log, Reader
from ledger.recorded import Recorded

MARK_EVERY_EVENTS: Final = 20_000
"""So many events after another, a place is kept to begin reading from."""
SEARCH_ABOVE_EVENTS: Final = 50_000
"""A position further than this from every kept place is searched in the topic."""
_made: Final = object.__new__


class History:
    """Reads events of one ledger in the order of positions. For one thread at a time.

    Reading goes on where it ended, which is what projectors and replays do. Elsewhere it begins
    at a kept place; if none is near, at a block found by bisection. Such a block is believed
    because another one stands on it: only a walk from the beginning, as `onebook verify` does,
    proves the whole chain. Should both be copies of old ones, which lead nowhere, the beginning
    is read.
    """

    def __init__(
        self,
        log: Log,
        network: str,
        checkpoint: Checkpoint | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._network = network
        self._clock = clock
        self._marks = [checkpoint or Checkpoint()]
        self._follower = Follower(log, network, checkpoint, clock=clock)
        self._ready: deque[Counted] = deque()
        """Blocks that were read, of which nobody has had all events yet."""
        self._seen = 0
        """The highest position that a search came upon: reading to the end must reach it."""

    @property
    def checkpoint(self) -> Checkpoint:
        """Behind the last block that was read."""
        return self._follower.checkpoint

    def select(
        self, after: int, limit: int, stop: int | None = None, topics: Sequence[str] = ()
    ) -> list[Notification]:
        """At most `limit` events after a position, up to `stop`. Raises what `Follower` does."""
        found: list[Notification] = []
        if limit <= 0 or (stop is not None and stop <= after):
            return found
        wanted = frozenset(topics)
        for counted in self._blocks(after):
            block = counted.block
            skip = max(0, after + 1 - block.first)
            until = None if stop is None else max(0, stop + 1 - block.first)
            placed = enumerate(block.events[skip:until], block.first + skip)
            chosen = (one for one in placed if one[1].topic in wanted) if wanted else placed
            found += map(_notification, islice(chosen, limit - len(found)))
            if len(found) == limit or (stop is not None and block.last >= stop):
                return found
        return found

    def wait(self, timeout_s: float) -> bool:
        """Wait so long for blocks behind what was selected; whether there are some."""
        if not self._ready:
            self._keep(self._follower.poll(timeout_s))
        return bool(self._ready)

    def close(self) -> None:
        """Give up the connection."""
        self._follower.close()

    def _blocks(self, after: int) -> Iterator[Counted]:
        """The blocks from the one with the event after a position, to the topic's end.

        A block is let go when the next one is asked for: who stops within it finds it again.
        """
        self._go_near(after)
        end: int | None = None
        while True:
            while self._ready:
                last = self._ready[0].block.last
                if last > after:
                    yield self._ready[0]
                    after = last
                self._ready.popleft()
            end = self._follower.end() if end is None else end
            if self._follower.next_offset < end:
                self._keep(self._follower.more(end))
            elif self.checkpoint.head.position < self._seen:
                self._begin_again(after)
            else:
                return

    def _keep(self, blocks: Sequence[Counted]) -> None:
        self._ready.extend(blocks)
        if blocks:
            last = blocks[-1].checkpoint
            if last.head.position >= self._marks[-1].head.position + MARK_EVERY_EVENTS:
                self._marks.append(last)

    def _go_near(self, after: int) -> None:
        """Go to another place unless the one reached is at most a little before the position."""
        reached = self.checkpoint.head.position
        first = self._ready[0].block.first if self._ready else reached + 1
        if first <= after + 1 <= reached + SEARCH_ABOVE_EVENTS:
            return
        place = bisect_right(self._marks, after, key=lambda mark: mark.head.position) - 1
        begin = self._marks[place] if place >= 0 else Checkpoint()
        if after - begin.head.position > SEARCH_ABOVE_EVENTS:
            begin = self._found(after, begin) or begin
        elif first <= after + 1 and begin.head.position <= reached:
            return
        self._go_to(begin)

    def _begin_again(self, after: int) -> None:
        """Read from the beginning: the block that a search found leads nowhere."""
        del self._marks[1:]
        self._seen = 0
        begin = self._marks[0]
        self._go_to(begin if begin.head.position <= after else Checkpoint())

    def _go_to(self, begin: Checkpoint) -> None:
        self._follower.close()
        self._follower = Follower(self._log, self._network, begin, clock=self._clock)
        self._ready.clear()

    def _found(self, after: int, begin: Checkpoint) -> Checkpoint | None:
        """A checkpoint with a position of at most `after`, by bisecting the topic's offsets."""
        reader = self._log.reader(few=True)
        try:
            low, high = begin.next_offset, reader.end()
            if reader.start() > low:
                return None  # reading from the place says what is lost
            best: Checkpoint | None = None
            while low < high:
                middle = (low + high) // 2
                found = self._at(reader, middle, high, (best or begin).head.position)
                if found is None or found.head.position > after:
                    high = middle
                else:
                    best, low = found, found.next_offset
            return best
        finally:
            reader.close()

    def _at(self, reader: Reader, offset: int, end: int, least: int) -> Checkpoint | None:
        """The checkpoint behind the first block from `offset` on that another one stands on.

        Positions rise with the offsets: a block with a position below `least` is a copy.
        """
        if offset >= end:
            return None
        candidates: dict[str, Checkpoint] = {}
        for record in records_from(reader, offset, self._clock):
            block = decode(record.value)
            if block is not None and record.value is not None and block.network == self._network:
                found = candidates.get(block.prev)
                if found is not None and found.head.position >= least:
                    self._seen = max(self._seen, found.head.position)
                    return found
                head = Head(block.last, hash_of(record.value))
                candidates[head.hash] = Checkpoint(record.offset + 1, head)
            if record.offset + 1 >= end:
                break
        return None


def _notification(placed: tuple[int, Recorded]) -> Notification:
    """Make what the constructor makes in half the time: it sets every field by a call."""
    position, (stream, version, topic, state) = placed
    made = _made(Notification)
    fields = made.__dict__
    fields["originator_id"] = stream
    fields["originator_version"] = version
    fields["topic"] = topic
    fields["state"] = state
    fields["id"] = position
    return made
