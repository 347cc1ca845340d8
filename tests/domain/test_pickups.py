"""Rule 9: placed, prepared, ready until a deadline; then collected, in part or whole, or expired."""

import pytest
from asks import (
    Ask,
    cancel,
    clock_time,
    collected,
    line,
    order,
    picked,
    ready,
    reassigned,
    received,
)
from given import accepted, given, happened, labelled, nothing_raised, order_line, raised, stock

from ledger.domain.events import PickupExpired, PickupReady, RequestAccepted, StockUncommitted


def until(time: str, quantity: int = 1, **more: str) -> Ask:
    """So much of order A is prepared, for its customer to come until then."""
    return ready("A", {"1": quantity}, until=clock_time(time), **more)


def pickup(quantity: int = 1) -> tuple[Ask, Ask]:
    """Five in the store, an order A of which some wait for its customer."""
    return received("SKU", "STORE", 5), order("A", line("1", quantity=quantity, how="pickup"))


def test_a_prepared_order_waits_for_its_customer_who_comes_in_time() -> None:
    given(*pickup(2)).then(labelled("A", "open")).when(until("18:00", 2)).then(
        labelled("A", "ready_for_pickup"),
        happened(PickupReady, quantity=2, until=clock_time("18:00")),
        stock("SKU", "STORE", on_hand=5, committed=2, available=3),
    ).when(collected("A", {"1": 2}, at="17:59")).then(
        labelled("A", "collected"), stock("SKU", "STORE", on_hand=3, committed=0)
    ).wait_until("18:00").then(
        happened(PickupExpired, 0), labelled("A", "collected"), order_line("A", expired=0)
    )


def test_what_is_not_collected_in_time_is_available_again_and_the_order_says_so() -> None:
    shop = given(*pickup(2), until("18:00", 2))
    shop.wait_until("17:59").then(labelled("A", "ready_for_pickup"))
    shop.wait_until("18:00").then(
        happened(RequestAccepted, channel="onebook"),
        happened(PickupExpired, quantity=2, location="STORE", until=clock_time("18:00")),
        happened(StockUncommitted, quantity=2, cause="expired", picked=2),
        stock("SKU", "STORE", on_hand=5, committed=0, available=5),
        order_line("A", expired=2, committed=0, ready=0, picked=0),
        labelled("A", "pickup_expired"),
        nothing_raised(),
    ).wait_until("2/18:00").then(happened(PickupExpired, 0), happened(RequestAccepted, 0))


def test_a_customer_who_took_a_part_loses_only_the_rest() -> None:
    given(*pickup(3), until("18:00", 3), collected("A", {"1": 1})).wait_until("18:00").then(
        happened(PickupExpired, quantity=2),
        order_line("A", collected=1, expired=2, committed=0),
        stock("SKU", "STORE", on_hand=4, committed=0, available=4),
        labelled("A", "collected"),
    )


def test_only_what_is_prepared_expires_and_the_rest_is_still_to_be_prepared() -> None:
    given(*pickup(3), until("18:00", 1)).wait_until("18:00").then(
        order_line("A", expired=1, committed=2, ready=0, picked=0),
        stock("SKU", "STORE", committed=2, available=3),
        labelled("A", "open"),
    ).when(until("2/18:00", 2)).then(order_line("A", ready=2)).wait_until("2/18:00").then(
        order_line("A", expired=3), labelled("A", "pickup_expired")
    )


def test_goods_prepared_without_a_deadline_wait_for_ever() -> None:
    given(*pickup(2), ready("A", {"1": 1}), until("18:00", 1)).wait_until("2/18:00").then(
        order_line("A", expired=1, ready=1), labelled("A", "ready_for_pickup")
    )


def test_a_deadline_that_is_prolonged_counts() -> None:
    given(*pickup(), until("18:00")).when(until("20:00")).wait_until("18:00").then(
        happened(PickupExpired, 0), labelled("A", "ready_for_pickup")
    ).wait_until("20:00").then(
        happened(PickupExpired, quantity=1, until=clock_time("20:00")),
        labelled("A", "pickup_expired"),
        order_line("A", ready=0, picked=0),
    )


def test_an_earlier_deadline_told_later_takes_nothing_from_a_later_one() -> None:
    given(*pickup(), until("20:00")).when(until("18:00")).wait_until("19:00").then(
        order_line("A", expired=0, ready=1)
    )


def test_each_part_that_was_prepared_has_its_own_deadline() -> None:
    shop = given(*pickup(2), until("18:00", 1), until("19:00", 1))
    shop.wait_until("18:00").then(order_line("A", expired=1, ready=1, committed=1))
    shop.wait_until("19:00").then(order_line("A", expired=2, ready=0, committed=0))


