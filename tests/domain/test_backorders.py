"""Rules 2 and 8: what is not there is promised from what comes in, and filled as it comes."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from asks import (
    Ask,
    adjusted,
    buffered,
    cancel,
    change,
    counted,
    declined,
    held,
    held_back,
    line,
    moved,
    order,
    place,
    ready,
    reassigned,
    received,
    released,
    returned,
    served_by,
    sold,
    voided,
)
from given import Check, Shop, accepted, given, happened, labelled, order_line, refused, stock
from moving_asks import (
    delivery,
    expected,
    rescheduled,
    sent,
    supply_cancelled,
    transfer,
    transfer_cancelled,
)
from where import in_city, stocked, to, wanted

from ledger.domain.events import (
    BackorderFilled,
    BackorderOverdue,
    OrderLineBackordered,
    OrderLineCancelled,
    ShortageFound,
    StockCommitted,
    StockUncommitted,
)
from ledger.domain.words import Reason


def waiting(order_id: str, quantity: int = 1, **more: Any) -> Ask:
    """An order at STORE that may wait."""
    return order(order_id, line("1", quantity=quantity), allow_backorder=True, **more)


def promise(order_id: str, by: str | None, line_id: str = "1") -> Check:
    """The line is promised for this day, or for none."""

    def holds(shop: Shop) -> None:
        found = shop.books.state.lines[(order_id, line_id)].promise
        assert found == (None if by is None else date.fromisoformat(by)), found

    return holds


def filled(*wanted: tuple[str, int]) -> Check:
    """Just these were filled, in this order, by the last requests."""

    def holds(shop: Shop) -> None:
        got = [(e.order_id, e.quantity) for e in shop.news if isinstance(e, BackorderFilled)]
        assert got == list(wanted), got

    return holds


def test_what_is_not_there_waits_and_is_committed_nowhere() -> None:
    given(received("SKU", "STORE", 1)).when(waiting("A", 3)).then(
        happened(OrderLineBackordered, quantity=2, promise=None),
        order_line("A", committed=1, backordered=2),
        stock("SKU", "STORE", committed=1, available=0, shortage=0),
        labelled("A", "open"),
    )


def test_a_receipt_fills_those_that_wait_in_the_same_decision() -> None:
    given(received("SKU", "STORE", 1), waiting("A", 3)).when(
        received("SKU", "STORE", 5, name="grn")
    ).then(
        filled(("A", 2)),
        happened(BackorderFilled, request_id="grn", location="STORE"),
        happened(StockCommitted, request_id="grn", order_id="A", quantity=2),
        order_line("A", committed=3, backordered=0),
        stock("SKU", "STORE", committed=3, available=3),
    )


def test_the_first_takes_all_it_needs_and_the_next_what_is_left() -> None:
    given(received("SKU", "STORE", 1), waiting("A", 4), waiting("B", 2), waiting("C", 2)).when(
        received("SKU", "STORE", 4)
    ).then(filled(("A", 3), ("B", 1)), order_line("C", backordered=2)).when(
        received("SKU", "STORE", 2)
    ).then(filled(("B", 1), ("C", 1)))


def test_an_earlier_promise_is_filled_first_and_none_last() -> None:
    given(
        place("STORE"),
        received("SKU", "STORE", 1),
        sold("SKU", "STORE", 1),
        waiting("nobody knows when"),
        expected("may", {"1": ("SKU", 2)}, due="2026-05-01"),
        waiting("for May"),
        expected("april", {"1": ("SKU", 3)}, due="2026-04-01"),
        waiting("for April"),
    ).then(
        promise("nobody knows when", None),
        promise("for May", "2026-05-01"),
        promise("for April", "2026-04-01"),
    ).when(received("SKU", "STORE", 3)).then(
        filled(("for April", 1), ("for May", 1), ("nobody knows when", 1))
    )


def test_of_one_promise_the_older_is_filled_first() -> None:
    given(expected("po", {"1": ("SKU", 9)}, due="2026-04-01"), waiting("B"), waiting("A")).when(
        delivery("po", {"SKU": 2})
    ).then(filled(("B", 1), ("A", 1)))


MADE_AVAILABLE: list[tuple[str, tuple[Ask, ...], Ask]] = [
    ("a receipt", (), received("SKU", "STORE", 1)),
    ("a receipt of a supply", (expected("po", {"1": ("SKU", 5)}),), delivery("po", {"SKU": 1})),
    ("a found piece", (), adjusted("SKU", "STORE", 1)),
    ("a count", (), counted("STORE", {"SKU": 3})),
    ("a repair", (received("SKU", "STORE", 1, state="damaged"),),
     moved("SKU", "STORE", 1, "damaged", "available")),
    ("a return", (), returned("SKU", "STORE", 1)),
    ("a voided sale", (), voided("sale")),
    ("a cancellation", (), cancel("first")),
    ("a cut", (), change("first", cut={"1": 1})),
    ("a released hold", (), released("cart")),
    ("a transfer that is not needed", (
        place("DC"), received("SKU", "STORE", 1),
        transfer("t", {"1": ("SKU", 1)}, ("STORE", "DC")),
    ), transfer_cancelled("t")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "cause"), [row[1:] for row in MADE_AVAILABLE], ids=[row[0] for row in MADE_AVAILABLE]
)
def test_whatever_makes_it_available_fills_those_that_wait(
    before: tuple[Ask, ...], cause: Ask
) -> None:
    """One piece is ordered, one held, one sold: on hand 2, all promised; then somebody waits."""
    shop = given(
        received("SKU", "STORE", 3), order("first"), held("cart"), sold("SKU", "STORE", 1, name="sale")
    )  # fmt: skip
    shop.when(*before, waiting("A", 2)).then(order_line("A", backordered=2)).when(cause).then(
        filled(("A", 1)),
        order_line("A", committed=1, backordered=1),
        stock("SKU", "STORE", available=0),
    )


def test_lowered_safety_stock_fills_those_that_wait() -> None:
    given(received("SKU", "STORE", 3), held_back("SKU", "STORE", 3), waiting("A", 2)).when(
        held_back("SKU", "STORE", 2)
    ).then(filled(("A", 1)), stock("SKU", "STORE", available=0))


def test_a_hold_that_expires_fills_those_that_wait() -> None:
    given(received("SKU", "STORE", 1), held("cart", until="09:00"), waiting("A")).wait_until(
        "09:00"
    ).then(filled(("A", 1)), happened(BackorderFilled, channel="onebook"))


def test_a_pickup_that_expires_fills_those_that_wait() -> None:
    given(
        received("SKU", "STORE", 1),
        order("first", line("1", how="pickup")),
        ready("first", until=datetime(2026, 3, 1, 10, tzinfo=UTC)),
        waiting("A"),
    ).wait_until("10:00").then(filled(("A", 1)), labelled("first", "pickup_expired"))


def test_a_lowered_buffer_or_a_raised_cap_fills_those_that_wait() -> None:
    for before, after in ((buffered("web", "SKU", 2), buffered("web", "SKU", 1)),
                          (buffered("web", "SKU", 0, cap=0), buffered("web", "SKU", 0, cap=1))):  # fmt: skip
        given(received("SKU", "STORE", 2), before, waiting("A")).then(
            order_line("A", backordered=1)
        ).when(after).then(filled(("A", 1)), order_line("A", committed=1))


def test_filling_leaves_to_other_channels_what_the_channel_leaves_them() -> None:
    given(
        received("SKU", "STORE", 1), sold("SKU", "STORE", 1), buffered("web", "SKU", 2), waiting("A", 5)
    ).when(received("SKU", "STORE", 4)).then(
        filled(("A", 2)), stock("SKU", "STORE", available=2)
    )  # fmt: skip


def test_safety_stock_is_kept_from_those_that_wait() -> None:
    given(received("SKU", "STORE", 1), held_back("SKU", "STORE", 2), waiting("A", 2)).when(
        received("SKU", "STORE", 2)
    ).then(filled(("A", 1)), stock("SKU", "STORE", available=0))


def test_a_location_that_opens_or_begins_to_serve_the_channel_fills_those_that_wait() -> None:
    given(
        in_city("POTSDAM"), in_city("VIENNA", active=False), *stocked("VIENNA", quantity=3),
        order("A", wanted(), allow_backorder=True),
    ).when(in_city("VIENNA")).then(filled(("A", 1)))  # fmt: skip
    given(
        in_city("POTSDAM"), in_city("VIENNA"), *stocked("VIENNA", quantity=3),
        served_by("web", "POTSDAM"), order("A", wanted(), allow_backorder=True),
    ).when(served_by("web", "POTSDAM", "VIENNA")).then(filled(("A", 1)))  # fmt: skip


def test_a_line_is_filled_from_any_location_that_may_serve_it() -> None:
    given(in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", quantity=1)).when(
        order("A", wanted(quantity=3), allow_backorder=True)
    ).when(received("SKU", "VIENNA", 1)).then(
        filled(("A", 1)), happened(BackorderFilled, location="VIENNA")
    )


def test_leave_to_split_delays_the_shipping_and_never_the_filling() -> None:
    """It may not be split: still what comes to another location is kept for it."""
    given(
        in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", quantity=1),
        order("A", wanted(quantity=3), allow_backorder=True, allow_split=False),
    ).when(received("SKU", "VIENNA", 5)).then(
        order_line("A", committed=3, backordered=0),
        stock("SKU", "POTSDAM", committed=1), stock("SKU", "VIENNA", committed=2),
    )  # fmt: skip


def test_a_line_that_names_its_location_is_filled_there_alone() -> None:
    given(received("SKU", "STORE", 1), waiting("A", 2)).when(received("SKU", "DC", 5)).then(
        filled(), stock("SKU", "DC", available=5)
    ).when(received("SKU", "STORE", 1)).then(filled(("A", 1)))


@pytest.mark.parametrize(
    "closed",
    [place("DC", active=False), place("DC", ships=False), served_by("web", "STORE")],
    ids=["inactive", "does not ship", "serves others"],
)
def test_a_location_that_may_not_serve_a_line_does_not_fill_it(closed: Ask) -> None:
    given(
        place("STORE"), closed, received("SKU", "STORE", 1),
        order("A", wanted(quantity=2), allow_backorder=True),
    ).when(received("SKU", "DC", 5)).then(filled())  # fmt: skip


def test_a_location_that_declined_a_line_does_not_fill_it() -> None:
    given(
        place("STORE"), place("DC"), received("SKU", "STORE", 1),
        order("A", wanted(), allow_backorder=True), declined("A", "STORE"),
    ).then(order_line("A", backordered=1)).when(received("SKU", "STORE", 1)).then(filled()).when(
        received("SKU", "DC", 1)
    ).then(filled(("A", 1)))  # fmt: skip


def test_a_pickup_waits_for_its_store() -> None:
    given(received("SKU", "STORE", 1), sold("SKU", "STORE", 1)).when(
        order("A", line("1", how="pickup"), allow_backorder=True)
    ).then(order_line("A", backordered=1)).when(received("SKU", "STORE", 1)).then(filled(("A", 1)))


def test_what_is_merely_left_over_goes_to_nobody_who_could_not_have_it() -> None:
    """The order may not be split, so VIENNA's were not for it; a sale there changes nothing."""
    given(
        in_city("POTSDAM"),
        in_city("VIENNA"),
        received("SKU", "POTSDAM", 3),
        received("SKU", "VIENNA", 2),
        order("A", wanted(quantity=4), ship_to=to("BERLIN"), allow_backorder=True),
    ).then(order_line("A", committed=3, backordered=1)).when(sold("SKU", "VIENNA", 1)).then(
        filled(), order_line("A", committed=3, backordered=1)
    ).when(returned("SKU", "VIENNA", 1)).then(filled(("A", 1)))


def test_one_lines_edit_never_changes_what_another_has() -> None:
    shop = given(
        received("SKU", "STORE", 3), waiting("A", 2), waiting("B", 3), waiting("C", 2)
    ).then(
        order_line("A", committed=2), order_line("B", committed=1, backordered=2),
        order_line("C", backordered=2),
    )  # fmt: skip
    shop.when(cancel("C", lines={"1": 1})).then(
        filled(),
        order_line("A", committed=2, backordered=0),
        order_line("B", committed=1, backordered=2),
        order_line("C", backordered=1, cancelled=1),
    ).when(change("B", line("2", "OTHER"), name="unknown")).then(
        refused("unknown", Reason.UNKNOWN_SKU), order_line("B", committed=1, backordered=2)
    )


def test_who_waits_keeps_their_place_when_more_of_their_line_must_wait() -> None:
    """A is older than B, though A's line lost what it had after B began to wait."""
    given(received("SKU", "STORE", 1), waiting("A", 2), waiting("B")).when(
        adjusted("SKU", "STORE", -1)
    ).then(order_line("A", backordered=2, committed=0)).when(received("SKU", "STORE", 2)).then(
        filled(("A", 2)), order_line("B", backordered=1)
    )


def test_cancelling_takes_from_what_waits_before_what_is_there() -> None:
    given(received("SKU", "STORE", 2), waiting("A", 5)).when(cancel("A", lines={"1": 4})).then(
        happened(OrderLineCancelled, quantity=4, backordered=3),
        happened(StockUncommitted, quantity=1),
        order_line("A", committed=1, backordered=0, cancelled=4),
    )


def test_the_promise_is_the_day_of_the_supply_that_covers_it() -> None:
    given(
        expected("first", {"1": ("SKU", 2)}, due="2026-03-10"),
        expected("second", {"1": ("SKU", 3)}, due="2026-03-20"),
        expected("undated", {"1": ("SKU", 99)}),
    ).when(waiting("A", 2), waiting("B", 2), waiting("C", 1), waiting("D", 1)).then(
        promise("A", "2026-03-10"),
        promise("B", "2026-03-20"),
        promise("C", "2026-03-20"),
        promise("D", None),
    )


def test_supplies_of_one_line_add_up_to_its_promise() -> None:
    given(
        expected("second", {"1": ("SKU", 3)}, due="2026-03-20"),
        expected("first", {"1": ("SKU", 2)}, due="2026-03-10"),
    ).when(waiting("A", 4)).then(promise("A", "2026-03-20"))


def test_a_shortage_is_made_good_before_a_promise_is_kept() -> None:
    given(
        received("SKU", "STORE", 2),
        order("short", line("1", quantity=2)),
        adjusted("SKU", "STORE", -2),
        expected("first", {"1": ("SKU", 2)}, due="2026-03-10"),
        expected("second", {"1": ("SKU", 2)}, due="2026-03-20"),
    ).when(waiting("A", 1)).then(promise("A", "2026-03-20"))


