"""A location says that it cannot serve a line: it is not asked again, and another serves it."""

from typing import Any

import pytest
from asks import (
    Ask,
    cancel,
    collected,
    counted,
    declined,
    line,
    order,
    picked,
    reassigned,
    received,
    service,
    shipped,
)
from given import (
    given,
    happened,
    labelled,
    nothing_raised,
    order_line,
    raised,
    resolved,
    stock,
)

from ledger.domain.events import (
    BackorderFilled,
    OrderLineDeclined,
    OrderLineSourced,
    StockAdjusted,
    StockMoved,
    StockUncommitted,
)

HERE_AND_THERE = (received("SKU", "STORE", 3), received("SKU", "DC", 3))
FREE = order("A", line("1", quantity=2, location=None))
"""The writer chooses its location: the one with the first name."""
NAMED = order("A", line("1", quantity=2))


def test_what_a_store_is_too_busy_for_is_served_from_elsewhere() -> None:
    given(*HERE_AND_THERE, FREE).then(stock("SKU", "DC", committed=2)).when(
        declined("A", "DC", "too_busy")
    ).then(
        happened(OrderLineDeclined, location="DC", quantity=2, cause="too_busy"),
        happened(StockUncommitted, location="DC", quantity=2, cause="declined"),
        happened(OrderLineSourced, location="STORE", quantity=2),
        stock("SKU", "DC", on_hand=3, committed=0),
        stock("SKU", "STORE", on_hand=3, committed=2),
        nothing_raised(),
        labelled("A", "open"),
    )


def test_what_is_not_found_is_not_there() -> None:
    given(*HERE_AND_THERE, FREE).when(declined("A", "DC", "not_found")).then(
        happened(StockAdjusted, location="DC", quantity=-2, reason="not_found"),
        stock("SKU", "DC", on_hand=1, committed=0, available=1),
        stock("SKU", "STORE", committed=2),
    )


def test_what_is_found_damaged_cannot_be_sold() -> None:
    given(*HERE_AND_THERE, FREE).when(declined("A", "DC", "damaged")).then(
        happened(StockMoved, location="DC", quantity=2, to_state="damaged"),
        stock("SKU", "DC", on_hand=3, damaged=2, committed=0, available=1),
        stock("SKU", "STORE", committed=2),
    )


def test_a_part_may_be_declined() -> None:
    given(*HERE_AND_THERE, order("A", line("1", quantity=2, location=None), allow_split=True)).when(
        declined("A", "DC", "not_found", {"1": 1})
    ).then(
        stock("SKU", "DC", on_hand=2, committed=1),
        stock("SKU", "STORE", committed=1),
        order_line("A", committed=2),
    )


def test_a_location_that_declined_is_not_asked_again_for_the_line() -> None:
    given(*HERE_AND_THERE, FREE, declined("A", "DC")).when(declined("A", "STORE")).then(
        raised("declined", order_id="A", line_id="1", location="STORE", quantity=2),
        stock("SKU", "DC", committed=0),
        stock("SKU", "STORE", committed=2),
        order_line("A", declined=("DC", "STORE")),
    )


def test_a_location_may_decline_twice() -> None:
    given(*HERE_AND_THERE, NAMED, declined("A", "STORE")).when(declined("A", "STORE")).then(
        order_line("A", declined=("STORE",)), nothing_raised()
    )


def test_a_location_is_asked_for_other_lines() -> None:
    given(*HERE_AND_THERE, FREE, declined("A", "DC")).when(
        order("B", line("1", quantity=3, location=None))
    ).then(stock("SKU", "DC", committed=3))


def test_what_was_declined_waits_for_goods_elsewhere_if_its_order_allows_it() -> None:
    given(
        received("SKU", "DC", 2),
        order("A", line("1", quantity=2, location=None), allow_backorder=True),
    ).when(declined("A", "DC", "too_busy")).then(
        order_line("A", committed=0, backordered=2),
        stock("SKU", "DC", committed=0, available=2),
        nothing_raised(),
    ).when(received("SKU", "DC", 9)).then(happened(BackorderFilled, 0)).when(
        received("SKU", "STORE", 9)
    ).then(happened(BackorderFilled, location="STORE", quantity=2))


@pytest.mark.parametrize("more", [{}, {"allow_backorder": True}])
def test_a_line_stays_at_the_location_that_its_channel_named_and_people_are_told(
    more: dict[str, Any],
) -> None:
    given(*HERE_AND_THERE, order("A", line("1", quantity=2), **more)).when(
        declined("A", "STORE", "too_busy")
    ).then(
        raised("declined", order_id="A", line_id="1", location="STORE", quantity=2),
        stock("SKU", "STORE", committed=2),
        stock("SKU", "DC", committed=0),
        order_line("A", committed=2, backordered=0),
    )


def test_a_named_line_whose_goods_are_not_found_is_short_and_on_hold() -> None:
    given(received("SKU", "STORE", 2), NAMED).when(declined("A", "STORE", "not_found")).then(
        raised("declined"),
        stock("SKU", "STORE", on_hand=0, committed=2, shortage=2),
        labelled("A", "on_hold"),
    )


