"""Facts about what is not known yet wait as `unlinked`, and join at their own time (rule 13)."""

import pytest
from asks import (
    Ask,
    collected,
    counted,
    line,
    order,
    paid,
    ready,
    received,
    returned,
    shipped,
    sold,
    voided,
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

from ledger.domain.events import LineCollected, LineReturned, PaymentRecorded, StockShipped
from ledger.domain.words import Reason


@pytest.mark.parametrize(
    "early",
    [shipped("A"), collected("A"), ready("A"), paid("A"), returned("SKU", "STORE", 1, order_id="A"), sold("SKU", "STORE", 1, fulfils=("A", "1"))],
)  # fmt: skip
def test_a_fact_before_its_order_is_recorded_and_told_until_the_order_comes(early: Ask) -> None:
    given(received("SKU", "STORE", 5)).when(early).then(raised("unlinked", order_id="A")).when(
        order("A")
    ).then(accepted("A"), resolved("unlinked", order_id="A"))


def test_a_parcel_booked_before_its_order_leaves_when_the_order_comes() -> None:
    given(received("SKU", "STORE", 5), shipped("A", {"1": 1})).then(
        stock("SKU", "STORE", on_hand=5)
    ).when(order("A", line("1", quantity=2))).then(
        stock("SKU", "STORE", on_hand=4, committed=1),
        order_line("A", shipped=1, committed=1),
        labelled("A", "partially_fulfilled"),
    )


def test_a_parcel_that_waited_for_its_order_left_when_it_left() -> None:
    """The count at ten had seen it, though the order came at eleven."""
    given(
        received("SKU", "STORE", 5, at="09:00"),
        shipped("A", at="09:30"),
        counted("STORE", {"SKU": 4}, at="10:00"),
    ).when(order("A", at="11:00")).then(
        stock("SKU", "STORE", on_hand=4, committed=0, available=4),
        variance("STORE", "SKU", "10:00", 0),
        happened(StockShipped),
    )


def test_a_collection_that_waited_for_its_order_left_when_it_left() -> None:
    given(
        received("SKU", "STORE", 5, at="09:00"),
        collected("A", at="09:30"),
        counted("STORE", {"SKU": 4}, at="10:00"),
    ).when(order("A", line("1", how="pickup"), at="11:00")).then(
        stock("SKU", "STORE", on_hand=4),
        variance("STORE", "SKU", "10:00", 0),
        labelled("A", "collected"),
    )


def test_goods_prepared_before_their_order_are_ready_when_it_comes() -> None:
    given(received("SKU", "STORE", 5), ready("A")).when(order("A", line("1", how="pickup"))).then(
        labelled("A", "ready_for_pickup")
    )


def test_a_payment_before_its_order_is_recorded_when_it_comes_and_once() -> None:
    given(received("SKU", "STORE", 5)).when(paid("A"), order("A")).then(
        happened(PaymentRecorded, 1), labelled("A", "open")
    )


def test_a_payment_of_a_known_order_waits_for_nothing() -> None:
    given(received("SKU", "STORE", 5), order("A")).when(paid("A")).then(
        happened(PaymentRecorded), nothing_raised()
    )


def test_a_refused_order_leaves_its_facts_waiting() -> None:
    given(received("SKU", "STORE", 1)).when(
        shipped("A"), order("A", line("1", quantity=2), name="first")
    ).then(refused("first", Reason.OUT_OF_STOCK), resolved("unlinked", 0)).when(
        order("A", name="second")
    ).then(resolved("unlinked"), labelled("A", "fulfilled"))


def test_several_facts_join_in_the_order_in_which_they_came() -> None:
    given(received("SKU", "STORE", 5), shipped("A"), paid("A"), collected("A")).when(
        order("A", line("1", quantity=2))
    ).then(
        resolved("unlinked", 3), order_line("A", shipped=1, collected=1), labelled("A", "fulfilled")
    )


def test_of_a_parcel_with_an_unknown_line_the_known_ones_leave_and_the_other_is_told() -> None:
    given(received("SKU", "STORE", 5), order("A")).when(shipped("A", {"1": 1, "9": 2})).then(
        stock("SKU", "STORE", on_hand=4),
        raised("unlinked", order_id="A"),
        happened(StockShipped, 1),
    )


def test_a_void_before_its_sale_joins_it_and_nothing_has_left() -> None:
    given(received("SKU", "STORE", 5)).when(voided("S")).then(
        raised("unlinked", order_id="sale:till:S")
    ).when(sold("SKU", "STORE", 2, name="S")).then(
        resolved("unlinked", order_id="sale:till:S"),
        stock("SKU", "STORE", on_hand=5),
        labelled("sale:till:S", "cancelled"),
        nothing_raised(),
    )


def test_a_void_before_its_sale_takes_the_time_of_the_sale() -> None:
    given(
        received("SKU", "STORE", 5, at="09:00"),
        voided("S", at="11:00"),
        counted("STORE", {"SKU": 5}, at="10:00"),
    ).when(sold("SKU", "STORE", 2, name="S", at="09:30", arrives="12:00")).then(
        stock("SKU", "STORE", on_hand=5), variance("STORE", "SKU", "10:00", 0)
    )


def test_a_return_before_its_sale_is_stocked_at_once_and_joins_later() -> None:
    given(received("SKU", "STORE", 5)).when(returned("SKU", "STORE", 1, sale="S")).then(
        stock("SKU", "STORE", on_hand=6), raised("unlinked", order_id="sale:till:S")
    ).when(sold("SKU", "STORE", 1, name="S")).then(
        happened(LineReturned),
        stock("SKU", "STORE", on_hand=5),
        labelled("sale:till:S", "returned"),
        nothing_raised(),
    )


def test_a_return_of_a_sku_that_its_order_does_not_have_is_stocked_and_told() -> None:
    given(received("SKU", "STORE", 5), received("HAT", "STORE", 1), order("A"), shipped("A")).when(
        returned("HAT", "STORE", 1, order_id="A")
    ).then(
        stock("HAT", "STORE", on_hand=2),
        raised("unlinked", order_id="A"),
        labelled("A", "fulfilled"),
    )


def test_a_sale_that_fulfils_an_order_to_come_moves_its_goods_at_once_and_joins_later() -> None:
    given(received("SKU", "STORE", 5)).when(
        sold("SKU", "STORE", 2, fulfils=("A", "1"), name="S")
    ).then(stock("SKU", "STORE", on_hand=3), raised("unlinked", order_id="A")).when(
        order("A", line("1", quantity=3))
    ).then(
        happened(LineCollected, quantity=2, sale_id="sale:till:S"),
        stock("SKU", "STORE", on_hand=3, committed=1),
        order_line("A", collected=2, committed=1),
    )


@pytest.mark.parametrize(("cut", "left"), [(1, 1), (2, 0)])
def test_what_was_voided_of_a_sale_before_its_order_came_fulfils_nothing(
    cut: int, left: int
) -> None:
    given(
        received("SKU", "STORE", 5),
        sold("SKU", "STORE", 2, fulfils=("A", "1"), name="S"),
        voided("S", {"1": cut}),
    ).when(order("A", line("1", quantity=3))).then(
        order_line("A", collected=left, committed=3 - left),
        stock("SKU", "STORE", on_hand=5 - left, committed=3 - left),
    )


def test_a_void_after_the_order_came_promises_again_what_the_early_sale_had_fulfilled() -> None:
    given(
        received("SKU", "STORE", 5),
        sold("SKU", "STORE", 2, fulfils=("A", "1"), name="S"),
        order("A", line("1", quantity=2)),
    ).when(voided("S")).then(
        order_line("A", collected=0, committed=2),
        stock("SKU", "STORE", on_hand=5, committed=2),
        labelled("A", "open"),
    )


def test_what_waits_again_keeps_its_own_sender_and_time() -> None:
    """A parcel names a line that its order turns out not to have: it waits on, as itself."""
    shop = given(
        received("SKU", "STORE", 5, at="09:00"),
        shipped("A", {"9": 1}, at="09:30", channel="wms"),
        order("A", at="11:00", arrives="11:00"),
    )
    [waiting] = shop.books.state.waiting["order/A"]
    assert (waiting.channel, waiting.effective_at.strftime("%H:%M")) == ("wms", "09:30")
