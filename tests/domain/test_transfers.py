"""Rule 10: stock leaves one location, is on its way, and arrives accepted, damaged or missing."""

from itertools import permutations

import pytest
from asks import Ask, adjusted, counted, held, line, order, place, product, received, released, sold
from given import (
    Check,
    Shop,
    accepted,
    given,
    happened,
    nothing_raised,
    order_line,
    raised,
    refused,
    resolved,
    stock,
    variance,
)
from moving_asks import arrived, sent, transfer, transfer_cancelled, transfer_closed

from ledger.domain.events import (
    ShortageFound,
    StockArrived,
    StockExpected,
    StockReleased,
    StockSent,
    TransferClosed,
    TransferOverdue,
)
from ledger.domain.words import Reason

TWENTY = (received("SKU", "DC", 20), place("STORE"))


def on_its_way(transfer_id: str, line_id: str = "1", **quantities: int) -> Check:
    """Quantities of a transfer's line: in_transit, lost, shipped, accepted, reserved …"""

    def holds(shop: Shop) -> None:
        found = shop.books.state.transfer_lines[(transfer_id, line_id)]
        assert {name: getattr(found, name) for name in quantities} == quantities, found

    return holds


def test_stock_is_reserved_at_its_source_until_it_leaves() -> None:
    given(*TWENTY).when(transfer("T")).then(
        accepted("T"),
        stock("SKU", "DC", on_hand=20, reserved=10, available=10),
        stock("SKU", "STORE", incoming=0),
    )


def test_what_left_is_on_its_way_and_what_arrived_is_there() -> None:
    given(*TWENTY, transfer("T")).when(sent("T", {"1": 10})).then(
        stock("SKU", "DC", on_hand=10, reserved=0, available=10),
        stock("SKU", "STORE", incoming=10, on_hand=0),
        on_its_way("T", in_transit=10, lost=0),
    ).when(arrived("T", accepted=7, damaged=2, missing=1)).then(
        stock("SKU", "STORE", incoming=0, on_hand=9, damaged=2, available=7),
        on_its_way("T", in_transit=0, lost=1),
        happened(StockArrived, quantity=9, damaged=2),
        nothing_raised(),
    )


def test_what_left_in_parts_keeps_the_rest_reserved() -> None:
    given(*TWENTY, transfer("T"), sent("T", {"1": 4})).then(
        stock("SKU", "DC", on_hand=16, reserved=6, available=10)
    ).when(sent("T", {"1": 6})).then(
        stock("SKU", "DC", on_hand=10, reserved=0), stock("SKU", "STORE", incoming=10)
    )


def test_more_than_was_asked_for_may_leave() -> None:
    given(*TWENTY, transfer("T")).when(sent("T", {"1": 13})).then(
        stock("SKU", "DC", on_hand=7, reserved=0, available=7),
        stock("SKU", "STORE", incoming=13),
        happened(StockSent, quantity=13, reserved=10),
    )


def test_what_is_missing_moves_nothing_and_is_lost_at_once() -> None:
    given(*TWENTY, transfer("T"), sent("T", {"1": 10})).when(arrived("T", missing=10)).then(
        happened(StockArrived, 0),
        stock("SKU", "STORE", on_hand=0, incoming=0),
        on_its_way("T", in_transit=0, lost=10),
    )


def test_what_was_missing_and_comes_after_all_is_lost_no_longer() -> None:
    given(*TWENTY, transfer("T"), sent("T", {"1": 10}), arrived("T", accepted=8, missing=2)).when(
        arrived("T", accepted=2)
    ).then(on_its_way("T", in_transit=0, lost=0), stock("SKU", "STORE", on_hand=10))


def test_more_than_left_is_found() -> None:
    given(*TWENTY, transfer("T"), sent("T", {"1": 10})).when(arrived("T", accepted=12)).then(
        on_its_way("T", in_transit=0, lost=-2), stock("SKU", "STORE", on_hand=12, incoming=0)
    )


def test_a_receipt_before_the_shipment_is_found_until_the_shipment_is_told() -> None:
    given(*TWENTY, transfer("T")).when(arrived("T", accepted=6)).then(
        on_its_way("T", in_transit=0, lost=-6),
        stock("SKU", "STORE", on_hand=6, incoming=0),
        stock("SKU", "DC", on_hand=20, reserved=10),
    ).when(sent("T", {"1": 10})).then(
        on_its_way("T", in_transit=4, lost=0),
        stock("SKU", "STORE", on_hand=6, incoming=4),
        stock("SKU", "DC", on_hand=10, reserved=0),
    )


