"""Rule 12: payments and stock are independent; a refund may name the lines that it is for."""

from asks import cancel, change, line, order, paid, received, sold
from given import (
    given,
    happened,
    labelled,
    nothing_raised,
    order_line,
    raised,
    refused,
    resolved,
    stock,
)

from ledger.domain.events import LineRefunded, LineShort, PaymentRecorded
from ledger.domain.words import Reason

TWO = (received("SKU", "STORE", 5), order("A", line("1"), line("2")))


def test_a_refund_says_which_lines_it_is_for_and_moves_no_stock() -> None:
    given(*TWO, paid("A")).when(paid("A", "refunded", lines=("2",))).then(
        happened(PaymentRecorded, state="refunded", lines=("2",)),
        happened(LineRefunded, 1, line_id="2", payment_id="payment of A"),
        stock("SKU", "STORE", on_hand=5, committed=2),
        order_line("A", "2", committed=1, cancelled=0),
        labelled("A", "open"),
        nothing_raised(),
    )


def test_a_refund_of_an_order_as_a_whole_names_no_line() -> None:
    given(*TWO).when(paid("A", "refunded")).then(
        happened(PaymentRecorded), happened(LineRefunded, 0)
    )


def test_a_payment_for_lines_refunds_none_of_them() -> None:
    given(*TWO).when(
        paid("A", "captured", lines=("1", "2")), paid("A", "failed", lines=("1",))
    ).then(happened(PaymentRecorded, 2), happened(LineRefunded, 0))


def test_cancelling_refunds_nothing_by_itself() -> None:
    given(*TWO, paid("A")).when(cancel("A")).then(
        happened(LineRefunded, 0), labelled("A", "cancelled")
    )


def test_a_refund_before_its_order_names_its_lines_when_the_order_comes() -> None:
    given(received("SKU", "STORE", 5)).when(paid("A", "refunded", lines=("1",))).then(
        happened(PaymentRecorded), happened(LineRefunded, 0), raised("unlinked", order_id="A")
    ).when(order("A")).then(
        happened(LineRefunded, line_id="1"), happened(PaymentRecorded, 0), resolved("unlinked")
    )


def test_a_refund_of_a_line_that_the_order_does_not_have_waits_for_it() -> None:
    given(*TWO).when(paid("A", "refunded", lines=("1", "9"))).then(
        happened(LineRefunded, 1, line_id="1"), raised("unlinked", order_id="A")
    ).when(change("A", line("9"))).then(
        happened(LineRefunded, 1, line_id="9"), resolved("unlinked")
    )


def test_an_order_that_is_paid_and_short_is_on_hold_and_stays_promised() -> None:
    given(received("SKU", "STORE", 1), order("A"), paid("A")).when(sold("SKU", "STORE", 1)).then(
        happened(LineShort, order_id="A", short=1),
        labelled("A", "on_hold"),
        order_line("A", committed=1, cancelled=0, short=1),
    ).when(received("SKU", "STORE", 1)).then(
        happened(LineShort, order_id="A", short=0), labelled("A", "open")
    )


def test_an_order_that_is_short_may_be_paid_all_the_same() -> None:
    given(received("SKU", "STORE", 1), order("A"), sold("SKU", "STORE", 1)).when(paid("A")).then(
        happened(PaymentRecorded, state="captured"), nothing_raised(), labelled("A", "on_hold")
    )


def test_a_payment_brings_no_goods_to_an_order_that_was_refused() -> None:
    given(received("SKU", "STORE", 1)).when(order("A", line("1", quantity=2)), paid("A")).then(
        refused("A", Reason.OUT_OF_STOCK),
        raised("unlinked", order_id="A"),
        stock("SKU", "STORE", committed=0),
    )
