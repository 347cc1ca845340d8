"""A ledger's topic deleted and made again, as after the loss of a cluster."""

import time
from collections.abc import Callable, Sequence

from kafka.admin import KafkaAdminClient

from ledger.kafka import topics
from ledger.kafka.block import Block, decode
from ledger.kafka.client import KafkaLog
from ledger.kafka.settings import KafkaSettings

GONE_WITHIN_S = 20.0


def remake(settings: KafkaSettings, log: KafkaLog, kept: Callable[[Block], bool]) -> None:
    """Make the topic anew with those of its blocks that are kept."""
    values = [value for value in values_of(log) if kept(_block(value))]
    make_anew(settings, log, values)


def make_anew(settings: KafkaSettings, log: KafkaLog, values: Sequence[bytes]) -> None:
    """Make the topic anew with these records."""
    network = log.topic.split(".")[1]
    admin = KafkaAdminClient(**settings.client_options())
    admin.delete_topics([log.topic])
    admin.close()
    deadline = time.monotonic() + GONE_WITHIN_S
    while not any(made.created for made in topics.create(settings, network, [], dev=True)):
        assert time.monotonic() < deadline, f"{log.topic} does not go away"
    appender = log.appender()
    for value in values:
        appender.send(value).result()
    appender.close()


def values_of(log: KafkaLog) -> list[bytes]:
    """The values of all records."""
    reader = log.reader()
    end, values = reader.end(), []
    while len(values) < end:
        values += [record.value for record in reader.poll(1.0)]
    reader.close()
    return values


def _block(value: bytes) -> Block:
    block = decode(value)
    assert block is not None, value
    return block
