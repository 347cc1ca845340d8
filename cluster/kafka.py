"""A Kafka cluster of one broker or three, as processes on this machine."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

import msgspec

from cluster.broker import LEAN_JVM, START_LIMIT_S, STOP_LIMIT_S, Broker, Java, Place
from cluster.jars import kafka_jars
from cluster.ports import free_port

SETTINGS: Final = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    "log.cleaner.dedupe.buffer.size": "2097152",
    # A lost broker is noticed within seconds, and one that was killed may come back at once: the
    # controller holds its place for as long as its session lasts.
    "replica.lag.time.max.ms": "1500",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}
MECHANISM: Final = "SCRAM-SHA-512"


class Access(msgspec.Struct, frozen=True):
    """Who may connect: users by SCRAM-SHA-512, over SASL_PLAINTEXT, and ACLs for all but one.

    ``users``: password by name. The superuser may do everything and is the brokers' own; the others
    may do nothing until the superuser adds ACLs.
    """

    superuser: str
    password: str
    users: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"Access(superuser={self.superuser!r}, users={sorted(self.users)})"


class Setup(msgspec.Struct, frozen=True):
    """How a cluster differs from the plainest one.

    ``places``: where each broker runs, if not at free ports of 127.0.0.1. ``access``: who may do
    what, if not everyone everything. ``settings``: lines of server.properties that replace ours.
    ``jvm``: flags of each broker's virtual machine.
    """

    places: Sequence[Place] = ()
    access: Access | None = None
    settings: Mapping[str, str] = {}
    jvm: Sequence[str] = LEAN_JVM


class KafkaCluster:
    """Brokers that form one cluster. Each can be stopped, killed, paused and started by itself."""

    def __init__(self, brokers: Sequence[Broker]) -> None:
        self.brokers = tuple(brokers)

    @property
    def bootstrap(self) -> str:
        """The addresses of all brokers, as clients take them: ``host:port,host:port``."""
        return ",".join(broker.bootstrap for broker in self.brokers)

    def start(self, limit_s: float = START_LIMIT_S) -> None:
        """Start every broker that does not run; blocks until all accept clients.

        Raises BrokerFailed.
        """
        for broker in self.brokers:
            if not broker.is_running:
                broker.launch()
        for broker in self.brokers:
            broker.wait_until_ready(limit_s)

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """Stop every broker. Harmless when repeated."""
        # Together: the last one of three would wait long for a quorum that has gone.
        for broker in self.brokers:
            broker.ask_to_stop()
        for broker in self.brokers:
            broker.stop(limit_s)


def kafka_on(folder: Path, brokers: Literal[1, 3] = 1, setup: Setup | None = None) -> KafkaCluster:
    """Return a formatted cluster on ``folder`` that is not started yet; see `running_kafka`.

    On a folder that holds a cluster already, it is that cluster: give the same number of brokers.
    """
    chosen = setup or Setup()
    given = chosen.places or [Place()] * brokers
    assert len(given) == brokers, "one place a broker"
    at = [_with_ports(place) for place in given]
    java = Java(kafka_jars(), tuple(chosen.jvm))
    made = [
        Broker(
            node_id,
            (folder / f"broker-{node_id}").absolute(),
            place,
            java,
            _settings(node_id, at, chosen.access) | dict(chosen.settings),
        )
        for node_id, place in enumerate(at, 1)
    ]
    _format(made, _cluster_id(folder), chosen.access)
    return KafkaCluster(made)


@contextmanager
def running_kafka(
    folder: Path, brokers: Literal[1, 3] = 1, setup: Setup | None = None
) -> Iterator[KafkaCluster]:
    """Run a cluster on ``folder`` until the end of the block.

    Raises KafkaUnavailable (no Java, no Maven) or BrokerFailed.
    """
    made = kafka_on(folder, brokers, setup)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def _settings(node_id: int, places: Sequence[Place], access: Access | None) -> dict[str, str]:
    place = places[node_id - 1]
    protocol = "SASL_PLAINTEXT" if access else "PLAINTEXT"
    listeners = {
        "node.id": str(node_id),
        "listeners": f"{protocol}://{place.host}:{place.port},CONTROLLER://{_controller(place)}",
        "listener.security.protocol.map": f"CONTROLLER:PLAINTEXT,{protocol}:{protocol}",
        "inter.broker.listener.name": protocol,
    }
    return SETTINGS | listeners | _quorum(places) | (_authorised(access) if access else {})


def _quorum(places: Sequence[Place]) -> dict[str, str]:
    replicas = str(len(places))
    needed = str(len(places) // 2 + 1)
    replication = {
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": needed,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": needed,
    }
    if len(places) == 1:
        return replication | {"controller.quorum.bootstrap.servers": _controller(places[0])}
    voters = ",".join(f"{n}@{_controller(place)}" for n, place in enumerate(places, 1))
    return replication | {"controller.quorum.voters": voters}


def _authorised(access: Access) -> dict[str, str]:
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
    jaas = f'{login} username="{access.superuser}" password="{access.password}";'
    return {
        "sasl.enabled.mechanisms": MECHANISM,
        "sasl.mechanism.inter.broker.protocol": MECHANISM,
        f"listener.name.sasl_plaintext.{MECHANISM.lower()}.sasl.jaas.config": jaas,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Only brokers know the way to the controllers' listener, and they have no name there.
        "super.users": f"User:{access.superuser};User:ANONYMOUS",
    }


def _format(brokers: Sequence[Broker], cluster_id: str, access: Access | None) -> None:
    arguments = ["--standalone"] if len(brokers) == 1 else []
    if access:
        for name, password in {access.superuser: access.password, **access.users}.items():
            arguments += ["--add-scram", f"{MECHANISM}=[name={name},password={password}]"]
    with ThreadPoolExecutor(len(brokers)) as pool:
        list(pool.map(lambda broker: broker.format(cluster_id, arguments), brokers))


def _cluster_id(folder: Path) -> str:
    kept = folder / "cluster.id"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
        kept.write_text("A" + made[1:])  # never a leading dash, which would read as an option
    return kept.read_text()


def _with_ports(place: Place) -> Place:
    port = place.port or free_port()
    controller_port = place.controller_port or free_port()
    return msgspec.structs.replace(place, port=port, controller_port=controller_port)


def _controller(place: Place) -> str:
    return f"{place.host}:{place.controller_port}"
