"""Goods expected from outside: incoming until they come, overdue when their day is over."""

from datetime import UTC, datetime
from itertools import permutations

import pytest
from asks import Ask, counted, line, order, place, received
from given import (
    Check,
    Shop,
    given,
    happened,
    nothing_raised,
    order_line,
    raised,
    resolved,
    stock,
    variance,
)
from moving_asks import delivery, expected, rescheduled, supply_cancelled

from ledger.domain.events import (
    StockExpected,
    StockReceived,
    SupplyOverdue,
    SupplyReceived,
    SupplyRescheduled,
)


def supply_line(supply_id: str, line_id: str = "1", **fields: object) -> Check:
    """Quantities of a supply's line: expected, received, incoming, overdue …"""

    def holds(shop: Shop) -> None:
        found = shop.books.state.supply_lines[(supply_id, line_id)]
        assert {name: getattr(found, name) for name in fields} == fields, found

    return holds


def test_what_is_expected_is_incoming_and_cannot_be_sold_yet() -> None:
    given(expected("po", {"1": ("SKU", 10)})).then(
        stock("SKU", "STORE", incoming=10, on_hand=0, available=0)
    )


def test_what_came_of_a_supply_is_on_hand_and_no_longer_incoming() -> None:
    given(expected("po", {"1": ("SKU", 10)})).when(delivery("po", {"SKU": 4})).then(
        stock("SKU", "STORE", incoming=6, on_hand=4),
        happened(SupplyReceived, line_id="1", quantity=4, location="STORE"),
        happened(StockExpected, quantity=-4, by="supply", source_id="po", line_id="1"),
        supply_line("po", received=4, incoming=6),
        nothing_raised(),
    )


def test_a_supply_that_came_elsewhere_is_stocked_there_and_expected_here_no_longer() -> None:
    given(expected("po", location="DC")).when(delivery("po", {"SKU": 10}, "STORE")).then(
        stock("SKU", "STORE", on_hand=10, incoming=0),
        stock("SKU", "DC", on_hand=0, incoming=0),
        happened(SupplyReceived, location="STORE"),
    )


def test_more_than_was_expected_is_stocked_and_told_until_it_is_expected() -> None:
    given(expected("po", {"1": ("SKU", 10)})).when(delivery("po", {"SKU": 12})).then(
        stock("SKU", "STORE", on_hand=12, incoming=0),
        raised("over_received", subject="supply/po", line_id="1", quantity=2),
    ).when(delivery("po", {"SKU": 1})).then(nothing_raised()).when(
        expected("po", {"1": ("SKU", 13)})
    ).then(resolved("over_received", subject="supply/po", line_id="1"))


def test_lines_of_one_sku_are_filled_in_their_order_and_the_last_takes_the_rest() -> None:
    lines = {"b": ("SKU", 3), "a": ("SKU", 4), "c": ("OTHER", 2)}
    given(expected("po", lines)).when(delivery("po", {"SKU": 5}), delivery("po", {"SKU": 4})).then(
        supply_line("po", "b", received=3),
        supply_line("po", "a", received=6),
        supply_line("po", "c", received=0),
        raised("over_received", line_id="a"),
        stock("SKU", "STORE", incoming=0, on_hand=9),
    )


def test_one_receipt_of_a_sku_on_two_lines_counts_as_one() -> None:
    twice = received("SKU", "STORE", 2, supply_id="po").fields["lines"] * 2
    given(expected("po", {"1": ("SKU", 10)})).when(
        received("SKU", "STORE", 2, supply_id="po", lines=twice)
    ).then(supply_line("po", received=4), happened(SupplyReceived, 1, quantity=4))


def test_goods_of_an_unknown_supply_are_on_the_shelf_at_once_and_told() -> None:
    given(delivery("po", {"SKU": 4})).then(
        stock("SKU", "STORE", on_hand=4, available=4, incoming=0),
        raised("unlinked", subject="supply/po"),
    ).when(expected("po", {"1": ("SKU", 10)})).then(
        resolved("unlinked", subject="supply/po"),
        stock("SKU", "STORE", on_hand=4, incoming=6),
        happened(StockReceived, 0),
        supply_line("po", received=4),
    )


def test_goods_that_a_supply_does_not_have_wait_until_it_has_them() -> None:
    given(expected("po", {"1": ("SKU", 10)})).when(delivery("po", {"SKU": 1, "OTHER": 2})).then(
        raised("unlinked", subject="supply/po"),
        stock("OTHER", "STORE", on_hand=2),
        supply_line("po", received=1),
    ).when(expected("po", {"2": ("OTHER", 5)})).then(
        resolved("unlinked", subject="supply/po"),
        supply_line("po", "2", received=2),
        supply_line("po", "1", received=1),
        stock("OTHER", "STORE", on_hand=2, incoming=3),
    )


