"""Ending the server that a killed process of ours left behind.

The caller holds the lock of the server's folder, so nobody needs that server any more. It is ended
rather than taken over: whatever the killed process had in flight is then either in the database or
never will be, and the new server is our own child, with our settings.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from consumers.embedded.home import EmbeddedPostgresError, Home
from ledger.log import get_logger

log = get_logger(__name__)

PROC = Path("/proc/self/cwd")
CONNECT_LIMIT_S = 2
PAUSE_S = 0.05
# Fast shutdown, immediate shutdown, kill.
ENDINGS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


def end_left_over(home: Home, url_at: Callable[[int], str]) -> None:
    """End the server that still runs on the home's cluster, if any, and remove what it left.

    ``url_at(port)`` is where it answers. Raises EmbeddedPostgresError if it cannot be ended.
    """
    noted = _noted(home.cluster)
    if noted is None:
        return
    pid, port = noted
    served = _serving_pid(url_at(port), home.cluster) if port else None
    if served is not None:
        _end(served, home.cluster)
    elif _works_in(pid, home.cluster):
        _end(pid, home.cluster)  # it starts, stops or hangs: alive, without an answer
    elif not PROC.exists():
        return  # PostgreSQL judges for itself
    # A pid in these files may be another process's by now, in a container nearly always, and
    # PostgreSQL would not start for fear of it. Shared memory still shows it a server that lives.
    for stale in (home.cluster / "postmaster.pid", *home.sockets.glob(".s.PGSQL.*")):
        stale.unlink(missing_ok=True)


def _noted(cluster: Path) -> tuple[int, int] | None:
    """Return pid and port that the pid file names: where to ask, not whether anybody lives."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), int(lines[3]) if len(lines) > 3 else 0
    except FileNotFoundError:
        return None
    except (IndexError, ValueError):
        return 0, 0


def _serving_pid(url: str, cluster: Path) -> int | None:
    """Ask the server itself for its pid; None if no server of this cluster answers there.

    A copied data directory has the password, and the noted port, of the one it was copied from.
    """
    asked = "SELECT current_setting('data_directory'), pg_read_file('postmaster.pid')"
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_LIMIT_S) as connection:
            row = connection.execute(asked).fetchone()
    except psycopg.OperationalError:
        return None
    if row is None or Path(row[0]).resolve() != cluster.resolve():
        return None
    return int(row[1].splitlines()[0])


def _works_in(pid: int, cluster: Path) -> bool:
    """Say whether that process is a server of this cluster: its working directory is the cluster.

    False where there is no /proc to look at, and for a process that has ended.
    """
    try:
        return pid > 0 and Path(f"/proc/{pid}/cwd").readlink() == cluster.resolve()
    except OSError:
        return False


def _end(pid: int, cluster: Path) -> None:
    log.warning("postgres_left_over", pid=pid, cluster=cluster, ending="now")
    for number, limit_s in ENDINGS:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if _gone_within(limit_s, pid, cluster):
            return
    raise EmbeddedPostgresError(
        f"the PostgreSQL (process {pid}) that a killed process left on {cluster} does not end: "
        "end it, then start again"
    )


def _gone_within(limit_s: float, pid: int, cluster: Path) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if not (_works_in(pid, cluster) if PROC.exists() else _exists(pid)):
            return True
        time.sleep(PAUSE_S)
    return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
