"""What people must look at: told once, and ended when it is no longer so."""

import pytest
from asks import (
    Ask,
    adjusted,
    counted,
    held_back,
    moved,
    order,
    paid,
    place,
    product,
    ready,
    received,
    served_by,
    sold,
)
from given import accepted, given, nothing_raised, raised, refused, resolved, stock

from ledger.domain.words import Reason


def test_a_sku_that_nobody_described_is_told_once() -> None:
    given(place("STORE")).when(
        received("SKU", "STORE", 1), received("SKU", "STORE", 1), sold("SKU", "DC", 1)
    ).then(raised("unknown_sku", sku="SKU"))


def test_describing_the_sku_ends_it() -> None:
    given(received("SKU", "STORE", 1)).when(product("SKU")).then(
        resolved("unknown_sku", sku="SKU")
    ).when(received("SKU", "STORE", 1), product("SKU")).then(
        nothing_raised(), resolved("unknown_sku", 0)
    )


def test_a_location_that_nobody_described_is_told_once_until_it_is() -> None:
    given(product("SKU")).when(received("SKU", "STORE", 1), received("SKU", "STORE", 1)).then(
        raised("unknown_location", location="STORE")
    ).when(place("STORE"), received("SKU", "STORE", 1)).then(
        resolved("unknown_location", location="STORE"), nothing_raised()
    )


def test_a_sku_described_before_is_never_told() -> None:
    given(product("SKU"), place("STORE")).when(received("SKU", "STORE", 1)).then(nothing_raised())


def test_the_locations_that_serve_a_channel_and_the_shelves_that_are_counted_are_known_then() -> (
    None
):
    given().when(
        served_by("web", "STORE"), counted("DC", {}, whole=True), ready("Z", location="OUTLET")
    ).then(*(raised("unknown_location", location=name) for name in ("STORE", "DC", "OUTLET"))).when(
        served_by("web", "STORE"), counted("DC", {}, whole=True), ready("Z", location="OUTLET")
    ).then(raised("unknown_location", 0))


def test_what_any_fact_has_named_is_known_to_orders() -> None:
    """A location that only an early fact has named is not unknown: nothing is there, that is all."""
    given(product("SKU"), ready("Z", location="STORE")).when(order("A")).then(
        refused("A", Reason.OUT_OF_STOCK)
    )


def test_more_damaged_than_there_was_stands_until_it_is_mended() -> None:
    given(received("SKU", "STORE", 5)).when(adjusted("SKU", "STORE", -2, "damaged")).then(
        raised("discrepancy", location="STORE", sku="SKU", state="damaged", quantity=-2),
        stock("SKU", "STORE", damaged=-2),
    ).when(moved("SKU", "STORE", 1, "available", "damaged")).then(
        nothing_raised(), resolved("discrepancy", 0)
    ).when(moved("SKU", "STORE", 1, "available", "damaged")).then(
        resolved("discrepancy", location="STORE", sku="SKU", state="damaged")
    )


def test_a_count_ends_a_discrepancy() -> None:
    given(
        received("SKU", "STORE", 5), moved("SKU", "STORE", 1, "quality_control", "available")
    ).when(counted("STORE", {"SKU": 0}, state="quality_control")).then(
        resolved("discrepancy", state="quality_control")
    )


def test_both_bad_states_are_told_apart() -> None:
    given(received("SKU", "STORE", 5)).when(
        moved("SKU", "STORE", 1, "quality_control", "available"),
        moved("SKU", "STORE", 1, "damaged", "available"),
    ).then(raised("discrepancy", state="damaged"), raised("discrepancy", state="quality_control"))


@pytest.mark.parametrize(
    "ahead",
    [
        sold("SKU", "STORE", 1, at="20:00", arrives="09:00"),
        held_back("SKU", "STORE", 1, at="20:00", arrives="09:00"),
    ],
)
def test_a_fact_from_a_clock_ahead_of_ours_is_recorded_and_told_every_time(ahead: Ask) -> None:
    given(product("SKU"), place("STORE"), received("SKU", "STORE", 5)).when(ahead, ahead).then(
        raised("clock_ahead", 2)
    )


def test_a_fact_on_time_is_not_told() -> None:
    given(product("SKU"), place("STORE")).when(received("SKU", "STORE", 5), order("A")).then(
        nothing_raised(), accepted("A")
    )


def test_a_payment_that_names_another_order_than_before_is_told() -> None:
    given(received("SKU", "STORE", 5), order("A"), order("B"), paid("A", payment_id="1001")).when(
        paid("A", state="refunded", payment_id="1001")
    ).then(nothing_raised()).when(paid("B", payment_id="1001")).then(
        raised("payment_moved", order_id="B")
    )
