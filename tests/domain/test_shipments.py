"""Rules 4 and 11: a voided shipment never left; its goods and its promise are as before."""

import pytest
from asks import (
    Ask,
    cancel,
    change,
    counted,
    declined,
    line,
    order,
    picked,
    received,
    service,
    shipment_voided,
    shipped,
)
from given import (
    accepted,
    given,
    happened,
    labelled,
    nothing_raised,
    order_line,
    raised,
    refused,
    resolved,
    stock,
    variance,
)

from ledger.domain.events import ShipmentVoided, StockCommitted, StockShipmentVoided, StockShipped
from ledger.domain.words import Reason


def many(quantity: int = 2) -> tuple[Ask, Ask]:
    """Nine in the store, some of them promised to order A."""
    return received("SKU", "STORE", 9), order("A", line("1", quantity=quantity))


def test_a_parcel_that_never_left_is_back_and_promised_again() -> None:
    given(*many(), shipped("A", {"1": 2})).when(shipment_voided("A")).then(
        happened(StockShipmentVoided, quantity=2, shipment_id="parcel"),
        happened(ShipmentVoided, quantity=2),
        stock("SKU", "STORE", on_hand=9, committed=2, available=7),
        order_line("A", shipped=0, committed=2),
        labelled("A", "open"),
        nothing_raised(),
    )


def test_a_part_of_a_parcel_may_have_stayed() -> None:
    given(*many(3), shipped("A", {"1": 3})).when(shipment_voided("A", {"1": 1})).then(
        stock("SKU", "STORE", on_hand=7, committed=1),
        order_line("A", shipped=2, committed=1),
        labelled("A", "partially_fulfilled"),
    ).when(shipment_voided("A")).then(
        stock("SKU", "STORE", on_hand=9, committed=3), order_line("A", shipped=0)
    )


def test_a_void_takes_from_what_was_too_much_first() -> None:
    given(*many(2), shipped("A", {"1": 5})).then(raised("overshipped", quantity=3)).when(
        shipment_voided("A", {"1": 2})
    ).then(order_line("A", excess=1, left=2, committed=0), resolved("overshipped", 0)).when(
        shipment_voided("A", {"1": 1})
    ).then(order_line("A", excess=0, left=2, committed=0), resolved("overshipped")).when(
        shipment_voided("A", {"1": 1})
    ).then(order_line("A", left=1, committed=1), stock("SKU", "STORE", on_hand=8, committed=1))


def test_what_was_shipped_after_a_cancellation_is_cancelled_again() -> None:
    given(*many(4), cancel("A", lines={"1": 3}), shipped("A", {"1": 3})).then(
        order_line("A", cancelled=1, left=3)
    ).when(shipment_voided("A", {"1": 2})).then(
        order_line("A", cancelled=3, left=1, committed=0), stock("SKU", "STORE", committed=0)
    ).when(shipment_voided("A", {"1": 1})).then(
        order_line("A", cancelled=3, left=0, committed=1), stock("SKU", "STORE", committed=1)
    )


def test_a_void_takes_effect_when_the_parcel_was_said_to_have_left() -> None:
    """The count at ten found both, for they had never left."""
    given(
        received("SKU", "STORE", 5, at="08:10"),
        order("A", line("1", quantity=2), at="08:20"),
        shipped("A", {"1": 2}, at="09:00"),
        counted("STORE", {"SKU": 5}, at="10:00"),
    ).then(variance("STORE", "SKU", "10:00", 2)).when(shipment_voided("A", at="11:00")).then(
        variance("STORE", "SKU", "10:00", 0), stock("SKU", "STORE", on_hand=5, committed=2)
    )


def test_a_void_told_before_its_parcel_waits_for_it() -> None:
    given(*many()).when(shipment_voided("A")).then(
        raised("unlinked", subject="shipment/A/parcel"), stock("SKU", "STORE", on_hand=9)
    ).when(shipped("A", {"1": 2}, shipment_id="other")).then(resolved("unlinked", 0)).when(
        shipped("A", {"1": 1})
    ).then(
        resolved("unlinked", subject="shipment/A/parcel"),
        order_line("A", shipped=2, excess=0),
        stock("SKU", "STORE", on_hand=7, committed=0),
    )


def test_a_void_and_its_parcel_may_both_come_before_their_order() -> None:
    given(received("SKU", "STORE", 9), shipment_voided("A"), shipped("A", {"1": 2})).when(
        order("A", line("1", quantity=2))
    ).then(
        resolved("unlinked", 2),
        order_line("A", shipped=0, committed=2),
        stock("SKU", "STORE", on_hand=9, committed=2),
    )


def test_a_void_beyond_what_left_takes_back_what_did_and_waits_with_the_rest() -> None:
    given(*many(3), shipped("A", {"1": 1})).when(shipment_voided("A", {"1": 2})).then(
        order_line("A", shipped=0, committed=3),
        stock("SKU", "STORE", on_hand=9),
        raised("unlinked", subject="shipment/A/parcel"),
    ).when(shipped("A", {"1": 2})).then(
        resolved("unlinked"), order_line("A", shipped=1, committed=2), nothing_raised()
    )


def test_a_parcel_that_is_voided_twice_comes_back_once() -> None:
    given(*many(), shipped("A", {"1": 2})).when(shipment_voided("A"), shipment_voided("A")).then(
        happened(StockShipmentVoided, 1),
        raised("over_voided", order_id="A"),
        stock("SKU", "STORE", on_hand=9, committed=2),
    ).when(shipped("A", {"1": 2})).then(order_line("A", shipped=2), nothing_raised())


