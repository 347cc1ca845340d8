"""Section 5: what users of today's systems suffer, and what holds here instead.

Those about concurrency, deadlocks and speed are tested where they live: at the writer and the API.
"""

import pytest
from asks import (
    cancel,
    collected,
    held,
    line,
    order,
    paid,
    ready,
    received,
    released,
    returned,
    shipment_voided,
    shipped,
    sold,
    voided,
)
from given import Shop, accepted, given, happened, labelled, order_line, raised, refused, stock

from ledger.domain.events import StockCommitted, StockReleased, StockReserved, StockUncommitted
from ledger.domain.words import Reason


def test_two_thousand_claims_on_a_thousand_give_exactly_a_thousand() -> None:
    """Medusa #16569; Saleor #543, #5334, PR #6897; django-oscar #2102; Stripe gateway PR #5720."""
    shop = Shop(checked=False).when(received("SKU", "STORE", 1000))
    shop.when(*(order(f"A{n}") for n in range(2000))).then(
        happened(StockCommitted, 1000),
        stock("SKU", "STORE", on_hand=1000, committed=1000, available=0, shortage=0),
        accepted("A999"),
        refused("A1000", Reason.OUT_OF_STOCK),
    )


def test_two_lines_of_one_order_are_summed_before_they_are_held_against_the_shelf() -> None:
    """Medusa #16502: each line was checked against the whole stock."""
    given(received("SKU", "STORE", 3)).when(
        order("A", line("1", quantity=2), line("2", quantity=2))
    ).then(
        refused(
            "A",
            Reason.OUT_OF_STOCK,
            {"line_id": "1", "asked": 4, "available": 3},
            {"line_id": "2", "asked": 4, "available": 3},
        ),
        stock("SKU", "STORE", committed=0),
    )


def test_two_lines_of_one_order_that_together_fit_are_both_promised() -> None:
    """Medusa #16502, the other side."""
    given(received("SKU", "STORE", 4)).when(
        order("A", line("1", quantity=2), line("2", quantity=2))
    ).then(stock("SKU", "STORE", committed=4, available=0))


def test_what_is_promised_never_falls_below_zero_however_often_orders_come_and_go() -> None:
    """Medusa #12401, #11131, PR #15397: reserved went negative over cancel and restore."""
    shop = given(received("SKU", "STORE", 3))
    for n in range(20):
        shop.when(
            order(f"A{n}", line("1", quantity=2)),
            shipped(f"A{n}", {"1": n % 4}) if n % 4 else cancel(f"A{n}"),
            cancel(f"A{n}"),
            returned("SKU", "STORE", n % 4, order_id=f"A{n}") if n % 4 else cancel(f"A{n}"),
        ).then(stock("SKU", "STORE", committed=0, on_hand=3))


def test_cancelling_an_order_frees_its_stock_for_the_next() -> None:
    """Medusa #13625; mobile-buy-sdk-ios #644: what was given up was never free again."""
    given(received("SKU", "STORE", 1), order("A")).when(cancel("A"), order("B")).then(
        accepted("B"), labelled("A", "cancelled"), stock("SKU", "STORE", committed=1)
    )


def test_a_return_is_restocked_where_it_was_handed_in() -> None:
    """Spree PR #4324: it was restocked where it had been sold."""
    given(received("SKU", "STORE", 1), sold("SKU", "STORE", 1, name="S")).when(
        returned("SKU", "DC", 1, sale="S")
    ).then(stock("SKU", "DC", on_hand=1), stock("SKU", "STORE", on_hand=0))


@pytest.mark.parametrize(("state", "available"), [("available", 1), ("damaged", 0)])
def test_a_return_always_changes_stock_and_says_whether_it_can_be_sold(
    state: str, available: int
) -> None:
    """Saleor #16667; reactioncommerce #3678: a return changed nothing."""
    given(received("SKU", "STORE", 1), order("A"), shipped("A")).when(
        returned("SKU", "STORE", 1, order_id="A", state=state)
    ).then(stock("SKU", "STORE", on_hand=1, available=available), order_line("A", returned=1))


