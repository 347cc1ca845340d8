"""Every report on the committed sample of a real retailer equals sums that share nothing with it."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from benchmarks import report_sums
from benchmarks.check_full_import import send_file
from benchmarks.check_reports import Reports, said
from benchmarks.report_sums import Found, Invoices
from consumers.ingest.examples import MAPPING, SAMPLE, example
from consumers.ingest.mapping import load_mapping
from consumers.node import Node

CHECKED = (
    "sales",
    "movements",
    "sell-through",
    "returns-rate",
    "stock-valuation",
    "stock-valuation by average",
    "stock-ageing",
    "customer-value",
)


@pytest.fixture(scope="module")
def database_of_sample(postgres_server_url: str) -> Iterator[str]:
    name = f"reports_{uuid4().hex}"
    with psycopg.connect(postgres_server_url, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        with Node(make_conninfo(postgres_server_url, dbname=name)) as node:
            mapping = load_mapping(example(MAPPING))
            assert send_file(node, example(SAMPLE), mapping, opening_balances=True).whole
            yield node.database_url
        server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="module")
def compared(database_of_sample: str) -> dict[str, tuple[Found, Found]]:
    return said(Reports(database_of_sample), Invoices(example(SAMPLE)))


@pytest.mark.parametrize("name", CHECKED)
def test_a_report_says_what_the_rows_of_the_file_sum_up_to(
    compared: dict[str, tuple[Found, Found]], name: str
) -> None:
    says, must_say = compared[name]
    assert len(must_say) > 5
    assert says == must_say


def test_all_that_is_compared_is_checked(compared: dict[str, tuple[Found, Found]]) -> None:
    assert tuple(compared) == CHECKED


def test_the_net_change_of_all_movements_is_what_is_on_hand(database_of_sample: str) -> None:
    [row] = [
        sum(row["net_units"] for row in Reports(database_of_sample).rows("movements", by))
        for by in ("reason",)
    ]
    told = report_sums.sold_and_left(Invoices(example(SAMPLE)))
    assert row == sum(there for _, _, there in told.values())
