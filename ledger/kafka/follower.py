"""Reading a ledger on: the blocks that count, one after another, from a checkpoint on."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ledger.kafka.block import Block, decode, hash_of
from ledger.kafka.chain import Chain, Checkpoint, Counted, LedgerCorrupt, LedgerTruncated
from ledger.kafka.log import Log, LogUnavailable, Reader, Record

READ_LIMIT_S: Final = 10.0
"""How long reading to the end may stand still before it fails."""
POLL_S: Final = 0.5
PROBE_AFTER_S: Final = 5.0
HELP: Final = "see docs/kafka/running.md, `When the ledger lost blocks`"


class Follower:
    """Gives the blocks of one ledger that count. For one thread at a time.

    Before the first record it proves that the topic holds the checkpoint's block, or its own
    beginning. Every method that reads raises LedgerTruncated if it does not, LedgerCorrupt (of
    ledger.kafka.chain) at a block that counts and does not follow, and LogUnavailable. `versions`
    are `Chain`'s.
    """

    def __init__(
        self,
        log: Log,
        network: str,
        checkpoint: Checkpoint | None = None,
        *,
        versions: dict[str, int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._clock = clock
        self._chain = Chain(network, checkpoint, versions)
        self._reader: Reader | None = None
        self._reader_at = -1
        self._heard_at: float | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """Behind the last block that counted."""
        return self._chain.checkpoint

    @property
    def next_offset(self) -> int:
        """Behind the last record that was read, whether it counted or not."""
        return self._chain.next_offset

    @property
    def skipped(self) -> int:
        """How many records did not count."""
        return self._chain.skipped

    def poll(self, timeout_s: float) -> list[Counted]:
        """The blocks among the next records; waits for the first record so long.

        A topic that says nothing for PROBE_AFTER_S is asked for its end: a client whose broker
        died does not say so, and may never hear of a record again.
        """
        records = self._records(timeout_s)
        if records or self._heard_at is None:
            self._heard_at = self._clock()
        elif self._clock() - self._heard_at > PROBE_AFTER_S:
            self._heard_at = self._clock()
            if self.end() > self.next_offset:
                records = self._records(timeout_s)
                if not records:
                    self.close()
        return self._taken(records)

    def to_the_end(self) -> Iterator[Counted]:
        """The blocks up to the end that the topic has now."""
        end = self.end()
        while self.next_offset < end:
            yield from self.more(end)

    def more(self, end: int) -> list[Counted]:
        """The blocks among the next records of a topic that ends at `end`, which is further on."""
        since = self._clock()
        while self._clock() - since <= READ_LIMIT_S:
            if records := self._records(POLL_S):
                return self._taken(records)
        self.close()  # the client may have lost its way: the next one begins anew
        raise LogUnavailable(
            f"{self._log.topic} gives no record at {self.next_offset}, though it ends at {end}: "
            "is a broker away?"
        )

    def end(self) -> int:
        """The topic's end: no less than what was read already."""
        reader = self._opened()
        try:
            end = reader.end()
        except LogUnavailable:
            self.close()
            raise
        if end >= self.next_offset:
            return end
        self._reader_at = -1
        end = _end(reader, self.next_offset, self._clock)
        if end < self.next_offset:
            raise _lost(reader, end, self.checkpoint, self._log.topic, self._clock)
        return end

    def prove(self) -> None:
        """Prove that the topic still holds the last block that counted, or its own beginning."""
        opened = self._reader is not None
        reader = self._opened()
        if opened:
            self._reader_at = -1
            _prove(reader, self.checkpoint, self._log.topic, self._clock)

    def is_empty(self) -> bool:
        """Whether the topic has never held a record."""
        reader = self._opened()
        return reader.start() == 0 and reader.end() == 0

    def won(self, offset: int, block: Block, name: str) -> Counted:
        """Count a block of this process that the broker took at `next_offset`; see Chain.won."""
        return self._chain.won(offset, block, name)

    def close(self) -> None:
        """Give up the connection. It is opened again when something is read."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _records(self, timeout_s: float) -> Sequence[Record]:
        reader = self._opened()
        if self._reader_at != self.next_offset:
            reader.seek(self.next_offset)
        self._reader_at = -1
        records = reader.poll(timeout_s)
        self._reader_at = records[-1].offset + 1 if records else self.next_offset
        return records

    def _taken(self, records: Sequence[Record]) -> list[Counted]:
        """The blocks that count; those before a corrupt one are given first, then it is told."""
        taken: list[Counted] = []
        for record in records:
            try:
                counted = self._chain.take(record.offset, record.value)
            except LedgerCorrupt:
                if not taken:
                    raise
                break
            if counted is not None:
                taken.append(counted)
        return taken

    def _opened(self) -> Reader:
        if self._reader is None:
            reader = self._log.reader()
            try:
                _prove(reader, self.checkpoint, self._log.topic, self._clock)
            except BaseException:
                reader.close()
                raise
            self._reader, self._reader_at = reader, -1
        return self._reader


def records_from(reader: Reader, offset: int, clock: Callable[[], float]) -> Iterator[Record]:
    """The records from `offset` on. Raises LogUnavailable if one does not come in time."""
    reader.seek(offset)
    since = clock()
    while clock() - since <= READ_LIMIT_S:
        for record in reader.poll(POLL_S):
            yield record
            offset, since = record.offset + 1, clock()
    raise LogUnavailable(f"the record at offset {offset} does not come: is a broker away?")


def record_at(reader: Reader, offset: int, clock: Callable[[], float]) -> Record:
    """The first record from `offset` on. Raises as `records_from`."""
    return next(records_from(reader, offset, clock))


def _end(reader: Reader, least: int, clock: Callable[[], float]) -> int:
    """The topic's end. Waits READ_LIMIT_S for it to be no less than is known.

    A broker that has just begun to lead may not know yet how far all replicas are.
    """
    since = clock()
    while True:
        end = reader.end()
        if end >= least or clock() - since > READ_LIMIT_S:
            return end
        reader.seek(end)
        reader.poll(POLL_S)


def _prove(reader: Reader, checkpoint: Checkpoint, topic: str, clock: Callable[[], float]) -> None:
    """Prove that the topic holds the checkpoint's block, or else begins with its first record."""
    start = reader.start()
    if checkpoint.next_offset == 0:
        if start > 0:
            raise LedgerTruncated(
                f"{topic} begins at offset {start} and not at 0: its first blocks are gone, so "
                f"nothing can be read from the beginning; {HELP}"
            )
        return
    end = _end(reader, checkpoint.next_offset, clock)
    if end < checkpoint.next_offset:
        raise _lost(reader, end, checkpoint, topic, clock)
    last = checkpoint.next_offset - 1
    if last < start:
        return  # what was read long ago may be gone: what follows it must still fit its hash
    record = record_at(reader, last, clock)
    if record.offset != last or record.value is None:
        raise _lost(reader, last, checkpoint, topic, clock)
    if hash_of(record.value) != checkpoint.head.hash:
        raise LedgerTruncated(
            f"{topic} holds another block at offset {last} than the one with position "
            f"{checkpoint.head.position} that was read there: it is another ledger, or lost "
            f"blocks and went on; {HELP}"
        )


def _lost(
    reader: Reader, end: int, checkpoint: Checkpoint, topic: str, clock: Callable[[], float]
) -> LedgerTruncated:
    held = "any position"
    if end > reader.start():
        block = decode(record_at(reader, end - 1, clock).value)
        held = f"position {block.last}" if block is not None else f"offset {end - 1}"
    return LedgerTruncated(
        f"the ledger lost blocks after {held}: {topic} ends at offset {end}, but position "
        f"{checkpoint.head.position} was read at offset {checkpoint.next_offset - 1}; {HELP}"
    )
