"""Rule 6: a count is an anchor in the channel's time, whatever arrives when."""

import pytest
from asks import adjusted, counted, moved, received, returned, sold, voided
from given import given, happened, stock, variance

from ledger.domain.events import LocationCounted, StockCounted, StockCountRevised

MORNING = (received("SKU", "STORE", 100, at="09:00"), sold("SKU", "STORE", 5, at="10:10"))


def test_the_worked_example_of_the_rule() -> None:
    given(*MORNING).when(counted("STORE", {"SKU": 100}, at="10:00", arrives="10:30")).then(
        stock("SKU", "STORE", on_hand=95), variance("STORE", "SKU", "10:00", 0)
    ).when(sold("SKU", "STORE", 3, at="09:50", arrives="10:40")).then(
        stock("SKU", "STORE", on_hand=95),
        variance("STORE", "SKU", "10:00", 3),
        happened(StockCountRevised, quantity=3, variance=3),
    ).when(counted("STORE", {"SKU": 90}, at="12:00")).then(
        stock("SKU", "STORE", on_hand=90), variance("STORE", "SKU", "12:00", -5)
    ).when(sold("SKU", "STORE", 4, at="11:00", arrives="12:30")).then(
        stock("SKU", "STORE", on_hand=90),
        variance("STORE", "SKU", "12:00", -1),
        variance("STORE", "SKU", "10:00", 3),
    )


def test_a_count_says_what_was_expected_and_what_was_found() -> None:
    given(received("SKU", "STORE", 10)).when(counted("STORE", {"SKU": 7})).then(
        happened(StockCounted, counted=7, expected=10, variance=-3),
        stock("SKU", "STORE", on_hand=7),
    )


def test_a_movement_at_the_same_instant_was_seen_by_the_count() -> None:
    given(received("SKU", "STORE", 10, at="09:00"), counted("STORE", {"SKU": 10}, at="10:00")).when(
        sold("SKU", "STORE", 2, at="10:00", arrives="11:00")
    ).then(stock("SKU", "STORE", on_hand=10), variance("STORE", "SKU", "10:00", 2))


def test_a_movement_a_minute_after_the_count_was_not_seen_by_it() -> None:
    given(received("SKU", "STORE", 10, at="09:00"), counted("STORE", {"SKU": 10}, at="10:00")).when(
        sold("SKU", "STORE", 2, at="10:01", arrives="11:00")
    ).then(stock("SKU", "STORE", on_hand=8), variance("STORE", "SKU", "10:00", 0))


def test_a_count_that_arrives_behind_a_later_one_leaves_the_quantity_alone() -> None:
    given(received("SKU", "STORE", 10, at="09:00"), counted("STORE", {"SKU": 7}, at="12:00")).when(
        counted("STORE", {"SKU": 9}, at="10:00", arrives="13:00")
    ).then(
        stock("SKU", "STORE", on_hand=7),
        variance("STORE", "SKU", "10:00", -1),
        variance("STORE", "SKU", "12:00", -2),
    )


def test_a_late_movement_changes_only_the_first_count_that_saw_it() -> None:
    given(
        received("SKU", "STORE", 10, at="09:00"),
        counted("STORE", {"SKU": 10}, at="10:00"),
        counted("STORE", {"SKU": 10}, at="11:00"),
    ).when(sold("SKU", "STORE", 2, at="09:30", arrives="12:00")).then(
        variance("STORE", "SKU", "10:00", 2),
        variance("STORE", "SKU", "11:00", 0),
        stock("SKU", "STORE", on_hand=10),
    )


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_counts_at_one_instant_the_later_channel_then_the_later_id_stands(
    *,
    turned: bool,
) -> None:
    rivals = [
        counted("STORE", {"SKU": 4}, at="10:00", channel="erp", name="z"),
        counted("STORE", {"SKU": 5}, at="10:00", channel="till", name="a"),
        counted("STORE", {"SKU": 6}, at="10:00", channel="till", name="b"),
    ]
    shop = given(received("SKU", "STORE", 9, at="09:00")).when(
        *(reversed(rivals) if turned else rivals)
    )
    shop.then(stock("SKU", "STORE", on_hand=6))
    anchors = shop.books.state.anchors_of(("STORE", "SKU", "on_hand"))
    assert [(anchor.stamp[1:], anchor.variance) for anchor in anchors] == [
        (("erp", "z"), -5),
        (("till", "a"), 1),
        (("till", "b"), 1),
    ]


def test_a_void_takes_the_time_of_its_sale_so_a_count_in_between_stands() -> None:
    given(
        received("SKU", "STORE", 10, at="09:00"),
        sold("SKU", "STORE", 2, at="09:30", name="S"),
        counted("STORE", {"SKU": 8}, at="10:00"),
    ).when(voided("S", at="11:00")).then(
        stock("SKU", "STORE", on_hand=8), variance("STORE", "SKU", "10:00", -2)
    )


