"""One Kafka broker as a process of ours, on a folder of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from cluster.jars import find_java

LEAN_JVM: Final = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
)
"""For tests on a small machine; a benchmark may ask for more."""
START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 15.0
KILL_LIMIT_S: Final = 10.0
FORMAT_LIMIT_S: Final = 60.0
CONNECT_LIMIT_S: Final = 1.0
CONNECT_PAUSE_S: Final = 0.05
TAIL_LINES: Final = 15
TAIL_BYTES: Final = 16_384
LOGGING: Final = Path(__file__).with_name("log4j2.properties")


class BrokerFailed(Exception):
    """A broker did not start or has ended; the text holds the end of its log."""


class Place(msgspec.Struct, frozen=True):
    """Where a broker runs and how others reach it.

    ``host``: the address that it listens at and advertises. ``prefix``: a command that the
    broker's own command line is given to, such as ``("ip", "netns", "exec", NAME)``; it must
    become the broker by exec, so that the process id is the broker's. A port of 0 takes one that
    is free; that is looked up here, so not within another network namespace: name both there.
    """

    host: str = "127.0.0.1"
    port: int = 0
    controller_port: int = 0
    prefix: tuple[str, ...] = ()


class Java(msgspec.Struct, frozen=True):
    """What runs the brokers: a java, Kafka's jars, and the flags of the virtual machine."""

    jars: Path
    flags: tuple[str, ...] = LEAN_JVM

    def command(self, main: str, *arguments: str) -> list[str]:
        """Return the command line that runs a main class of Kafka's."""
        logging = f"-Dlog4j2.configurationFile={LOGGING}"
        classes = ["-cp", f"{self.jars}{os.sep}*"]
        return [find_java(), *self.flags, logging, *classes, main, *arguments]


class Broker:
    """A broker (and controller) on ``folder``; one at a time starts, stops, kills or pauses it.

    ``folder`` holds ``server.properties``, ``broker.log`` and ``data``. Started again, it has what
    it had.
    """

    def __init__(
        self, node_id: int, folder: Path, place: Place, java: Java, settings: Mapping[str, str]
    ) -> None:
        self.node_id = node_id
        self.folder = folder
        self.name = f"broker {node_id}"
        self.place = place
        self.settings = dict(settings)
        self.log_file = folder / "broker.log"
        self.data = folder / "data"
        self._java = java
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """The ``host:port`` at which clients reach this broker."""
        return f"{self.place.host}:{self.place.port}"

    @property
    def address(self) -> str:
        """The same, as of any process of a cluster."""
        return self.bootstrap

    @property
    def pid(self) -> int:
        """The process id. Raises BrokerFailed unless it has been started."""
        if self._process is None:
            raise BrokerFailed(f"{self.name} is not started")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process is there; a paused one is."""
        return self._process is not None and self._process.poll() is None

    def format(self, cluster_id: str, arguments: Sequence[str] = ()) -> None:
        """Write server.properties, and make the data folder a broker's unless it is one already.

        ``arguments`` go to Kafka's own ``format``. Raises BrokerFailed.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        lines = [f"{name}={value}\n" for name, value in self.settings.items()]
        properties.write_text("".join([*lines, f"log.dir={self.data}\n"]))
        properties.chmod(0o600)  # it may hold a password
        if (self.data / "meta.properties").exists():
            return
        named = ["format", "-t", cluster_id, "-c", str(properties), *arguments]
        command = self._java.command("kafka.tools.StorageTool", *named)
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=FORMAT_LIMIT_S
        )
        if done.returncode:
            raise BrokerFailed(
                f"cannot format {self.data}: {_last(done.stdout + done.stderr, TAIL_LINES)}"
            )

    def launch(self) -> None:
        """Start the process; `wait_until_ready` waits for it. Raises BrokerFailed."""
        if self.is_running:
            raise BrokerFailed(f"{self.name} runs already as process {self.pid}")
        if self._answers():
            raise BrokerFailed(
                f"another program answers at {self.bootstrap}, perhaps a broker left by a killed "
                "process: end it, or choose another port"
            )
        properties = str(self.folder / "server.properties")
        command = [*self.place.prefix, *self._java.command("kafka.Kafka", properties)]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,  # a Ctrl-C meant for us ends it in its turn, not at once
            )

    def wait_until_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Block until the broker accepts clients, which it does once the cluster knows it.

        Raises BrokerFailed, with the end of its log, if it ends or the limit passes.
        """
        deadline = time.monotonic() + limit_s
        while not self._answers():
            if not self.is_running:
                raise BrokerFailed(f"{self.name} ended while starting: {self.tail()}")
            if time.monotonic() > deadline:
                raise BrokerFailed(
                    f"{self.name} does not answer at {self.bootstrap} after "
                    f"{limit_s:g} s: {self.tail()}"
                )
            time.sleep(CONNECT_PAUSE_S)

    def start(self, limit_s: float = START_LIMIT_S) -> None:
        """Start the process and block until it accepts clients. Raises BrokerFailed."""
        self.launch()
        self.wait_until_ready(limit_s)

    def ask_to_stop(self) -> None:
        """Ask it to stop in order, a paused one too; returns at once, harmless when repeated."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGTERM)
            self._process.send_signal(signal.SIGCONT)

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """Ask it to stop, and kill it when it has not within the limit. Harmless when repeated."""
        self.ask_to_stop()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(limit_s)
            self.kill()

    def kill(self) -> None:
        """End it at once, as ``kill -9`` does; blocks until it is gone. Harmless when repeated."""
        if self._process is not None:
            self._process.kill()  # sends nothing to a process that has ended
            self._process.wait(KILL_LIMIT_S)

    def pause(self) -> None:
        """Stop the process where it is (SIGSTOP); its connections stay open and silent."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        os.kill(self.pid, signal.SIGCONT)

    def tail(self) -> str:
        """Return the end of the log, and where all of it is."""
        with self.log_file.open("rb") as log:
            log.seek(max(0, self.log_file.stat().st_size - TAIL_BYTES))
            text = log.read().decode(errors="replace")
        return f"{self.log_file} ends\n{_last(text, TAIL_LINES)}"

    def _answers(self) -> bool:
        try:
            address = (self.place.host, self.place.port)
            with socket.create_connection(address, CONNECT_LIMIT_S):
                return True
        except OSError:
            return False


def _last(text: str, count: int) -> str:
    return "\n".join(text.splitlines()[-count:])
