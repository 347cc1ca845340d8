"""The port to a topic on kafka-python: one producer or consumer of one partition.

The library's clients are untyped and stay in here. Every option that is not the library's own
default says why.
"""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, NamedTuple

from eventsourcing.persistence import DataError
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka import producer as library_producer
from kafka.errors import KafkaError, MessageSizeTooLargeError, OffsetOutOfRangeError

from ledger.kafka.chain import LedgerTruncated
from ledger.kafka.log import Appended, LogUnavailable, Record
from ledger.kafka.settings import MAX_RECORD_BYTES, KafkaSettings

REQUEST_TIMEOUT_S: Final = 5.0
"""How long one request to a broker may take before another try, or another broker."""
DELIVERY_TIMEOUT_S: Final = 10.0
"""How long an append is tried before its outcome is unknown."""
CONNECT_TIMEOUT_S: Final = 15.0
"""How long a new client looks for a broker that answers."""
MAX_POLL_RECORDS: Final = 5_000
FETCH_WAIT_S: Final = 0.05
"""How long a broker keeps an empty fetch open; longer ones delay whoever asks for the end."""
FETCH_BYTES: Final = 4 << 20
"""What a reader fetches at a time: the library takes larger answers apart three times slower."""
FEW_BYTES: Final = 1 << 16
"""What a reader of single records fetches at a time."""
METADATA_AGE_MS: Final = 1_000
BATCH_BYTES: Final = 1 << 20
RETRY_PAUSE_S: Final = 0.005
MAX_GROUP_BYTES: Final = 1 << 20
"""Of a group of records, uncompressed, unless one record alone is larger."""
GROUP_LINGER_S: Final = 4.0
"""How long a group may take to be put together; it is sent as soon as it is."""
RECORD_OVERHEAD_BYTES: Final = 64
_MS: Final = 1_000

PRODUCER_OPTIONS: Final[Mapping[str, Any]] = {
    "acks": "all",
    "linger_ms": 0,  # a block is a batch already
    "batch_size": BATCH_BYTES,
    "max_request_size": MAX_RECORD_BYTES,
    "retry_backoff_ms": int(RETRY_PAUSE_S * _MS),
    "reconnect_backoff_ms": int(RETRY_PAUSE_S * _MS),
    "reconnect_backoff_max_ms": 500,  # a broker that comes back is found within half a second
    "request_timeout_ms": int(REQUEST_TIMEOUT_S * _MS),
    "delivery_timeout_ms": int(DELIVERY_TIMEOUT_S * _MS),
    "max_block_ms": int(REQUEST_TIMEOUT_S * _MS),
    "bootstrap_timeout_ms": int(CONNECT_TIMEOUT_S * _MS),
    "metrics_enabled": False,
    "allow_auto_create_topics": False,
}
GROUP_OPTIONS: Final[Mapping[str, Any]] = {
    **PRODUCER_OPTIONS,
    # A group is one batch of the library, which a broker appends wholly or not at all: nothing
    # but its end may close the batch, and none is sent beside another.
    "linger_ms": int(GROUP_LINGER_S * _MS),
    "batch_size": 4 * MAX_GROUP_BYTES,
    "max_in_flight_requests_per_connection": 1,
}
CONSUMER_OPTIONS: Final[Mapping[str, Any]] = {
    "group_id": None,
    "auto_offset_reset": "none",  # the library's default jumps to the end, silently
    "enable_auto_commit": False,
    "isolation_level": "read_uncommitted",  # the block rule decides what counts
    "max_poll_records": MAX_POLL_RECORDS,
    "fetch_max_wait_ms": int(FETCH_WAIT_S * _MS),
    # A fetch brings the first batch whatever its size, so the largest record still comes.
    "fetch_max_bytes": FETCH_BYTES,
    "max_partition_fetch_bytes": FETCH_BYTES,
    "receive_message_max_bytes": 4 * MAX_RECORD_BYTES,
    "retry_backoff_ms": 20,
    "reconnect_backoff_ms": 20,
    "reconnect_backoff_max_ms": 500,
    "request_timeout_ms": int(REQUEST_TIMEOUT_S * _MS),
    # Told by a broker that it leads no more, the library asks it for offsets again and again
    # until its metadata is this old; by default that is five minutes.
    "metadata_max_age_ms": METADATA_AGE_MS,
    "bootstrap_timeout_ms": int(CONNECT_TIMEOUT_S * _MS),
    "metrics_enabled": False,
    "allow_auto_create_topics": False,
}
FEW_OPTIONS: Final[Mapping[str, Any]] = {
    "fetch_max_bytes": FEW_BYTES,
    "max_partition_fetch_bytes": FEW_BYTES,
}


