"""Section 1: what a channel may sell and order, and that its claims take no more."""

from datetime import date

from asks import (
    adjusted,
    buffered,
    change,
    clock_time,
    held,
    line,
    order,
    place,
    received,
    released,
    served_by,
    sold,
)
from given import Check, Shop, accepted, given, order_line, refused, stock
from moving_asks import arrived, delivery, expected, rescheduled, sent, supply_cancelled, transfer
from where import wanted

from ledger.domain.events import ChannelBufferSet, LocationDescribed
from ledger.domain.evolve import evolve
from ledger.domain.sourcing.channels import available_to_order, available_to_sell, view_of
from ledger.domain.words import Reason


def may_sell(quantity: int, channel: str = "web", sku: str = "SKU") -> Check:
    """What the channel may sell now."""

    def holds(shop: Shop) -> None:
        assert available_to_sell(shop.books.state, channel, sku) == quantity

    return holds


def may_order(quantity: int, by: str, channel: str = "web", sku: str = "SKU") -> Check:
    """What the channel may order for a day."""

    def holds(shop: Shop) -> None:
        day = date.fromisoformat(by)
        assert available_to_order(shop.books.state, channel, sku, day) == quantity

    return holds


def test_a_channel_sells_what_is_available_where_it_is_served() -> None:
    given(
        received("SKU", "STORE", 3), received("SKU", "DC", 4), received("SKU", "OUTLET", 50)
    ).then(may_sell(57)).when(served_by("web", "STORE", "DC")).then(
        may_sell(7), may_sell(57, "app")
    )


def test_an_inactive_location_is_not_sold_from() -> None:
    given(received("SKU", "STORE", 3), received("SKU", "DC", 4), place("DC", active=False)).then(
        may_sell(3)
    )


def test_a_shelf_below_zero_takes_nothing_from_another_shelf() -> None:
    given(received("SKU", "STORE", 3), adjusted("SKU", "DC", -5)).then(may_sell(3))


def test_the_buffer_is_left_to_others_and_never_makes_less_than_nothing() -> None:
    given(received("SKU", "STORE", 5), buffered("web", "SKU", 2)).then(
        may_sell(3), may_sell(5, "app")
    ).when(sold("SKU", "STORE", 4)).then(may_sell(0))


def test_the_cap_is_the_most_that_is_shown() -> None:
    given(received("SKU", "STORE", 50), buffered("web", "SKU", 5, cap=10)).then(may_sell(10)).when(
        sold("SKU", "STORE", 41)
    ).then(may_sell(4))


def test_the_latest_word_on_a_buffer_counts_whenever_it_arrives() -> None:
    given(
        received("SKU", "STORE", 5),
        buffered("web", "SKU", 2, at="10:00"),
        buffered("web", "SKU", 5, at="09:00"),
    ).then(may_sell(3))


def test_an_order_may_not_take_what_its_channel_leaves_to_others() -> None:
    given(received("SKU", "STORE", 5), buffered("web", "SKU", 3)).when(
        order("A", line("1", quantity=3)),
        order("B", line("1", quantity=2)),
        order("C", line("1", quantity=3), channel="app"),
    ).then(
        refused("A", Reason.CHANNEL_LIMIT, {"line_id": "1", "asked": 3, "available": 2}),
        accepted("B"),
        accepted("C"),
    )


def test_an_order_that_the_writer_sources_keeps_to_the_limit_too() -> None:
    given(received("SKU", "STORE", 5), buffered("web", "SKU", 3)).when(
        order("A", wanted(quantity=3)), order("B", wanted(quantity=2))
    ).then(refused("A", Reason.CHANNEL_LIMIT), accepted("B"))


def test_lines_of_one_sku_are_asked_of_the_limit_together() -> None:
    given(received("SKU", "STORE", 5), received("SKU", "DC", 5), buffered("web", "SKU", 7)).when(
        order("A", line("1", quantity=2), line("2", quantity=2, location="DC"))
    ).then(
        refused(
            "A",
            Reason.CHANNEL_LIMIT,
            {"line_id": "1", "asked": 4, "available": 3},
            {"line_id": "2", "asked": 4, "available": 3},
        )
    )


