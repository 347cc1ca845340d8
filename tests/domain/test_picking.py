"""Picking moves no stock; what was picked and is cancelled is to be put back."""

from asks import cancel, line, order, picked, ready, reassigned, received, shipped
from given import given, happened, labelled, nothing_raised, order_line, raised, resolved, stock

from ledger.domain.events import LinePicked, StockUncommitted

THREE = (received("SKU", "STORE", 5), order("A", line("1", quantity=3)))


def test_picking_moves_no_stock() -> None:
    given(*THREE).when(picked("A", {"1": 2})).then(
        happened(LinePicked, quantity=2),
        order_line("A", picked=2, committed=3),
        stock("SKU", "STORE", on_hand=5, committed=3, available=2),
        labelled("A", "open"),
    )


def test_a_store_is_told_how_much_of_a_cancelled_order_to_put_back() -> None:
    given(*THREE, picked("A", {"1": 2})).when(cancel("A")).then(
        happened(StockUncommitted, 1, quantity=1, picked=0),
        happened(StockUncommitted, 1, quantity=2, picked=2),
        order_line("A", picked=0, cancelled=3),
        stock("SKU", "STORE", on_hand=5, committed=0, available=5),
    )


def test_what_is_not_picked_yet_is_cancelled_first() -> None:
    given(*THREE, picked("A", {"1": 2})).when(cancel("A", lines={"1": 1})).then(
        happened(StockUncommitted, quantity=1, picked=0), order_line("A", picked=2, committed=2)
    )


def test_of_two_stores_the_one_that_has_not_picked_is_cancelled_first() -> None:
    given(
        *THREE,
        received("SKU", "DC", 5),
        reassigned("A", "DC", {"1": 1}),
        picked("A", {"1": 1}, "DC"),
    ).when(cancel("A", lines={"1": 2})).then(
        happened(StockUncommitted, 1, location="STORE", quantity=2, picked=0),
        stock("SKU", "DC", committed=1),
        order_line("A", picked=1),
    )


def test_what_is_picked_leaves_with_the_parcel() -> None:
    given(*THREE, picked("A", {"1": 2})).when(shipped("A", {"1": 2})).then(
        order_line("A", picked=0, committed=1, shipped=2)
    ).when(cancel("A")).then(happened(StockUncommitted, 1, quantity=1, picked=0))


def test_a_parcel_that_was_never_picked_in_the_books_leaves_all_the_same() -> None:
    given(*THREE).when(shipped("A", {"1": 3}), picked("A", {"1": 3})).then(
        order_line("A", picked=0, shipped=3), nothing_raised()
    )


def test_what_is_ready_was_picked() -> None:
    given(*THREE).when(ready("A", {"1": 2})).then(order_line("A", picked=2, ready=2)).when(
        picked("A", {"1": 2})
    ).then(order_line("A", picked=2, ready=2))


def test_picking_more_than_was_promised_there_changes_nothing_more() -> None:
    given(*THREE).when(picked("A", {"1": 9})).then(order_line("A", picked=3), nothing_raised())


def test_goods_picked_for_an_order_that_moves_are_put_back() -> None:
    given(*THREE, received("SKU", "DC", 5), picked("A", {"1": 3})).when(reassigned("A", "DC")).then(
        happened(StockUncommitted, quantity=3, picked=3, cause="reassigned"),
        order_line("A", picked=0, committed=3),
    )


def test_goods_picked_before_their_order_was_known_are_picked_when_it_comes() -> None:
    given(received("SKU", "STORE", 5)).when(picked("A")).then(
        raised("unlinked", order_id="A")
    ).when(order("A")).then(resolved("unlinked", order_id="A"), order_line("A", picked=1))
