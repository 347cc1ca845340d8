"""`python -m benchmarks [NAME…] [--quick]`: measure, print the table, keep the JSON.

A goal that is missed is said in the table; the exit code is 0 whenever everything was measured.
"""

import argparse
import importlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from benchmarks import report
from benchmarks.bench import FILE_VARIABLE, Bench, scratch_folder
from benchmarks.figures import Line
from consumers.embedded import EmbeddedPostgres

BENCHMARKS = {
    "decide": "deciding alone, on one core",
    "whole_domain": "the hot path beside an earlier commit, sourcing, replaying a week",
    "end_to_end": "requests to answers in one process",
    "views": "folding the ledger into the views, and verifying them",
    "over_http": "orders and reads over HTTP (needs wrk)",
    "listening": "a thousand listeners to what channels may sell",
    "asked": "answers as of any moment, of 1 and 5 million events (only when named)",
    "full_file": "importing a file, in process and over HTTP",
    "on_kafka": "the ledger in a real Kafka (needs Java 17 and Maven, or Kafka's jars)",
    "arrangements": "how the SQL floor was chosen (only when named)",
}
ONLY_NAMED = {"asked", "arrangements"}
UNLESS_NAMED = tuple(name for name in BENCHMARKS if name not in ONLY_NAMED)
REPEATS, SECONDS = 3, 4.0
CORES = 2
"""What a small machine has; everything of a run, references included, shares them."""
TABLE_WIDTH = 120
QUICK_REPEATS, QUICK_SECONDS = 1, 1.0


def main() -> None:
    """Run the benchmarks that the command line names."""
    asked = _arguments()
    measures = [_benchmark(name) for name in asked.names]
    _share(asked.cores)
    started_at = report.now()
    with scratch_folder() as folder, EmbeddedPostgres(folder / "postgres") as server:
        bench = _bench(asked, server.url, folder)
        lines = tuple(line for measure in measures for line in measure(bench))
        machine = report.machine(server.url)
    command = _command(asked, bench)
    run = report.Run(command, started_at, bench.repeats, bench.seconds, machine, lines)
    _show(run, as_markdown=asked.markdown)


def _arguments() -> argparse.Namespace:
    told = "\n".join(f"  {name:13} {what}" for name, what in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure Onebook, every figure beside a reference of the same run.",
        epilog=f"benchmarks:\n{told}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; default: most")
    parser.add_argument(
        "--cores", type=int, default=CORES, help=f"share so many (Linux; default: {CORES}; 0: all)"
    )
    parser.add_argument("--quick", action="store_true", help="once and briefly, to see it work")
    parser.add_argument(
        "--file", type=Path, help=f"a CSV file to import (or {FILE_VARIABLE}); default: the excerpt"
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as the docs do")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark is named {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    asked.names = asked.names or list(UNLESS_NAMED)
    return asked


def _share(cores: int) -> None:
    """Keep this process and all that it starts to the first cores, where the system can."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def _bench(asked: argparse.Namespace, server_url: str, folder: Path) -> Bench:
    named = asked.file or os.environ.get(FILE_VARIABLE)
    return Bench(
        server_url,
        folder,
        QUICK_REPEATS if asked.quick else REPEATS,
        QUICK_SECONDS if asked.quick else SECONDS,
        asked.quick,
        Path(named).resolve() if named else None,
    )


def _benchmark(name: str) -> Callable[[Bench], Iterator[Line]]:
    # Imported when asked for: what one of them needs, another system may not have.
    lines: Callable[[Bench], Iterator[Line]] = importlib.import_module(f"benchmarks.{name}").lines
    return lines


def _command(asked: argparse.Namespace, bench: Bench) -> str:
    """What was run, without the paths that it named."""
    names = asked.names if asked.names != list(UNLESS_NAMED) else []
    quick = ["--quick"] if asked.quick else []
    cores = ["--cores", str(asked.cores)] if asked.cores != CORES else []
    file = ["--file", bench.file.name] if bench.file else []
    return shlex.join(["python", "-m", "benchmarks", *names, *cores, *quick, *file])


def _show(run: report.Run, *, as_markdown: bool) -> None:
    kept = report.save(run)
    if as_markdown:
        print(report.markdown(run))
    else:
        console = Console() if sys.stdout.isatty() else Console(width=TABLE_WIDTH)
        console.print(report.table(run))
    for note in report.notes(run):
        print(f"- {note}")
    print(f"kept in benchmarks/results/{kept.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