def test_a_cancelled_order_moves_no_goods_for_none_had_left() -> None:
    """reactioncommerce #3678: cancel with and without restock were both wrong."""
    given(received("SKU", "STORE", 2), order("A")).when(cancel("A")).then(
        stock("SKU", "STORE", on_hand=2, available=2)
    )


def test_stock_stays_at_zero_when_orders_ask_for_more() -> None:
    """WooCommerce #22521: with backorders off, stock became -1. Vendure #3508, #1738, #1355."""
    given(received("SKU", "STORE", 1), order("A"), collected("A")).when(
        order("B"), order("C")
    ).then(
        refused("B", Reason.OUT_OF_STOCK),
        refused("C", Reason.OUT_OF_STOCK),
        stock("SKU", "STORE", on_hand=0, available=0),
    )


def test_a_parcel_told_twice_with_one_id_left_once() -> None:
    """Stripe gateway #3327; ShopifySharp #919; POSNext #50: a repeat took stock twice."""
    given(received("SKU", "STORE", 5), order("A", line("1", quantity=2))).when(
        shipped("A", name="hook", at="09:00"), shipped("A", name="hook", at="09:00")
    ).then(stock("SKU", "STORE", on_hand=4), order_line("A", shipped=1))


def test_a_cancellation_sent_twice_gives_back_once() -> None:
    """Magento inventory #1849, #1878, #2859: compensation was doubled."""
    given(received("SKU", "STORE", 5), order("A", line("1", quantity=2)), order("B")).when(
        cancel("A", name="one"), cancel("A", name="two")
    ).then(
        happened(StockUncommitted, 1, quantity=2),
        refused("two", Reason.ALREADY_LEFT, {"line_id": "1", "available": 0}),
        stock("SKU", "STORE", on_hand=5, committed=1, available=4),
    )


def test_a_line_cancelled_twice_gives_back_once() -> None:
    """Magento inventory #1849, of one line."""
    given(received("SKU", "STORE", 5), order("A", line("1", quantity=2), line("2"))).when(
        cancel("A", lines={"1": 2}, name="one"), cancel("A", lines={"1": 2}, name="two")
    ).then(refused("two", Reason.BEYOND_QUANTITY), stock("SKU", "STORE", committed=1))


def test_a_sale_voided_twice_comes_back_once_and_that_is_told() -> None:
    """Magento inventory #2859, of a till's sale."""
    given(received("SKU", "STORE", 5), sold("SKU", "STORE", 2, name="S")).when(
        voided("S"), voided("S")
    ).then(stock("SKU", "STORE", on_hand=5), raised("over_voided", order_id="sale:till:S"))


def test_cancelling_and_returning_a_parcel_compensates_each_for_its_own_part() -> None:
    """Magento inventory #1878: cancel and credit memo of one order met."""
    given(
        received("SKU", "STORE", 5), order("A", line("1", quantity=3)), shipped("A", {"1": 2})
    ).when(cancel("A"), returned("SKU", "STORE", 2, order_id="A")).then(
        stock("SKU", "STORE", on_hand=5, committed=0, available=5), labelled("A", "returned")
    )


def test_a_released_hold_frees_its_stock_at_once_for_the_next() -> None:
    """Medusa #13625: deleting a reservation did not free the stock."""
    given(received("SKU", "STORE", 1), held("cart")).when(released("cart"), order("B")).then(
        accepted("B"), stock("SKU", "STORE", reserved=0, committed=1, available=0)
    )


def test_a_cart_and_its_order_never_stand_both() -> None:
    """Medusa #5198: the draft's reservation and the payment's both stood."""
    given(received("SKU", "STORE", 2), held("draft", ("1", "SKU", 2))).when(
        order("A", line("1", quantity=2), hold_owner="draft"), paid("A")
    ).then(
        happened(StockCommitted, 1, quantity=2),
        happened(StockReleased, 1, quantity=2, cause="converted"),
        stock("SKU", "STORE", on_hand=2, committed=2, reserved=0, available=0, shortage=0),
    ).when(shipped("A", {"1": 2})).then(
        stock("SKU", "STORE", on_hand=0, committed=0, reserved=0, available=0)
    )


