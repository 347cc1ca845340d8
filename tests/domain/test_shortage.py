"""Rule 1: a fact moves what it names; the promises it leaves uncovered are told, newest first."""

from asks import (
    adjusted,
    cancel,
    collected,
    counted,
    held_back,
    line,
    moved,
    order,
    ready,
    received,
    returned,
    shipped,
    sold,
)
from given import given, happened, labelled, order_line, stock

from ledger.domain.events import ShortageCleared, ShortageFound, ShortLine, StockUncommitted


def short(order_id: str, quantity: int = 1, line_id: str = "1") -> ShortLine:
    return ShortLine(order_id=order_id, line_id=line_id, quantity=quantity)


def test_a_sale_at_the_till_leaves_the_newest_order_short() -> None:
    given(received("SKU", "STORE", 2), order("A"), order("B")).when(sold("SKU", "STORE", 1)).then(
        happened(ShortageFound, quantity=1, lines=(short("B"),)),
        stock("SKU", "STORE", on_hand=1, committed=2, available=-1, shortage=1),
        order_line("B", short=1, committed=1),
        labelled("B", "on_hold"),
        labelled("A", "open"),
    )


def test_a_new_delivery_serves_the_oldest_order_first() -> None:
    given(received("SKU", "STORE", 2), order("A"), order("B"), sold("SKU", "STORE", 2)).then(
        labelled("A", "on_hold"), labelled("B", "on_hold")
    ).when(received("SKU", "STORE", 1)).then(
        happened(ShortageCleared, quantity=1, lines=(short("A"),)),
        labelled("A", "open"),
        labelled("B", "on_hold"),
    )


def test_goods_that_wait_for_their_customer_are_taken_last() -> None:
    given(received("SKU", "STORE", 2), order("A"), order("B"), ready("B")).when(
        sold("SKU", "STORE", 1)
    ).then(happened(ShortageFound, lines=(short("A"),)), labelled("B", "ready_for_pickup")).when(
        sold("SKU", "STORE", 1)
    ).then(happened(ShortageFound, lines=(short("B"),)), labelled("B", "on_hold"))


def test_of_a_line_only_as_much_as_is_lacking_is_short() -> None:
    given(
        received("SKU", "STORE", 5),
        order("A", line("1", quantity=2)),
        order("B", line("1", quantity=3)),
    ).when(adjusted("SKU", "STORE", -4)).then(
        happened(ShortageFound, quantity=4, lines=(short("B", 3), short("A", 1))),
        order_line("A", short=1, committed=2),
        order_line("B", short=3, committed=3),
    )


def test_goods_found_damaged_leave_orders_short_until_they_are_mended() -> None:
    given(received("SKU", "STORE", 1), order("A")).when(
        moved("SKU", "STORE", 1, "available", "damaged")
    ).then(labelled("A", "on_hold"), stock("SKU", "STORE", on_hand=1, shortage=1)).when(
        moved("SKU", "STORE", 1, "damaged", "available")
    ).then(happened(ShortageCleared), labelled("A", "open"))


def test_a_count_can_find_and_clear_a_shortage() -> None:
    given(received("SKU", "STORE", 2), order("A", line("1", quantity=2))).when(
        counted("STORE", {"SKU": 0})
    ).then(happened(ShortageFound, quantity=2), order_line("A", short=2)).when(
        counted("STORE", {"SKU": 1})
    ).then(happened(ShortageCleared, quantity=1), order_line("A", short=1))


def test_a_whole_count_finds_shortages_of_what_it_does_not_name() -> None:
    given(received("SKU", "STORE", 1), order("A")).when(counted("STORE", {}, whole=True)).then(
        labelled("A", "on_hold")
    )


def test_goods_that_come_back_clear_a_shortage() -> None:
    given(received("SKU", "STORE", 1), order("A"), sold("SKU", "STORE", 1)).when(
        returned("SKU", "STORE", 1)
    ).then(happened(ShortageCleared), labelled("A", "open"))


def test_cancelling_one_order_serves_the_other() -> None:
    given(received("SKU", "STORE", 2), order("A"), order("B"), sold("SKU", "STORE", 1)).when(
        cancel("A")
    ).then(
        happened(ShortageCleared, lines=(short("B"),)),
        labelled("B", "open"),
        stock("SKU", "STORE", shortage=0),
    )


def test_an_order_that_was_short_may_ship_all_the_same_and_the_next_is_short() -> None:
    """The parcel left: what lacks now lacks to somebody else."""
    given(received("SKU", "STORE", 2), order("A"), order("B"), sold("SKU", "STORE", 1)).when(
        shipped("B")
    ).then(
        order_line("B", short=0, shipped=1),
        labelled("B", "fulfilled"),
        happened(ShortageFound, lines=(short("A"),)),
        labelled("A", "on_hold"),
    )


def test_a_shortage_keeps_the_promise_it_hits() -> None:
    given(received("SKU", "STORE", 1), order("A")).when(sold("SKU", "STORE", 1)).then(
        happened(StockUncommitted, 0), order_line("A", committed=1, cancelled=0)
    )


def test_holding_goods_back_leaves_no_promise_short() -> None:
    given(received("SKU", "STORE", 1), order("A")).when(held_back("SKU", "STORE", 9)).then(
        stock("SKU", "STORE", shortage=0, available=-9), labelled("A", "open")
    )


def test_a_till_that_sells_into_the_red_hits_no_more_than_was_promised() -> None:
    given(received("SKU", "STORE", 1), order("A")).when(sold("SKU", "STORE", 5)).then(
        happened(ShortageFound, quantity=1),
        order_line("A", short=1),
        stock("SKU", "STORE", on_hand=-4, shortage=5),
    )


def test_collecting_what_was_short_ends_its_hold() -> None:
    given(
        received("SKU", "STORE", 1), order("A", line("1", how="pickup")), sold("SKU", "STORE", 1)
    ).when(collected("A")).then(
        labelled("A", "collected"),
        order_line("A", short=0),
        stock("SKU", "STORE", on_hand=-1, committed=0),
    )