class Keyed(NamedTuple):
    """A record to be appended; without a value it is a tombstone.

    `timestamp_ms` is since the epoch; None: the producer's clock.
    """

    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int | None = None

    @property
    def size(self) -> int:
        """What it counts of a group, in bytes: no less than it takes."""
        headers = sum(len(name) + len(value) + 8 for name, value in self.headers)
        return len(self.key) + len(self.value or b"") + headers + RECORD_OVERHEAD_BYTES


class _Producing:
    """A producer of one topic. Making it raises LogUnavailable if no broker answers."""

    def __init__(self, settings: KafkaSettings, topic: str, options: Mapping[str, Any]) -> None:
        self._topic = topic
        self._producer = _connected(KafkaProducer, settings, options)

    def discard(self) -> None:
        """Send nothing more. What is under way may still land."""
        logger = logging.getLogger(library_producer.kafka.__name__)
        with suppress(Exception):  # whatever it says, it is of no use any more
            self._producer._sender.force_close()  # noqa: SLF001 - close(timeout=0) lets it go on
            self._producer.close(timeout=0)
        library_producer.kafka.log = logger  # the library silences it when it is closed in haste

    def close(self) -> None:
        """Wait for what is under way, then end."""
        with suppress(KafkaError):
            self._producer.close(timeout=REQUEST_TIMEOUT_S)


class KafkaAppender(_Producing):
    """Appends records one by one. Raises LogUnavailable if no broker answers."""

    def __init__(self, settings: KafkaSettings, topic: str, compression: str | None) -> None:
        super().__init__(settings, topic, {**PRODUCER_OPTIONS, "compression_type": compression})

    def send(self, value: bytes, headers: Sequence[tuple[str, bytes]] = ()) -> Future[Appended]:
        """Append; see `Appender`. Headers are for readers of topics other than ledgers.

        Raises DataError if the value is larger than a record may be.
        """
        appended: Future[Appended] = Future()
        try:
            sent = self._producer.send(self._topic, value, partition=0, headers=list(headers))
        except MessageSizeTooLargeError as error:
            raise _too_large(self._topic, len(value)) from error
        except KafkaError as error:
            raise LogUnavailable(f"{self._topic} takes no record now: {error!r}") from error
        sent.add_callback(
            lambda known: appended.set_result(Appended(known.offset, known.timestamp))
        )
        sent.add_errback(lambda error: appended.set_exception(_unavailable(self._topic, error)))
        return appended


class KafkaGroupAppender(_Producing):
    """Appends groups of records with keys, each wholly or not at all, one at a time.

    For topics other than ledgers. Raises LogUnavailable if no broker answers.
    """

    def __init__(self, settings: KafkaSettings, topic: str, compression: str | None) -> None:
        super().__init__(settings, topic, {**GROUP_OPTIONS, "compression_type": compression})

    def append(self, group: Sequence[Keyed]) -> list[int]:
        """Append records of at most MAX_GROUP_BYTES in all, or one; return their offsets.

        Blocks until all in-sync replicas have them. After LogUnavailable they may stand there, now
        or later: discard this appender. Raises DataError for a record larger than one may be.
        """
        assert len(group) == 1 or sum(each.size for each in group) <= MAX_GROUP_BYTES
        try:
            sent = [self._sent(each) for each in group]
            self._producer.flush(DELIVERY_TIMEOUT_S + REQUEST_TIMEOUT_S)
            return [int(one.get(0).offset) for one in sent]
        except MessageSizeTooLargeError as error:
            raise _too_large(self._topic, max(each.size for each in group)) from error
        except KafkaError as error:
            raise _unavailable(self._topic, error) from error

    def _sent(self, one: Keyed) -> Any:
        return self._producer.send(
            self._topic,
            one.value,
            key=one.key,
            headers=list(one.headers),
            partition=0,
            timestamp_ms=one.timestamp_ms,
        )