def test_the_latest_word_on_a_line_counts_whatever_comes_first() -> None:
    given(
        expected("po", {"1": ("SKU", 10)}, at="10:00"),
        expected("po", {"1": ("SKU", 7), "2": ("OTHER", 1)}, at="09:00", arrives="11:00"),
    ).then(
        supply_line("po", "1", expected=10),
        supply_line("po", "2", expected=1),
        stock("SKU", "STORE", incoming=10),
    ).when(expected("po", {"1": ("SKU", 8)}, at="12:00")).then(
        supply_line("po", "1", expected=8), stock("SKU", "STORE", incoming=8)
    )


def test_words_of_one_instant_are_ranked_by_their_channel() -> None:
    words = [
        expected("po", {"1": ("SKU", 4)}, at="09:00", arrives="10:00", channel="a"),
        expected("po", {"1": ("SKU", 5)}, at="09:00", arrives="10:00", channel="b"),
    ]
    for told in (words, words[::-1]):
        given(*told).then(supply_line("po", expected=5), stock("SKU", "STORE", incoming=5))


def test_a_line_that_turns_out_to_be_of_another_sku_or_place_is_incoming_there() -> None:
    given(expected("po", {"1": ("SKU", 5)}), delivery("po", {"SKU": 2})).when(
        expected("po", {"1": ("OTHER", 5)}, "DC")
    ).then(
        stock("SKU", "STORE", on_hand=2, incoming=0),
        stock("OTHER", "DC", incoming=5),
        supply_line("po", received=0, sku="OTHER", location="DC"),
        raised("unlinked", subject="supply/po"),
    ).when(expected("po", {"2": ("SKU", 5)})).then(
        supply_line("po", "2", received=2), resolved("unlinked", subject="supply/po")
    )


STORY = (
    expected("po", {"1": ("SKU", 3), "2": ("SKU", 4)}, at="08:10", arrives="12:00", name="w1"),
    expected("po", {"1": ("SKU", 5), "3": ("OTHER", 2)}, at="08:20", arrives="12:00", name="w2"),
    delivery("po", {"SKU": 4}, at="08:30", arrives="12:00", name="r1"),
    delivery("po", {"SKU": 7, "OTHER": 1}, at="08:40", arrives="12:00", name="r2"),
    expected("po", {"3": ("SKU", 1)}, at="08:50", arrives="12:00", name="w3"),
)


@pytest.mark.parametrize(
    "told", list(permutations(STORY)), ids=lambda told: "-".join(a.name for a in told)
)
def test_what_came_of_each_line_is_the_same_in_any_order(told: tuple[Ask, ...]) -> None:
    """Rule 13. Line 3 turned out to be of SKU, so nothing of OTHER is expected."""
    given(*told).then(
        stock("SKU", "STORE", on_hand=11, incoming=0),
        stock("OTHER", "STORE", on_hand=1, incoming=0),
        supply_line("po", "2", expected=4, received=4),
        supply_line("po", "1", expected=5, received=5),
        supply_line("po", "3", sku="SKU", expected=1, received=2),
    )


def test_what_is_cancelled_is_incoming_no_longer_and_what_comes_all_the_same_is_stocked() -> None:
    lines = {"1": ("SKU", 10), "2": ("OTHER", 4)}
    given(expected("po", lines), delivery("po", {"SKU": 3})).when(supply_cancelled("po", "1")).then(
        stock("SKU", "STORE", incoming=0, on_hand=3), stock("OTHER", "STORE", incoming=4)
    ).when(delivery("po", {"SKU": 2})).then(
        stock("SKU", "STORE", incoming=0, on_hand=5), nothing_raised()
    ).when(supply_cancelled("po")).then(stock("OTHER", "STORE", incoming=0)).when(
        supply_cancelled("po"), expected("po", {"1": ("SKU", 20)})
    ).then(stock("SKU", "STORE", incoming=0), happened(StockExpected, 0))


@pytest.mark.parametrize("early", [supply_cancelled("po"), supply_cancelled("po", "1")])
def test_a_cancellation_before_its_supply_waits_for_it(early: Ask) -> None:
    given(early).then(raised("unlinked", subject="supply/po")).when(expected("po")).then(
        resolved("unlinked"), stock("SKU", "STORE", incoming=0)
    )


