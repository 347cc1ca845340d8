"""A real Kafka for tests: the one given, else a container, else Maven's jars, else none."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import docker
from docker.errors import DockerException
from kafka.admin import KafkaAdminClient
from required import missing
from testcontainers.core.container import DockerContainer

from cluster.jars import KafkaUnavailable, kafka_jars
from cluster.kafka import running_kafka
from cluster.ports import free_port
from ledger.kafka import topics
from ledger.kafka.settings import KafkaSettings

IMAGE = "apache/kafka:4.3.1"
STARTS_WITHIN_MS = 60_000
ANSWERS_WITHIN_S = 10


@contextlib.contextmanager
def kafka_for_tests(folder: Path) -> Iterator[str]:
    """Give the ``host:port`` of a Kafka until the end of the block; skip where there is none."""
    if given := os.environ.get("ONEBOOK_TEST_KAFKA_BOOTSTRAP"):
        yield given
    elif docker_answers():
        with kafka_in_a_container() as bootstrap:
            yield bootstrap
    else:
        jars_or_skip()
        with running_kafka(folder) as kafka:
            yield kafka.bootstrap


def jars_or_skip() -> None:
    """End the running test where Kafka's own processes cannot run."""
    try:
        kafka_jars()
    except KafkaUnavailable as reason:
        missing("kafka", str(reason))


def fresh_network(bootstrap: str, *channels: str) -> str:
    """Create the topics of a new network with these channels; return its id."""
    network = f"test-{uuid4().hex[:12]}"
    topics.create(KafkaSettings(bootstrap=bootstrap), network, channels, dev=True)
    return network


def docker_answers() -> bool:
    """Whether a Docker engine runs here."""
    try:
        with contextlib.closing(docker.from_env(timeout=ANSWERS_WITHIN_S)) as engine:
            return bool(engine.ping())
    except DockerException:
        return False


@contextlib.contextmanager
def kafka_in_a_container() -> Iterator[str]:
    """Run the image's one broker; it advertises the port of this machine that leads to it."""
    port = free_port()
    container = DockerContainer(IMAGE).with_bind_ports(port, port)
    for name, value in container_settings(port).items():
        container.with_env(name, value)
    with container:
        bootstrap = f"127.0.0.1:{port}"
        # The engine opens the port before the broker does: ask until a broker answers.
        KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=STARTS_WITHIN_MS).close()
        yield bootstrap


def container_settings(port: int) -> dict[str, str]:
    """The image's environment for one broker: given any of it, the image has no defaults left."""
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://localhost:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }
