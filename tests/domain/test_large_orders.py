"""An order of as many lines as the door lets in is decided in one piece, and soon."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import pytest
from asks import (
    Ask,
    cancel,
    counted,
    declined,
    line,
    order,
    received,
    returned,
    shipped,
    sold,
)
from given import Shop, accepted, happened, labelled, refused, stock
from invariants import check

from ledger.domain.events import OrderLineSourced
from ledger.domain.requests import OrderLine, ReceiptLine
from ledger.domain.words import MAX_LINES, Reason

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


PLACES = [f"PLACE-{n}" for n in range(100)]


@pytest.fixture(params=["one sku", "many skus"])
def lacking(request: pytest.FixtureRequest) -> tuple[OrderLine, ...]:
    """All the lines there may be, of which no location has enough."""
    many = request.param == "many skus"
    return tuple(
        line(str(n), f"SKU-{n}" if many else "SKU", 2, location=None) for n in range(MAX_LINES)
    )


def test_ten_thousand_lines_that_nobody_has_are_refused_soon(
    lacking: tuple[OrderLine, ...],
) -> None:
    skus = dict.fromkeys(asked.sku for asked in lacking)
    lines = tuple(ReceiptLine(line_id=sku, sku=sku, quantity=1) for sku in skus)
    shop = Shop(checked=False).when(*(received("SKU", place, 1) for place in PLACES))
    shop.when(received("", "STORE", 1, lines=lines))
    with soon():
        shop.when(order("A", *lacking)).then(refused("A", Reason.OUT_OF_STOCK))
    there = 1 + len(PLACES) if len(skus) == 1 else 1
    asked = 2 * MAX_LINES if len(skus) == 1 else 2
    last = shop.named["A"].details[-1]  # type: ignore[union-attr] # it was refused
    assert (last.line_id, last.asked, last.available) == (str(MAX_LINES - 1), asked, there)


@pytest.mark.parametrize(
    "fails",
    [counted("STORE", {}, whole=True), declined("A", "STORE", lines=dict.fromkeys(ALL))],
    ids=["nothing found", "declined"],
)
def test_ten_thousand_lines_that_cannot_move_as_a_whole_stay_soon(fails: Ask) -> None:
    skus = [f"SKU-{n}" for n in range(MAX_LINES)]
    lines = tuple(ReceiptLine(line_id=sku, sku=sku, quantity=1) for sku in skus)
    shop = Shop(checked=False).when(received("", "STORE", 1, lines=lines))
    halves = (lines[: MAX_LINES // 2], lines[MAX_LINES // 2 :])
    shop.when(*(received("", f"HALF-{n}", 1, lines=half) for n, half in enumerate(halves)))
    shop.when(order("A", *(line(str(n), sku, location=None) for n, sku in enumerate(skus))))
    with soon():
        shop.when(fails).then(happened(OrderLineSourced, 0))
    check(shop.books)
