"""A ledger in Kafka as views are folded from it: whole blocks, on from a proven checkpoint."""

import time
from collections import deque
from collections.abc import Collection, Mapping
from threading import Lock
from typing import Final

from msgspec import Struct

from consumers.projecting.batches import events_of
from consumers.projecting.source import Taken, ViewsAheadOfLedger
from ledger.kafka.block import decode
from ledger.kafka.chain import Checkpoint, Counted, LedgerTruncated
from ledger.kafka.follower import Follower, record_at
from ledger.kafka.log import Log, Reader
from ledger.kafka.recorder import ReadOnlyRecorder

WAIT_S: Final = 0.5
"""How long a wait for blocks lasts; a stop may take as long."""
LOOK_AGAIN_S: Final = 5.0
"""Nothing has come for so long: is a broker there at all, and the ledger not shorter?"""
MAX_LOOKED_AT: Final = 20
"""Records at the end of the topic that are looked at for a block, to say how far it goes."""


class ChainReport(Struct, frozen=True):
    """What a walk from the ledger's first record proved of it, and what it left out.

    Each block stands on the hash of the one before it; positions are dense, each stream's
    versions and each input's trackings follow. `skipped` records do not count.
    """

    position: int
    head_hash: str
    blocks: int
    skipped: int
    streams: int


class KafkaSource:
    """The blocks of a ledger, in batches that end where a block does.

    A batch is at least one block, however large. It is read again if it is asked for again, and
    let go when the next one is asked for. Who waits is not woken: blocks that come end the wait.
    With `topics` only events of these types are decoded.
    Raises LedgerTruncated and LedgerCorrupt where the ledger is not what it was.
    """

    def __init__(
        self,
        recorder: ReadOnlyRecorder,
        *,
        versions: dict[str, int] | None = None,
        topics: Collection[str] | None = None,
    ) -> None:
        self._log: Log = recorder.log
        self._topics = topics
        self._network = recorder.network
        self._versions = versions
        self._follower: Follower | None = None
        self._end = 0
        self._ready: deque[Counted] = deque()
        self._ready_events = 0
        self._heard_at = time.monotonic()
        self._asking = Lock()
        self._asked: Reader | None = None

    def prove(self, stands: Mapping[str, Checkpoint]) -> None:
        """Prove that each block that a view stands on is where it was in the topic."""
        proven: set[tuple[int, str]] = set()
        for name, stand in sorted(stands.items(), key=lambda item: -item[1].head.position):
            place = (stand.next_offset, stand.head.hash)
            if place not in proven:
                self._prove(name, stand)
                proven.add(place)

    def look(self) -> None:
        """Ask for the topic's end."""
        if self._follower is not None:
            self._end = self._follower.end()

    def read(self, after: Checkpoint, stop: int | None, limit: int) -> Taken | None:
        """Whole blocks of at most `limit` events in all, or one; the last may go beyond `stop`."""
        follower = self._behind(after)
        self._let_go(after.head.position)
        while self._ready_events < limit and follower.next_offset < self._end:
            self._keep(follower.more(self._end))
            self._let_go(after.head.position)
        blocks = self._chosen(stop, limit)
        if not blocks:
            return None
        events = events_of((counted.block for counted in blocks), self._topics)
        return Taken(events, blocks[-1].checkpoint)

    def wait(self) -> None:
        """Block until blocks come, for WAIT_S at most.

        A reader hears nothing of brokers that are away: when it has been quiet they are asked.
        """
        assert self._follower is not None, "read first"
        if not self._ready:
            self._keep(self._follower.poll(WAIT_S))
        if self._ready:
            self._heard_at = time.monotonic()
        elif time.monotonic() - self._heard_at > LOOK_AGAIN_S:
            self.look()
            self._heard_at = time.monotonic()

    def notify(self) -> None:
        """Nothing: the topic tells."""

    def end(self) -> int:
        """The last position that a block near the topic's end says, whether it counts or not."""
        with self._asking:
            if self._asked is None:
                self._asked = self._log.reader(few=True)
            try:
                return self._said_at_the_end(self._asked)
            except BaseException:
                self._forget_asked()
                raise

    def disconnect(self) -> None:
        """Read on by a new connection, from a checkpoint that is proven again."""
        self._stop_following()
        with self._asking:
            self._forget_asked()

    def close(self) -> None:
        """Give up the connections."""
        self.disconnect()

    def _prove(self, name: str, stand: Checkpoint) -> None:
        if stand.head.position and not stand.next_offset:
            raise ViewsAheadOfLedger(
                f"view {name} was folded from a ledger in PostgreSQL, and this one is in Kafka: "
                "name the right one, or run `onebook rebuild` to fold the views from this"
            )
        try:
            self._begin(stand)
        except LedgerTruncated as lost:
            if not stand.next_offset:
                raise
            raise ViewsAheadOfLedger(
                f"{lost}. View {name} of network {self._network} has seen position "
                f"{stand.head.position}: restore the topic, or run `onebook rebuild` to fold the "
                "views from what is left"
            ) from lost

    def _begin(self, after: Checkpoint) -> Follower:
        """Follow from this checkpoint, having proven it."""
        self._stop_following()
        begun = Follower(
            self._log,
            self._network,
            after if after.next_offset else None,
            versions=self._versions,
        )
        try:
            self._end = begun.end()
        except BaseException:
            begun.close()
            raise
        self._follower = begun
        return begun

    def _stop_following(self) -> None:
        if self._follower is not None:
            self._follower.close()
            self._follower = None
        self._ready.clear()
        self._ready_events = 0

    def _behind(self, after: Checkpoint) -> Follower:
        """The follower, if the next block that it gives is, or is at hand, behind the position."""
        follower, position = self._follower, after.head.position
        if follower is not None:
            reached = follower.checkpoint.head.position
            first = self._ready[0].block.first if self._ready else reached + 1
            if first <= position + 1 <= reached + 1:
                return follower
        return self._begin(after)

    def _keep(self, blocks: list[Counted]) -> None:
        self._ready.extend(blocks)
        self._ready_events += sum(len(counted.block.events) for counted in blocks)

    def _let_go(self, position: int) -> None:
        """Of what is at hand, let go what stands up to the position."""
        while self._ready and self._ready[0].block.last <= position:
            self._ready_events -= len(self._ready.popleft().block.events)

    def _chosen(self, stop: int | None, limit: int) -> list[Counted]:
        chosen: list[Counted] = []
        events = 0
        for counted in self._ready:
            block = counted.block
            events += len(block.events)
            if (chosen and events > limit) or (stop is not None and block.first > stop):
                break
            chosen.append(counted)
        return chosen

    def _said_at_the_end(self, reader: Reader) -> int:
        start, end = reader.start(), reader.end()
        for offset in range(end - 1, max(start, end - MAX_LOOKED_AT) - 1, -1):
            block = decode(record_at(reader, offset, time.monotonic).value)
            if block is not None and block.network == self._network:
                return block.last
        return 0

    def _forget_asked(self) -> None:
        if self._asked is not None:
            self._asked.close()
            self._asked = None


