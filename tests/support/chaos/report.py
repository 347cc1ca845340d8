"""A run's figures as a page for people and as JSON for programs."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from chaos.measures import Figures
from cluster.jars import VERSION

MAX_SHOWN: Final = 50


def write(figures: Figures, page: Path) -> Path:
    """Write the page, and the figures as JSON beside it; the path of the JSON."""
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(markdown(figures, machine()))
    beside = page.with_suffix(".json")
    document = {"machine": machine(), **msgspec.to_builtins(figures)}
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    return beside


def machine() -> dict[str, Any]:
    """What the run ran on, without naming any one machine."""
    return {
        "at": datetime.now(UTC).date().isoformat(),
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "kafka": VERSION,
    }


def markdown(figures: Figures, on: dict[str, Any]) -> str:
    """The page."""
    found = len(figures.violations)
    verdict = "No law was violated." if not found else f"**{found} violations.**"
    minutes = f"{figures.seconds / 60:.0f} minutes"
    summary = f"{minutes}, {figures.faults} faults, {found} violations."
    parts = [
        "# Soak report",
        f"{summary} {verdict} Made by `make soak` with seed {figures.seed}.",
        _table("", "", _facts(figures, on)),
        "## Faults",
        _table("what happened", "times", list(figures.faults_by_kind.items())),
        "## Laws",
        _LAWS,
    ]
    if found:
        shown = figures.violations[:MAX_SHOWN]
        parts += ["## Violations", *(f"- {v.law}: {v.says} ({', '.join(v.ids)})" for v in shown)]
    return "\n\n".join(parts) + "\n"


def _facts(f: Figures, on: dict[str, Any]) -> list[tuple[str, object]]:
    pause = f.longest_pause
    during = ", ".join(pause.during) or "no fault"
    sendings = ", ".join(f"{count:,} over {way}" for way, count in sorted(f.sendings.items()))
    dead = ", ".join(f"{count:,} {why}" for why, count in f.dead_blocks.items()) or "none"
    machine_said = f"{on['cpus']} CPUs, {on['system']}, Python {on['python']}"
    return [
        ("when", on["at"]),
        ("machine", f"{machine_said}, Apache Kafka {on['kafka']}"),
        ("nodes", ", ".join(f.nodes)),
        ("requests", f"{f.requests:,}"),
        ("sendings", sendings),
        ("acknowledgements", f"{f.acknowledgements:,}"),
        ("accepted, refused", f"{f.accepted:,}, {f.refused:,}"),
        ("inputs refused", f"{f.refused_inputs:,}"),
        ("ledger", f"{f.positions:,} events in {f.blocks:,} blocks by {f.writers} writers"),
        ("dead records", dead),
        ("longest pause", f"{pause.seconds:.2f} s between two first answers, during {during}"),
        ("takeovers after kill -9 of the active writer", f"{f.takeovers}"),
        ("takeover p50", f"{f.takeover_p50_s:.2f} s"),
        ("takeover p99", f"{f.takeover_p99_s:.2f} s"),
        ("takeover, longest", f"{f.takeover_max_s:.2f} s"),
        ("nodes that ended by themselves", ", ".join(f.fallen) or "none"),
        ("violations", f"{len(f.violations)}"),
    ]


def _table(left: str, right: str, rows: list[tuple[str, Any]]) -> str:
    lines = [f"| {left} | {right} |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows)])


_LAWS: Final = """\
Held after the run by an independent reader, which shares no code with the ledger's recorder:

- each request is answered once in the ledger, and nothing that nobody sent;
- every acknowledged answer is there and the same: outcome, position, events, reason, details;
- positions, versions and offsets are dense; trackings rise; `first` and `prev` follow;
- what was answered before another request was sent stands before it;
- deciding the requests again in ledger order gives the recorded events byte for byte;
- every record of the requests' topics is answered or refused by the block that passes it, and \
what is refused is a dead letter with its bytes;
- stock is what its events sum to, by location and sku; the laws of the domain hold;
- every view has seen the whole ledger, stands on its chain and equals a fresh fold."""
