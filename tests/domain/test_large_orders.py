"""An order of as many lines as the door lets in is decided in one piece, and soon."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import pytest
from asks import Ask, cancel, counted, line, order, received, returned, shipped, sold
from given import Shop, accepted, labelled, stock
from invariants import check

from ledger.domain.requests import ReceiptLine
from ledger.domain.words import MAX_LINES

SOON_S = 3.0
"""For one request; quadratic work on 10,000 lines takes far longer, and this machine may be busy."""


@contextmanager
def soon() -> Iterator[None]:
    began = perf_counter()
    yield
    assert perf_counter() - began < SOON_S


@pytest.fixture(params=["one sku", "many skus"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """With an order A of all the lines there may be."""
    skus = (
        ["SKU"] * MAX_LINES
        if request.param == "one sku"
        else [f"SKU-{n}" for n in range(MAX_LINES)]
    )
    stocked = tuple(ReceiptLine(line_id=str(n), sku=sku, quantity=2) for n, sku in enumerate(skus))
    asked = (line(str(n), sku) for n, sku in enumerate(skus))
    shop = Shop(checked=False).when(received("", "STORE", 1, lines=stocked))
    with soon():
        shop.when(order("A", *asked)).then(accepted("A"))
    return shop


ALL = {str(n): 1 for n in range(MAX_LINES)}
UNKNOWN = {str(n): 1 for n in range(MAX_LINES // 2, MAX_LINES // 2 + MAX_LINES)}


@pytest.mark.parametrize(
    ("asked", "becomes"),
    [
        (cancel("A"), "cancelled"),
        (cancel("A", lines=ALL), "cancelled"),
        (shipped("A", ALL), "fulfilled"),
        (shipped("A", UNKNOWN), "partially_fulfilled"),
        (counted("STORE", {}, whole=True), "on_hold"),
    ],
    ids=["cancelled", "cancelled by line", "shipped", "half of it unknown", "nothing found"],
)
def test_ten_thousand_lines_are_no_trouble(shop: Shop, asked: Ask, becomes: str) -> None:
    with soon():
        shop.when(asked).then(labelled("A", becomes))  # type: ignore[arg-type]
    check(shop.books)


def test_ten_thousand_lines_of_one_sku_are_short_and_served_again() -> None:
    shop = Shop(checked=False).when(received("SKU", "STORE", MAX_LINES))
    shop.when(order("A", *(line(str(n)) for n in range(MAX_LINES))))
    with soon():
        shop.when(sold("SKU", "STORE", MAX_LINES)).then(stock("SKU", "STORE", short=MAX_LINES))
    with soon():
        shop.when(returned("SKU", "STORE", MAX_LINES)).then(
            stock("SKU", "STORE", short=0), labelled("A", "open")
        )
    check(shop.books)


def test_a_thousand_facts_about_one_order_to_come_all_join_it() -> None:
    shop = Shop(checked=False).when(received("SKU", "STORE", 5000))
    shop.when(*(shipped("A") for _ in range(1000)))
    with soon():
        shop.when(order("A", line("1", quantity=2000))).then(
            stock("SKU", "STORE", on_hand=4000, committed=1000)
        )
    check(shop.books)
