"""The run's brokers, and a network of its own for every measurement."""

import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from msgspec import Struct

from benchmarks import shop
from benchmarks.bench import Bench
from cluster.kafka import running_kafka
from ledger.kafka import topics
from ledger.kafka.chain import Chain
from ledger.kafka.client import KafkaLog
from ledger.kafka.log import LogUnavailable
from ledger.kafka.settings import KafkaSettings

POLL_S = 1.0
SILENCE_LIMIT = 10
"""So many polls without a record, before the topic's end, and reading has failed."""


class Kafka(Struct, frozen=True):
    """A running cluster."""

    bootstrap: str
    brokers: Literal[1, 3]
    folder: Path | None = None
    """Of the first broker's data; only the process that started it knows."""

    @property
    def settings(self) -> KafkaSettings:
        """How clients of this process reach it."""
        return KafkaSettings(bootstrap=self.bootstrap)

    @property
    def environment(self) -> dict[str, str]:
        """How a program of ours is told."""
        return {
            "ONEBOOK_KAFKA_BOOTSTRAP": self.bootstrap,
            "ONEBOOK_KAFKA_DEV": "true" if self.brokers == 1 else "false",
        }

    @property
    def name(self) -> str:
        """As the table names it."""
        return "1 broker" if self.brokers == 1 else f"{self.brokers} brokers, acks=all"

    def network(self) -> str:
        """A new network: its ledger, dead letters, and the topic of the benchmarks' channel."""
        network = f"bench-{secrets.token_hex(4)}"
        topics.create(self.settings, network, [shop.CHANNEL], dev=self.brokers == 1)
        return network

    def ledger(self, network: str) -> KafkaLog:
        """A network's ledger."""
        return KafkaLog(self.settings, topics.ledger_topic(network))

    def requests(self, network: str) -> KafkaLog:
        """The topic of the benchmarks' channel."""
        return KafkaLog(self.settings, topics.requests_topic(network, shop.CHANNEL))

    def stored_bytes(self, network: str) -> int:
        """What the first broker keeps of a network's ledger."""
        assert self.folder is not None, "another process started the brokers"
        segments = (self.folder / f"{topics.ledger_topic(network)}-0").glob("*.log")
        return sum(segment.stat().st_size for segment in segments)


class Written(Struct, frozen=True):
    """A ledger as it stands in its topic: its blocks, their bytes, and events by type."""

    blocks: int
    bytes: int
    events: dict[str, int]


@contextmanager
def running(bench: Bench, brokers: Literal[1, 3]) -> Iterator[Kafka]:
    """A cluster of fresh brokers, as lean as the tests' ones."""
    with running_kafka(bench.folder / f"kafka-{brokers}", brokers) as cluster:
        yield Kafka(cluster.bootstrap, brokers, cluster.brokers[0].data)


def read_ledger(kafka: Kafka, network: str) -> Written:
    """Walk a ledger by the block rule, from its first record to its end."""
    chain = Chain(network)
    blocks = size = silent = 0
    events: Counter[str] = Counter()
    reader = kafka.ledger(network).reader()
    end = reader.end()
    while chain.next_offset < end:
        records = reader.poll(POLL_S)
        silent = 0 if records else silent + 1
        if silent > SILENCE_LIMIT:
            raise LogUnavailable(f"{network}: no record at {chain.next_offset} of {end}")
        for record in records:
            if (counted := chain.take(record.offset, record.value)) is not None:
                blocks += 1
                size += len(record.value or b"")
                events.update(event.topic for event in counted.block.events)
    reader.close()
    return Written(blocks, size, dict(events))
