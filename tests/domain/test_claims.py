"""Rules 2 and 15: a claim never takes more than there is, and a refusal says why."""

import pytest
from asks import (
    Ask,
    buffered,
    cancel,
    held,
    line,
    order,
    place,
    product,
    received,
    served_by,
    service,
    shipped,
    sold,
)
from given import accepted, given, happened, labelled, order_line, refused, stock
from moving_asks import transfer_cancelled

from ledger.domain.events import OrderLineCancelled, StockCollected, StockCommitted
from ledger.domain.words import Reason


def test_the_last_unit_is_not_sold_twice() -> None:
    given(received("SKU", "STORE", 1)).when(order("A"), order("B")).then(
        accepted("A"),
        refused("B", Reason.OUT_OF_STOCK),
        stock("SKU", "STORE", on_hand=1, committed=1, available=0),
    )


def test_a_refused_order_says_what_was_asked_and_what_is_there() -> None:
    given(received("SKU", "STORE", 2), received("OTHER", "STORE", 9)).when(
        order("A", line("1", quantity=3), line("2", "OTHER"))
    ).then(
        refused(
            "A",
            Reason.OUT_OF_STOCK,
            {"line_id": "1", "sku": "SKU", "location": "STORE", "asked": 3, "available": 2},
        ),
        stock("SKU", "STORE", committed=0),
        stock("OTHER", "STORE", committed=0),
    )


def test_an_order_takes_each_line_from_the_location_it_names() -> None:
    given(received("SKU", "STORE", 1), received("SKU", "DC", 1)).when(
        order("A", line("1"), line("2", location="DC"))
    ).then(stock("SKU", "STORE", committed=1), stock("SKU", "DC", committed=1))


def test_what_one_location_lacks_is_not_taken_from_another() -> None:
    given(received("SKU", "STORE", 1), received("SKU", "DC", 5)).when(
        order("A", line("1", quantity=2))
    ).then(refused("A", Reason.OUT_OF_STOCK))


PREPARED = (received("SKU", "STORE", 5), received("SKU", "SHUT", 5), place("SHUT", active=False))
REASONS = [
    (Reason.ID_TAKEN, order("A", line("1", "NONE", location="NOWHERE"), name="again")),
    (Reason.UNKNOWN_ORDER, cancel("Z", lines={"9": 1}, name="again")),
    (Reason.UNKNOWN_LINE, cancel("A", lines={"9": 1, "1": 99}, name="again")),
    (Reason.UNKNOWN_TRANSFER, transfer_cancelled("T9", name="again")),
    (Reason.UNKNOWN_LOCATION, order("B", line("1", "NONE", location="NOWHERE"), line("2", location=None), name="again")),
    (Reason.UNKNOWN_SKU, order("B", line("1", "NONE"), line("2", location=None), line("3", location="SHUT"), name="again")),
    (Reason.LOCATION_REQUIRED, order("B", line("1", how="pickup", location=None), line("2", location="SHUT"), name="again")),
    (Reason.LOCATION_INACTIVE, order("B", line("1", location="SHUT"), line("2", location="DC"), name="again", channel="app")),
    (Reason.NOT_SERVED, order("B", line("1", location="DC"), line("2", quantity=99), name="again", channel="app")),
    (Reason.EXPIRED, held("cart", ("1", "SKU", 99), until="08:00", name="again")),
    (Reason.BEYOND_QUANTITY, cancel("A", lines={"1": 1, "2": 3}, name="again")),
    (Reason.ALREADY_LEFT, cancel("A", lines={"1": 1}, name="again")),
    (Reason.CHANNEL_LIMIT, order("B", line("1", quantity=99), name="again", channel="kiosk")),
    (Reason.OUT_OF_STOCK, order("B", line("1", quantity=99), name="again")),
    (Reason.NO_CAPACITY, order("B", line("1", location=None), name="again", channel="late")),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "asked"), REASONS, ids=[reason for reason, _ in REASONS])
def test_of_all_reasons_against_a_claim_the_first_in_order_is_given(
    reason: Reason, asked: Ask
) -> None:
    given(
        *PREPARED,
        received("SKU", "DC", 5),
        served_by("app", "STORE", "SHUT"),
        buffered("kiosk", "SKU", 99),
        received("SKU", "FULL", 5),
        place("FULL", daily_capacity=0),
        served_by("late", "FULL"),
    ).when(order("A", line("1"), line("2")), shipped("A", {"1": 1}), asked).then(
        refused("again", reason)
    )


def test_every_reason_has_its_row() -> None:
    assert [reason for reason, _ in REASONS] == list(Reason)


