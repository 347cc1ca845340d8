"""The table that a run prints, and the JSON that it leaves."""

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from rich.table import Table

from benchmarks.figures import Figure, Goal, Line, Skipped

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("eventsourcing", "fastapi", "kafka-python", "msgspec", "psycopg", "uvicorn")


class Machine(Struct, frozen=True):
    """What the figures were measured on. No host names, no paths."""

    system: str
    processor: str
    cores: int
    memory_gib: float
    python: str
    postgresql: str
    libraries: dict[str, str]


class Run(Struct, frozen=True):
    """One run of the benchmarks."""

    command: str
    started_at: datetime
    repeats: int
    seconds: float
    machine: Machine
    lines: tuple[Line, ...]


def _cores() -> int:
    """How many cores this process and what it starts may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine(database_url: str) -> Machine:
    """Describe this machine and its PostgreSQL."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    assert row is not None
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        f"{platform.system()} {platform.machine()}",
        _processor(),
        _cores(),
        round(pages / 2**30, 1),
        platform.python_version(),
        row[0],
        {name: version(name) for name in LIBRARIES},
    )


def save(run: Run) -> Path:
    """Keep the run as JSON under its time, and as latest.json; return the former."""
    RESULTS.mkdir(exist_ok=True)
    encoded = msgspec.json.format(msgspec.json.encode(_as_written(run)), indent=1) + b"\n"
    kept = RESULTS / f"{run.started_at:%Y%m%dT%H%M%SZ}.json"
    kept.write_bytes(encoded)
    (RESULTS / "latest.json").write_bytes(encoded)
    return kept


def load(kept: Path) -> Run:
    """Read a run that was kept."""
    return msgspec.json.decode(kept.read_bytes(), type=Run)


def table(run: Run) -> Table:
    """The run as a table; its notes stand below it."""
    shown = Table(title=_title(run), title_justify="left", title_style="")
    for heading in ("goal", "measured", "reference", "ratio", "met?"):
        numeric = heading in ("measured", "ratio")
        shown.add_column(heading, justify="right" if numeric else "left", no_wrap=numeric)
    for line in run.lines:
        shown.add_row(*_cells(line))
    return shown


def markdown(run: Run) -> str:
    """The run as the docs show it."""
    rows = [_cells(line) for line in run.lines]
    heads = ["goal", "measured", "reference", "ratio", "met?"]
    lines = [heads, ["---", "---:", "---", "---:", "---"], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def notes(run: Run) -> list[str]:
    """What a reader must know to judge the figures; each once."""
    figures = [line for line in run.lines if isinstance(line, Figure)]
    return list(dict.fromkeys(figure.note for figure in figures if figure.note))


def now() -> datetime:
    """The time that names a run."""
    return datetime.now(UTC).replace(microsecond=0)


def _cells(line: Line) -> list[str]:
    if isinstance(line, Skipped):
        return [line.name, "skipped", line.because, "", ""]
    goal = f"{line.measured.name}{_bound(line.goal, line.unit)}"
    reference = f"{_number(line.reference.value)} {line.unit} ({line.reference.name})"
    met = {True: "yes", False: "no", None: "-"}[line.met]
    measured = f"{_number(line.measured.value)} {line.unit}"
    return [goal, measured, reference, f"{line.ratio:.2f}", met]


def _bound(goal: Goal | None, unit: str) -> str:
    if goal is None:
        return ""
    what = f"{_number(goal.bound)}{'x' if goal.of == 'ratio' else f' {unit}'}"
    return f": {goal.way} {what}"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _title(run: Run) -> str:
    here = run.machine
    return (
        f"{run.command}\n{run.started_at:%Y-%m-%d}, {here.cores} cores of {here.processor}, "
        f"{here.memory_gib:g} GiB, {here.system}, Python {here.python}, "
        f"PostgreSQL {here.postgresql}; medians of {run.repeats}"
    )


def _as_written(run: Run) -> dict[str, Any]:
    """The run with what the table derives from it."""
    written: dict[str, Any] = msgspec.to_builtins(run)
    for line, kept in zip(run.lines, written["lines"], strict=True):
        if isinstance(line, Figure):
            kept |= {"ratio": round(line.ratio, 3), "met": line.met}
            kept["measured"]["median"] = line.measured.value
            kept["reference"]["median"] = line.reference.value
    return written


def _processor() -> str:
    try:
        known = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", known, re.MULTILINE)
    return found.group(1).strip() if found else platform.machine()
