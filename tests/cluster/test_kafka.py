"""The Kafka that tests and benchmarks run: it starts, and has after kill -9 what it had."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from processes import is_alive
from real_kafka import jars_or_skip

from cluster.broker import BrokerFailed
from cluster.kafka import KafkaCluster, running_kafka
from ledger.kafka.topics import ledger_topic


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    jars_or_skip()
    with running_kafka(tmp_path_factory.mktemp("three"), 3) as kafka:
        yield kafka


def send(bootstrap: str, topic: str, value: bytes) -> int:
    with contextlib.closing(KafkaProducer(bootstrap_servers=bootstrap, acks="all")) as producer:
        return producer.send(topic, value).get(30).offset


def records(bootstrap: str, topic: str, count: int) -> list[bytes]:
    partition = TopicPartition(topic, 0)
    with contextlib.closing(KafkaConsumer(bootstrap_servers=bootstrap)) as consumer:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        found = []
        while len(found) < count:
            polled = consumer.poll(10_000).get(partition)
            assert polled, f"{len(found)} of {count} records"
            found += [record.value for record in polled]
        return found


def test_every_test_has_an_empty_ledger_of_its_own(kafka_bootstrap: str, network: str) -> None:
    assert send(kafka_bootstrap, ledger_topic(network), b"first") == 0
    assert records(kafka_bootstrap, ledger_topic(network), 1) == [b"first"]


def test_three_brokers_keep_a_record_whichever_is_killed(three: KafkaCluster) -> None:
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=three.bootstrap)) as admin:
        config = {"min.insync.replicas": "2"}
        admin.create_topics([NewTopic("kept", 1, 3, topic_configs=config)])
    for number, broker in enumerate(three.brokers):
        assert send(three.bootstrap, "kept", b"%d" % number) == number
        broker.kill()
        assert not broker.is_running
        assert records(three.bootstrap, "kept", number + 1)[-1] == b"%d" % number
        broker.start()
    assert records(three.bootstrap, "kept", 3) == [b"0", b"1", b"2"]


def test_a_broker_is_started_once(three: KafkaCluster) -> None:
    with pytest.raises(BrokerFailed, match="broker 1 runs already as process"):
        three.brokers[0].start()


def test_a_cluster_that_was_stopped_has_what_it_had(tmp_path: Path) -> None:
    jars_or_skip()
    with running_kafka(tmp_path) as kafka:
        with contextlib.closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap)) as admin:
            admin.create_topics([NewTopic("kept", 1, 1)])
        send(kafka.bootstrap, "kept", b"one")
        kafka.brokers[0].pause()
        pid = kafka.brokers[0].pid
    assert not is_alive(pid)  # a paused one is stopped as well
    with running_kafka(tmp_path) as kafka:
        assert records(kafka.bootstrap, "kept", 1) == [b"one"]


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    jars_or_skip()
    with running_kafka(tmp_path) as first:
        (only,) = first.brokers
        with pytest.raises(BrokerFailed, match=r"another program answers at .*: end it"):
            type(only)(1, only.folder, only.place, only._java, only.settings).start()
    (only.folder / "server.properties").write_text("process.roles=cook\n")
    with pytest.raises(BrokerFailed, match=r"(?s)broker 1 ended while starting: .*cook"):
        only.start()