def test_goods_on_their_way_between_locations_are_promised_too() -> None:
    given(
        received("SKU", "DC", 3),
        place("STORE"),
        transfer("t", {"1": ("SKU", 3)}, due="2026-03-04"),
    ).when(waiting("A"), sent("t", {"1": 3}), waiting("B")).then(
        promise("A", None), promise("B", "2026-03-04")
    )


def test_supply_for_other_locations_promises_nothing_here() -> None:
    given(
        received("SKU", "STORE", 1),
        sold("SKU", "STORE", 1),
        expected("po", {"1": ("SKU", 9)}, "DC", due="2026-03-10"),
    ).when(waiting("A"), order("B", wanted(), allow_backorder=True)).then(
        promise("A", None), promise("B", "2026-03-10")
    )


def test_a_supply_that_is_overdue_promises_nothing_until_it_is_rescheduled() -> None:
    given(expected("po", {"1": ("SKU", 9)}, due="2026-03-01")).wait_until("2/08:00").when(
        waiting("A"), rescheduled("po", "2026-03-09"), waiting("B")
    ).then(promise("A", None), promise("B", "2026-03-09"))


def test_a_promise_made_stands_though_its_supply_is_cancelled() -> None:
    given(expected("po", {"1": ("SKU", 9)}, due="2026-03-10"), waiting("A")).when(
        supply_cancelled("po")
    ).then(promise("A", "2026-03-10"), order_line("A", backordered=1))


