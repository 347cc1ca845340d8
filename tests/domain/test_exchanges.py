"""An exchange authorises a return and places an order: both, or neither."""

import pytest
from asks import Ask, held, line, order, place, received, shipped
from given import (
    accepted,
    given,
    happened,
    labelled,
    nothing_raised,
    order_line,
    refused,
    resolved,
    stock,
)
from moving_asks import exchanged, handed_in, may_come_back

from ledger.domain.events import (
    HoldReleased,
    OrderLineSourced,
    OrderPlaced,
    ReturnAuthorised,
    ReturnReceived,
    StockCollected,
)
from ledger.domain.requests import PlaceOrder
from ledger.domain.words import Reason

RED, BLUE = received("RED", "STORE", 1), received("BLUE", "STORE", 1)
ONE_RED_LEFT = (RED, BLUE, order("A", line("1", "RED")), shipped("A"))
FOR_BLUE = line("1", "BLUE")


def test_a_customer_brings_back_the_red_one_and_is_promised_the_blue_one() -> None:
    given(*ONE_RED_LEFT).when(exchanged("B", "A", FOR_BLUE)).then(
        accepted("B"),
        order_line("A", authorised=1, returned=0),
        order_line("B", committed=1),
        stock("BLUE", "STORE", committed=1, available=0),
        happened(ReturnAuthorised, 1, return_id="back of A", order_id="A"),
        happened(OrderPlaced, 1, order_id="B", selling_channel="web"),
        nothing_raised(),
    ).when(handed_in("back of A", 1, "restock", sku="RED")).then(
        labelled("A", "returned"), stock("RED", "STORE", on_hand=1, available=1)
    )


def test_what_is_to_come_back_cannot_be_promised_before_it_is_back() -> None:
    given(*ONE_RED_LEFT).when(exchanged("B", "A", line("1", "RED"))).then(
        refused("B", Reason.OUT_OF_STOCK), order_line("A", authorised=0)
    )


def test_without_the_new_goods_nothing_may_come_back() -> None:
    given(*ONE_RED_LEFT).when(exchanged("B", "A", line("1", "BLUE", 2))).then(
        refused("B", Reason.OUT_OF_STOCK, {"line_id": "1", "asked": 2, "available": 1}),
        order_line("A", authorised=0),
        stock("BLUE", "STORE", committed=0),
    ).when(may_come_back("back of A", order_id="A")).then(accepted("back of A"))


def test_without_the_return_nothing_new_is_promised() -> None:
    given(*ONE_RED_LEFT, may_come_back("R", order_id="A")).when(exchanged("B", "A", FOR_BLUE)).then(
        refused("B", Reason.BEYOND_QUANTITY, {"line_id": "1", "asked": 1, "available": 0}),
        stock("BLUE", "STORE", committed=0, available=1),
    ).when(order("B", FOR_BLUE, name="alone")).then(accepted("alone"))


@pytest.mark.parametrize(
    ("asked", "reason", "hits"),
    [
        (exchanged("A", "X", line("1", "NOTHING"), name="no"), Reason.ID_TAKEN, 1),
        (exchanged("A", "A", FOR_BLUE, return_id="R", name="no"), Reason.ID_TAKEN, 2),
        (exchanged("B", "X", line("1", "NOTHING"), name="no"), Reason.UNKNOWN_ORDER, 1),
        (exchanged("B", "A", line("1", "NO"), back={"9": 1}, name="no"), Reason.UNKNOWN_LINE, 1),
        (exchanged("B", "A", line("1", "NO"), back={"1": 9}, name="no"), Reason.UNKNOWN_SKU, 1),
        (
            exchanged("B", "A", line("1", "BLUE", 9), back={"1": 9}, name="no"),
            Reason.BEYOND_QUANTITY,
            1,
        ),
    ],
)
def test_an_exchange_is_refused_for_the_first_reason_over_both(
    asked: Ask, reason: Reason, hits: int
) -> None:
    more = (received("RED", "STORE", 1), order("C", line("1", "RED")), shipped("C"))
    told = (*ONE_RED_LEFT, *more, may_come_back("R", order_id="C"))
    given(*told).when(asked).then(
        refused("no", reason, *({},) * hits),
        order_line("A", authorised=0),
        stock("BLUE", "STORE", committed=0),
    )


def test_the_new_order_of_an_exchange_is_placed_as_any_other() -> None:
    """Sourced where it names no location, from a hold, carried out, or as a backorder."""
    anywhere = line("1", "BLUE", location=None)
    given(place("STORE"), *ONE_RED_LEFT, held("cart", ("1", "BLUE", 1))).when(
        exchanged("B", "A", anywhere, hold_owner="cart")
    ).then(
        accepted("B"),
        happened(HoldReleased, cause="converted"),
        happened(OrderLineSourced, location="STORE"),
        stock("BLUE", "STORE", reserved=0, committed=1),
    )


def test_the_customer_takes_the_blue_one_along_at_once() -> None:
    given(*ONE_RED_LEFT).when(exchanged("B", "A", line("1", "BLUE", how="carry_out"))).then(
        labelled("B", "collected"), happened(StockCollected), stock("BLUE", "STORE", on_hand=0)
    )


def test_what_is_not_there_may_be_promised_from_what_comes() -> None:
    given(*ONE_RED_LEFT).when(exchanged("B", "A", line("1", "RED"), allow_backorder=True)).then(
        order_line("B", backordered=1), order_line("A", authorised=1)
    ).when(handed_in("back of A", 1, "restock", sku="RED")).then(
        order_line("B", backordered=0, committed=1)
    )


def test_goods_that_came_before_the_exchange_was_asked_for_are_counted_with_it() -> None:
    given(*ONE_RED_LEFT, handed_in("back of A", 1, "restock", sku="RED")).when(
        exchanged("B", "A", line("1", "RED"))
    ).then(
        accepted("B"),
        resolved("unlinked", subject="return/back of A"),
        happened(ReturnReceived, 1),
        order_line("A", returned=1, authorised=0),
        stock("RED", "STORE", on_hand=1, committed=1),
    )


def test_facts_that_waited_for_the_new_order_take_effect() -> None:
    given(*ONE_RED_LEFT, shipped("B", shipment_id="second")).when(
        exchanged("B", "A", FOR_BLUE)
    ).then(resolved("unlinked", order_id="B"), order_line("B", shipped=1, committed=0))


def test_an_exchange_says_of_the_new_order_all_that_an_order_says() -> None:
    own = {"allow_split": True, "allow_part": True, "currency": "EUR", "customer_id": "c"}
    shop = given(*ONE_RED_LEFT).when(exchanged("B", "A", FOR_BLUE, name="e", **own))
    exchange = next(e for e in shop.news if isinstance(e, OrderPlaced))
    other = given(*ONE_RED_LEFT).when(order("B", FOR_BLUE, name="e", **own))
    plain = next(e for e in other.news if isinstance(e, OrderPlaced))
    assert exchange == plain
    asked = set(PlaceOrder.__struct_fields__) - {"lines", "order_id"}
    assert asked <= set(exchanged("B", "A").type.__struct_fields__)
