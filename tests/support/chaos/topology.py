"""The cluster of a run: three brokers, PostgreSQL, writers, projector and two APIs, as processes.

Each is in a network namespace of its own. One API has a writer beside it, the other only
publishes to Kafka.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from chaos.clients import CHANNELS
from chaos.database import Database
from chaos.network import Network, run
from chaos.nodes import BrokerNode, Node, ProcessNode
from cluster.broker import Place
from cluster.kafka import KafkaCluster, Setup, kafka_on

ROOT: Final = Path(__file__).parents[3]
NETWORK: Final = "main"
PORT: Final = 9092
CONTROLLER_PORT: Final = 9093
HTTP_PORT: Final = 8000
BESIDE_API: Final = "api-2"
"""The API with a writer in its process."""
COMMAND_LIMIT_S: Final = 300
SMALL_DISK_BYTES: Final = 2 << 30
SMALL_DISK_OF: Final = "broker-3"
LEAN_JVM: Final = ("-Xms128m", "-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
ONEBOOK: Final = (sys.executable, "-m", "api.cli")


class Plan(Struct, frozen=True):
    """What to start. `programs` replaces the command `onebook` of single nodes, by their names.

    `small_disk`: the last broker keeps its log on a disk that can be filled up. `logs`: where the
    logs of all nodes and the clients' diary are left.
    """

    writers: int = 2
    small_disk: bool = False
    programs: dict[str, tuple[str, ...]] = {}
    logs: Path | None = None


class Cluster:
    """The running nodes, by name."""

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        network: Network,
        kafka: KafkaCluster,
        database: Database,
        nodes: dict[str, Node],
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.network = network
        self.kafka = kafka
        self.database = database
        self.nodes = nodes

    @property
    def bootstrap(self) -> str:
        """The brokers' addresses."""
        return self.kafka.bootstrap

    @property
    def addresses(self) -> list[str]:
        """The APIs' addresses."""
        apis = [node for name, node in self.nodes.items() if name.startswith("api-")]
        return [f"http://{node.endpoint.address}:{HTTP_PORT}" for node in apis]

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a command of the product."""
        return settings(self.bootstrap, self.database.url)

    def named(self, kind: str) -> list[str]:
        """The names of all nodes of a kind: broker, writer, api, projector, postgres."""
        return [name for name in self.nodes if name.partition("-")[0] == kind]

    def onebook(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the product on the host to its end."""
        return subprocess.run(
            [*ONEBOOK, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=self.environment,
            timeout=COMMAND_LIMIT_S,
        )

    def small_disk(self) -> Path:
        """Where the broker with the small disk keeps its log."""
        return disk_of(self.folder)


def settings(bootstrap: str, database_url: str | None) -> dict[str, str]:
    """The environment of a command: none of the settings around it, but these."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ONEBOOK_", "PERSISTENCE_"))}
    kept |= {"PYTHONPATH": str(ROOT), "ONEBOOK_KAFKA_BOOTSTRAP": bootstrap}
    return kept | ({"ONEBOOK_DATABASE_URL": database_url} if database_url else {})


def disk_of(folder: Path) -> Path:
    return folder / SMALL_DISK_OF / "data"


@contextmanager
def running_cluster(plan: Plan) -> Iterator[Cluster]:
    """Start all nodes; stop them at the end and remove what they kept.

    Raises NoNetwork where namespaces are not permitted, KafkaUnavailable without Java or jars.
    """
    with ExitStack() as stack:
        network = stack.enter_context(Network())
        folder = stack.enter_context(_folder())
        if plan.small_disk:
            stack.enter_context(_small_disk(disk_of(folder)))
        cluster = _built(plan, folder, network)
        if plan.logs is not None:
            stack.callback(_leave_logs, folder, plan.logs)
        stack.callback(_stop, cluster)
        _start(cluster)
        yield cluster


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account may pass through."""
    with tempfile.TemporaryDirectory(prefix="onebook-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@contextmanager
def _small_disk(at: Path) -> Iterator[None]:
    at.mkdir(parents=True)
    run("mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_BYTES}", "onebook-faults", str(at))
    try:
        yield
    finally:
        run("umount", "--lazy", str(at))


def _leave_logs(folder: Path, logs: Path) -> None:
    logs.mkdir(parents=True, exist_ok=True)
    for file in [*folder.rglob("*.log"), *folder.glob("*.ndjson")]:
        if "data" not in file.relative_to(folder).parts:
            name = "-".join(file.relative_to(folder).parts[-2:])
            shutil.copy(file, logs / name)


def _built(plan: Plan, folder: Path, network: Network) -> Cluster:
    ends = [network.endpoint(f"broker-{n}") for n in (1, 2, 3)]
    places = [Place(end.address, PORT, CONTROLLER_PORT, end.inside) for end in ends]
    kafka = kafka_on(folder, 3, Setup(places=places, jvm=LEAN_JVM))
    nodes: dict[str, Node] = {
        f"broker-{n}": BrokerNode(f"broker-{n}", end, broker)
        for n, (end, broker) in enumerate(zip(ends, kafka.brokers, strict=True), 1)
    }
    database = Database(network.endpoint("postgres"), folder / "postgres")
    nodes["postgres"] = database
    made = _Products(plan, folder, kafka.bootstrap, database.url)
    for n in range(1, plan.writers + 1):
        writer = ["write", "--place", str(n - 1)]
        nodes[f"writer-{n}"] = made.node(f"writer-{n}", network, writer, named=True)
    nodes["projector"] = made.node("projector", network, ["project"])
    split = ["serve", "--no-writer", "--no-projector"]
    nodes["api-1"] = made.node("api-1", network, split, serves=True)
    beside = ["serve", "--no-projector", "--place", str(plan.writers), "--name", BESIDE_API]
    nodes[BESIDE_API] = made.node(BESIDE_API, network, beside, serves=True)
    return Cluster(plan, folder, network, kafka, database, nodes)


class _Products:
    """Makes the nodes that are commands of the product."""

    def __init__(self, plan: Plan, folder: Path, bootstrap: str, database_url: str) -> None:
        self._plan, self._folder = plan, folder
        self._bootstrap, self._url = bootstrap, database_url

    def node(
        self,
        name: str,
        network: Network,
        arguments: Sequence[str],
        *,
        named: bool = False,
        serves: bool = False,
    ) -> ProcessNode:
        endpoint = network.endpoint(name)
        folder = self._folder / name
        folder.mkdir()
        program = self._plan.programs.get(name, ONEBOOK)
        command = [*program, *arguments, "--network", NETWORK, "--json"]
        if named:
            command += ["--name", name]
        if named or serves:
            command += ["--data", str(folder / "kept")]
        if serves:
            command += ["--host", endpoint.address, "--port", str(HTTP_PORT)]
        url = None if named else self._url
        return ProcessNode(name, endpoint, command, settings(self._bootstrap, url), folder)


def _start(cluster: Cluster) -> None:
    """The brokers and PostgreSQL, the topics, then the product's own processes."""
    base = [*cluster.named("broker"), "postgres"]
    for name in base:
        cluster.nodes[name].start()
    for name in base:
        cluster.nodes[name].wait_until_ready()
    cluster.database.create()
    channels = [word for channel in CHANNELS for word in ("--channel", channel)]
    made = cluster.onebook("topics", "create", "--network", NETWORK, *channels)
    if made.returncode != 0:
        raise RuntimeError(f"onebook topics create: {made.stdout}{made.stderr}")
    for name in [name for name in cluster.nodes if name not in base]:
        cluster.nodes[name].start()
        cluster.nodes[name].wait_until_ready()


def _stop(cluster: Cluster) -> None:
    """The product's processes first; brokers together, or the last waits for a quorum."""
    for name in reversed(cluster.nodes):
        if not name.startswith("broker-"):
            cluster.nodes[name].stop()
    cluster.kafka.stop()
