"""How the embedded PostgreSQL is set, and where it listens."""

import os
import socket
from pathlib import Path
from urllib.parse import quote

from consumers.embedded.home import Home

DATABASE = USER = "onebook"
SOCKET_PORT = 5432  # of a unix socket only a part of its name
# A socket's path has at most 107 bytes on Linux, 103 on macOS. Deeper directories take TCP.
SOCKET_PATH_LIMIT_BYTES = 103

# Given on the command line at every start, so that they are these also for a database made by an
# older release. A ledger: what was acknowledged is on the disk. Memory fits a small machine. No
# query is compiled or runs in parallel: all are short, and parallel ones need more of /dev/shm
# than containers are given.
SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "huge_pages": "off",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "64MB",
    "wal_buffers": "16MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "max_wal_senders": "2",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "logging_collector": "off",
    "cluster_name": "onebook",
}

# Replaces initdb's: the one user, with the password, from this machine. A server on TCP can be
# reached by other users of the machine, and one on a socket by processes of the same account.
ACCESS = f"""\
# type database user address method
local all {USER} scram-sha-256
local replication {USER} scram-sha-256
host all {USER} 127.0.0.1/32 scram-sha-256
"""


def uses_socket(home: Home) -> bool:
    """Say whether the unix socket's path is short enough for the operating system."""
    path = home.sockets / f".s.PGSQL.{SOCKET_PORT}"
    return len(os.fsencode(path)) <= SOCKET_PATH_LIMIT_BYTES


def choose_port(home: Home) -> int:
    """Return a port that is free now; another process may take it before the server does."""
    if uses_socket(home):
        return SOCKET_PORT
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def arguments(home: Home, port: int) -> list[str]:
    """Return the command line of ``postgres`` without the program itself."""
    on_socket = uses_socket(home)
    listen = {
        "listen_addresses": "" if on_socket else "127.0.0.1",
        # Quoted, because this setting is a list: a comma in the path would end it.
        "unix_socket_directories": _quoted(home.sockets) if on_socket else "",
        "unix_socket_permissions": "0700",
        "port": str(port),
    }
    return ["-D", str(home.cluster), *(f"--{k}={v}" for k, v in (SETTINGS | listen).items())]


def url(home: Home, port: int, password: str, database: str = DATABASE) -> str:
    """Return the libpq URL. A server that does not know the password is not spoken to."""
    # require_auth: a program that took a stopped server's port cannot ask for the bare password.
    options = "require_auth=scram-sha-256&gssencmode=disable"
    if uses_socket(home):
        folder = quote(str(home.sockets), safe="")
        return f"postgresql://{USER}:{password}@/{database}?host={folder}&port={port}&{options}"
    return f"postgresql://{USER}:{password}@127.0.0.1:{port}/{database}?sslmode=disable&{options}"


def _quoted(path: Path) -> str:
    escaped = str(path).replace('"', '""')
    return f'"{escaped}"'
