"""A file imported twice, into an embedded ledger and through a cluster on Kafka: the same books?"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from api.compose import DATABASE_FILE
from benchmarks.bench import child_environment, scratch_folder
from benchmarks.books import books_of, compare_books, compare_sums, print_compared
from benchmarks.serving import ONEBOOK, serving
from cluster.broker import Broker
from cluster.local import Plan, Postgres, running_cluster
from consumers.ingest.examples import MAPPING, example

COMMAND_LIMIT_S = 3600.0
MAX_SAID = 2_000
"""Characters of what a failed command said."""
NEEDED = ("ONEBOOK_KAFKA_BOOTSTRAP", "ONEBOOK_DATABASE_URL")


class Way(Struct, frozen=True):
    """A served ledger; `settings` are how commands beside the server reach it."""

    name: str
    address: str
    database_url: str
    settings: Mapping[str, str]
    network: str = "main"


class Imported(Struct, frozen=True):
    """What `onebook import csv --json` says, as far as it is looked at here."""

    rows: int
    invoices: int
    sent: dict[str, int]
    accepted: int
    replayed: int
    bad_rows: int

    @property
    def whole(self) -> bool:
        """Whether every row is in the ledger, by this import or an earlier one."""
        return self.bad_rows == 0 and self.accepted + self.replayed == sum(self.sent.values())


class CommandFailed(Exception):
    """A command of `onebook` did not do what it was asked; the text says what it said."""


def check(file: Path, address: str | None = None) -> bool:
    """Import a file both ways and compare everything; whether all of it is the same.

    `address` is the API's of a running cluster whose ledger has seen nothing but this file, the
    ONEBOOK_… settings around us are its own; None: a cluster of three brokers is started for it.
    """
    running = _running(address) if address else None
    with scratch_folder() as folder:
        with _embedded(folder / "embedded") as embedded:
            same = [_import(embedded, file), verified(embedded)]
            books = books_of(embedded.database_url)
        with nullcontext(running) if running else _cluster(folder / "cluster") as kafka:
            same += [_import(kafka, file), verified(kafka)]
            same.append(compare_sums(file, kafka.database_url, kafka.network))
            there = books_of(kafka.database_url, kafka.network)
            same.append(compare_books(books, there, "through Kafka"))
            same.append(_changes_nothing(kafka, file))
            again = books_of(kafka.database_url, kafka.network)
            same.append(compare_books(there, again, "after a second import"))
    return all(same)


def import_file(way: Way, file: Path) -> tuple[Imported, float]:
    """Import a file over HTTP; what became of it, and the seconds until every view shows it.

    Raises CommandFailed if there was neither.
    """
    started = time.perf_counter()
    options = ("--mapping", str(example(MAPPING)), "--opening-balances", "--json")
    done = _onebook(way, "import", "csv", str(file), *options, "--server", way.address)
    seconds = time.perf_counter() - started
    if not done.stdout:
        raise CommandFailed(f"the import of {file.name}, {way.name}: {done.stderr[-MAX_SAID:]}")
    return msgspec.json.decode(done.stdout, type=Imported), seconds


def verified(way: Way) -> bool:
    """Print what `onebook verify` says of a way's views; whether they are a fresh fold."""
    done = _onebook(way, "verify")
    print(f"onebook verify, {way.name}:\n{done.stdout.rstrip()}", flush=True)
    if done.returncode:
        print(f"    exit code {done.returncode}: {done.stderr[-MAX_SAID:]}", flush=True)
    return done.returncode == 0


def _import(way: Way, file: Path) -> bool:
    """Print how long an import took; whether it was whole."""
    report, seconds = import_file(way, file)
    asked = sum(report.sent.values())
    print(
        f"{way.name}: {report.rows:,} rows, {report.invoices:,} invoices, {asked:,} requests "
        f"({report.accepted:,} new) visible after {seconds:.1f} s: {asked / seconds:,.0f} "
        f"requests/s, {report.rows / seconds:,.0f} rows/s",
        flush=True,
    )
    return report.whole


def _changes_nothing(way: Way, file: Path) -> bool:
    """Import the file once more: every request gets the answer that it had."""
    report, _ = import_file(way, file)
    asked = sum(report.sent.values())
    print_compared("answers again", asked, asked - report.replayed, "after a second import")
    return report.whole and report.replayed == asked


@contextmanager
def _embedded(data: Path) -> Iterator[Way]:
    """An empty ledger in a PostgreSQL of its own, served as a user's is."""
    with serving(data) as (_, address):
        url = (data / DATABASE_FILE).read_text()
        yield Way("embedded", address, url, {"ONEBOOK_DATA": str(data)})


@contextmanager
def _cluster(folder: Path) -> Iterator[Way]:
    """An empty ledger in a cluster as `python -m cluster` starts it, at ports that are free."""
    with running_cluster(Plan(folder, brokers=3, kafka_port=0, port=0)) as members:
        [postgres] = [member for member in members if isinstance(member, Postgres)]
        brokers = [member.bootstrap for member in members if isinstance(member, Broker)]
        print(f"cluster: {', '.join(member.name for member in members)}", flush=True)
        settings = {
            "ONEBOOK_KAFKA_BOOTSTRAP": ",".join(brokers),
            "ONEBOOK_DATABASE_URL": postgres.server.url,
        }
        yield Way("through Kafka", members[-1].address, postgres.server.url, settings)


def _running(address: str) -> Way:
    """The cluster that serves there, and that our settings name."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("ONEBOOK_")}
    if missing := [name for name in NEEDED if name not in settings]:
        sys.exit(f"set {' and '.join(missing)} as of the cluster at {address}: . settings.sh")
    network = settings.get("ONEBOOK_NETWORK", "main")
    return Way("through Kafka", address, settings["ONEBOOK_DATABASE_URL"], settings, network)


def _onebook(
    way: Way, command: Literal["import", "verify"], *arguments: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*ONEBOOK, command, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_LIMIT_S,
        env={**child_environment(), **way.settings},
    )
