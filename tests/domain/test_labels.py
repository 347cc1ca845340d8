"""Rules 11 and 12: an order's state is derived from its lines; payment is another matter."""

import pytest
from asks import (
    cancel,
    collected,
    line,
    order,
    paid,
    ready,
    received,
    returned,
    service,
    shipped,
    sold,
    voided,
)
from given import given, labelled, order_line
from msgspec.structs import replace

from ledger.domain.orders.lines import Allocation, Label, Line, label


def goods(ordered: int, short: int = 0, prepared: int = 0, **said: int) -> Line:
    line = Line("SKU", "STORE", True, ordered, **said)  # type: ignore[arg-type]  # noqa: FBT003
    there = Allocation("STORE", line.committed, 1, short, 0, prepared, line.gone)
    return replace(line, allocations=(there,))


def postage(**said: int) -> Line:
    return Line("POSTAGE", None, False, 1, **said)  # type: ignore[arg-type]  # noqa: FBT003


TABLE: list[tuple[Label, list[Line]]] = [
    ("on_hold", [goods(2, short=1, shipped=1, returned=1), goods(1, prepared=1)]),
    ("returned", [goods(2, shipped=2, returned=2), goods(1, collected=1, returned=1)]),
    ("returned", [goods(1, shipped=1, returned=3)]),
    ("returned", [goods(2, cancel_asked=1, shipped=1, returned=1)]),
    ("partially_returned", [goods(2, shipped=2, returned=2), goods(1)]),
    ("partially_returned", [goods(2, shipped=2, returned=2), goods(1, shipped=1)]),
    ("partially_returned", [goods(1, shipped=1, returned=2), goods(1, shipped=1)]),
    ("partially_returned", [goods(2, collected=1, returned=1, prepared=2)]),
    ("collected", [goods(2, collected=2), goods(1, cancel_asked=1)]),
    ("collected", [goods(2, collected=3)]),
    ("collected", [goods(1, collected=1), postage()]),
    ("fulfilled", [goods(2, shipped=1, collected=1)]),
    ("fulfilled", [goods(2, shipped=3)]),
    ("fulfilled", [goods(2, shipped=1, cancel_asked=1)]),
    ("ready_for_pickup", [goods(2, prepared=1, shipped=0), goods(1, shipped=1)]),
    ("ready_for_pickup", [goods(2, prepared=2, collected=1)]),
    ("partially_fulfilled", [goods(2, shipped=1)]),
    ("partially_fulfilled", [goods(2, collected=1, prepared=1)]),
    ("partially_fulfilled", [goods(1, shipped=2), goods(1)]),
    ("pickup_expired", [goods(2, expire_asked=2), goods(1, cancel_asked=1)]),
    ("cancelled", [goods(2, cancel_asked=2), goods(1, cancel_asked=1), postage()]),
    ("cancelled", [goods(1, cancel_asked=1, returned=1)]),
    ("open", [goods(2)]),
    ("open", [goods(2, cancel_asked=1)]),
    ("open", [goods(2, returned=1)]),
]


@pytest.mark.parametrize(("wanted", "lines"), TABLE)
@pytest.mark.parametrize("turned", [False, True])
def test_the_first_label_that_holds_over_all_goods_lines(
    wanted: Label, lines: list[Line], *, turned: bool
) -> None:
    assert label("order", reversed(lines) if turned else lines) == wanted


def test_every_label_has_its_row() -> None:
    assert {wanted for wanted, _ in TABLE} == set(Label.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "lines", "wanted"),
    [
        ("order", [postage()], "fulfilled"),
        ("sale", [postage(collected=1)], "collected"),
        ("order", [postage(cancel_asked=1)], "cancelled"),
        ("sale", [postage(cancel_asked=1)], "cancelled"),
        ("order", [postage(), postage(cancel_asked=1)], "fulfilled"),
    ],
)
def test_an_order_without_goods_is_done_unless_all_of_it_is_cancelled(
    kind: str, lines: list[Line], wanted: str
) -> None:
    assert label(kind, lines) == wanted  # type: ignore[arg-type]


def test_an_order_from_placed_to_returned() -> None:
    given(received("SKU", "STORE", 9)).when(
        order("A", line("1", quantity=2), line("2", how="pickup"))
    ).then(labelled("A", "open")).when(shipped("A", {"1": 1})).then(
        labelled("A", "partially_fulfilled")
    ).when(ready("A", {"2": 1})).then(labelled("A", "ready_for_pickup")).when(
        collected("A", {"2": 1})
    ).then(labelled("A", "partially_fulfilled")).when(shipped("A", {"1": 1})).then(
        labelled("A", "fulfilled")
    ).when(returned("SKU", "STORE", 1, order_id="A")).then(
        labelled("A", "partially_returned")
    ).when(
        returned("SKU", "STORE", 1, order_id="A"),
        returned("SKU", "STORE", 1, order_id="A", line_id="2"),
    ).then(labelled("A", "returned"))


def test_a_recorded_sale_is_collected_until_it_comes_back_or_is_voided() -> None:
    given(received("SKU", "STORE", 9), sold("SKU", "STORE", 2, name="S")).then(
        labelled("sale:till:S", "collected")
    ).when(returned("SKU", "STORE", 1, sale="S")).then(
        labelled("sale:till:S", "partially_returned")
    ).when(voided("S", {"1": 1})).then(
        labelled("sale:till:S", "returned"),
        order_line("sale:till:S", cancelled=1, left=1, returned=1),
    )


@pytest.mark.parametrize("state", ["authorised", "captured", "failed", "refunded"])
def test_no_label_depends_on_payment(state: str) -> None:
    given(received("SKU", "STORE", 1), order("A")).when(paid("A", state)).then(
        labelled("A", "open")
    ).when(sold("SKU", "STORE", 1)).then(labelled("A", "on_hold")).when(paid("A", state)).then(
        labelled("A", "on_hold")
    )


def test_an_order_of_which_goods_are_cancelled_and_postage_stays_is_cancelled() -> None:
    given(received("SKU", "STORE", 1), order("A", line("1"), service("2"))).when(
        cancel("A", lines={"1": 1})
    ).then(labelled("A", "cancelled"), order_line("A", "2", cancelled=0))