class ProvingSource(KafkaSource):
    """Walks a ledger from its first record and proves all of it; `finish` says what was proven.

    Holds the last version of every stream in memory, some 150 bytes each.
    """

    def __init__(self, recorder: ReadOnlyRecorder) -> None:
        self._last_versions: dict[str, int] = {}
        super().__init__(recorder, versions=self._last_versions)
        self._stands: dict[str, Checkpoint] = {}
        self._walked: dict[int, Checkpoint] = {}
        self._wanted: frozenset[int] = frozenset()
        self._blocks = 0

    def prove(self, stands: Mapping[str, Checkpoint]) -> None:
        """Prove where views stand: their blocks are there now, and on the chain at the end."""
        super().prove(stands)
        self._stands = {name: stand for name, stand in stands.items() if stand.next_offset}
        self._wanted = frozenset(stand.next_offset for stand in self._stands.values())
        self._begin(Checkpoint())

    def finish(self) -> ChainReport:
        """Say what was proven, when everything was read.

        Raises ViewsAheadOfLedger for a view whose checkpoint the walk did not come by.
        """
        for name, stand in self._stands.items():
            if self._walked.get(stand.next_offset) != stand:
                raise ViewsAheadOfLedger(
                    f"view {name} says that position {stand.head.position} is in block "
                    f"{stand.head.hash} at offset {stand.next_offset - 1}, with trackings "
                    f"{dict(stand.trackings)}, but the ledger has another there; run "
                    "`onebook rebuild`"
                )
        assert self._follower is not None, "read first"
        head = self._follower.checkpoint.head
        skipped = self._follower.skipped
        return ChainReport(
            head.position, head.hash, self._blocks, skipped, len(self._last_versions)
        )

    def _keep(self, blocks: list[Counted]) -> None:
        super()._keep(blocks)
        self._blocks += len(blocks)
        for counted in blocks:
            if counted.checkpoint.next_offset in self._wanted:
                self._walked[counted.checkpoint.next_offset] = counted.checkpoint
