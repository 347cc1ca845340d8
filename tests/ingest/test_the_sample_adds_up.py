"""The committed sample of a real retailer, imported for real: the books equal the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from benchmarks.books import books_of, differences
from benchmarks.check_full_import import send_file, send_shuffled
from benchmarks.independent_sums import Sums, sums_of_file, sums_of_views
from consumers.ingest.examples import SAMPLE, example
from consumers.ingest.faults import OpeningRefused
from consumers.node import Node
from consumers.proving.verify import verify


@contextmanager
def empty_ledger(server_url: str) -> Iterator[Node]:
    name = f"sample_{uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        with Node(make_conninfo(server_url, dbname=name)) as node:
            yield node
        server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="module")
def sample() -> Path:
    return example(SAMPLE)


@pytest.fixture(scope="module")
def said(sample) -> Sums:
    return sums_of_file(sample)


@pytest.fixture(scope="module")
def node(postgres_server_url, sample, mapping) -> Iterator[Node]:
    with empty_ledger(postgres_server_url) as node:
        report = send_file(node, sample, mapping, opening_balances=True)
        assert report.whole, report
        assert report.accepted == sum(report.sent.values())
        yield node


def test_the_sample_has_what_the_rules_are_about(sample, said):
    assert {"A563185", "A563186", "A563187"} <= said.sale_lines.keys()
    assert set(said.channels) == {"web", "store", "wholesale"}
    assert min(map(len, (said.returned, said.adjusted, said.history))) > 30
    assert sample.stat().st_size < 2_500_000


def test_what_was_sold_returned_adjusted_and_is_on_hand_equals_the_sums_of_the_file(node, said):
    with psycopg.connect(node.database_url) as conn:
        found = differences(said, sums_of_views(conn))
    assert not any(found.values()), found
    assert min(said.on_hand.values()) >= 0


def test_a_customers_history_lists_exactly_their_invoices(node, said):
    with psycopg.connect(node.database_url) as conn:
        kept = conn.execute("SELECT customer_id, request_id FROM customer_history").fetchall()
    expected = {(who, number) for who, numbers in said.history.items() for number in numbers}
    assert len(kept) == len(expected)
    assert set(kept) == expected


def test_the_views_are_what_a_fresh_fold_of_the_ledger_says(node):
    with psycopg.connect(node.database_url, autocommit=True) as conn:
        reports = verify(node.recorder, conn, node.network)
    assert [(report.view, report.differences) for report in reports if report.differences] == []


@pytest.mark.parametrize("opening_balances", [True, False])
def test_importing_the_sample_again_changes_nothing(node, sample, mapping, opening_balances):
    before = (node.recorder.head(), books_of(node.database_url))
    report = send_file(node, sample, mapping, opening_balances=opening_balances)
    assert report.nothing_new
    assert report.replayed == sum(report.sent.values())
    assert before == (node.recorder.head(), books_of(node.database_url))


def test_invoices_in_another_order_with_the_same_opening_counts_end_in_the_same_books(
    postgres_server_url, node, sample, mapping, tmp_path
):
    with empty_ledger(postgres_server_url) as other:
        assert send_shuffled(other, sample, mapping, tmp_path).whole
        assert books_of(other.database_url) == books_of(node.database_url)


def test_opening_counts_that_arrive_after_all_rows_end_in_the_same_books(
    postgres_server_url, node, sample, mapping
):
    with empty_ledger(postgres_server_url) as other:
        report = send_file(other, sample, mapping, opening_balances=True, opening_last=True)
        assert report.whole
        assert books_of(other.database_url) == books_of(node.database_url)


def test_an_opening_needs_a_ledger_where_no_stock_has_moved(node, sample, mapping, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(sample.read_text().replace("RIBBONS", "BOWS"))
    before = node.recorder.head()
    with pytest.raises(OpeningRefused, match="uk-dc"):
        send_file(node, other, mapping, opening_balances=True)
    assert node.recorder.head() == before