def test_a_claim_is_refused_for_the_channel_before_it_is_refused_for_the_shelf() -> None:
    given(received("SKU", "STORE", 2), received("SKU", "DC", 9), buffered("web", "SKU", 10)).when(
        order("A", line("1", quantity=3))
    ).then(refused("A", Reason.CHANNEL_LIMIT, {"asked": 3, "available": 1}))


def test_a_hold_keeps_to_the_limit() -> None:
    given(received("SKU", "STORE", 5), buffered("web", "SKU", 3)).when(
        held("one", ("1", "SKU", 3)), held("two", ("1", "SKU", 2)), held("three", ("1", "SKU", 1))
    ).then(
        refused("one", Reason.CHANNEL_LIMIT, {"asked": 3, "available": 2}),
        accepted("two"),
        refused("three", Reason.CHANNEL_LIMIT, {"asked": 1, "available": 0}),
    )


def test_a_hold_placed_again_counts_what_it_had_as_free_and_no_more() -> None:
    given(received("SKU", "STORE", 9), buffered("web", "SKU", 0, cap=3)).when(
        held("cart", ("1", "SKU", 3)),
        held("cart", ("1", "SKU", 4), name="more"),
        held("cart", ("1", "SKU", 2), name="less"),
    ).then(
        accepted("cart"),
        refused("more", Reason.CHANNEL_LIMIT, {"asked": 4, "available": 3}),
        accepted("less"),
        stock("SKU", "STORE", reserved=2),
    )


def test_what_a_customer_holds_is_theirs_though_the_buffer_was_raised_since() -> None:
    given(received("SKU", "STORE", 5), held("cart", ("1", "SKU", 2))).when(
        buffered("web", "SKU", 9),
        order("A", line("1", quantity=3), hold_owner="cart"),
        order("B", line("1", quantity=2), hold_owner="cart"),
    ).then(
        refused("A", Reason.CHANNEL_LIMIT, {"asked": 3, "available": 2}),
        accepted("B"),
        stock("SKU", "STORE", committed=2, reserved=0),
    )


def test_a_line_added_to_an_order_keeps_to_the_limit() -> None:
    given(received("SKU", "STORE", 5), buffered("web", "SKU", 3), order("A")).when(
        change("A", line("2", quantity=2), name="too much"), change("A", line("2"), name="fits")
    ).then(
        refused("too much", Reason.CHANNEL_LIMIT, {"line_id": "2", "asked": 2, "available": 1}),
        accepted("fits"),
    )


def test_an_order_beyond_the_limit_waits_for_the_rest_if_it_may() -> None:
    given(received("SKU", "STORE", 5), buffered("web", "SKU", 3)).when(
        order("A", line("1", quantity=4), allow_backorder=True)
    ).then(order_line("A", committed=2, backordered=2), stock("SKU", "STORE", available=3))


def test_an_order_beyond_the_limit_is_cut_to_it_if_it_may() -> None:
    given(received("SKU", "STORE", 5), buffered("web", "SKU", 3)).when(
        order("A", wanted(quantity=4), allow_part=True)
    ).then(order_line("A", committed=2, cancelled=2))


def test_a_fact_is_recorded_whatever_the_limit() -> None:
    given(received("SKU", "STORE", 5), buffered("till", "SKU", 5)).when(
        sold("SKU", "STORE", 5, name="sale")
    ).then(accepted("sale"), stock("SKU", "STORE", on_hand=0))


def test_what_is_due_by_the_day_can_be_ordered_for_it() -> None:
    given(
        received("SKU", "STORE", 2),
        expected("po", {"1": ("SKU", 10)}, due="2026-03-05"),
        expected("late", {"1": ("SKU", 7)}, due="2026-03-09"),
        expected("some day", {"1": ("SKU", 100)}),
    ).then(
        may_sell(2),
        may_order(2, "2026-03-04"),
        may_order(12, "2026-03-05"),
        may_order(12, "2026-03-08"),
        may_order(19, "2026-03-09"),
    )


def test_what_comes_to_a_location_of_other_channels_does_not_count() -> None:
    given(
        received("SKU", "STORE", 2),
        served_by("web", "STORE"),
        expected("po", {"1": ("SKU", 10)}, "DC", due="2026-03-05"),
    ).then(may_order(2, "2026-03-05"), may_order(12, "2026-03-05", "app"))