def test_when_the_promised_day_is_over_people_are_told_and_nothing_else_changes() -> None:
    """The day is over in Berlin an hour before it is over in London."""
    given(
        place("STORE", time_zone="Europe/Berlin"),
        expected("po", {"1": ("SKU", 9)}, due="2026-03-01"),
        waiting("A", 2),
    ).wait_until("22:59").then(happened(BackorderOverdue, 0)).wait_until("23:00").then(
        happened(BackorderOverdue, order_id="A", quantity=2, promise=date(2026, 3, 1)),
        order_line("A", backordered=2),
        labelled("A", "open"),
    ).wait_until("3/08:00").then(happened(BackorderOverdue, 0)).when(
        delivery("po", {"SKU": 2})
    ).then(filled(("A", 2)))


def test_nobody_is_told_of_a_promise_that_was_kept_or_cancelled() -> None:
    given(
        expected("po", {"1": ("SKU", 9)}, due="2026-03-01"),
        waiting("A"),
        waiting("B"),
        delivery("po", {"SKU": 1}),
        cancel("B"),
    ).wait_until("2/08:00").then(happened(BackorderOverdue, 0))


def test_a_shortage_has_an_order_wait_that_may_wait() -> None:
    given(
        received("SKU", "STORE", 2),
        waiting("A", 2),
        expected("po", {"1": ("SKU", 9)}, due="2026-03-10"),
    ).when(sold("SKU", "STORE", 1)).then(
        happened(ShortageFound, quantity=1),
        happened(StockUncommitted, order_id="A", quantity=1, cause="backordered"),
        happened(OrderLineBackordered, order_id="A", quantity=1, promise=date(2026, 3, 10)),
        order_line("A", committed=1, backordered=1, short=0),
        stock("SKU", "STORE", shortage=0, committed=1),
        labelled("A", "open"),
    )


def test_a_shortage_is_served_from_elsewhere_rather_than_waited_for() -> None:
    given(
        in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", "VIENNA", quantity=1),
        order("A", wanted(), ship_to=to("BERLIN"), allow_backorder=True),
    ).when(sold("SKU", "POTSDAM", 1)).then(
        order_line("A", committed=1, backordered=0), stock("SKU", "VIENNA", committed=1)
    )  # fmt: skip


def test_a_waiting_line_that_is_reassigned_waits_at_its_new_location() -> None:
    given(received("SKU", "STORE", 1), waiting("A", 3), received("SKU", "DC", 3)).when(
        reassigned("A", "DC", name="move")
    ).then(
        accepted("move"),
        order_line("A", committed=3, backordered=0),
        stock("SKU", "DC", committed=3),
        stock("SKU", "STORE", committed=0, available=1),
        happened(BackorderFilled, order_id="A", quantity=2, location="DC"),
    )


def test_what_reassigning_gives_back_fills_those_that_wait_there() -> None:
    given(
        received("SKU", "STORE", 2), waiting("A", 2), waiting("B"), received("SKU", "DC", 2)
    ).when(reassigned("A", "DC")).then(
        order_line("B", committed=1, backordered=0), stock("SKU", "STORE", committed=1)
    )


def test_a_line_is_not_reassigned_to_where_there_is_not_enough_for_all_of_it() -> None:
    given(received("SKU", "STORE", 1), waiting("A", 3), received("SKU", "DC", 2)).when(
        reassigned("A", "DC", name="move")
    ).then(
        refused("move", Reason.OUT_OF_STOCK, {"line_id": "1", "asked": 3, "available": 2}),
        order_line("A", committed=1, backordered=2),
    )