def test_a_void_of_a_line_that_was_not_in_the_parcel_waits() -> None:
    given(received("SKU", "STORE", 9), order("A", line("1"), line("2")), shipped("A")).when(
        shipment_voided("A", {"1": None, "2": None})
    ).then(order_line("A", "1", shipped=0), raised("unlinked")).when(shipped("A", {"2": 1})).then(
        order_line("A", "2", shipped=0, committed=1), stock("SKU", "STORE", on_hand=9, committed=2)
    )


def test_a_whole_parcel_is_voided_with_the_lines_that_its_order_does_not_have_yet() -> None:
    given(*many(1), shipped("A", {"1": 1, "9": 1})).when(shipment_voided("A")).then(
        order_line("A", shipped=0)
    ).when(change("A", line("9"))).then(
        order_line("A", "9", shipped=0, committed=1), stock("SKU", "STORE", on_hand=9, committed=2)
    )


def test_of_two_parcels_with_one_number_the_void_takes_the_one_of_its_location() -> None:
    given(*many(2), received("SKU", "DC", 5), shipped("A"), shipped("A", location="DC")).when(
        shipment_voided("A", location="DC")
    ).then(
        stock("SKU", "DC", on_hand=5, committed=1),
        stock("SKU", "STORE", on_hand=8, committed=0),
        order_line("A", shipped=1, committed=1),
    )


@pytest.mark.parametrize("late", [True, False])
def test_of_two_parcels_with_one_number_the_first_never_left_whichever_is_told_first(
    late: bool,  # noqa: FBT001 - one of two orders of arrival
) -> None:
    """A count between them sees the same, though the first was told only after the void."""
    first = shipped("A", at="09:00", arrives="12:30" if late else "09:00")
    between = counted("STORE", {"SKU": 9}, at="10:00", arrives="10:00")
    second = shipped("A", at="11:00", arrives="11:00")
    void = shipment_voided("A", {"1": 1}, at="12:00", arrives="12:00")
    facts = (between, second, void, first) if late else (first, between, second, void)
    given(*many(2)).when(*facts).then(
        order_line("A", shipped=1, committed=1),
        stock("SKU", "STORE", on_hand=8, committed=1),
        variance("STORE", "SKU", "10:00", 0),
    )


def test_a_parcel_is_promised_again_where_it_stands() -> None:
    """It had left from another location than the one that had promised it."""
    given(*many(2), received("SKU", "DC", 5), shipped("A", {"1": 2}, location="DC")).when(
        shipment_voided("A", {"1": 1}, location="DC"), shipment_voided("A", location="DC")
    ).then(
        happened(StockCommitted, 2, location="DC", quantity=1),
        stock("SKU", "DC", on_hand=5, committed=2),
        stock("SKU", "STORE", committed=0),
        order_line("A", committed=2, picked=0, ready=0),
        labelled("A", "open"),
    )


def test_a_picked_parcel_that_never_left_stands_there_picked() -> None:
    given(*many(2), picked("A", {"1": 2}), shipped("A", {"1": 2})).when(shipment_voided("A")).then(
        order_line("A", picked=2, committed=2)
    )


def test_a_voided_parcel_may_be_cancelled_like_any_order() -> None:
    given(*many(2), shipped("A", {"1": 2})).when(
        cancel("A", name="early"), shipment_voided("A"), cancel("A", name="late")
    ).then(
        refused("early", Reason.ALREADY_LEFT),
        accepted("late"),
        stock("SKU", "STORE", on_hand=9, committed=0),
    )


def test_a_service_in_a_voided_parcel_moves_no_stock() -> None:
    given(received("SKU", "STORE", 9), order("A", line("1"), service("2"))).when(
        shipped("A", {"1": 1, "2": 1}), shipment_voided("A")
    ).then(
        happened(StockShipped, 1),
        happened(StockShipmentVoided, 1),
        order_line("A", "2", shipped=0),
        labelled("A", "open"),
    )


def test_a_void_that_brings_back_what_somebody_else_was_promised_leaves_nobody_short() -> None:
    given(received("SKU", "STORE", 1), order("A"), shipped("A")).when(
        order("B", name="early"), shipment_voided("A"), order("B", name="late")
    ).then(
        refused("early", Reason.OUT_OF_STOCK),
        refused("late", Reason.OUT_OF_STOCK),
        stock("SKU", "STORE", on_hand=1, committed=1, shortage=0),
    )


def test_a_parcel_beyond_a_line_that_waits_for_goods_takes_that_along_and_a_void_gives_it_back() -> (
    None
):
    given(
        received("SKU", "STORE", 1), order("A", line("1", quantity=3), allow_backorder=True)
    ).then(order_line("A", committed=1, backordered=2)).when(shipped("A", {"1": 2})).then(
        order_line("A", committed=0, backordered=1, shipped=2)
    ).when(shipment_voided("A")).then(order_line("A", committed=1, backordered=2, shipped=0))


def test_a_decline_that_waited_for_its_order_lacked_the_goods_when_it_was_told() -> None:
    """The count at ten had seen it, though the order came at eleven."""
    given(
        received("SKU", "STORE", 5, at="09:00"),
        declined("A", "STORE", "not_found", {"1": 1}, at="09:30"),
        counted("STORE", {"SKU": 4}, at="10:00"),
    ).when(order("A", at="11:00")).then(
        stock("SKU", "STORE", on_hand=4), variance("STORE", "SKU", "10:00", 0)
    )
