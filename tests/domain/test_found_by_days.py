"""What the simulated days found, each as short as it could be told (docs/simulation-report.md)."""

from asks import buffered, line, order, reassigned, received, shipment_voided, shipped, sold
from given import accepted, given, happened, order_line, refused, stock
from moving_asks import delivery, expected, sent, transfer, transfer_cancelled
from where import wanted

from ledger.domain.events import BackorderOverdue, OrderLineBackordered, TransferOverdue
from ledger.domain.words import Reason


def test_a_backorder_of_which_something_left_meanwhile_is_filled_by_the_rest_only() -> None:
    given(
        received("SKU", "STORE", 1), sold("SKU", "STORE", 1),
        order("A", line("1", quantity=4), allow_backorder=True),
        sold("SKU", "ELSEWHERE", 1, fulfils=("A", "1")),
    ).when(received("SKU", "STORE", 3)).then(
        order_line("A", committed=3, backordered=0, collected=1), stock("SKU", "STORE", committed=3)
    )  # fmt: skip


def test_who_is_backordered_for_one_shelf_gets_what_became_free_on_another() -> None:
    given(
        received("SKU", "HERE", 1), received("RED", "HERE", 1),
        order("B", wanted("1"), wanted("2", "RED"), allow_backorder=True),
        received("SKU", "THERE", 2),
        order("A", wanted("1", quantity=2)),
    ).when(shipped("A", {"1": 2}, "HERE")).then(
        happened(OrderLineBackordered, 1),
        order_line("B", committed=1, backordered=0),
        stock("SKU", "THERE", committed=1, available=1),
    )  # fmt: skip


def test_what_waits_again_since_its_parcel_never_left_is_not_told_overdue_twice() -> None:
    given(
        received("SKU", "STORE", 1), sold("SKU", "STORE", 1),
        expected("po", {"1": ("SKU", 5)}, due="2026-03-01"),
        order("A", line("1", quantity=2), allow_backorder=True),
    ).wait_until("2/09:00").then(happened(BackorderOverdue, 1)).when(
        shipped("A", {"1": 2})
    ).when(shipment_voided("A")).wait_until("3/09:00").then(
        happened(BackorderOverdue, 0), order_line("A", backordered=2)
    )  # fmt: skip


def test_a_cancelled_transfer_that_left_all_the_same_is_awaited_by_its_day() -> None:
    given(
        received("RED", "STORE", 1), received("SKU", "DC", 9),
        transfer("T", {"1": ("SKU", 5)}, due="2026-03-01"),
        transfer_cancelled("T"), sent("T", {"1": 5}),
    ).wait_until("2/09:00").then(happened(TransferOverdue, 1)).when(
        order("A", line("1", quantity=2), allow_backorder=True)
    ).then(happened(OrderLineBackordered, 1, promise=None))  # fmt: skip


def test_a_transfer_that_left_after_its_day_is_told_at_once_and_promised_to_nobody() -> None:
    given(
        received("RED", "STORE", 1), received("SKU", "DC", 9),
        transfer("T", {"1": ("SKU", 5)}, due="2026-03-01"),
        transfer_cancelled("T"),
    ).when(sent("T", {"1": 5}, arrives="2/09:00")).then(happened(TransferOverdue, 1)).when(
        order("A", line("1", quantity=2), allow_backorder=True)
    ).then(happened(OrderLineBackordered, 1, promise=None))  # fmt: skip


def test_what_was_sold_before_is_reassigned_whatever_its_channel_may_still_sell() -> None:
    given(
        received("SKU", "HERE", 5), received("SKU", "THERE", 5),
        order("A", line("1", quantity=3, location="HERE"), line("2", quantity=1, location="HERE"), selling="web"),
        buffered("web", "SKU", 5),
    ).when(reassigned("A", "THERE", {"1": 3, "2": 1}, name="move")).then(
        accepted("move"), stock("SKU", "THERE", committed=4)
    )  # fmt: skip


def test_a_refused_reassignment_says_what_is_asked_in_sum_and_what_is_there() -> None:
    given(
        received("SKU", "HERE", 5), received("SKU", "THERE", 3),
        order("A", line("1", quantity=2, location="HERE"), line("2", quantity=2, location="HERE")),
    ).when(reassigned("A", "THERE", {"1": 2, "2": 2}, name="move")).then(
        refused(
            "move", Reason.OUT_OF_STOCK,
            {"line_id": "1", "asked": 4, "available": 3},
            {"line_id": "2", "asked": 4, "available": 3},
        )
    )  # fmt: skip


def test_a_refusal_leaves_out_lines_that_are_there() -> None:
    given(received("SKU", "STORE", 1), received("RED", "STORE", 9)).when(
        order("A", wanted("1", quantity=2), wanted("2", "RED", 3), allow_split=True)
    ).then(refused("A", Reason.OUT_OF_STOCK, {"line_id": "1", "asked": 2, "available": 1}))


def test_a_refusal_does_not_offer_what_another_line_of_the_order_takes() -> None:
    given(received("SKU", "STORE", 8)).when(
        order("A", line("1", quantity=7), wanted("2", quantity=2), allow_split=True)
    ).then(refused("A", Reason.OUT_OF_STOCK, {"line_id": "2", "asked": 2, "available": 1}))


def test_a_supply_that_came_fills_the_backorder_that_left_and_came_back() -> None:
    given(
        received("SKU", "STORE", 1), sold("SKU", "STORE", 1), expected("po", {"1": ("SKU", 5)}),
        order("A", line("1", quantity=2), allow_backorder=True),
        shipped("A", {"1": 2}), shipment_voided("A"),
    ).when(delivery("po", {"SKU": 5})).then(
        order_line("A", committed=2, backordered=0), stock("SKU", "STORE", available=3)
    )  # fmt: skip
