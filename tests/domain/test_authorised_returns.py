"""Rule 5: returns that are authorised, handed in anywhere, and decided about, also again."""

from itertools import permutations

import pytest
from asks import (
    Ask,
    cancel,
    change,
    collected,
    counted,
    line,
    order,
    received,
    returned,
    service,
    shipment_voided,
    shipped,
    sold,
)
from given import (
    Check,
    Shop,
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
from moving_asks import handed_in, inspected, may_come_back

from ledger.domain.events import (
    LineReturned,
    ReturnInspected,
    ReturnReceived,
    StockMoved,
    StockReturned,
    StockWrittenOut,
)
from ledger.domain.words import Reason

THREE_LEFT = (
    received("SKU", "STORE", 5),
    order("A", line("1", quantity=3)),
    shipped("A", {"1": 3}),
)
AUTHORISED = (*THREE_LEFT, may_come_back("R", {"1": 2}, order_id="A"))


def still_to_come(return_id: str, quantity: int, line_id: str = "1") -> Check:
    """What may still come back under a return."""

    def holds(shop: Shop) -> None:
        assert shop.books.state.return_lines[(return_id, line_id)].open == quantity

    return holds


def test_a_return_that_is_authorised_moves_nothing_yet() -> None:
    given(*THREE_LEFT).when(may_come_back("R", {"1": 2}, order_id="A")).then(
        accepted("R"),
        stock("SKU", "STORE", on_hand=2, available=2),
        order_line("A", returned=0, authorised=2),
        still_to_come("R", 2),
        labelled("A", "fulfilled"),
    )


def test_goods_of_a_sale_at_the_till_may_come_back_too() -> None:
    given(received("SKU", "STORE", 5), sold("SKU", "STORE", 2, name="S")).when(
        may_come_back("R", {"1": 2}, sale="S"), handed_in("R", 2, "restock")
    ).then(
        stock("SKU", "STORE", on_hand=5, available=5),
        order_line("sale:till:S", returned=2, authorised=0),
        labelled("sale:till:S", "returned"),
    )


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (may_come_back("R", order_id="A", name="no"), Reason.ID_TAKEN),
        (may_come_back("N", order_id="B", name="no"), Reason.UNKNOWN_ORDER),
        (may_come_back("N", sale="nobody", name="no"), Reason.UNKNOWN_ORDER),
        (may_come_back("N", {"9": 1}, order_id="A", name="no"), Reason.UNKNOWN_LINE),
        (may_come_back("N", {"1": 9, "9": 1}, order_id="A", name="no"), Reason.UNKNOWN_LINE),
        (may_come_back("R", {"9": 9}, order_id="B", name="no"), Reason.ID_TAKEN),
        (may_come_back("N", {"1": 2}, order_id="A", name="no"), Reason.BEYOND_QUANTITY),
    ],
)
def test_a_return_is_refused_for_the_first_reason_that_holds(asked: Ask, reason: Reason) -> None:
    given(*AUTHORISED).when(asked).then(
        refused("no", reason), order_line("A", authorised=2), nothing_raised()
    )


def test_no_more_may_come_back_than_left_and_is_not_back_or_on_its_way_back() -> None:
    """Three left, one is back without a return, one is authorised: one more may be."""
    given(
        *THREE_LEFT, returned("SKU", "STORE", 1, order_id="A"), may_come_back("R", order_id="A")
    ).when(may_come_back("S", {"1": 2}, order_id="A")).then(
        refused("S", Reason.BEYOND_QUANTITY, {"line_id": "1", "sku": "SKU", "asked": 2, "available": 1})
    ).when(may_come_back("T", {"1": 1}, order_id="A")).then(accepted("T"))  # fmt: skip


def test_what_has_come_back_is_authorised_no_longer_and_does_not_count_twice() -> None:
    given(*AUTHORISED).when(handed_in("R", 2), may_come_back("S", {"1": 2}, order_id="A")).then(
        refused("S", Reason.BEYOND_QUANTITY, {"asked": 2, "available": 1})
    ).when(may_come_back("T", {"1": 1}, order_id="A")).then(accepted("T"))


