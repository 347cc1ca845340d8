"""Importing a file as a user does: with the command alone, and beside a running server."""

import csv
import gzip
import io
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import psycopg
from msgspec import Struct

from benchmarks.bench import Bench, child_environment
from benchmarks.figures import Figure, Goal, Line, Samples
from benchmarks.memory import PeakMemory, is_measurable
from benchmarks.serving import ONEBOOK, serving
from consumers.ingest.examples import MAPPING, SAMPLE, example

FULL_FILE_ROWS = 320_705
"""The goals are for the full file; smaller ones inform."""
WITHIN = Goal(60, "measured", "at most")
IN_MEMORY = Goal(1024, "measured", "at most")
IMPORT_LIMIT_S = 1800.0
POLL_S = 0.1
IDLE_S = 2.0
NOTE = (
    "File, {times}: {rows:,} rows with opening balances, from the command's start until all views"
    " show everything; alone that includes making and starting a new PostgreSQL. Its floor parses"
    " the same file and COPYs its rows as text into one table. Memory: the greatest sum, sampled"
    " twice a second, of the proportional set sizes of the command, the server and all of"
    " PostgreSQL (shared pages counted once)."
)


class Imported(Struct, frozen=True):
    """One import: until everything was visible, and what it took of memory at most."""

    rows: int
    seconds: float
    peak_mib: float
    idle_mib: float = 0.0


class Reported(Struct, frozen=True):
    """What `onebook import csv --json` says, as far as it is looked at here."""

    rows: int
    accepted: int
    replayed: int


class ImportFailed(Exception):
    """The import was not whole; the text says what it said."""


def lines(bench: Bench) -> Iterator[Line]:
    """Seconds and memory of an import, alone and over HTTP."""
    file = bench.file or example(SAMPLE)
    repeats = 1 if bench.file else bench.repeats
    bench.say(f"importing {file.name} alone and over HTTP, {repeats} times")
    floors, alone, served = [], [], []
    for n in range(repeats):
        floors.append(_floor(bench, file))
        alone.append(_alone(bench.folder / f"alone-{n}", file))
        served.append(_over_http(bench.folder / f"served-{n}", file))
    yield from _figures(floors, alone, served)


def _figures(floors: list[float], alone: list[Imported], served: list[Imported]) -> Iterator[Line]:
    rows = alone[0].rows
    full = rows >= FULL_FILE_ROWS
    note = NOTE.format(rows=rows, times="once" if len(alone) == 1 else f"median of {len(alone)}")
    floor = Samples("parsed and copied", tuple(floors))
    for name, imports in (("import, alone", alone), ("import over HTTP", served)):
        took = Samples(name, tuple(one.seconds for one in imports))
        yield Figure(took, floor, "s", WITHIN if full else None, note)
    if not is_measurable():
        return
    idle = Samples("an idle server", tuple(one.idle_mib for one in served))
    for name, imports in (("import, alone: memory", alone), ("import over HTTP: memory", served)):
        peak = Samples(name, tuple(one.peak_mib for one in imports))
        yield Figure(peak, idle, "MiB", IN_MEMORY if full else None)


def _floor(bench: Bench, file: Path) -> float:
    """How long the file's rows take into a table of text."""
    with bench.database() as url, psycopg.connect(url) as connection, _opened(file) as text:
        started = time.perf_counter()
        read = csv.reader(text)
        columns = ", ".join(f"c{n} text" for n in range(len(next(read))))
        connection.execute(f"CREATE TABLE rows ({columns})".encode())
        with connection.cursor().copy("COPY rows FROM STDIN") as copy:
            for row in read:
                copy.write_row(row)
        connection.commit()
        return time.perf_counter() - started


def _opened(file: Path) -> io.TextIOWrapper:
    packed = file.suffix == ".gz"
    return io.TextIOWrapper(gzip.open(file) if packed else file.open("rb"), "utf-8", newline="")


def _alone(data: Path, file: Path) -> Imported:
    """The command with its own PostgreSQL; it ends when the views show everything."""
    started = time.perf_counter()
    with _importing(data, file) as process, PeakMemory(process.pid) as memory:
        rows = _rows(process)
        seconds = time.perf_counter() - started
    return Imported(rows, seconds, memory.peak_mib)


def _over_http(data: Path, file: Path) -> Imported:
    """The command beside the server that holds the data directory, until its views have it."""
    with serving(data) as (server, address):
        with PeakMemory(server.pid) as idle:
            time.sleep(IDLE_S)
        started = time.perf_counter()
        with _importing(data, file) as process, PeakMemory(server.pid, process.pid) as memory:
            rows = _rows(process)
            _await_views(address)
            seconds = time.perf_counter() - started
    return Imported(rows, seconds, memory.peak_mib, idle.peak_mib)


def _importing(data: Path, file: Path) -> subprocess.Popen[bytes]:
    mapping = ("--mapping", str(example(MAPPING)), "--opening-balances")
    return subprocess.Popen(
        [*ONEBOOK, "import", "csv", str(file), *mapping, "--data", str(data), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment(),
    )


def _rows(process: subprocess.Popen[bytes]) -> int:
    """Wait for the command's end; how many rows it says it read, all of them new and good."""
    said, complained = process.communicate(timeout=IMPORT_LIMIT_S)
    if process.returncode != 0:
        raise ImportFailed(f"exit code {process.returncode}: {complained.decode()[-2000:]}")
    report = msgspec.json.decode(said, type=Reported)
    assert report.accepted > report.replayed == 0, report
    return report.rows


def _await_views(address: str) -> None:
    deadline = time.monotonic() + IMPORT_LIMIT_S
    while any(view["lag"] for view in httpx.get(f"{address}/v1/projections").json()["items"]):
        assert time.monotonic() < deadline, "the views do not catch up"
        time.sleep(POLL_S)
