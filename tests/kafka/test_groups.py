"""Groups of records land wholly or not at all, which a broker promises of one batch."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from eventsourcing.persistence import DataError
from kafka.producer import record_accumulator

from ledger.kafka.client import (
    MAX_GROUP_BYTES,
    KafkaGroupAppender,
    KafkaReader,
    Keyed,
)
from ledger.kafka.settings import MAX_RECORD_BYTES, KafkaSettings
from ledger.kafka.topics import feed_topic

HEADERS = (("content-type", b"text/plain"),)


@pytest.fixture
def topic(network: str) -> str:
    return feed_topic(network, "events")


@pytest.fixture
def appender(kafka_bootstrap: str, topic: str) -> Iterator[KafkaGroupAppender]:
    with closing(
        KafkaGroupAppender(KafkaSettings(bootstrap=kafka_bootstrap), topic, "lz4")
    ) as made:
        yield made


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The batches that the library makes."""
    made: list[object] = []

    class Batch(record_accumulator.ProducerBatch):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(record_accumulator, "ProducerBatch", Batch)
    return made


def full_group(records: int = 2_000) -> list[Keyed]:
    """As many bytes as a group may have."""
    empty = Keyed(b"key", b"", HEADERS, 1_000)
    value = b"v" * (MAX_GROUP_BYTES // records - empty.size)
    return [empty._replace(value=value) for _ in range(records)]


def test_a_full_group_is_one_batch_however_long_it_takes_to_put_it_together(
    appender: KafkaGroupAppender, batches: list[object]
) -> None:
    assert appender.append(full_group()) == list(range(2_000))
    assert appender.append(full_group()) == list(range(2_000, 4_000))
    assert len(batches) == 2


def test_a_record_larger_than_a_group_lands_alone(
    appender: KafkaGroupAppender, batches: list[object]
) -> None:
    assert appender.append([Keyed(b"key", b"v" * (5 * MAX_GROUP_BYTES))]) == [0]
    assert len(batches) == 1


def test_more_than_a_group_holds_is_not_begun(appender: KafkaGroupAppender) -> None:
    with pytest.raises(AssertionError):
        appender.append([*full_group(), Keyed(b"key", b"v" * 1_000)])


def test_a_record_that_no_topic_takes_is_told_apart_from_a_broker_that_is_away(
    appender: KafkaGroupAppender,
) -> None:
    with pytest.raises(DataError, match="are too many for one record"):
        appender.append([Keyed(b"key", b"v" * (MAX_RECORD_BYTES + 1))])


def test_records_keep_their_key_headers_and_time(
    appender: KafkaGroupAppender, kafka_bootstrap: str, topic: str
) -> None:
    appender.append([Keyed(b"one", b"1", HEADERS, 1_000), Keyed(b"two", None, (), 2_000)])
    with closing(KafkaReader(KafkaSettings(bootstrap=kafka_bootstrap), topic)) as reader:
        found = reader.poll_with_headers(30.0)
        assert [(r.key, r.value, r.timestamp) for r in found] == [
            (b"one", b"1", 1_000),
            (b"two", None, 2_000),
        ]
        assert tuple(found[0].headers) == HEADERS
        assert reader.position() == 2