def test_a_cart_that_is_saved_again_and_again_holds_once() -> None:
    """Medusa #5198: every save of a draft reserved once more."""
    given(received("SKU", "STORE", 2)).when(
        *(held("draft", ("1", "SKU", 2), name=f"save {n}") for n in range(5))
    ).then(
        accepted("save 4"),
        happened(StockReserved, 5),
        stock("SKU", "STORE", reserved=2, available=0),
    )


def test_a_checkout_that_is_given_up_releases_its_hold_and_that_can_be_repeated() -> None:
    """mobile-buy-sdk-ios #644: there was no way to release a hold on cancel."""
    given(received("SKU", "STORE", 1), held("checkout", until="20:00")).when(
        released("checkout"), released("checkout"), held("next")
    ).then(accepted("next"), stock("SKU", "STORE", reserved=1, available=0)).wait_until(
        "2/08:00"
    ).then(stock("SKU", "STORE", reserved=0, available=1))


def test_no_more_is_ever_released_than_is_held() -> None:
    """Odoo #62139: cannot unreserve more than in stock; Medusa #12401: reserved below zero."""
    given(received("SKU", "STORE", 3), held("a", ("1", "SKU", 2)), held("b")).when(
        sold("SKU", "STORE", 2), released("a", {"1": 2}), released("b", {"1": 5}), released("a")
    ).then(stock("SKU", "STORE", on_hand=1, reserved=0, available=1))


def test_with_backorders_off_no_sequence_of_claims_takes_the_last_unit_twice() -> None:
    """WooCommerce #22521: backorders were off, and stock became -1."""
    given(received("SKU", "STORE", 1)).when(
        held("cart"), order("A"), order("B", hold_owner="cart"), held("late"), order("C")
    ).then(
        refused("A", Reason.OUT_OF_STOCK),
        accepted("B"),
        refused("late", Reason.OUT_OF_STOCK),
        refused("C", Reason.OUT_OF_STOCK),
        stock("SKU", "STORE", on_hand=1, committed=1, reserved=0, available=0),
        order_line("B", backordered=0, committed=1),
    )


def test_checkouts_that_all_pass_validation_hold_what_they_validated() -> None:
    """Stripe gateway PR #5720: all passed validation, then could not be fulfilled."""
    shop = given(received("SKU", "STORE", 3)).when(*(held(f"agent {n}") for n in range(5)))
    shop.then(
        *(accepted(f"agent {n}") for n in range(3)),
        *(refused(f"agent {n}", Reason.OUT_OF_STOCK) for n in range(3, 5)),
    )
    shop.when(*(order(f"O{n}", hold_owner=f"agent {n}") for n in range(5))).then(
        *(accepted(f"O{n}") for n in range(3)),
        *(refused(f"O{n}", Reason.OUT_OF_STOCK) for n in range(3, 5)),
        stock("SKU", "STORE", on_hand=3, committed=3, reserved=0, shortage=0),
    )


def test_holds_and_orders_that_come_and_go_leave_nothing_reserved_or_promised() -> None:
    """Medusa #11131, PR #15397: cancel and restore drifted."""
    shop = given(received("SKU", "STORE", 3))
    for n in range(10):
        shop.when(
            held("cart", ("1", "SKU", 1 + n % 3), name=f"hold {n}"),
            order(f"A{n}", line("1", quantity=2), hold_owner="cart"),
            shipped(f"A{n}"),
            shipment_voided(f"A{n}"),
            ready(f"A{n}"),
            cancel(f"A{n}"),
        ).then(
            accepted(f"A{n}"),
            stock("SKU", "STORE", on_hand=3, committed=0, reserved=0, available=3),
        )


def test_a_sale_of_what_its_customer_had_held_leaves_stock_once() -> None:
    """Vendure #1738: the goods were taken from stock, and their reservation stood on."""
    given(received("SKU", "STORE", 1), held("desk")).when(
        sold("SKU", "STORE", 1, hold_owner="desk")
    ).then(stock("SKU", "STORE", on_hand=0, reserved=0, available=0, shortage=0))