def test_what_is_still_on_its_way_at_the_close_is_lost_and_the_rest_is_free() -> None:
    given(*TWENTY, transfer("T"), sent("T", {"1": 7}), arrived("T", accepted=4)).when(
        transfer_closed("T")
    ).then(
        on_its_way("T", in_transit=0, lost=3, reserved=0),
        stock("SKU", "DC", on_hand=13, reserved=0, available=13),
        stock("SKU", "STORE", on_hand=4, incoming=0),
        happened(StockReleased, quantity=3, cause="cancelled", held_for="transfer"),
    ).when(transfer_closed("T")).then(happened(TransferClosed, 0), happened(StockExpected, 0))


def test_a_transfer_closed_before_its_shipment_is_told_has_nothing_on_its_way() -> None:
    given(*TWENTY, transfer("T"), transfer_closed("T")).when(sent("T", {"1": 10})).then(
        on_its_way("T", in_transit=0, lost=10),
        stock("SKU", "DC", on_hand=10, reserved=0),
        stock("SKU", "STORE", incoming=0),
    ).when(arrived("T", accepted=10)).then(
        on_its_way("T", in_transit=0, lost=0), stock("SKU", "STORE", on_hand=10, incoming=0)
    )


FACTS = (
    sent("T", {"1": 6}, at="09:00", arrives="14:00", name="six"),
    sent("T", {"1": 5}, at="09:30", arrives="14:00", name="five"),
    arrived("T", accepted=5, damaged=2, at="11:00", arrives="14:00", name="came"),
    arrived("T", accepted=1, missing=2, at="12:00", arrives="14:00", name="rest"),
)
COUNTS = (
    counted("DC", {"SKU": 14}, at="09:15", arrives="14:00", name="count of dc"),
    counted("STORE", {"SKU": 6}, at="11:30", arrives="14:00", name="count of store"),
)


@pytest.mark.parametrize("told", list(permutations(range(4))))
def test_shipments_and_receipts_in_any_order_end_the_same(told: tuple[int, ...]) -> None:
    """Eleven left: six fit, two damaged, two missing; one is on its way, until the close."""
    facts = [FACTS[n] for n in told]
    for at in range(len(facts) + 1):
        first = [*TWENTY, *facts[:at], transfer("T", arrives="14:30", at="08:30"), *facts[at:]]
        given(*first).then(
            on_its_way("T", shipped=11, accepted=6, damaged=2, missing=2, in_transit=1, lost=2),
            stock("SKU", "DC", on_hand=9, reserved=0, available=9),
            stock("SKU", "STORE", on_hand=8, damaged=2, available=6, incoming=1),
        )


@pytest.mark.parametrize("told", list(permutations(range(5))))
def test_a_close_among_them_in_any_order_leaves_nothing_on_its_way(told: tuple[int, ...]) -> None:
    facts = [*FACTS, transfer_closed("T", at="13:00", arrives="14:00", name="close")]
    arrivals = [facts[n] for n in told]
    given(*TWENTY, *arrivals[:2], transfer("T"), *arrivals[2:]).then(
        on_its_way("T", in_transit=0, lost=3, reserved=0),
        stock("SKU", "DC", on_hand=9, reserved=0, available=9),
        stock("SKU", "STORE", on_hand=8, damaged=2, available=6, incoming=0),
    )


COUNTED = (FACTS[0], FACTS[2], *COUNTS, transfer("T", at="13:00", arrives="14:00"))


@pytest.mark.parametrize("told", list(permutations(range(5))))
def test_counts_at_both_ends_anchor_what_left_and_came_before_them(told: tuple[int, ...]) -> None:
    """The goods left at nine and came at eleven, whenever that was told, or the transfer known."""
    given(received("SKU", "DC", 20, at="08:05"), place("STORE")).when(
        *(COUNTED[n] for n in told)
    ).then(
        stock("SKU", "DC", on_hand=14),
        variance("DC", "SKU", "09:15", 0),
        stock("SKU", "STORE", on_hand=6, damaged=2),
        variance("STORE", "SKU", "11:30", -1),
    )


