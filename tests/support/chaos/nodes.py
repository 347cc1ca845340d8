"""Processes in network namespaces of their own, to be killed, paused and started again."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from chaos.network import Endpoint
from cluster.broker import Broker

START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 20.0
KILL_LIMIT_S: Final = 10.0
POLL_S: Final = 0.05
TAIL_BYTES: Final = 4000


class NotReady(Exception):
    """A node did not start, or did not come back; the text holds the end of its log."""


class Node(Protocol):
    """What a fault may happen to."""

    name: str
    endpoint: Endpoint

    @property
    def is_running(self) -> bool: ...
    def start(self) -> None: ...
    def wait_until_ready(self, limit_s: float = START_LIMIT_S) -> None: ...
    def kill(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def stop(self) -> None: ...


class ProcessNode:
    """One command in a namespace. It is ready when it has printed a line, or `ready` says so."""

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        ready: Callable[[], bool] | None = None,
        owner: tuple[int, int] | None = None,
    ) -> None:
        self.name = name
        self.endpoint = endpoint
        self.log_file = folder / f"{name}.log"
        self.said_file = folder / f"{name}.out"
        self._command = command
        self._environment = environment
        self._owner = owner
        self._folder = folder
        self._ready = ready or self._has_spoken
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def said(self) -> dict[str, Any]:
        """What it printed when it was ready."""
        said: dict[str, Any] = json.loads(self.said_file.read_text().splitlines()[0])
        return said

    def start(self) -> None:
        """Start the process; `wait_until_ready` waits for it."""
        assert not self.is_running, f"{self.name} runs already"
        account: list[str] = []
        if self._owner is not None:
            account = ["--setuid", str(self._owner[0]), "--setgid", str(self._owner[1])]
        with self.log_file.open("ab") as log, self.said_file.open("wb") as said:
            self._process = subprocess.Popen(
                [*self.endpoint.inside, *account, "--", *self._command],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=log,
                cwd="/" if self._owner else self._folder,
                env=dict(self._environment),
                start_new_session=True,
            )

    def wait_until_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Block until it is ready. Raises NotReady if it ends or the limit passes."""
        deadline = time.monotonic() + limit_s
        while not self._ready():
            if not self.is_running:
                raise NotReady(f"{self.name} ended while starting: {self.tail()}")
            if time.monotonic() > deadline:
                raise NotReady(f"{self.name} is not ready after {limit_s:g} s: {self.tail()}")
            time.sleep(POLL_S)

    def kill(self) -> None:
        """End it and its children at once, as the loss of power would."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(KILL_LIMIT_S)

    def pause(self) -> None:
        """Stop it and its children where they are; their connections stay open and silent."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to end, a paused one too; kill it if it has not within the limit."""
        if self._process is None or not self.is_running:
            return
        self._process.send_signal(signal.SIGINT if self._owner else signal.SIGTERM)
        self.resume()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def tail(self) -> str:
        """The end of its log."""
        with self.log_file.open("rb") as log:
            log.seek(max(0, self.log_file.stat().st_size - TAIL_BYTES))
            return log.read().decode(errors="replace")

    def _has_spoken(self) -> bool:
        return self.said_file.read_bytes().endswith(b"\n")

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None or not self.is_running:
            return
        for pid in family(self._process.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue


def family(pid: int) -> list[int]:
    """A process and all that it started, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def _parent(process: Path) -> int | None:
    try:
        after_name = (process / "stat").read_text().rpartition(")")[2]
    except OSError:  # it has ended meanwhile
        return None
    return int(after_name.split()[1])


class BrokerNode:
    """A Kafka broker as a node."""

    def __init__(self, name: str, endpoint: Endpoint, broker: Broker) -> None:
        self.name = name
        self.endpoint = endpoint
        self.broker = broker

    @property
    def is_running(self) -> bool:
        return self.broker.is_running

    def start(self) -> None:
        """Start the process; `wait_until_ready` waits for it."""
        self.broker.launch()

    def wait_until_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Block until it accepts clients. Raises BrokerFailed."""
        self.broker.wait_until_ready(limit_s)

    def kill(self) -> None:
        """End it at once."""
        self.broker.kill()

    def pause(self) -> None:
        """Stop it where it is."""
        if self.is_running:
            self.broker.pause()

    def resume(self) -> None:
        """Let it go on."""
        if self.is_running:
            self.broker.resume()

    def stop(self) -> None:
        """Ask it to end; kill it if it does not."""
        self.broker.stop()