def test_only_what_left_may_come_back() -> None:
    given(received("SKU", "STORE", 5), order("A", line("1", quantity=3)), shipped("A")).when(
        may_come_back("R", {"1": 2}, order_id="A")
    ).then(refused("R", Reason.BEYOND_QUANTITY, {"asked": 2, "available": 1}))


def test_a_service_cannot_come_back() -> None:
    given(
        received("SKU", "STORE", 5),
        order("A", line("1"), service("2")),
        shipped("A", {"1": 1, "2": 1}),
    ).when(may_come_back("R", {"1": 1, "2": 1}, order_id="A")).then(
        refused("R", Reason.BEYOND_QUANTITY, {"line_id": "2", "asked": 1, "available": 0})
    )


@pytest.mark.parametrize(
    ("disposition", "there"),
    [
        ("restock", {"on_hand": 4, "available": 4}),
        ("quality_control", {"on_hand": 4, "quality_control": 2, "available": 2}),
        ("damaged", {"on_hand": 4, "damaged": 2, "available": 2}),
        ("scrap", {"on_hand": 2, "available": 2}),
        ("return_to_vendor", {"on_hand": 2, "available": 2}),
        ("missing", {"on_hand": 2, "available": 2}),
    ],
)
def test_goods_are_stocked_as_their_disposition_says(
    disposition: str, there: dict[str, int]
) -> None:
    """Saleor #16667; reactioncommerce #3678: a return changed nothing, or always restocked."""
    missing = disposition == "missing"
    given(*AUTHORISED).when(handed_in("R", 2, disposition)).then(
        stock("SKU", "STORE", **there),
        order_line("A", returned=0 if missing else 2, authorised=2 if missing else 0),
        still_to_come("R", 2 if missing else 0),
        happened(ReturnReceived, return_id="R", location="STORE"),
        happened(StockReturned, 0 if missing else 1, return_id="R", order_id="A"),
        happened(StockWrittenOut, int(disposition in {"scrap", "return_to_vendor"})),
        happened(LineReturned, 0 if missing else 1, named=True, return_id="R"),
        nothing_raised(),
    )


def test_goods_wait_for_a_check_unless_it_is_said_what_they_are() -> None:
    given(*AUTHORISED).when(handed_in("R")).then(stock("SKU", "STORE", quality_control=1))


def test_goods_are_stocked_where_they_are_handed_in() -> None:
    """Spree PR #4324: restocked where they had been sold. Also where the sku never was."""
    given(*AUTHORISED).when(handed_in("R", 2, "restock", "OUTLET")).then(
        stock("SKU", "OUTLET", on_hand=2, available=2), stock("SKU", "STORE", on_hand=2)
    )


def test_what_comes_back_goes_to_those_that_wait() -> None:
    given(
        received("SKU", "STORE", 1), order("A"), shipped("A"), may_come_back("R", order_id="A")
    ).when(order("B", allow_backorder=True), handed_in("R")).then(
        order_line("B", backordered=1)
    ).when(inspected("R", 1, "restock")).then(
        order_line("B", backordered=0, committed=1), stock("SKU", "STORE", available=0)
    )


def test_scrap_is_never_promised_to_those_that_wait() -> None:
    given(
        received("SKU", "STORE", 1), order("A"), shipped("A"), may_come_back("R", order_id="A")
    ).when(order("B", allow_backorder=True), handed_in("R", 1, "scrap")).then(
        order_line("B", backordered=1), stock("SKU", "STORE", on_hand=0, available=0)
    )


def test_goods_of_a_return_that_nobody_authorised_yet_are_on_the_shelf_and_told() -> None:
    given(*THREE_LEFT).when(handed_in("R", 1, "restock")).then(
        stock("SKU", "STORE", on_hand=3, available=3),
        raised("unlinked", subject="return/R"),
        order_line("A", returned=0),
        happened(ReturnReceived, 0),
    ).when(may_come_back("R", {"1": 2}, order_id="A")).then(
        accepted("R"),
        resolved("unlinked", subject="return/R"),
        stock("SKU", "STORE", on_hand=3),
        happened(StockReturned, 0),
        happened(ReturnReceived, 1),
        order_line("A", returned=1, authorised=1),
        still_to_come("R", 1),
    )


