"""`onebook` as its own process: what a user runs is what is measured."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
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


class ProgramEnded(Exception):
    """A program ended before it said what was asked of it; its log says why."""


@contextmanager
def serving(
    data: Path,
    database_url: str | None = None,
    options: Sequence[str] = (),
    settings: Mapping[str, str] = {},
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `onebook serve` on a data directory until left; yields the process and its address.

    Without a database URL it runs a PostgreSQL of its own, as a user's does.
    """
    database = {} if database_url is None else {"ONEBOOK_DATABASE_URL": database_url}
    log = data.with_suffix(".log")
    command = ("serve", "--data", str(data), "--port", "0", *options)
    with following(log, command, {**settings, **database}) as (process, said):
        yield process, msgspec.json.decode(said, type=Started).address


@contextmanager
def following(
    log: Path, command: Sequence[str], settings: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run an `onebook` command with --json until left; yields the process and its first line."""
    with log.open("w") as written:
        process = subprocess.Popen(
            [*ONEBOOK, *command, "--json"],
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
            env={**child_environment(), **settings},
        )
    with ended(process):
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said:
            raise ProgramEnded(f"onebook {command[0]}: {log.read_text()[-2000:]}")
        yield process, said


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
