"""What the carrier says: arrived, or not; no stock moves until goods come back."""

from asks import change, delivered, line, order, received, returned, shipped, undelivered
from given import given, happened, labelled, nothing_raised, order_line, raised, resolved, stock

from ledger.domain.events import DeliveryFailed, LineDelivered

SENT = (received("SKU", "STORE", 5), order("A", line("1", quantity=3)), shipped("A", {"1": 2}))


def test_a_delivered_parcel_is_delivered_whole_and_moves_no_stock() -> None:
    given(*SENT).when(delivered("A")).then(
        happened(LineDelivered, quantity=2, shipment_id="parcel"),
        order_line("A", delivered=2, shipped=2),
        stock("SKU", "STORE", on_hand=3, committed=1),
        labelled("A", "partially_fulfilled"),
        nothing_raised(),
    )


def test_a_carrier_may_deliver_one_line_and_then_the_other() -> None:
    given(
        received("SKU", "STORE", 5),
        order("A", line("1"), line("2", quantity=2)),
        shipped("A", {"1": 1, "2": 2}),
    ).when(delivered("A", {"2": 2})).then(
        order_line("A", "1", delivered=0), order_line("A", "2", delivered=2)
    ).when(delivered("A", {"1": 1})).then(
        order_line("A", "1", delivered=1), order_line("A", "2", delivered=2)
    )


def test_of_two_parcels_only_the_one_that_arrived_is_delivered() -> None:
    given(*SENT, shipped("A", {"1": 1}, shipment_id="second")).when(
        delivered("A", shipment_id="second")
    ).then(order_line("A", delivered=1, shipped=3))


def test_a_failed_delivery_moves_no_stock_until_the_goods_come_back() -> None:
    given(*SENT).when(undelivered("A")).then(
        happened(DeliveryFailed, quantity=2),
        order_line("A", delivered=0, shipped=2),
        stock("SKU", "STORE", on_hand=3, committed=1),
    ).when(returned("SKU", "STORE", 2, order_id="A")).then(
        stock("SKU", "STORE", on_hand=5), order_line("A", returned=2)
    )


def test_what_failed_once_may_be_delivered_the_next_day() -> None:
    given(*SENT, undelivered("A")).when(delivered("A")).then(order_line("A", delivered=2))


def test_a_delivery_told_before_its_parcel_waits_for_it() -> None:
    given(received("SKU", "STORE", 5), order("A")).when(delivered("A")).then(
        raised("unlinked", subject="shipment/A/parcel"), order_line("A", delivered=0)
    ).when(shipped("A")).then(
        resolved("unlinked"), order_line("A", delivered=1), happened(LineDelivered, 1)
    )


def test_a_delivery_and_its_parcel_may_both_come_before_their_order() -> None:
    given(received("SKU", "STORE", 5), delivered("A", {"1": 1}), shipped("A")).when(
        order("A")
    ).then(order_line("A", delivered=1, shipped=1), resolved("unlinked", 2), nothing_raised())


def test_a_failed_delivery_told_before_its_parcel_waits_for_it() -> None:
    given(received("SKU", "STORE", 5), order("A"), undelivered("A")).when(shipped("A")).then(
        happened(DeliveryFailed, quantity=1), resolved("unlinked")
    )


def test_of_a_delivery_the_lines_that_are_known_arrive_and_the_others_wait() -> None:
    given(received("SKU", "STORE", 5), order("A", line("1"), line("2")), shipped("A")).when(
        delivered("A", {"1": 1, "2": 1})
    ).then(order_line("A", "1", delivered=1), raised("unlinked")).when(shipped("A", {"2": 1})).then(
        order_line("A", "1", delivered=1), order_line("A", "2", delivered=1)
    )


def test_a_whole_parcel_is_delivered_with_the_lines_that_its_order_does_not_have_yet() -> None:
    given(received("SKU", "STORE", 5), order("A"), shipped("A", {"1": 1, "9": 2})).when(
        delivered("A")
    ).then(order_line("A", "1", delivered=1)).when(change("A", line("9", quantity=2))).then(
        order_line("A", "1", delivered=1), order_line("A", "9", delivered=2, shipped=2)
    )