def test_more_handed_in_than_authorised_is_recorded_and_told_beyond_what_left() -> None:
    given(*AUTHORISED).when(handed_in("R", 3, "restock")).then(
        order_line("A", returned=3, authorised=0), still_to_come("R", 0), nothing_raised()
    ).when(handed_in("R", 1, "restock")).then(
        stock("SKU", "STORE", on_hand=6),
        raised("over_returned", order_id="A", line_id="1", quantity=1),
    )


def test_another_line_of_the_order_may_be_in_the_parcel() -> None:
    """It is counted on the order's line, though it was not authorised."""
    given(
        received("SKU", "STORE", 5),
        order("A", line("1"), line("2")),
        shipped("A", {"1": 1, "2": 1}),
        may_come_back("R", {"1": 1}, order_id="A"),
    ).when(handed_in("R", 1, "restock", line_id="2")).then(
        order_line("A", "2", returned=1, authorised=0),
        still_to_come("R", 1),
        nothing_raised(),
        stock("SKU", "STORE", on_hand=4),
    )


def test_a_line_that_the_order_does_not_have_waits_until_it_has_it() -> None:
    given(*AUTHORISED).when(handed_in("R", 1, "restock", line_id="9")).then(
        stock("SKU", "STORE", on_hand=3), raised("unlinked", order_id="A")
    ).when(change("A", line("9")), shipped("A", {"9": 1}, shipment_id="second")).then(
        resolved("unlinked", order_id="A"),
        order_line("A", "9", returned=1),
        stock("SKU", "STORE", on_hand=2),
    )


def test_another_sku_than_was_ordered_is_stocked_as_what_it_is() -> None:
    """A fact moves what it names; the order's line says that something came back for it."""
    given(*AUTHORISED).when(handed_in("R", 1, "restock", sku="OTHER")).then(
        stock("OTHER", "STORE", on_hand=1), stock("SKU", "STORE", on_hand=2),
        order_line("A", returned=1),
    )  # fmt: skip


def test_goods_that_did_not_leave_after_all_and_came_back_are_told() -> None:
    given(*AUTHORISED, handed_in("R", 2, "restock")).when(shipment_voided("A")).then(
        raised("over_returned", order_id="A", quantity=2), order_line("A", left=0, returned=2)
    )


@pytest.mark.parametrize(
    ("after", "there"),
    [
        ("restock", {"on_hand": 4, "quality_control": 0, "available": 4}),
        ("damaged", {"on_hand": 4, "quality_control": 0, "damaged": 2, "available": 2}),
        ("scrap", {"on_hand": 2, "quality_control": 0, "available": 2}),
        ("return_to_vendor", {"on_hand": 2, "quality_control": 0, "available": 2}),
        ("missing", {"on_hand": 2, "quality_control": 0, "available": 2}),
    ],
)
def test_what_is_decided_about_goods_moves_them(after: str, there: dict[str, int]) -> None:
    kept = after in {"restock", "damaged"}
    given(*AUTHORISED, handed_in("R", 2)).when(inspected("R", 2, after)).then(
        stock("SKU", "STORE", **there),
        happened(StockMoved, int(kept)),
        happened(StockWrittenOut, int(not kept), state="quality_control", quantity=2),
        happened(ReturnInspected, return_id="R"),
        order_line("A", returned=2),
        nothing_raised(),
    )


@pytest.mark.parametrize("first", ["scrap", "return_to_vendor", "missing"])
@pytest.mark.parametrize(
    ("second", "there"),
    [
        ("restock", {"on_hand": 4, "available": 4, "damaged": 0}),
        ("damaged", {"on_hand": 4, "available": 2, "damaged": 2}),
        ("quality_control", {"on_hand": 4, "available": 2, "quality_control": 2}),
    ],
)
def test_what_was_given_up_can_be_decided_again(
    first: str, second: str, there: dict[str, int]
) -> None:
    given(*AUTHORISED, handed_in("R", 2), inspected("R", 2, first)).when(
        inspected("R", 2, second, first)
    ).then(stock("SKU", "STORE", **there), happened(StockWrittenOut, quantity=-2, cause=first))


