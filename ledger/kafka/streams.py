"""Where the events of each stream stand: what a recorder of single streams needs to know."""

import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from eventsourcing.persistence import StoredEvent

from ledger.kafka.block import Block, decode
from ledger.kafka.follower import Follower, record_at
from ledger.kafka.log import Log, Reader

_INDEX_BITS: Final = 20
"""Bits of a place that say which event of its block: a block is never that large."""


class _Stream(NamedTuple):
    """One stream's versions, rising, and where each event stands."""

    versions: "array[int]"
    places: "array[int]"


class Streams:
    """An index of a whole ledger in memory, 16 bytes an event, made when it is first asked.

    For one thread at a time. Its readers are writers of the `eventsourcing` library's kind, which
    check a version before they write; Onebook's own writer knows the versions by its state.
    """

    def __init__(
        self, log: Log, network: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._clock = clock
        self._follower = Follower(log, network, clock=clock)
        self._streams: dict[str, _Stream] = {}
        self._reader: Reader | None = None

    def read_on(self) -> None:
        """Take in what was written since. Raises what `Follower` does."""
        for counted in self._follower.to_the_end():
            self._add(counted.block, counted.checkpoint.next_offset - 1)

    def last_version(self, stream: str) -> int | None:
        """The stream's last version, None if it has no event."""
        known = self._streams.get(stream)
        return None if known is None else known.versions[-1]

    def select(
        self,
        stream: str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        """The stream's events of versions above `gt` up to `lte`, at most `limit`."""
        known = self._streams.get(stream)
        if known is None:
            return []
        begin = 0 if gt is None else bisect_right(known.versions, gt)
        end = len(known.places) if lte is None else bisect_right(known.versions, lte)
        chosen: Sequence[int] = known.places[begin:end]
        chosen = chosen[::-1] if desc else chosen
        return list(self._events(chosen if limit is None else chosen[:limit]))

    def close(self) -> None:
        """Give up the connections."""
        self._follower.close()
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _add(self, block: Block, offset: int) -> None:
        for index, event in enumerate(block.events):
            stream = self._streams.get(event.stream)
            place = offset << _INDEX_BITS | index
            if stream is None:
                # Complete when it is put there: another thread may ask for the last version.
                self._streams[event.stream] = _Stream(
                    array("q", [event.version]), array("q", [place])
                )
            else:
                stream.versions.append(event.version)
                stream.places.append(place)

    def _events(self, places: Sequence[int]) -> Iterator[StoredEvent]:
        block, block_offset = None, -1
        for place in places:
            offset, index = place >> _INDEX_BITS, place & ((1 << _INDEX_BITS) - 1)
            if offset != block_offset:
                block, block_offset = self._block(offset), offset
            assert block is not None, f"the block at {offset} counted when it was read first"
            yield StoredEvent(*block.events[index])

    def _block(self, offset: int) -> Block | None:
        if self._reader is None:
            self._reader = self._log.reader(few=True)
        return decode(record_at(self._reader, offset, self._clock).value)