def test_a_refusal_names_every_line_it_hits() -> None:
    given(*PREPARED).when(
        order("A", line("1", location="SHUT"), line("2"), line("3", location="SHUT"))
    ).then(refused("A", Reason.LOCATION_INACTIVE, {"line_id": "1"}, {"line_id": "3"}))


@pytest.mark.parametrize(
    ("how", "can"), [("ship", {"ships": False}), ("pickup", {"pickup": False})]
)
def test_a_location_serves_only_what_it_can_hand_over(how: str, can: dict[str, bool]) -> None:
    other = {"ship": "pickup", "pickup": "ship"}[how]
    given(received("SKU", "STORE", 9), place("STORE", **can)).when(
        order("A", line("1", how=how)),
        order("B", line("1", how=other)),
        order("C", line("1", how="carry_out")),
    ).then(refused("A", Reason.NOT_SERVED, {"line_id": "1"}), accepted("B"), accepted("C"))


def test_the_selling_channel_decides_which_locations_serve_an_order() -> None:
    given(received("SKU", "STORE", 9), served_by("app", "DC")).when(
        order("A", channel="app", selling="web"), order("B", channel="web", selling="app")
    ).then(accepted("A"), refused("B", Reason.NOT_SERVED))


def test_the_latest_description_of_a_location_counts_whenever_it_arrives() -> None:
    given(
        received("SKU", "STORE", 9),
        place("STORE", at="10:00"),
        place("STORE", active=False, at="09:00"),
    ).when(order("A")).then(accepted("A")).when(
        place("STORE", active=False, at="11:00"), order("B")
    ).then(refused("B", Reason.LOCATION_INACTIVE))


def test_the_latest_description_of_a_channel_counts_whenever_it_arrives() -> None:
    given(
        received("SKU", "STORE", 9),
        served_by("web", "STORE", at="10:00"),
        served_by("web", "DC", at="09:00"),
    ).when(order("A")).then(accepted("A")).when(
        served_by("web", "DC", at="11:00"), order("B")
    ).then(refused("B", Reason.NOT_SERVED))


def test_what_was_described_but_never_came_in_is_out_of_stock_rather_than_unknown() -> None:
    given(product("SKU"), place("STORE")).when(order("A")).then(
        refused("A", Reason.OUT_OF_STOCK, {"asked": 1, "available": 0})
    )


def test_what_a_refused_order_named_stays_unknown() -> None:
    given(received("SKU", "STORE", 1)).when(
        order("A", line("1", "GHOST")), order("B", line("1", "GHOST"), name="B")
    ).then(refused("B", Reason.UNKNOWN_SKU))


def test_an_order_in_part_takes_what_is_there_and_cancels_the_rest_at_once() -> None:
    given(received("SKU", "STORE", 3)).when(
        order("A", line("1", quantity=2), line("2", quantity=2), line("3"), allow_part=True)
    ).then(
        accepted("A"),
        order_line("A", "1", committed=2, cancelled=0),
        order_line("A", "2", committed=1, cancelled=1),
        order_line("A", "3", committed=0, cancelled=1),
        happened(OrderLineCancelled, 2, cause="out_of_stock"),
        stock("SKU", "STORE", committed=3, available=0),
        labelled("A", "open"),
    )


def test_an_order_in_part_of_which_nothing_is_there_is_refused() -> None:
    given(received("SKU", "STORE", 1), sold("SKU", "STORE", 1)).when(
        order("A", allow_part=True)
    ).then(refused("A", Reason.OUT_OF_STOCK))


def test_carried_out_goods_leave_in_the_same_moment() -> None:
    given(received("SKU", "STORE", 3)).when(
        order("A", line("1", quantity=2, how="carry_out"))
    ).then(
        happened(StockCommitted, quantity=2),
        happened(StockCollected, quantity=2, committed=2),
        stock("SKU", "STORE", on_hand=1, committed=0, available=1),
        order_line("A", collected=2, committed=0),
        labelled("A", "collected"),
    )


def test_carrying_out_what_is_not_there_is_refused() -> None:
    given(received("SKU", "STORE", 1)).when(
        order("A", line("1", quantity=2, how="carry_out"))
    ).then(refused("A", Reason.OUT_OF_STOCK), stock("SKU", "STORE", on_hand=1, committed=0))


def test_one_order_may_carry_out_and_ship() -> None:
    given(received("SKU", "STORE", 2)).when(order("A", line("1", how="carry_out"), line("2"))).then(
        stock("SKU", "STORE", on_hand=1, committed=1), labelled("A", "partially_fulfilled")
    )


def test_an_order_of_services_alone_needs_no_stock_and_is_done() -> None:
    given(product("SKU")).when(order("A", service("1"))).then(
        accepted("A"), labelled("A", "fulfilled")
    ).when(cancel("A", name="cancel")).then(accepted("cancel"), labelled("A", "cancelled"))