def test_what_is_said_of_an_unknown_line_waits_for_the_line() -> None:
    given(expected("po")).when(
        supply_cancelled("po", "1", "9"), rescheduled("po", "2026-03-05", "9")
    ).then(raised("unlinked", 2, subject="supply/po"), stock("SKU", "STORE", incoming=0)).when(
        expected("po", {"9": ("OTHER", 1)})
    ).then(
        resolved("unlinked", 2),
        stock("OTHER", "STORE", incoming=0),
        happened(SupplyRescheduled, line_ids=("9",)),
    )


def test_a_day_ends_where_the_goods_are_expected() -> None:
    """Midnight in Berlin is eleven in the evening of UTC."""
    given(place("STORE", time_zone="Europe/Berlin")).when(expected("po", due="2026-03-02")).then(
        supply_line("po", due_until=datetime(2026, 3, 2, 23, 0, tzinfo=UTC))
    )


def test_a_supply_that_did_not_come_on_its_day_is_overdue_and_counted_on_no_longer() -> None:
    lines = {"1": ("SKU", 10), "2": ("OTHER", 2)}
    shop = given(expected("po", lines, due="2026-03-02"), delivery("po", {"SKU": 4, "OTHER": 2}))
    shop.wait_until("2/23:59").then(happened(SupplyOverdue, 0))
    shop.wait_until("3/00:00").then(
        happened(SupplyOverdue, line_id="1", quantity=6),
        happened(SupplyOverdue, 0, line_id="2"),
        supply_line("po", overdue=True),
        stock("SKU", "STORE", incoming=6),
    )
    shop.when(order("A", line("1", quantity=5), allow_backorder=True)).then(
        order_line("A", backordered=1, promise=None)
    )
    shop.when(rescheduled("po", "2026-03-09", "1")).then(supply_line("po", overdue=False))
    shop.when(order("B", line("1", quantity=1), allow_backorder=True)).then(
        order_line("B", backordered=1, promise=datetime(2026, 3, 9, tzinfo=UTC).date())
    )


def test_a_day_that_is_over_when_it_is_said_is_overdue_at_once() -> None:
    given(expected("po", due="2026-02-28", at="2/09:00")).then(
        happened(SupplyOverdue, line_id="1", quantity=10), supply_line("po", overdue=True)
    ).when(rescheduled("po", "2026-03-01")).then(happened(SupplyOverdue, 1))


def test_the_latest_word_on_the_day_counts_whatever_comes_first() -> None:
    late = rescheduled("po", "2026-03-09", at="10:00")
    early = rescheduled("po", "2026-03-03", at="09:00", arrives="11:00")
    first = expected("po", due="2026-03-02", at="08:30", arrives="11:00")
    for told in permutations((late, early, first)):
        shop = given(*told).then(supply_line("po", due=datetime(2026, 3, 9, tzinfo=UTC).date()))
        shop.wait_until("9/23:59").then(happened(SupplyOverdue, 0))
        shop.wait_until("10/00:00").then(happened(SupplyOverdue, 1))


def test_a_line_of_which_more_is_expected_after_its_day_is_overdue_again() -> None:
    shop = given(expected("po", {"1": ("SKU", 2)}, due="2026-03-01"), delivery("po", {"SKU": 2}))
    shop.wait_until("2/09:00").then(happened(SupplyOverdue, 0))
    shop.when(expected("po", {"1": ("SKU", 3)})).then(happened(SupplyOverdue, quantity=1))


def test_a_line_of_which_more_is_expected_before_its_day_is_waited_for_again() -> None:
    shop = given(expected("po", {"1": ("SKU", 2)}, due="2026-03-01"), delivery("po", {"SKU": 2}))
    shop.when(expected("po", {"1": ("SKU", 3)})).wait_until("2/00:00").then(
        happened(SupplyOverdue, quantity=1)
    )


def test_a_count_saw_what_came_of_a_supply_before_the_supply_was_known() -> None:
    given(
        counted("STORE", {"SKU": 4}, at="10:00"),
        delivery("po", {"SKU": 4}, at="09:00", arrives="11:00"),
    ).when(expected("po")).then(
        stock("SKU", "STORE", on_hand=4, incoming=6), variance("STORE", "SKU", "10:00", 0)
    )


def test_backorders_are_filled_by_what_comes_of_a_supply() -> None:
    given(
        expected("po", due="2026-03-02"), order("A", line("1", quantity=3), allow_backorder=True)
    ).then(order_line("A", backordered=3, promise=datetime(2026, 3, 2, tzinfo=UTC).date())).when(
        delivery("po", {"SKU": 2})
    ).then(
        order_line("A", backordered=1, committed=2), stock("SKU", "STORE", available=0, incoming=8)
    )
