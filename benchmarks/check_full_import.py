"""Import an Online Retail file and prove the books: against sums by code that shares nothing.

    python -m benchmarks.check_full_import FILE
        imports it into empty ledgers of a temporary PostgreSQL, as it is, again, and with its
        invoices shuffled, and compares everything

    python -m benchmarks.check_full_import FILE DATABASE_URL [NETWORK]
        compares the views of a ledger into which it was imported with --opening-balances, and
        nothing else since

Prints a line for each thing compared; exits 1 if anything differs.
"""

import gzip
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.bench import scratch_folder
from benchmarks.independent_sums import Sums, sums_of_file, sums_of_views
from consumers.embedded import EmbeddedPostgres
from consumers.ingest.examples import MAPPING, example
from consumers.ingest.mapping import Mapping, load_mapping
from consumers.ingest.prepare import openings
from consumers.ingest.run import Report, run_import
from consumers.ingest.sink import WriterSink
from consumers.ingest.survey import survey
from consumers.node import Node
from consumers.verify import verify

MAX_SHOWN = 5
VISIBLE_WITHIN_S = 300.0

SAME_IN_ANY_ORDER = {
    "inventory": "location, sku, on_hand, damaged, quality_control, available, shortage",
    "orders": "order_id, state, selling_channel, customer_id, total_minor, location, occurred_at",
    "order_lines": "order_id, line_id, number, sku, kind, ordered, collected, returned, "
    "unit_price_minor",
    "customers": "customer_id, first_seen, last_purchase_at, sales, returns",
    "customer_history": "customer_id, kind, order_id, request_id, total_minor, effective_at",
    "products": "sku, title",
}
"""What the order of arrival does not change: columns by table."""

Books = dict[str, list[tuple[Any, ...]]]


def differences(said: Sums, kept: Sums) -> dict[str, list[str]]:
    """By what is compared: a sentence for each key of it that differs."""
    found: dict[str, list[str]] = {}
    for name in (field.name for field in fields(Sums)):
        file, views = getattr(said, name), getattr(kept, name)
        found[name] = [
            f"{key}: the file says {file.get(key)}, the views {views.get(key)}"
            for key in sorted(file.keys() | views.keys())
            if file.get(key) != views.get(key)
        ]
    return found


def books_of(database_url: str, network: str = "main") -> Books:
    """All that does not depend on the order of arrival, sorted."""
    with psycopg.connect(database_url) as conn:
        return {
            name: conn.execute(
                f"SELECT {columns} FROM {name} WHERE network = %s ORDER BY {columns}",
                [network],
            ).fetchall()
            for name, columns in SAME_IN_ANY_ORDER.items()
        }


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


def compare_sums(file: Path, database_url: str, network: str = "main") -> bool:
    """Print what the file and the views say; whether they say the same."""
    with psycopg.connect(database_url) as conn:
        said, kept = sums_of_file(file), sums_of_views(conn, network)
    found = differences(said, kept)
    for name, wrong in found.items():
        print(f"{name:20} {len(getattr(said, name)):>9,} compared, {len(wrong):>7,} differ")
        for sentence in wrong[:MAX_SHOWN]:
            print(f"    {sentence}")
    return not any(found.values())


def compare_books(before: Books, after: Books, when: str) -> bool:
    """Print how many rows differ; whether none does."""
    for name, rows in before.items():
        wrong = set(rows) ^ set(after[name])
        print(f"{name:20} {len(rows):>9,} compared, {len(wrong):>7,} differ {when}")
    return before == after


def views_hold(node: Node) -> bool:
    """Print the differences of a fresh fold of the ledger; whether there are none."""
    with psycopg.connect(node.database_url, autocommit=True) as conn:
        reports = verify(node.recorder, conn, node.network)
    wrong = sum(report.differences for report in reports)
    print(f"{'fresh fold':20} {len(reports):>9,} compared, {wrong:>7,} differ")
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


def main(file: str, database_url: str | None = None, network: str = "main") -> int:
    """The exit code: 0 if everything is the same."""
    if database_url is None:
        return 0 if whole_check(Path(file)) else 1
    return 0 if compare_sums(Path(file), database_url, network) else 1


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3, 4}:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
