"""The channels' topics of a network, read ahead in a thread."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError, OffsetOutOfRangeError
from msgspec import Struct

from consumers.writing.inputs import InputRecord
from ledger.kafka.chain import LedgerTruncated
from ledger.kafka.client import CONSUMER_OPTIONS
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import channels, requests_topic
from ledger.log import get_logger

MAX_AHEAD_BYTES: Final = 16 << 20
"""Of each topic; a single record may be larger."""
MAX_AHEAD_RECORDS: Final = 5_000
POLL_S: Final = 0.1
LOOK_FOR_TOPICS_S: Final = 2.0
PROBE_AFTER_S: Final = 5.0
"""Topics that give nothing for so long are asked for their ends: the consumer may have lost one."""
PROBE_LIMIT_S: Final = 5.0
PAUSE_AFTER_FAULT_S: Final = 0.5
STOP_WITHIN_S: Final = 5.0

log = get_logger(__name__)


class _Topic(Struct, eq=False):
    """What is known of one topic: its records from `first` on are in `ahead`, then in Kafka."""

    name: str
    channel: str
    first: int
    ahead: deque[InputRecord]
    bytes: int = 0
    seek: bool = True
    """Whether the consumer must begin anew at `first`."""

    @property
    def full(self) -> bool:
        return self.bytes >= MAX_AHEAD_BYTES or len(self.ahead) >= MAX_AHEAD_RECORDS

    def drop(self) -> None:
        """Let go of the first record."""
        record = self.ahead.popleft()
        self.bytes -= len(record.value)
        self.first = record.offset + 1

    def go_to(self, offset: int) -> None:
        """Begin at this offset, with what is here already if that has it."""
        while self.ahead and self.ahead[0].offset < offset:
            self.drop()
        if offset < self.first or (not self.ahead and offset > self.first):
            self.ahead.clear()
            self.bytes, self.first, self.seek = 0, offset, True


class KafkaInputs:
    """Reads every topic of the network's channels, new ones included, a bounded part ahead.

    `on_arrival` is called, in the reading thread, when records have come. A topic that does not
    hold what is to be read next is a fault, raised by whoever takes records: requests were lost.
    """

    def __init__(
        self, settings: KafkaSettings, network: str, on_arrival: Callable[[], None] = lambda: None
    ) -> None:
        self._settings, self._network = settings, network
        self.on_arrival = on_arrival
        self._changing = threading.Condition()
        self._topics: dict[str, _Topic] = {}
        self._turns: deque[str] = deque()
        self._trackings: Mapping[str, int] = {}
        self._fault: Exception | None = None
        self._stopping = threading.Event()
        self._named: dict[str, str] = {}
        self._threads = [
            threading.Thread(target=self._run, name="inputs", daemon=True),
            threading.Thread(target=self._look_for_topics, name="topics", daemon=True),
        ]

    def start(self) -> None:
        """Begin to read ahead."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Read no more."""
        self._stopping.set()
        with self._changing:
            self._changing.notify_all()
        for thread in self._threads:
            thread.join(STOP_WITHIN_S)

    @property
    def ready(self) -> bool:
        """Whether `next` would give a record, or raise."""
        return self._fault is not None or any(topic.ahead for topic in self._topics.values())

    def next(self) -> InputRecord | None:
        """The next record, the topics in turn; None if none waits here."""
        with self._changing:
            self._raise_fault()
            for _ in range(len(self._turns)):
                topic = self._topics[self._turns[0]]
                self._turns.rotate(-1)
                if topic.ahead:
                    record = topic.ahead[0]
                    was_full = topic.full
                    topic.drop()
                    if was_full and not topic.full:
                        self._changing.notify_all()
                    return record
        return None

    def rewind(self, trackings: Mapping[str, int]) -> None:
        """Give records from these offsets on."""
        with self._changing:
            self._trackings = trackings
            for topic in self._topics.values():
                topic.go_to(trackings.get(topic.name, 0))
            self._changing.notify_all()

    def waiting(self, trackings: Mapping[str, int]) -> list[str]:
        """The topics that hold records behind these offsets; what is before is let go."""
        with self._changing:
            self._raise_fault()
            self._trackings = trackings
            for topic in self._topics.values():
                topic.go_to(trackings.get(topic.name, 0))
            return [topic.name for topic in self._topics.values() if topic.ahead]

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._read()
            except OffsetOutOfRangeError as error:
                self._fault = LedgerTruncated(
                    f"a topic of requests does not hold the next one to be read ({error}): it lost "
                    "records that were not decided. See docs/kafka/running.md, `When a topic of "
                    "requests lost records`"
                )
                self.on_arrival()
                return
            except Exception as error:  # noqa: BLE001 - a thread that ended would look like silence
                log.warning("inputs_unreadable", network=self._network, error=repr(error))
                self._stopping.wait(PAUSE_AFTER_FAULT_S)

    def _look_for_topics(self) -> None:
        """Ask what channels there are, by a client of its own.

        The consumer's own way to ask waits without a limit, for ever if a broker dies meanwhile.
        """
        while not self._stopping.is_set():
            try:
                found = channels(self._settings, self._network)
            except Exception as error:  # noqa: BLE001 - tried again, whatever it was
                log.warning("channels_unknown", network=self._network, error=repr(error))
            else:
                self._named = {requests_topic(self._network, name): name for name in found}
            self._stopping.wait(LOOK_FOR_TOPICS_S)

    def _read(self) -> None:
        options = {**CONSUMER_OPTIONS, "fetch_max_wait_ms": int(POLL_S * 1000)}
        consumer = KafkaConsumer(**self._settings.client_options(), **options)
        try:
            for topic in self._topics.values():
                topic.seek = True
            heard_at = time.monotonic()
            while not self._stopping.is_set():
                self._assign(consumer)
                if self._poll(consumer):
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at > PROBE_AFTER_S:
                    self._probe(consumer)
                    heard_at = time.monotonic()
        finally:
            with suppress(KafkaError):
                consumer.close(autocommit=False, timeout_ms=0)

    def _probe(self, consumer: Any) -> None:
        """Raise KafkaTimeoutError if a topic goes on, but the consumer gives nothing of it."""
        with self._changing:
            reached = {
                TopicPartition(topic.name, 0): self._next_of(topic)
                for topic in self._topics.values()
                if not topic.full
            }
        if not reached:
            return
        ends = consumer.end_offsets(list(reached), timeout_ms=int(PROBE_LIMIT_S * 1000))
        silent = [partition.topic for partition, at in reached.items() if ends[partition] > at]
        if silent and not self._poll(consumer):
            raise KafkaTimeoutError(f"{silent} go on, but give nothing: connecting anew")

    def _assign(self, consumer: Any) -> None:
        """Read every topic that is known of."""
        named = self._named
        if named.keys() <= self._topics.keys() and consumer.assignment():
            return
        with self._changing:
            for name in sorted(named.keys() - self._topics.keys()):
                first = self._trackings.get(name, 0)
                self._topics[name] = _Topic(name, named[name], first, deque())
                self._turns.append(name)
            for topic in self._topics.values():
                topic.seek = True
        consumer.assign([TopicPartition(name, 0) for name in self._topics])

    def _poll(self, consumer: Any) -> bool:
        """Read on, waiting at most POLL_S; whether records came, or there is no room for any."""
        begun = self._positioned(consumer)
        if not begun:
            self._wait_for_room()
            return bool(self._topics)
        polled = consumer.poll(int(POLL_S * 1000))
        if not polled:
            return False
        with self._changing:
            for partition, records in polled.items():
                topic = self._topics[partition.topic]
                if not topic.seek and begun[topic.name] == self._next_of(topic):
                    self._add(topic, records)
                else:
                    topic.seek = True  # it was rewound meanwhile
        self.on_arrival()
        return True

    def _positioned(self, consumer: Any) -> dict[str, int]:
        """Seek and pause as need be; where each topic that is read goes on."""
        going: dict[str, int] = {}
        with self._changing:
            for topic in self._topics.values():
                partition = TopicPartition(topic.name, 0)
                if topic.full:
                    consumer.pause(partition)
                    continue
                consumer.resume(partition)
                goes_on = self._next_of(topic)
                if topic.seek:
                    consumer.seek(partition, goes_on)
                    topic.seek = False
                going[topic.name] = goes_on
        return going

    def _wait_for_room(self) -> None:
        """Every topic is read ahead as far as it may: until records are taken."""
        with self._changing:
            self._changing.wait(POLL_S)

    @staticmethod
    def _next_of(topic: _Topic) -> int:
        return topic.ahead[-1].offset + 1 if topic.ahead else topic.first

    @staticmethod
    def _add(topic: _Topic, records: Any) -> None:
        for record in records:
            value = record.value or b""
            topic.ahead.append(
                InputRecord(topic.name, topic.channel, record.offset, record.timestamp, value)
            )
            topic.bytes += len(value)