ENDS = [
    reassigned("A", "DC"),
    cancel("A"),
    shipped("A", {"1": 2}),
    shipped("A", {"1": 2}, "DC"),
    collected("A", {"1": 2}),
]


@pytest.mark.parametrize("end", ENDS, ids=["moved", "cancelled", "shipped", "from DC", "collected"])
def test_people_need_not_look_once_nothing_of_it_waits_there(end: Ask) -> None:
    given(*HERE_AND_THERE, NAMED, declined("A", "STORE")).when(end).then(
        resolved("declined", order_id="A", line_id="1", location="STORE"), nothing_raised()
    )


def test_people_must_look_as_long_as_some_of_it_waits_there() -> None:
    given(*HERE_AND_THERE, NAMED, declined("A", "STORE")).when(
        reassigned("A", "DC", {"1": 1})
    ).then(resolved("declined", 0)).when(cancel("A", lines={"1": 2})).then(resolved("declined", 1))


def test_a_decline_of_what_is_promised_elsewhere_is_remembered() -> None:
    given(*HERE_AND_THERE, FREE).when(declined("A", "STORE")).then(
        happened(OrderLineDeclined, quantity=0, location="STORE"),
        order_line("A", committed=2, declined=("STORE",)),
        nothing_raised(),
    ).when(declined("A", "DC")).then(raised("declined", location="DC"))


def test_more_not_found_than_was_promised_is_not_there_either() -> None:
    given(*HERE_AND_THERE, NAMED).when(declined("A", "STORE", "not_found", {"1": 3})).then(
        stock("SKU", "STORE", on_hand=0, committed=2), raised("declined", quantity=2)
    )


def test_a_decline_told_before_its_order_waits_for_it() -> None:
    given(*HERE_AND_THERE).when(declined("A", "DC", "not_found", {"1": 2})).then(
        raised("unlinked", order_id="A"), stock("SKU", "DC", on_hand=3)
    ).when(FREE).then(
        resolved("unlinked"),
        stock("SKU", "DC", on_hand=1, committed=0),
        stock("SKU", "STORE", committed=2),
    )


def test_of_several_lines_that_are_declined_the_unknown_one_waits() -> None:
    given(*HERE_AND_THERE, NAMED).when(declined("A", "STORE", lines={"1": None, "9": 1})).then(
        raised("declined", line_id="1"), raised("unlinked", order_id="A")
    )


def test_a_service_that_is_declined_moves_nothing() -> None:
    given(*HERE_AND_THERE, order("A", line("1"), service("2"))).when(
        declined("A", "STORE", "not_found", {"2": 1})
    ).then(stock("SKU", "STORE", on_hand=3, committed=1), nothing_raised())


def test_goods_that_were_picked_and_are_declined_go_back_to_the_shelf() -> None:
    given(*HERE_AND_THERE, FREE, picked("A", {"1": 2}, "DC")).when(declined("A", "DC")).then(
        happened(StockUncommitted, location="DC", quantity=2, picked=2)
    )


def test_a_channel_may_still_name_the_location_that_declined() -> None:
    given(*HERE_AND_THERE, FREE, declined("A", "DC")).when(reassigned("A", "DC")).then(
        stock("SKU", "DC", committed=2), order_line("A", location="DC"), nothing_raised()
    )


MUGS_AND_CUPS = tuple(
    received(sku, location, 3) for sku in ("MUG", "CUP") for location in ("DC", "STORE")
)
UNSPLIT = order("A", line("1", "MUG", location=None), line("2", "CUP", location=None))
"""One parcel, from the location with the first name."""


@pytest.mark.parametrize("lines", [{"1": None, "2": None}, {"1": None}, {"2": None}])
def test_an_order_that_may_not_be_split_moves_as_a_whole(lines: dict[str, None]) -> None:
    given(*MUGS_AND_CUPS, UNSPLIT).then(stock("CUP", "DC", committed=1)).when(
        declined("A", "DC", "too_busy", dict(lines))
    ).then(
        stock("MUG", "DC", committed=0),
        stock("CUP", "DC", committed=0),
        stock("MUG", "STORE", committed=1),
        stock("CUP", "STORE", committed=1),
        happened(OrderLineSourced, 2, location="STORE"),
        nothing_raised(),
    )


def test_an_order_that_may_not_be_split_stays_where_no_other_has_all_of_it() -> None:
    cups = tuple(received("CUP", location, 3) for location in ("DC", "STORE"))
    given(*cups, received("MUG", "DC", 3), UNSPLIT).when(
        declined("A", "DC", "too_busy", {"1": None})
    ).then(
        stock("MUG", "DC", committed=1),
        stock("CUP", "DC", committed=1),
        raised("declined", order_id="A", line_id="1"),
    )


def test_an_order_that_may_not_be_split_leaves_a_shelf_that_was_counted_empty() -> None:
    given(*MUGS_AND_CUPS, UNSPLIT).when(counted("DC", {"MUG": 0})).then(
        stock("MUG", "STORE", committed=1),
        stock("CUP", "STORE", committed=1),
        stock("CUP", "DC", committed=0, available=3),
        labelled("A", "open"),
    )
