"""Ledgers in a simulated topic: blocks as a writer would have written them, without one."""

from datetime import UTC, datetime

from simulated_log import SimulatedKafka

from ledger.kafka.block import Block, encode
from ledger.kafka.chain import Chain, Checkpoint, Counted
from ledger.kafka.follower import Follower
from ledger.recorded import Recorded

TOPIC = "onebook.main.ledger"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(stream: str = "mug", version: int = 1, topic: str = "stock_sold.v1") -> Recorded:
    return Recorded(f"stock/{stream}", version, topic, b'{"quantity":1}')


class Written:
    """A ledger that grows by the test's own hand, and what is known to count in it."""

    def __init__(self, kafka: SimulatedKafka, network: str = "main") -> None:
        self.kafka = kafka
        self.chain = Chain(network)
        self.blocks: list[Counted] = []

    def block(self, *events: Recorded, hidden_for_s: float = 0.0, **changed: object) -> Counted:
        """Write a block that counts, unless it is changed into one that is corrupt."""
        value = self.value(*events, **changed)
        self.chain.next_offset = self.kafka.put(TOPIC, value, hidden_for_s=hidden_for_s)
        found = self.chain.take(self.chain.next_offset, value)
        assert found is not None, "this block does not count"
        self.blocks.append(found)
        return found

    def value(self, *events: Recorded, **changed: object) -> bytes:
        head = self.chain.head
        said = {
            "network": self.chain.network,
            "writer": "w1",
            "prev": head.hash,
            "first": head.position + 1,
            "recorded_at": NOON,
            "tracking": {},
            "events": events,
        }
        return encode(Block(**(said | changed)))

    def dead(self, *events: Recorded) -> int:
        """Write a block that was decided on an older head."""
        return self.kafka.put(TOPIC, self.value(*events, prev="0" * 64))

    def checkpoint(self, blocks: int) -> Checkpoint:
        """Behind so many blocks."""
        return self.blocks[blocks - 1].checkpoint if blocks else Checkpoint()

    def follower(self, checkpoint: Checkpoint | None = None) -> Follower:
        log = self.kafka.log(TOPIC)
        return Follower(log, self.chain.network, checkpoint, clock=self.kafka.ticks)


def written(kafka: SimulatedKafka, blocks: int = 4, events_each: int = 2) -> Written:
    """A ledger of this many blocks."""
    ledger = Written(kafka)
    for block in range(blocks):
        ledger.block(*(event(f"mug-{block}-{n}") for n in range(events_each)))
    return ledger