class KafkaReader:
    """A consumer of one topic. Raises LogUnavailable if no broker answers."""

    def __init__(self, settings: KafkaSettings, topic: str, *, few: bool = False) -> None:
        self._topic = topic
        self._partition = TopicPartition(topic, 0)
        options = {**CONSUMER_OPTIONS, **FEW_OPTIONS} if few else CONSUMER_OPTIONS
        self._consumer = _connected(KafkaConsumer, settings, options)
        self._consumer.assign([self._partition])
        self._consumer.seek(self._partition, 0)

    def seek(self, offset: int) -> None:
        """Go on from this offset."""
        self._consumer.seek(self._partition, offset)

    def poll(self, timeout_s: float) -> list[Record]:
        """The next records; see `Reader`."""
        found = self.poll_with_headers(timeout_s)
        return [Record(record.offset, record.value, record.timestamp) for record in found]

    def poll_with_headers(self, timeout_s: float) -> Sequence[Any]:
        """As `poll`, but the library's own records: for topics other than ledgers."""
        try:
            polled = self._consumer.poll(int(timeout_s * _MS))
        except OffsetOutOfRangeError as error:
            raise LedgerTruncated(
                f"{self._topic} does not hold the record to be read next ({error}): it lost "
                "records. Nothing was read; see docs/kafka/running.md, "
                "`When the ledger lost blocks`"
            ) from error
        except KafkaError as error:
            raise _unavailable(self._topic, error) from error
        found: Sequence[Any] = polled.get(self._partition, ())
        return found

    def position(self) -> int:
        """The offset to go on from: behind the last record, and what compaction took behind it."""
        return int(self._consumer.position(self._partition, timeout_ms=0))

    def start(self) -> int:
        """The first offset that the topic holds."""
        return self._offset(self._consumer.beginning_offsets)

    def end(self) -> int:
        """The offset behind the last record that all in-sync replicas have."""
        return self._offset(self._consumer.end_offsets)

    def _offset(self, ask: Any) -> int:
        try:
            return int(
                ask([self._partition], timeout_ms=int(REQUEST_TIMEOUT_S * _MS))[self._partition]
            )
        except KafkaError as error:
            raise _unavailable(self._topic, error) from error

    def close(self) -> None:
        """Give up the connection."""
        with suppress(KafkaError):
            self._consumer.close(autocommit=False, timeout_ms=0)


class KafkaLog:
    """One topic of a Kafka cluster. `compression` is of what is appended: None, gzip, lz4, …."""

    def __init__(self, settings: KafkaSettings, topic: str, compression: str | None = None) -> None:
        self.topic = topic
        self._settings, self._compression = settings, compression

    def appender(self) -> KafkaAppender:
        """A new producer."""
        return KafkaAppender(self._settings, self.topic, self._compression)

    def reader(self, *, few: bool = False) -> KafkaReader:
        """A new consumer, at offset 0. `few`: of single records here and there, not of all."""
        return KafkaReader(self._settings, self.topic, few=few)


def _connected(client: Any, settings: KafkaSettings, options: Mapping[str, Any]) -> Any:
    try:
        return client(**settings.client_options(), **options)
    except KafkaError as error:
        raise LogUnavailable(f"no broker of {settings.bootstrap} answers: {error!r}") from error


def _too_large(topic: str, size: int) -> DataError:
    return DataError(
        f"{size} bytes are too many for one record of {topic}, which holds at most "
        f"{MAX_RECORD_BYTES} with its headers: nothing was written"
    )


def _unavailable(topic: str, error: BaseException) -> LogUnavailable:
    unavailable = LogUnavailable(f"{topic} cannot be read or written now: {error!r}")
    unavailable.__cause__ = error
    return unavailable
