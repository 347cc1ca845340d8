"""A part of the sample imported through Kafka: the books are those of an embedded ledger."""

from itertools import islice
from pathlib import Path

import pytest
from served import serving

from benchmarks.books import books_of, compare_books, compare_sums
from benchmarks.check_full_import import send_file
from benchmarks.independent_sums import sums_of_file
from benchmarks.through_kafka import Way, import_file, verified
from consumers.ingest.examples import SAMPLE, example
from consumers.ingest.mapping import Mapping
from consumers.kafka_node import KafkaWriter
from consumers.node import Node
from ledger.kafka.settings import KafkaSettings

ROWS = 2_000


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """The first rows of the sample, with sales, returns and adjustments among them."""
    part = tmp_path / "sales.csv"
    with example(SAMPLE).open(encoding="utf-8") as whole:
        part.write_text("".join(islice(whole, ROWS + 1)), encoding="utf-8")
    said = sums_of_file(part)
    assert all((said.sold, said.returned, said.adjusted, said.history))
    return part


def test_an_import_through_kafka_ends_in_the_books_of_an_embedded_ledger(
    sales: Path,
    mapping: Mapping,
    database_url: str,
    kafka_bootstrap: str,
    network: str,
    tmp_path: Path,
) -> None:
    with Node(database_url, "embedded") as node:
        assert send_file(node, sales, mapping, opening_balances=True).whole
    settings = {
        "ONEBOOK_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "ONEBOOK_KAFKA_DEV": "1",
        "ONEBOOK_NETWORK": network,
        "ONEBOOK_DATABASE_URL": database_url,
    }
    with (
        KafkaWriter(KafkaSettings(bootstrap=kafka_bootstrap), network, name="writer"),
        serving(tmp_path / "api", "--no-writer", **settings) as api,
    ):
        way = Way("through Kafka", api.address, database_url, settings, network)
        report, _ = import_file(way, sales)
    assert report.whole
    assert report.accepted == sum(report.sent.values())
    assert compare_sums(sales, database_url, network)
    embedded, there = books_of(database_url, "embedded"), books_of(database_url, network)
    assert all(embedded.values())
    assert compare_books(embedded, there, "through Kafka")
    assert verified(way)
