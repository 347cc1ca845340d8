"""`onebook` as its own process: what a user runs is what is measured."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from benchmarks.bench import child_environment

ONEBOOK = (sys.executable, "-c", "from api.cli import main; main()")
STOP_LIMIT_S = 30.0


class Started(Struct, frozen=True):
    """What `onebook serve --json` says when it serves."""

    address: str


class ServerEnded(Exception):
    """The server ended before it served; its log says why."""


@contextmanager
def serving(
    data: Path, database_url: str | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `onebook serve` on a data directory until left; yields the process and its address.

    Without a database URL it runs a PostgreSQL of its own, as a user's does.
    """
    environment = child_environment()
    if database_url is not None:
        environment["ONEBOOK_DATABASE_URL"] = database_url
    log = data.with_suffix(".log")
    with log.open("w") as written:
        process = subprocess.Popen(
            [*ONEBOOK, "serve", "--data", str(data), "--port", "0", "--json"],
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
            env=environment,
        )
    with ended(process):
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said:
            raise ServerEnded(f"onebook serve: {log.read_text()[-2000:]}")
        yield process, msgspec.json.decode(said, type=Started).address


@contextmanager
def ended(process: subprocess.Popen[Any]) -> Iterator[None]:
    """End a process on leaving, at last by force."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