def test_a_customer_who_took_the_first_part_may_still_come_for_the_second() -> None:
    shop = given(*pickup(2), until("18:00", 1), until("19:00", 1), collected("A"))
    shop.wait_until("18:00").then(order_line("A", expired=0, ready=1))
    shop.wait_until("19:00").then(order_line("A", expired=1, collected=1))


def test_a_deadline_that_has_passed_when_it_is_told_takes_effect_at_once() -> None:
    given(*pickup(2)).when(until("09:00", 1, arrives="10:00", at="08:30")).then(
        happened(PickupReady),
        happened(PickupExpired, quantity=1),
        order_line("A", expired=1, committed=1, ready=0),
        stock("SKU", "STORE", committed=1, available=4),
    ).wait_until("11:00").then(happened(RequestAccepted, 0))


def test_a_pickup_told_before_its_order_expires_when_the_order_comes_too_late() -> None:
    given(received("SKU", "STORE", 5), until("09:00")).when(
        order("A", line("1", how="pickup"), arrives="10:00")
    ).then(accepted("A"), happened(PickupExpired), labelled("A", "pickup_expired"))


def test_a_customer_who_comes_too_late_gets_the_goods_if_the_shop_hands_them_over() -> None:
    given(*pickup(2), until("18:00", 2)).wait_until("18:00").when(collected("A", {"1": 1})).then(
        order_line("A", expired=1, collected=1, committed=0, excess=0),
        stock("SKU", "STORE", on_hand=4, committed=0, available=4),
        labelled("A", "collected"),
        nothing_raised(),
    ).when(collected("A", {"1": 2})).then(
        order_line("A", expired=0, collected=3, excess=1), raised("overshipped", quantity=1)
    )


def test_what_expired_at_one_store_still_waits_at_the_other() -> None:
    given(
        *pickup(2),
        received("SKU", "DC", 1),
        reassigned("A", "DC", {"1": 1}),
        until("18:00", 1),
        ready("A", {"1": 1}, "DC", until=clock_time("20:00")),
    ).wait_until("18:00").then(
        happened(PickupExpired, 1, location="STORE", quantity=1),
        order_line("A", expired=1, ready=1),
        stock("SKU", "DC", committed=1),
    )


@pytest.mark.parametrize("cut", [1, 2])
def test_what_was_cancelled_does_not_expire_as_well(cut: int) -> None:
    given(*pickup(2), until("18:00", 2)).when(cancel("A", lines={"1": cut})).then(
        happened(StockUncommitted, quantity=cut, picked=cut)
    ).wait_until("18:00").then(
        order_line("A", cancelled=cut, expired=2 - cut, committed=0),
        stock("SKU", "STORE", committed=0, available=5),
    )


def test_of_two_that_wait_the_one_with_more_time_is_left_by_a_cancellation() -> None:
    shop = given(*pickup(2), until("18:00", 1), until("20:00", 1)).when(cancel("A", lines={"1": 1}))
    shop.wait_until("18:00").then(order_line("A", expired=0, ready=1))
    shop.wait_until("20:00").then(order_line("A", expired=1, ready=0))


def test_a_cancellation_takes_what_is_ready_last() -> None:
    given(*pickup(3), picked("A", {"1": 2}), until("18:00", 1)).when(
        cancel("A", lines={"1": 1})
    ).then(happened(StockUncommitted, picked=0), order_line("A", picked=2, ready=1)).when(
        cancel("A", lines={"1": 1})
    ).then(happened(StockUncommitted, picked=1), order_line("A", picked=1, ready=1)).when(
        cancel("A", lines={"1": 1})
    ).then(happened(StockUncommitted, picked=1), order_line("A", picked=0, ready=0))


def test_goods_moved_to_another_store_wait_no_longer_at_the_first() -> None:
    given(*pickup(), received("SKU", "DC", 1), until("18:00")).when(reassigned("A", "DC")).then(
        happened(StockUncommitted, picked=1), order_line("A", ready=0, committed=1)
    ).wait_until("18:00").then(happened(PickupExpired, 0), stock("SKU", "DC", committed=1))


def test_goods_that_moved_away_and_back_and_were_prepared_anew_have_no_old_deadline() -> None:
    given(
        *pickup(),
        received("SKU", "DC", 1),
        until("18:00"),
        reassigned("A", "DC"),
        reassigned("A", "STORE"),
        ready("A"),
    ).wait_until("19:00").then(order_line("A", ready=1, expired=0))


def test_what_waits_elsewhere_for_longer_takes_nothing_from_what_may_wait_for_ever_here() -> None:
    given(
        *pickup(3),
        received("SKU", "DC", 1),
        reassigned("A", "DC", {"1": 1}),
        until("18:00"),
        ready("A"),
        ready("A", {"1": 1}, "DC", until=clock_time("20:00")),
    ).wait_until("18:00").then(
        happened(PickupExpired, 1, quantity=1), order_line("A", expired=1, ready=2)
    )
