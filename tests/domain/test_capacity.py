"""Rule 7: so many parcels may be sourced at a location on its local day, and no more."""

from datetime import date
from typing import Any

from asks import Ask, cancel, change, line, order, received, sold
from given import accepted, given, happened, order_line, refused, stock
from where import in_city, sourced, stocked, to, wanted

from ledger.domain.events import OrderLineSourced
from ledger.domain.words import Reason

FIRST_DAY = date(2026, 3, 1)
SECOND_DAY = date(2026, 3, 2)


def parcels(order_id: str, **more: Any) -> Ask:
    return order(order_id, wanted(), ship_to=to("BERLIN"), **more)


def test_a_location_that_is_full_for_today_leaves_the_order_to_the_next() -> None:
    given(
        in_city("POTSDAM", daily_capacity=2), in_city("VIENNA"), *stocked("POTSDAM", "VIENNA")
    ).when(parcels("A"), parcels("B"), parcels("C")).then(
        sourced("A", "POTSDAM", day=FIRST_DAY),
        sourced("B", "POTSDAM", day=FIRST_DAY),
        sourced("C", "VIENNA", rule="only", day=None),
    )


def test_where_all_are_full_the_order_is_refused_for_capacity_and_not_for_stock() -> None:
    given(in_city("POTSDAM", daily_capacity=1), *stocked("POTSDAM", quantity=9)).when(
        parcels("A"), parcels("B")
    ).then(
        accepted("A"),
        refused("B", Reason.NO_CAPACITY, {"line_id": "1", "asked": 1, "available": 8}),
    )


def test_what_is_neither_there_nor_can_be_sent_is_out_of_stock() -> None:
    given(in_city("POTSDAM", daily_capacity=1), *stocked("POTSDAM", quantity=1)).when(
        parcels("A"), parcels("B")
    ).then(refused("B", Reason.OUT_OF_STOCK))


def test_a_line_that_names_an_empty_shelf_is_out_of_stock_whatever_the_capacity() -> None:
    given(
        in_city("POTSDAM", daily_capacity=1), in_city("VIENNA"), *stocked("POTSDAM"), parcels("A")
    ).when(
        order("B", wanted("1"), line("2", location="VIENNA"), ship_to=to("BERLIN"))
    ).then(refused("B", Reason.OUT_OF_STOCK, {"line_id": "2", "location": "VIENNA"}))  # fmt: skip


def test_the_next_local_day_counts_anew() -> None:
    """At 23:30 UTC it is tomorrow in Berlin; in New York it is still today."""
    for zone, reason in (("Europe/Berlin", None), ("America/New_York", Reason.NO_CAPACITY)):
        shop = given(
            in_city("POTSDAM", daily_capacity=1, time_zone=zone), *stocked("POTSDAM"), parcels("A")
        ).when(parcels("B", arrives="23:30"))
        shop.then(accepted("B") if reason is None else refused("B", reason))
        shop.when(parcels("C", arrives="2/06:00")).then(
            refused("C", Reason.NO_CAPACITY) if reason is None else accepted("C")
        )


def test_the_event_says_on_which_local_day_a_parcel_counts() -> None:
    given(
        in_city("POTSDAM", daily_capacity=5, time_zone="Europe/Berlin"), *stocked("POTSDAM")
    ).when(parcels("A", arrives="22:59"), parcels("B", arrives="23:00")).then(
        sourced("A", "POTSDAM", day=FIRST_DAY), sourced("B", "POTSDAM", day=SECOND_DAY)
    )


def test_an_order_is_one_parcel_however_many_lines_it_has() -> None:
    given(in_city("POTSDAM", daily_capacity=2), *stocked("POTSDAM")).when(
        order("A", wanted("1"), wanted("2"), wanted("3")), parcels("B"), parcels("C")
    ).then(
        sourced("A", "POTSDAM", "1", day=FIRST_DAY),
        sourced("A", "POTSDAM", "2", day=None),
        accepted("B"),
        refused("C", Reason.NO_CAPACITY),
    )


def test_what_joins_a_parcel_that_goes_anyway_needs_no_capacity() -> None:
    given(in_city("POTSDAM", daily_capacity=1), *stocked("POTSDAM"), parcels("A")).when(
        change("A", wanted("2"), name="more"),
        order("B", line("1", location="POTSDAM"), wanted("2")),
    ).then(
        accepted("more"), sourced("A", "POTSDAM", "2", day=None),
        accepted("B"), sourced("B", "POTSDAM", "2", day=None),
    )  # fmt: skip


def test_a_location_that_the_channel_names_is_taken_as_named_however_full() -> None:
    given(in_city("POTSDAM", daily_capacity=0), *stocked("POTSDAM")).when(
        order("A", line("1", location="POTSDAM")), parcels("B")
    ).then(accepted("A"), happened(OrderLineSourced, 0), refused("B", Reason.NO_CAPACITY))


def test_a_parcel_that_was_sourced_counts_though_the_order_was_cancelled() -> None:
    """What was asked of a location's people today was asked of them."""
    given(in_city("POTSDAM", daily_capacity=1), *stocked("POTSDAM")).when(
        parcels("A"), cancel("A"), parcels("B")
    ).then(refused("B", Reason.NO_CAPACITY))


def test_a_split_takes_locations_that_are_not_full() -> None:
    given(
        in_city("POTSDAM", daily_capacity=1), in_city("VIENNA"), in_city("MUNICH"),
        *stocked("POTSDAM", "VIENNA", "MUNICH", quantity=2), parcels("A"),
    ).when(order("B", wanted(quantity=3), ship_to=to("BERLIN"), allow_split=True)).then(
        sourced("B", "MUNICH", quantity=2), sourced("B", "VIENNA", quantity=1),
    )  # fmt: skip


def test_what_nobody_can_send_today_waits_if_it_may() -> None:
    given(in_city("POTSDAM", daily_capacity=1), *stocked("POTSDAM"), parcels("A")).when(
        parcels("B", allow_backorder=True)
    ).then(accepted("B"), order_line("B", backordered=1, committed=0)).when(
        received("SKU", "POTSDAM", 1)
    ).then(order_line("B", backordered=0, committed=1))


def test_a_part_is_taken_from_where_there_is_room_today() -> None:
    given(
        in_city("POTSDAM", daily_capacity=1), in_city("VIENNA"),
        *stocked("POTSDAM"), *stocked("VIENNA", quantity=1), parcels("A"),
    ).when(order("B", wanted(quantity=2), ship_to=to("BERLIN"), allow_part=True)).then(
        sourced("B", "VIENNA", quantity=1), order_line("B", committed=1, cancelled=1)
    )  # fmt: skip


def test_a_promise_moved_elsewhere_counts_there_and_not_where_it_is_full() -> None:
    given(
        in_city("BERLIN"), in_city("POTSDAM", daily_capacity=0), in_city("VIENNA", daily_capacity=1),
        *stocked("BERLIN", quantity=1), *stocked("POTSDAM", "VIENNA"),
        parcels("A"),
    ).when(sold("SKU", "BERLIN", 1)).then(
        sourced("A", "VIENNA", day=FIRST_DAY),
        stock("SKU", "POTSDAM", committed=0),
        order_line("A", committed=1, short=0),
    ).when(parcels("B")).then(refused("B", Reason.NO_CAPACITY))  # fmt: skip
