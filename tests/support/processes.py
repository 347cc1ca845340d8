"""What tests ask of real servers and processes, and the owners of servers that they start."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import psycopg

AS_ROOT = os.geteuid() == 0
ADDRESS = "http://127.0.0.1:8123"
ENDS_WITHIN_S = 10.0

OWNER = f"""
import sys
from pathlib import Path
from consumers.data_directory import DataDirectory
from consumers.embedded import EmbeddedPostgres, home
home.ROOT_HOME = Path(sys.argv[2])
with DataDirectory.open(Path(sys.argv[1])) as data:
    data.publish_address("{ADDRESS}")
    with EmbeddedPostgres(data.path) as server:
        print(server.url, flush=True)
        if sys.stdin.read() == "fail":
            raise RuntimeError("planned")
"""


class Owner:
    """A process of ours that holds a data directory and runs its server."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self.server_pid = server_pid(url)

    def end(self, number: signal.Signals) -> float:
        """Send the signal, and return the seconds until the owner and its server are gone."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(ENDS_WITHIN_S)
        wait_until(lambda: not is_alive(self.server_pid))
        return time.monotonic() - begun


def server_pid(url: str) -> int:
    """Ask the server for the process id of its first process."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert row is not None
    return int(row[0].splitlines()[0])


def ask(url: str, query: str) -> object:
    """Run one statement, and return the first column of its first row, if it has rows."""
    with psycopg.connect(url) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def is_alive(pid: int) -> bool:
    """Say whether the process runs; one that has ended and waits for its parent does not."""
    command = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def wait_until(holds: Callable[[], bool], limit_s: float = ENDS_WITHIN_S) -> None:
    """Wait until it holds; fail after the limit."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
