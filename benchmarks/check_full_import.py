"""Import an Online Retail file and prove the books: against sums by code that shares nothing.

    python -m benchmarks.check_full_import FILE
        imports it into empty ledgers of a temporary PostgreSQL, as it is, again, and with its
        invoices shuffled, and compares everything

    python -m benchmarks.check_full_import FILE DATABASE_URL [NETWORK]
        compares the views of a ledger into which it was imported with --opening-balances, and
        nothing else since

    python -m benchmarks.check_full_import FILE --kafka [URL]
        imports it into an embedded ledger and through Kafka, into a cluster that it starts or the
        one whose API is at URL and that the ONEBOOK_ settings name, and compares both ledgers'
        books, and each with a fresh fold of itself

Prints a line for each thing compared; exits 1 if anything differs.
"""

import gzip
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks import through_kafka
from benchmarks.bench import scratch_folder
from benchmarks.books import books_of, compare_books, compare_sums, print_compared
from consumers.embedded import EmbeddedPostgres
from consumers.ingest.examples import MAPPING, example
from consumers.ingest.mapping import Mapping, load_mapping
from consumers.ingest.prepare import openings
from consumers.ingest.run import Report, run_import
from consumers.ingest.sink import WriterSink
from consumers.ingest.survey import survey
from consumers.node import Node
from consumers.proving.verify import verify

VISIBLE_WITHIN_S = 300.0


def send_file(node: Node, file: Path, mapping: Mapping, **options: Any) -> Report:
    """Import a file (options are those of run_import) and wait until every view shows it."""
    report = run_import(file, mapping, WriterSink(node.writer, node.recorder), **options)
    assert node.projector.wait_for(node.recorder.head().position, VISIBLE_WITHIN_S), report
    return report


def send_shuffled(node: Node, file: Path, mapping: Mapping, folder: Path) -> Report:
    """Import a file's opening counts, then its invoices in another order."""
    sink = WriterSink(node.writer, node.recorder)
    sink.send(list(openings(mapping, survey(file, mapping))))
    assert {outcome.result for outcome in sink.finish()} == {"accepted"}
    unpack = gzip.open if file.suffix == ".gz" else open
    with unpack(file, "rt", encoding="utf-8", newline="") as stream:
        header, *rows = stream
    invoices: dict[str, list[str]] = {}
    for row in rows:
        invoices.setdefault(row.split(",")[0], []).append(row)
    order = list(invoices)
    random.Random(20101201).shuffle(order)  # the same order each time
    shuffled = folder / "shuffled.csv"
    with shuffled.open("w", encoding="utf-8", newline="") as stream:
        stream.write(header)
        stream.writelines(row for number in order for row in invoices[number])
    return send_file(node, shuffled, mapping)


@contextmanager
def ledger_in(server: EmbeddedPostgres, name: str) -> Iterator[Node]:
    """An empty ledger in a new database of this server."""
    with psycopg.connect(server.url, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
    with Node(make_conninfo(server.url, dbname=name)) as node:
        yield node


def views_hold(node: Node) -> bool:
    """Print the differences of a fresh fold of the ledger; whether there are none."""
    with psycopg.connect(node.database_url, autocommit=True) as conn:
        reports = verify(node.recorder, conn, node.network)
    wrong = sum(report.differences for report in reports)
    print_compared("fresh fold", len(reports), wrong)
    return wrong == 0


def whole_check(file: Path) -> bool:
    """Import into temporary ledgers and compare everything; whether all of it is the same."""
    mapping = load_mapping(example(MAPPING))
    with scratch_folder() as folder, EmbeddedPostgres(folder / "data") as server:
        with ledger_in(server, "as_it_is") as node:
            started = time.perf_counter()
            report = send_file(node, file, mapping, opening_balances=True)
            print(f"{report.rows:,} rows visible after {time.perf_counter() - started:.1f} s")
            same = [report.whole, compare_sums(file, node.database_url), views_hold(node)]
            books, head = books_of(node.database_url), node.recorder.head()
            again = send_file(node, file, mapping, opening_balances=True)
            same += [again.nothing_new, head == node.recorder.head()]
            same.append(compare_books(books, books_of(node.database_url), "after a second import"))
        with ledger_in(server, "shuffled") as node:
            same.append(send_shuffled(node, file, mapping, Path(folder)).whole)
            same.append(compare_books(books, books_of(node.database_url), "when shuffled"))
    return all(same)


def main(file: str, *where: str) -> int:
    """The exit code: 0 if everything is the same. `where` is as the command line has it."""
    match where:
        case ():
            same = whole_check(Path(file))
        case ("--kafka", *address):
            same = through_kafka.check(Path(file), *address)
        case (database_url, *network):
            same = compare_sums(Path(file), database_url, *network)
    return 0 if same else 1


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3, 4}:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