@pytest.mark.parametrize(
    "early", [sent("T", {"1": 1}), arrived("T", accepted=1), transfer_closed("T")]
)
def test_what_is_told_of_an_unknown_transfer_waits_for_it(early: Ask) -> None:
    given(*TWENTY).when(early).then(
        raised("unlinked", subject="transfer/T"), stock("SKU", "DC", on_hand=20)
    ).when(transfer("T")).then(accepted("T"), resolved("unlinked", subject="transfer/T"))


def test_an_unknown_line_waits_and_the_known_one_leaves() -> None:
    given(*TWENTY, transfer("T")).when(sent("T", {"1": 2, "9": 3})).then(
        raised("unlinked", subject="transfer/T"), stock("SKU", "DC", on_hand=18)
    )


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (transfer("T", name="again"), Reason.ID_TAKEN),
        (transfer("N", ends=("NOWHERE", "STORE")), Reason.UNKNOWN_LOCATION),
        (transfer("N", ends=("DC", "NOWHERE")), Reason.UNKNOWN_LOCATION),
        (transfer("N", {"1": ("NOTHING", 1)}), Reason.UNKNOWN_SKU),
        (transfer("N", ends=("DC", "SHUT")), Reason.LOCATION_INACTIVE),
        (transfer("N", ends=("SHUT", "STORE")), Reason.LOCATION_INACTIVE),
        (transfer("N", {"1": ("SKU", 16)}), Reason.OUT_OF_STOCK),
        (transfer("T", {"1": ("NOTHING", 99)}, ("NOWHERE", "SHUT"), name="all"), Reason.ID_TAKEN),
        (transfer("N", {"1": ("NOTHING", 99)}, ("NOWHERE", "SHUT")), Reason.UNKNOWN_LOCATION),
        (transfer("N", {"1": ("NOTHING", 9)}, ("DC", "SHUT")), Reason.UNKNOWN_SKU),
        (transfer("N", {"1": ("SKU", 99)}, ("DC", "SHUT")), Reason.LOCATION_INACTIVE),
    ],
)
def test_a_transfer_is_refused_for_the_first_reason_that_holds(asked: Ask, reason: Reason) -> None:
    told = (place("SHUT", active=False), product("SKU"), transfer("T", {"1": ("SKU", 5)}))
    given(*TWENTY, *told).when(asked).then(
        refused(asked.name or "", reason), stock("SKU", "DC", reserved=5)
    )


def test_two_lines_of_one_sku_are_summed_before_they_are_held_against_the_shelf() -> None:
    lines = {"1": ("SKU", 11), "2": ("SKU", 10)}
    given(*TWENTY).when(transfer("T", lines)).then(
        refused(
            "T",
            Reason.OUT_OF_STOCK,
            {"line_id": "1", "asked": 21, "available": 20, "location": "DC"},
            {"line_id": "2", "asked": 21, "available": 20},
        ),
        stock("SKU", "DC", reserved=0),
    ).when(transfer("U", {"1": ("SKU", 11), "2": ("SKU", 9)})).then(
        accepted("U"), stock("SKU", "DC", reserved=20, available=0)
    )


def test_what_is_promised_or_held_back_is_not_sent_elsewhere() -> None:
    given(*TWENTY, order("A", line("1", quantity=15, location="DC"))).when(transfer("T")).then(
        refused("T", Reason.OUT_OF_STOCK, {"asked": 10, "available": 5})
    )


def test_a_transfer_that_is_not_needed_gives_back_what_it_reserved() -> None:
    given(*TWENTY, transfer("T")).when(transfer_cancelled("T")).then(
        stock("SKU", "DC", reserved=0, available=20), happened(StockReleased, cause="cancelled")
    )


@pytest.mark.parametrize(
    "moved", [sent("T", {"1": 1}), arrived("T", accepted=1), arrived("T", missing=1)]
)
def test_a_transfer_of_which_something_left_is_not_cancelled_but_closed(moved: Ask) -> None:
    given(*TWENTY, transfer("T"), moved).when(transfer_cancelled("T", name="no")).then(
        refused("no", Reason.ALREADY_LEFT, {"line_id": "1", "asked": 10})
    )


