"""The whole of Onebook on Kafka as processes of this machine, each of which may be killed."""

import contextlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict

from cluster.broker import Place
from cluster.command import Command, Start, run_once
from cluster.kafka import KafkaCluster, Setup, running_kafka
from consumers.embedded import EmbeddedPostgres

WRITERS: Final = 2
LIST_LIMIT_S: Final = 10.0
SETTINGS_FILE: Final = "settings.sh"
"""In the folder of a running cluster: what commands beside it need; it holds a password."""
OURS: Final = (" kafka.Kafka ", " -m api.cli ")
"""What is in the command lines of brokers and of `onebook`, each with a path of the folder."""


class ClusterBusy(Exception):
    """Processes of an earlier run are still there; the text says which and what to do."""


class Member(Protocol):
    """One process of the cluster, or what stands for several."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def address(self) -> str: ...  # noqa: D102
    @property
    def pid(self) -> int: ...  # noqa: D102
    @property
    def log_file(self) -> Path: ...  # noqa: D102
    @property
    def is_running(self) -> bool: ...  # noqa: D102


class Plan(msgspec.Struct, frozen=True):
    """What to start: on which folder, how many brokers, at which ports, for which channels.

    ``kafka_port`` is the first broker's, the others' follow; 0: any that are free. So is ``port``,
    the API's.
    """

    folder: Path
    brokers: Literal[1, 3] = 3
    kafka_port: int = 0
    port: int = 8000
    network: str = "main"
    channels: tuple[str, ...] = ("default", "web", "till")


class Postgres:
    """The embedded PostgreSQL as one of the processes."""

    name = "PostgreSQL"

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedPostgres(folder, on_death=self._has_ended)
        self.is_running = True

    @property
    def address(self) -> str:
        """Where it listens; the password stays out of it."""
        given = conninfo_to_dict(self.server.url)
        return f"{given['host']} port {given['port']}"

    @property
    def log_file(self) -> Path:
        """Its log."""
        return self.server.directory / "postgres.log"

    @property
    def pid(self) -> int:
        """The process id of its first process, as it says itself."""
        with psycopg.connect(self.server.url) as connection:
            row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
        assert row is not None
        return int(row[0].splitlines()[0])

    def _has_ended(self) -> None:
        self.is_running = False


@contextlib.contextmanager
def running_brokers(plan: Plan) -> Iterator[KafkaCluster]:
    """Run the plan's brokers alone until the end of the block."""
    folder = plan.folder.absolute()
    refuse_if_left_over(folder)
    ports = [plan.kafka_port and plan.kafka_port + n for n in range(plan.brokers)]
    setup = Setup(places=[Place(port=port) for port in ports])
    with running_kafka(folder / "kafka", plan.brokers, setup) as kafka:
        yield kafka


@contextlib.contextmanager
def running_cluster(plan: Plan) -> Iterator[tuple[Member, ...]]:
    """Run all of it until the end of the block, and stop it in the reverse order.

    Who reads stops before who is read: API, feeds, projector, writers, PostgreSQL, brokers.
    Raises ClusterBusy, KafkaUnavailable, BrokerFailed, EmbeddedPostgresError or CommandFailed.
    """
    folder = plan.folder.absolute()
    logs = folder / "logs"
    with contextlib.ExitStack() as stack:
        kafka = stack.enter_context(running_brokers(plan))
        postgres = Postgres(folder / "postgres")
        stack.enter_context(postgres.server)
        logs.mkdir(exist_ok=True)
        settings = {
            "ONEBOOK_KAFKA_BOOTSTRAP": kafka.bootstrap,
            "ONEBOOK_DATABASE_URL": postgres.server.url,
            "ONEBOOK_NETWORK": plan.network,
            "ONEBOOK_KAFKA_DEV": str(plan.brokers == 1).lower(),  # one broker keeps one copy
        }
        stack.enter_context(_told_to_shells(folder / SETTINGS_FILE, settings))
        run_once(_create_topics(plan), settings)
        commands: list[Command] = []
        for step in steps(plan, folder):
            begun = []
            for start in step:
                log_file = logs / f"{start.name.lower()}.log"
                begun.append(Command(start, log_file, settings))
                stack.callback(begun[-1].stop)
            for command in begun:
                command.wait_until_ready()
            commands += begun
        yield (*kafka.brokers, postgres, *commands)


def refuse_if_left_over(folder: Path) -> None:
    """Raise ClusterBusy if processes still run on the folder: of another run, or a killed one."""
    if not (ps := shutil.which("ps")):
        return  # a broker that meets another one's lock says so as well, later and longer
    asked = [ps, "-A", "-ww", "-o", "pid=,args="]
    listed = subprocess.run(
        asked, capture_output=True, text=True, check=False, timeout=LIST_LIMIT_S
    ).stdout
    ours = [line for line in listed.splitlines() if any(word in line for word in OURS)]
    pids = [line.split()[0] for line in ours if f"{folder}/" in line]
    if pids:
        raise ClusterBusy(
            f"processes still run on {folder}: stop the cluster that they belong to, or, if it was "
            f"killed, end them: kill {' '.join(pids)}"
        )


@contextlib.contextmanager
def _told_to_shells(path: Path, settings: Mapping[str, str]) -> Iterator[None]:
    lines = "".join(f"export {name}={shlex.quote(text)}\n" for name, text in settings.items())
    path.unlink(missing_ok=True)  # that of a killed run
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(lines)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _create_topics(plan: Plan) -> list[str]:
    channels = [word for channel in plan.channels for word in ("--channel", channel)]
    copies = ["--dev"] if plan.brokers == 1 else []
    return ["topics", "create", *copies, *channels]


def steps(plan: Plan, folder: Path) -> list[list[Start]]:
    """Return what to start, step by step: those of one step start together."""
    split = ["--no-writer", "--no-projector", "--port", str(plan.port)]
    return [
        [_writer(place, folder) for place in range(WRITERS)],
        [Start("projector", "position", ["project"])],
        [Start("feeds", "publisher", ["publish"])],
        [Start("API", "address", ["serve", *split, "--data", str(folder / "api")])],
    ]


def _writer(place: int, folder: Path) -> Start:
    name = f"writer-{place + 1}"
    data = ["--data", str(folder / name)]  # its snapshots: the next start is short
    return Start(name, "writer", ["write", "--name", name, "--place", str(place), *data])
