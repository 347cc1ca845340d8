"""Rule 5: a return is stocked where it was handed in, in the state that its line says."""

import pytest
from asks import cancel, line, order, received, returned, service, shipped, sold, voided
from given import given, happened, labelled, nothing_raised, order_line, raised, resolved, stock

from ledger.domain.events import LineReturned, StockReturned
from ledger.domain.requests import ReturnLine


def test_a_return_can_be_sold_again() -> None:
    given(received("SKU", "STORE", 1), sold("SKU", "STORE", 1, name="S")).when(
        returned("SKU", "STORE", 1, sale="S")
    ).then(
        stock("SKU", "STORE", on_hand=1, available=1),
        labelled("sale:till:S", "returned"),
        nothing_raised(),
    )


@pytest.mark.parametrize("state", ["damaged", "quality_control"])
def test_a_return_in_a_bad_state_is_there_but_not_for_sale(state: str) -> None:
    given(received("SKU", "STORE", 1), sold("SKU", "STORE", 1)).when(
        returned("SKU", "STORE", 1, state=state)
    ).then(stock("SKU", "STORE", **{"on_hand": 1, "available": 0, state: 1}))


def test_a_return_without_what_it_came_from_is_stocked_all_the_same() -> None:
    given(received("SKU", "STORE", 1)).when(returned("SKU", "STORE", 1)).then(
        stock("SKU", "STORE", on_hand=2), happened(LineReturned, 0), nothing_raised()
    )


def test_a_service_that_is_refunded_enters_no_stock() -> None:
    given(received("SKU", "STORE", 1), sold("SKU", "STORE", 1, name="S")).when(
        returned("SKU", "STORE", 1, sale="S", lines=(service("1", ReturnLine),))
    ).then(
        happened(StockReturned, 0),
        stock("SKU", "STORE", on_hand=0),
        labelled("sale:till:S", "collected"),
    )


def test_a_part_that_came_back_is_said_beside_the_order() -> None:
    given(
        received("SKU", "STORE", 3), order("A", line("1", quantity=3)), shipped("A", {"1": 3})
    ).when(returned("SKU", "STORE", 1, order_id="A")).then(
        order_line("A", returned=1, shipped=3), labelled("A", "partially_returned")
    )


def test_a_return_that_names_its_line_counts_there() -> None:
    given(
        received("SKU", "STORE", 3),
        order("A", line("1"), line("2")),
        shipped("A", {"1": 1, "2": 1}),
    ).when(returned("SKU", "STORE", 1, order_id="A", line_id="2")).then(
        order_line("A", "1", returned=0), order_line("A", "2", returned=1)
    )


def test_a_return_that_names_no_line_fills_the_lines_of_its_sku_in_order() -> None:
    given(
        received("SKU", "STORE", 9),
        order("A", line("1", quantity=2), line("2", quantity=2)),
        shipped("A", {"1": 2, "2": 2}),
    ).when(returned("SKU", "STORE", 3, order_id="A")).then(
        order_line("A", "1", returned=2), order_line("A", "2", returned=1), nothing_raised()
    )


@pytest.mark.parametrize("turned", [False, True])
def test_which_line_a_return_counts_on_does_not_depend_on_which_came_first(*, turned: bool) -> None:
    back = [
        returned("SKU", "STORE", 1, order_id="A", line_id="1"),
        returned("SKU", "STORE", 1, order_id="A"),
    ]
    given(
        received("SKU", "STORE", 9),
        order("A", line("1"), line("2")),
        shipped("A", {"1": 1, "2": 1}),
    ).when(*(reversed(back) if turned else back)).then(
        order_line("A", "1", returned=2), order_line("A", "2", returned=0)
    )


def test_more_returned_than_left_is_recorded_and_told() -> None:
    given(received("SKU", "STORE", 1), sold("SKU", "STORE", 1, name="S")).when(
        returned("SKU", "STORE", 3, sale="S")
    ).then(
        stock("SKU", "STORE", on_hand=3),
        order_line("sale:till:S", returned=3, left=1, over_returned=2),
        raised("over_returned", order_id="sale:till:S", line_id="1", quantity=2),
    )


def test_goods_that_came_back_before_their_parcel_was_booked_are_told_until_it_is() -> None:
    given(received("SKU", "STORE", 1), order("A")).when(
        returned("SKU", "STORE", 1, order_id="A")
    ).then(raised("over_returned", quantity=1), labelled("A", "open")).when(shipped("A")).then(
        resolved("over_returned"), labelled("A", "returned")
    )


def test_what_came_back_of_a_sale_that_never_happened_is_told() -> None:
    """Only what left can have come back: the sale is cancelled, the return stands beside it."""
    given(
        received("SKU", "STORE", 1),
        sold("SKU", "STORE", 1, name="S"),
        returned("SKU", "STORE", 1, sale="S"),
    ).when(voided("S")).then(
        raised("over_returned", quantity=1),
        labelled("sale:till:S", "cancelled"),
        stock("SKU", "STORE", on_hand=2),
    )


def test_what_comes_back_to_a_cancelled_order_does_not_change_its_label() -> None:
    given(received("SKU", "STORE", 1), order("A"), cancel("A")).when(
        returned("SKU", "STORE", 1, order_id="A")
    ).then(raised("over_returned"), labelled("A", "cancelled"))


def test_a_return_may_come_to_a_store_that_never_had_the_sku() -> None:
    given(received("SKU", "STORE", 1), sold("SKU", "STORE", 1, name="S")).when(
        returned("SKU", "OUTLET", 1, sale="S")
    ).then(
        stock("SKU", "OUTLET", on_hand=1),
        stock("SKU", "STORE", on_hand=0),
        labelled("sale:till:S", "returned"),
    )
