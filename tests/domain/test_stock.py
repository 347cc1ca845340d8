"""Section 1: what there is of a sku at a location."""

import pytest
from asks import adjusted, held_back, moved, order, received, sold
from given import accepted, given, order_line, refused, stock

from ledger.domain.words import Reason


def test_what_came_in_can_be_sold() -> None:
    given(received("SKU", "STORE", 3)).then(
        stock("SKU", "STORE", on_hand=3, available=3, committed=0)
    )


def test_a_delivery_that_came_in_damaged_is_there_but_not_for_sale() -> None:
    given(received("SKU", "STORE", 3, "damaged")).then(
        stock("SKU", "STORE", on_hand=3, damaged=3, quality_control=0, available=0)
    )


def test_a_delivery_that_waits_for_a_check_is_there_but_not_for_sale() -> None:
    given(received("SKU", "STORE", 3, "quality_control")).then(
        stock("SKU", "STORE", on_hand=3, quality_control=3, damaged=0, available=0)
    )


@pytest.mark.parametrize(
    ("state", "after"),
    [
        ("available", {"on_hand": 3, "damaged": 2, "quality_control": 0, "available": 1}),
        ("damaged", {"on_hand": 3, "damaged": 0, "quality_control": 0, "available": 3}),
    ],
)
def test_an_adjustment_takes_away_from_the_state_it_names(
    state: str, after: dict[str, int]
) -> None:
    given(received("SKU", "STORE", 3), received("SKU", "STORE", 2, "damaged")).when(
        adjusted("SKU", "STORE", -2, state)
    ).then(stock("SKU", "STORE", **after))


@pytest.mark.parametrize(
    ("before", "after", "quantities"),
    [
        ("available", "damaged", {"on_hand": 6, "damaged": 3, "quality_control": 2, "available": 1}),
        ("damaged", "available", {"on_hand": 6, "damaged": 1, "quality_control": 2, "available": 3}),
        ("damaged", "quality_control", {"on_hand": 6, "damaged": 1, "quality_control": 3, "available": 2}),
        ("quality_control", "available", {"on_hand": 6, "damaged": 2, "quality_control": 1, "available": 3}),
    ],
)  # fmt: skip
def test_moving_stock_between_states_leaves_on_hand_alone(
    before: str, after: str, quantities: dict[str, int]
) -> None:
    given(
        received("SKU", "STORE", 2),
        received("SKU", "STORE", 2, "damaged"),
        received("SKU", "STORE", 2, "quality_control"),
    ).when(moved("SKU", "STORE", 1, before, after)).then(stock("SKU", "STORE", **quantities))


def test_a_till_may_sell_what_the_books_lack_and_the_books_say_so() -> None:
    given(received("SKU", "STORE", 1)).when(sold("SKU", "STORE", 3)).then(
        stock("SKU", "STORE", on_hand=-2, available=-2, committed=0, shortage=2)
    )


def test_one_location_s_stock_is_not_another_s() -> None:
    given(received("SKU", "STORE", 1)).then(
        stock("SKU", "STORE", on_hand=1),
        stock("SKU", "DC", on_hand=0),
        stock("OTHER", "STORE", on_hand=0),
    )


def test_what_is_held_back_is_not_promised_but_still_sold_at_the_till() -> None:
    given(received("SKU", "STORE", 3), held_back("SKU", "STORE", 2)).when(
        order("A"), order("B")
    ).then(
        accepted("A"),
        refused("B", Reason.OUT_OF_STOCK, {"asked": 1, "available": 0}),
        stock("SKU", "STORE", on_hand=3, committed=1, safety_stock=2, available=0, shortage=0),
    ).when(sold("SKU", "STORE", 2)).then(
        stock("SKU", "STORE", on_hand=1, available=-2, shortage=0), order_line("A", short=0)
    )


def test_the_latest_word_on_what_is_held_back_counts_whenever_it_arrives() -> None:
    given(
        received("SKU", "STORE", 9),
        held_back("SKU", "STORE", 5, at="10:00"),
        held_back("SKU", "STORE", 1, at="09:00"),
    ).then(stock("SKU", "STORE", safety_stock=5)).when(
        held_back("SKU", "STORE", 0, at="11:00")
    ).then(stock("SKU", "STORE", safety_stock=0, available=9))


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_policies_of_one_moment_the_later_channel_then_the_later_id_counts(
    *,
    turned: bool,
) -> None:
    rivals = [
        held_back("SKU", "STORE", 1, channel="erp", name="z", at="09:00"),
        held_back("SKU", "STORE", 2, channel="till", name="a", at="09:00"),
        held_back("SKU", "STORE", 3, channel="till", name="b", at="09:00"),
    ]
    given(*(reversed(rivals) if turned else rivals)).then(stock("SKU", "STORE", safety_stock=3))


def test_more_damaged_than_there_is_never_makes_more_available() -> None:
    """Parts below zero count as 0 in what is available and what is short."""
    given(received("SKU", "STORE", 2), moved("SKU", "STORE", 3, "damaged", "available")).then(
        stock("SKU", "STORE", on_hand=2, damaged=-3, available=2, shortage=0)
    )
