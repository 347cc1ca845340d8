"""The block rule: which records of a ledger's topic count.

A block counts if and only if its `prev` is the hash of the last block that counts. Every reader
applies this one rule and skips the rest: what a writer appended that had been overtaken, what a
broker took twice, what came too late, what is no block at all. Since every writer decides on the
head that it has read, of several blocks decided on one head the first in the topic counts.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from ledger.head import Head
from ledger.kafka.block import GENESIS, Block, decode, hash_of

EMPTY: Final = Head(0, GENESIS)
"""The head of a ledger without a block."""


class LedgerCorrupt(Exception):
    """A block that counts does not follow from the one before: no reader may go on from here."""


class LedgerTruncated(Exception):
    """The topic does not hold what a checkpoint says, or not its own beginning."""


class Checkpoint(msgspec.Struct, frozen=True):
    """Where a reader stands: behind the block `head`, whose record has offset `next_offset - 1`.

    `trackings` is how far every input had been consumed with that block: {topic: next offset}.
    """

    next_offset: int = 0
    head: Head = EMPTY
    trackings: Mapping[str, int] = {}


class Counted(msgspec.Struct, frozen=True):
    """A block that counts, and where the ledger stands with it."""

    block: Block
    checkpoint: Checkpoint


class Chain:
    """Applies the rule to one record after another, from a checkpoint on.

    `versions`, if given, holds the last version of every stream up to the checkpoint and is kept
    up: then versions are proven too. A stream's first version is 0 or 1.
    """

    def __init__(
        self,
        network: str,
        checkpoint: Checkpoint | None = None,
        versions: dict[str, int] | None = None,
    ) -> None:
        self.network = network
        self.checkpoint = checkpoint or Checkpoint()
        self.skipped = 0
        """How many records did not count."""
        self.next_offset = self.checkpoint.next_offset
        """Behind the last record that was taken, whether it counted or not."""
        self._versions = versions

    @property
    def head(self) -> Head:
        """The last block that counts."""
        return self.checkpoint.head

    def take(self, offset: int, value: bytes | None) -> Counted | None:
        """Apply the rule to the record at `offset`; None if it does not count.

        Offsets rise. Raises LedgerCorrupt if the block counts but its position, a version or a
        tracking does not follow: then the record was not taken, and is the next one still.
        """
        assert offset >= self.next_offset, f"record {offset} was taken before {self.next_offset}"
        block = decode(value)
        if block is None or block.network != self.network or block.prev != self.head.hash:
            self.skipped += 1
            self.next_offset = offset + 1
            return None
        assert value is not None, "no block without a value"
        return Counted(block, self._follow(offset, block, hash_of(value)))

    def won(self, offset: int, block: Block, name: str) -> Counted:
        """Count a block of this process, of which the broker said that it took it at `offset`.

        Only if that is the next record and the block stands on the head: else read on.
        """
        assert offset == self.next_offset, f"offset {offset} is not {self.next_offset}"
        assert block.prev == self.head.hash, f"decided on {block.prev}, not on {self.head}"
        return Counted(block, self._follow(offset, block, name))

    def _follow(self, offset: int, block: Block, name: str) -> Checkpoint:
        before = self.checkpoint
        if block.first != before.head.position + 1:
            raise _corrupt(offset, f"begins at {block.first}, not {before.head.position + 1}")
        trackings = before.trackings
        if block.tracking:
            for topic, reached in block.tracking.items():
                if reached <= trackings.get(topic, -1):
                    raise _corrupt(
                        offset,
                        f"takes {topic} to {reached}, which stands at {trackings[topic]}",
                    )
            trackings = {**trackings, **block.tracking}
        if self._versions is not None:
            self._count_versions(self._versions, offset, block)
        self.checkpoint = Checkpoint(offset + 1, Head(block.last, name), trackings)
        self.next_offset = offset + 1
        return self.checkpoint

    @staticmethod
    def _count_versions(versions: dict[str, int], offset: int, block: Block) -> None:
        for event in block.events:
            last = versions.get(event.stream)
            follows = event.version in (0, 1) if last is None else event.version == last + 1
            if not follows:
                raise _corrupt(
                    offset,
                    f"says version {event.version} of {event.stream}, whose last is {last}",
                )
            versions[event.stream] = event.version


def not_rising(tracking: Mapping[str, int], known: Mapping[str, int]) -> str | None:
    """Why these trackings cannot follow the known ones, None if they do."""
    for topic, reached in tracking.items():
        if reached <= known.get(topic, -1):
            return (
                f"already consumed, nothing was written: {topic} to {reached}, it is at "
                f"{known[topic]}"
            )
    return None


def _corrupt(offset: int, what: str) -> LedgerCorrupt:
    return LedgerCorrupt(
        f"the ledger is corrupt: the block at offset {offset} {what}. Nothing was read from there "
        "on and nothing may be written; see docs/kafka/running.md, `When the ledger is corrupt`"
    )