def test_a_count_of_damaged_goods_anchors_only_those() -> None:
    given(received("SKU", "STORE", 10), received("SKU", "STORE", 3, "damaged")).when(
        counted("STORE", {"SKU": 1}, state="damaged", at="10:00")
    ).then(
        stock("SKU", "STORE", on_hand=13, damaged=1, available=12),
        variance("STORE", "SKU", "10:00", -2, state="damaged"),
    ).when(sold("SKU", "STORE", 4, at="09:30", arrives="11:00")).then(
        stock("SKU", "STORE", on_hand=9, damaged=1), happened(StockCountRevised, 0)
    )


def test_damage_found_late_is_in_the_count_of_damaged_goods_that_saw_it() -> None:
    given(
        received("SKU", "STORE", 10, at="09:00"),
        counted("STORE", {"SKU": 2}, state="damaged", at="10:00"),
    ).when(moved("SKU", "STORE", 2, "available", "damaged", at="09:30", arrives="11:00")).then(
        stock("SKU", "STORE", on_hand=10, damaged=2),
        variance("STORE", "SKU", "10:00", 0, state="damaged"),
    )


def test_a_late_delivery_of_damaged_goods_is_in_both_counts_that_saw_it() -> None:
    given(
        counted("STORE", {"SKU": 5}, at="10:00", name="all"),
        counted("STORE", {"SKU": 1}, state="damaged", at="10:00", name="broken"),
    ).when(received("SKU", "STORE", 1, "damaged", at="09:00", arrives="11:00")).then(
        stock("SKU", "STORE", on_hand=5, damaged=1),
        variance("STORE", "SKU", "10:00", 4),
        variance("STORE", "SKU", "10:00", 0, state="damaged"),
        happened(StockCountRevised, 2),
    )


def test_a_whole_count_finds_nothing_of_what_it_does_not_name() -> None:
    given(received("A", "STORE", 3), received("B", "STORE", 4), received("B", "DC", 4)).when(
        counted("STORE", {"A": 2}, whole=True)
    ).then(
        stock("A", "STORE", on_hand=2),
        stock("B", "STORE", on_hand=0),
        stock("B", "DC", on_hand=4),
        happened(StockCounted, 2),
        happened(LocationCounted, named=1),
    )


def test_a_whole_count_says_nothing_of_what_was_not_there_anyway() -> None:
    given(received("A", "STORE", 3), sold("A", "STORE", 3)).when(
        counted("STORE", {}, whole=True)
    ).then(happened(StockCounted, 0), happened(LocationCounted))


def test_a_whole_count_also_saw_what_is_heard_of_only_later() -> None:
    given(counted("STORE", {}, whole=True, at="10:00")).when(
        received("NEW", "STORE", 5, at="09:00", arrives="11:00")
    ).then(stock("NEW", "STORE", on_hand=0), variance("STORE", "NEW", "10:00", -5)).when(
        received("NEW", "STORE", 2, at="10:30")
    ).then(stock("NEW", "STORE", on_hand=2))


def test_a_whole_count_that_arrives_late_counts_what_was_there_then() -> None:
    given(received("A", "STORE", 3, at="09:00"), received("A", "STORE", 2, at="11:00")).when(
        counted("STORE", {}, whole=True, at="10:00", arrives="12:00")
    ).then(stock("A", "STORE", on_hand=2), variance("STORE", "A", "10:00", -3))


def test_a_whole_count_that_arrives_late_counts_what_was_there_then_and_has_sold_since() -> None:
    given(received("A", "STORE", 3, at="09:00"), sold("A", "STORE", 3, at="11:00")).when(
        counted("STORE", {}, whole=True, at="10:00", arrives="12:00")
    ).then(stock("A", "STORE", on_hand=-3), variance("STORE", "A", "10:00", -3))


def test_a_whole_count_behind_a_later_count_leaves_the_quantity_alone() -> None:
    given(received("A", "STORE", 3, at="09:00"), counted("STORE", {"A": 3}, at="11:00")).when(
        counted("STORE", {}, whole=True, at="10:00", arrives="12:00")
    ).then(
        stock("A", "STORE", on_hand=3),
        variance("STORE", "A", "10:00", -3),
        variance("STORE", "A", "11:00", 3),
    )


def test_a_count_behind_a_whole_count_that_did_not_name_its_sku_gives_way_to_it() -> None:
    given(counted("STORE", {}, whole=True, at="11:00")).when(
        counted("STORE", {"NEW": 4}, at="10:00", arrives="12:00")
    ).then(
        stock("NEW", "STORE", on_hand=0),
        variance("STORE", "NEW", "10:00", 4),
        variance("STORE", "NEW", "11:00", -4),
    )


def test_a_late_return_or_adjustment_is_in_the_count_like_any_movement() -> None:
    given(counted("STORE", {"SKU": 5}, at="10:00")).when(
        returned("SKU", "STORE", 1, at="09:00", arrives="11:00"),
        adjusted("SKU", "STORE", -2, at="09:00"),
    ).then(stock("SKU", "STORE", on_hand=5), variance("STORE", "SKU", "10:00", 6))


def test_a_count_dated_ahead_of_our_clock_counts_as_of_now() -> None:
    given(received("SKU", "STORE", 5)).when(
        counted("STORE", {"SKU": 3}, at="20:00", arrives="09:00")
    ).then(stock("SKU", "STORE", on_hand=3)).when(sold("SKU", "STORE", 1, at="10:00")).then(
        stock("SKU", "STORE", on_hand=2)
    )