@pytest.mark.parametrize("ended", [transfer_cancelled("T"), transfer_closed("T")])
def test_nothing_is_left_to_cancel_of_a_transfer_that_ended(ended: Ask) -> None:
    given(*TWENTY, transfer("T"), ended).when(transfer_cancelled("T", name="no")).then(
        refused("no", Reason.ALREADY_LEFT, {"line_id": "1", "available": 0})
    )


def test_an_unknown_transfer_cannot_be_cancelled() -> None:
    given(*TWENTY).when(transfer_cancelled("T", name="no")).then(
        refused("no", Reason.UNKNOWN_TRANSFER)
    )


def test_what_left_after_the_cancellation_is_on_its_way_all_the_same() -> None:
    given(*TWENTY, transfer("T"), transfer_cancelled("T")).when(sent("T", {"1": 4})).then(
        stock("SKU", "DC", on_hand=16, reserved=0), stock("SKU", "STORE", incoming=4)
    ).when(arrived("T", accepted=4)).then(stock("SKU", "STORE", on_hand=4, incoming=0))


def test_a_shortage_takes_from_holds_then_from_transfers_then_from_orders() -> None:
    """Rule 1."""
    given(
        *TWENTY,
        order("A", line("1", quantity=5, location="DC")),
        transfer("T"),
        held("cart", ("1", "SKU", 3), location="DC"),
    ).when(adjusted("SKU", "DC", -6)).then(
        happened(ShortageFound, quantity=4),
        happened(StockReleased, held_for="hold", quantity=3, cause="short"),
        happened(StockReleased, held_for="transfer", holder="T", quantity=1, cause="short"),
        on_its_way("T", reserved=9),
        order_line("A", short=0),
    ).when(sent("T", {"1": 10})).then(
        happened(StockSent, quantity=10, reserved=9),
        stock("SKU", "DC", on_hand=4, reserved=0, committed=5, shortage=1),
        order_line("A", short=1),
    ).when(released("cart")).then(nothing_raised())


def test_what_a_cut_transfer_still_reserves_is_free_when_it_is_cancelled() -> None:
    """Odoo #62139: "cannot unreserve more than in stock"."""
    given(*TWENTY, transfer("T"), sold("SKU", "DC", 18)).then(on_its_way("T", reserved=2)).when(
        transfer_cancelled("T")
    ).then(stock("SKU", "DC", on_hand=2, reserved=0, available=2))


def test_what_a_transfer_gives_back_goes_to_those_that_wait() -> None:
    given(
        *TWENTY, transfer("T", {"1": ("SKU", 20)}), order("A", allow_backorder=True, lines=(line("1", location="DC", quantity=3),))
    ).then(order_line("A", backordered=3)).when(transfer_cancelled("T")).then(
        order_line("A", backordered=0, committed=3)
    )  # fmt: skip


def test_a_transfer_that_is_not_there_when_its_day_is_over_is_told() -> None:
    shop = given(*TWENTY, transfer("T", due="2026-03-01"), sent("T", {"1": 10}))
    shop.when(arrived("T", accepted=9)).wait_until("2/00:00").then(happened(TransferOverdue, 1))
    shop.then(stock("SKU", "STORE", incoming=1))


@pytest.mark.parametrize(
    "ended",
    [
        (sent("T", {"1": 10}), arrived("T", accepted=8, missing=2)),
        (sent("T", {"1": 10}), transfer_closed("T")),
        (transfer_cancelled("T"),),
    ],
)
def test_a_transfer_that_is_all_there_or_ended_is_never_overdue(ended: tuple[Ask, ...]) -> None:
    shop = given(*TWENTY, transfer("T", due="2026-03-01"), *ended)
    shop.wait_until("2/12:00").then(happened(TransferOverdue, 0))


def test_a_transfer_whose_day_is_over_when_it_is_asked_for_is_overdue_at_once() -> None:
    given(*TWENTY).when(transfer("T", due="2026-02-28")).then(
        accepted("T"), happened(TransferOverdue, 1)
    )


def test_what_is_on_its_way_is_promised_by_its_day() -> None:
    given(*TWENTY, transfer("T", due="2026-03-03"), sent("T", {"1": 10})).when(
        order("A", line("1", quantity=4), allow_backorder=True)
    ).then(order_line("A", backordered=4)).when(arrived("T", accepted=10)).then(
        order_line("A", backordered=0, committed=4), stock("SKU", "STORE", available=6)
    )
