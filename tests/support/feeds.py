"""A network in Kafka whose feeds are published, and readers of them that know only Kafka."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from eventsourcing.persistence import StoredEvent
from given import Shop
from kafka import KafkaConsumer, TopicPartition
from processes import wait_until
from served import ROOT, environment

from consumers.feeds.publisher import Publisher
from consumers.feeds.topic import FeedTopic
from ledger.codec import recorded
from ledger.domain.events import AnyEvent
from ledger.kafka.client import KafkaLog
from ledger.kafka.recorder import ApplicationRecorder
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import feed_topic, ledger_topic
from ledger.recorded import Recorded

APPEND_EVENTS = 25
LONG_S = 60.0


class Fed:
    """A ledger in Kafka, written from a shop's events, 25 in a block."""

    def __init__(self, bootstrap: str, network: str) -> None:
        self.settings = KafkaSettings(bootstrap=bootstrap)
        self.network = network
        self.log = KafkaLog(self.settings, ledger_topic(network))
        self.written: list[Recorded] = []
        self._versions: dict[str, int] = {}
        self._writer = ApplicationRecorder(self.log, network, "till-1")

    def tell(self, shop: Shop, until: int | None = None) -> None:
        """Write those of the shop's events that are not written yet."""
        self.write([self._next(e) for e in shop.books.events[len(self.written) : until]])

    def write(self, events: Sequence[Recorded]) -> None:
        for first in range(0, len(events), APPEND_EVENTS):
            block = events[first : first + APPEND_EVENTS]
            self._writer.insert_events([StoredEvent(*one) for one in block])
        self.written += events

    def close(self) -> None:
        self._writer.close()

    def topic(self, feed: Any) -> str:
        return feed_topic(self.network, feed)

    def feed_topic(self, feed: Any, author: str = "one") -> FeedTopic:
        return FeedTopic(self.settings, self.topic(feed), author)

    def records(self, feed: Any) -> list[Any]:
        """All records of a feed's topic, as kafka-python gives them."""
        partition = TopicPartition(self.topic(feed), 0)
        options = {"group_id": None, "enable_auto_commit": False, "auto_offset_reset": "none"}
        with closing(KafkaConsumer(**self.settings.client_options(), **options)) as consumer:
            consumer.assign([partition])
            consumer.seek(partition, 0)
            end, found = consumer.end_offsets([partition])[partition], []
            while consumer.position(partition) < end:
                found += consumer.poll(500).get(partition, [])
        return found

    def _next(self, event: AnyEvent) -> Recorded:
        version = self._versions[event.stream] = self._versions.get(event.stream, 0) + 1
        return recorded(event, event.stream, version)


def exactly_once(records: Sequence[Any]) -> list[Any]:
    """What a reader takes that follows the rule: a record counts if its position is the next."""
    taken: list[Any] = []
    for record in records:
        position = int(json.loads(record.value)["id"])
        assert position <= len(taken) + 1, f"{position} stands before {len(taken) + 1}"
        if position == len(taken) + 1:
            taken.append(record)
    return taken


def run_until(publisher: Publisher, done: Any) -> None:
    """Step by step until it is so."""
    for _ in range(1_000):
        if done():
            return
        publisher.step()
    raise AssertionError("it did not come to that")


class Process:
    """`onebook publish` as a process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(LONG_S)

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def ready(self) -> dict[str, Any]:
        """Wait until it says that all is published, or that it stands by."""
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))

    def stop(self) -> int:
        self._process.terminate()
        return self._process.wait(LONG_S)


@contextmanager
def publishing(fed: Fed, *feeds: str, **settings: str) -> Iterator[Process]:
    """Run the command until the end of the block."""
    given = {"ONEBOOK_KAFKA_BOOTSTRAP": fed.settings.bootstrap, "ONEBOOK_KAFKA_DEV": "1"}
    command = [sys.executable, "-m", "api.cli", "publish", *feeds, "--network", fed.network]
    with subprocess.Popen(
        [*command, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(**given, **settings),
    ) as process:
        try:
            yield Process(process)
        finally:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGCONT)
                process.kill()


def wait_for(fed: Fed, feed: Any, records: int) -> None:
    """Wait until the topic holds at least so many."""
    wait_until(lambda: len(fed.records(feed)) >= records, LONG_S)