def test_what_was_scrapped_may_have_gone_to_the_vendor_instead() -> None:
    given(*AUTHORISED, handed_in("R", 2, "scrap")).when(
        inspected("R", 2, "return_to_vendor", "scrap")
    ).then(
        happened(StockWrittenOut, quantity=-2, cause="scrap"),
        happened(StockWrittenOut, quantity=2, cause="return_to_vendor"),
        stock("SKU", "STORE", on_hand=2, available=2),
    )


def test_more_inspected_than_lies_there_is_recorded_and_told_until_mended() -> None:
    given(*AUTHORISED, handed_in("R", 1)).when(inspected("R", 2, "restock")).then(
        stock("SKU", "STORE", on_hand=3, quality_control=-1, available=3),
        raised("discrepancy", state="quality_control", quantity=-1),
    ).when(handed_in("R", 1)).then(
        resolved("discrepancy", state="quality_control"),
        stock("SKU", "STORE", on_hand=4, quality_control=0, available=4),
    )


def test_what_is_decided_about_an_unknown_return_moves_at_once_and_waits_for_it() -> None:
    given(*THREE_LEFT, handed_in("R", 1)).when(inspected("R", 1, "restock")).then(
        stock("SKU", "STORE", on_hand=3, quality_control=0, available=3),
        raised("unlinked", subject="return/R"),
        happened(ReturnInspected, 0),
    ).when(may_come_back("R", {"1": 1}, order_id="A")).then(
        resolved("unlinked", 2, subject="return/R"),
        happened(ReturnReceived, 1),
        happened(ReturnInspected, 1),
        happened(StockMoved, 0),
        stock("SKU", "STORE", on_hand=3, available=3),
    )


def test_goods_written_off_from_under_a_promise_leave_it_short() -> None:
    given(
        received("SKU", "STORE", 1), order("A"), shipped("A"), may_come_back("R", order_id="A")
    ).when(handed_in("R", 1, "restock"), order("B"), inspected("R", 1, "scrap", "restock")).then(
        order_line("B", committed=1, short=1), labelled("B", "on_hold")
    )


FACTS = (
    shipped("A", {"1": 3}, at="08:30", arrives="12:00"),
    handed_in("R", 2, "quality_control", at="09:00", arrives="12:00"),
    inspected("R", 1, "restock", at="09:30", arrives="12:00"),
    inspected("R", 1, "scrap", at="09:40", arrives="12:00"),
    counted("STORE", {"SKU": 4}, at="09:10", arrives="12:00"),
)


@pytest.mark.parametrize("told", list(permutations(range(5))))
def test_what_is_told_of_a_return_in_any_order_ends_the_same(told: tuple[int, ...]) -> None:
    """Rule 13: five there, three left, two came back; at ten past nine all four were counted."""
    given(received("SKU", "STORE", 5, at="08:05"), order("A", line("1", quantity=3))).when(
        *(FACTS[n] for n in told), may_come_back("R", {"1": 2}, order_id="A")
    ).then(
        stock("SKU", "STORE", on_hand=3, quality_control=0, available=3),
        variance("STORE", "SKU", "09:10", 0),
        order_line("A", returned=2, authorised=0, shipped=3),
        still_to_come("R", 0),
    )


def test_cancelling_and_authorising_compensate_each_for_its_own_part() -> None:
    """Magento inventory #1849, #1878, #2859: compensation was doubled or missing."""
    given(
        received("SKU", "STORE", 5), order("A", line("1", quantity=3)), collected("A", {"1": 2})
    ).when(
        cancel("A"),
        may_come_back("R", {"1": 2}, order_id="A"),
        handed_in("R", 2, "restock", name="back"),
        handed_in("R", 2, "restock", name="back"),
        cancel("A", name="again"),
    ).then(
        refused("again", Reason.ALREADY_LEFT),
        stock("SKU", "STORE", on_hand=5, committed=0, available=5),
        order_line("A", cancelled=1, collected=2, returned=2),
        labelled("A", "returned"),
    )