def test_goods_on_their_way_count_where_they_go_on_the_day_they_are_due() -> None:
    given(
        received("SKU", "DC", 9),
        served_by("web", "STORE"),
        transfer("t", {"1": ("SKU", 4)}, due="2026-03-03"),
    ).then(may_order(0, "2026-03-03")).when(sent("t", {"1": 4})).then(
        may_order(0, "2026-03-02"), may_order(4, "2026-03-03")
    ).when(arrived("t", 3)).then(may_sell(3), may_order(4, "2026-03-03"))


def test_a_supply_or_transfer_that_is_overdue_is_not_counted_on() -> None:
    given(
        received("SKU", "DC", 3),
        served_by("web", "STORE"),
        expected("po", {"1": ("SKU", 10)}, due="2026-03-01"),
        transfer("t", {"1": ("SKU", 3)}, due="2026-03-01"),
        sent("t", {"1": 3}),
    ).then(may_order(13, "2026-03-01")).wait_until("2/00:00").then(
        may_order(0, "2026-03-09")
    ).when(rescheduled("po", "2026-03-04")).then(may_order(10, "2026-03-04"))  # fmt: skip


def test_what_came_or_was_cancelled_is_not_to_come() -> None:
    given(expected("po", {"1": ("SKU", 10)}, due="2026-03-05")).when(
        delivery("po", {"SKU": 4})
    ).then(may_order(10, "2026-03-05"), may_sell(4)).when(supply_cancelled("po")).then(
        may_order(4, "2026-03-05")
    )


def test_what_others_wait_for_cannot_be_ordered_again() -> None:
    given(expected("po", {"1": ("SKU", 10)}, due="2026-03-05")).when(
        order("A", line("1", quantity=4), allow_backorder=True, channel="app")
    ).then(may_order(6, "2026-03-05"))


def test_a_shortage_is_made_good_before_anything_is_ordered() -> None:
    given(
        received("SKU", "STORE", 3),
        order("A", line("1", quantity=3)),
        adjusted("SKU", "STORE", -2),
        expected("po", {"1": ("SKU", 10)}, due="2026-03-05"),
    ).then(stock("SKU", "STORE", shortage=2), may_order(8, "2026-03-05"))


def test_more_is_waited_for_than_comes_and_nothing_can_be_ordered() -> None:
    given(
        expected("po", {"1": ("SKU", 3)}, due="2026-03-05"),
        order("A", line("1", quantity=9), allow_backorder=True),
    ).then(may_order(0, "2026-03-05"))


def test_the_buffer_and_the_cap_count_before_what_is_to_come() -> None:
    given(
        received("SKU", "STORE", 9),
        expected("po", {"1": ("SKU", 10)}, due="2026-03-05"),
        buffered("web", "SKU", 4, cap=3),
    ).then(may_sell(3), may_order(13, "2026-03-05"))


def test_a_hold_is_sold_to_nobody_else_until_it_is_released() -> None:
    given(received("SKU", "STORE", 5), held("cart", ("1", "SKU", 2))).then(may_sell(3)).when(
        released("cart")
    ).then(may_sell(5))


def test_a_description_that_was_dropped_with_its_block_is_forgotten() -> None:
    """A block in flight closes a location, and is lost: the location serves on."""
    shop = given(place("STORE"), received("SKU", "STORE", 3)).then(may_sell(3))
    state = shop.books.state
    in_flight = state.on_top()
    at = clock_time("09:00")
    header = ("erp", "close", at, at)
    closed = LocationDescribed(
        *header, "STORE", "store", active=False, time_zone="UTC", ships=True, pickup=True
    )
    evolve(in_flight, closed)
    assert available_to_sell(in_flight, "web", "SKU") == 0
    assert available_to_sell(state, "web", "SKU") == 3
    in_flight.merge()
    assert available_to_sell(state, "web", "SKU") == 0


def test_a_first_buffer_in_a_block_in_flight_limits_that_block_alone() -> None:
    shop = given(received("SKU", "STORE", 3), order("A"))
    in_flight = shop.books.state.on_top()
    at = clock_time("09:00")
    evolve(in_flight, ChannelBufferSet("erp", "buffer", at, at, "web", "SKU", 2))
    assert view_of(in_flight, "web").limited
    assert not view_of(shop.books.state, "web").limited
