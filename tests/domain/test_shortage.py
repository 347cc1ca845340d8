"""Rule 1: a fact moves what it names; the promises it leaves uncovered are told, newest first."""

from asks import (
    adjusted,
    cancel,
    collected,
    counted,
    held,
    held_back,
    line,
    moved,
    order,
    picked,
    place,
    ready,
    received,
    returned,
    shipped,
    sold,
)
from given import accepted, given, happened, labelled, order_line, stock
from moving_asks import sent, transfer

from ledger.domain.events import (
    HoldExpired,
    HoldReleased,
    OrderLineBackordered,
    OrderLineSourced,
    ShortageCleared,
    ShortageFound,
    ShortLine,
    ShortReservation,
    StockReleased,
    StockUncommitted,
)


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


def kept(owner: str, quantity: int = 1, kind: str = "hold") -> ShortReservation:
    return ShortReservation(held_for=kind, holder=owner, line_id="1", quantity=quantity)  # type: ignore[arg-type]


def test_carts_lose_what_is_not_there_the_newest_first_and_their_owners_are_told() -> None:
    given(
        received("SKU", "STORE", 5),
        held("old", ("1", "SKU", 2), until="20:00"),
        order("A"),
        held("new", ("1", "SKU", 2), until="09:00"),
    ).when(sold("SKU", "STORE", 3)).then(
        happened(ShortageFound, quantity=3, lines=(), reservations=(kept("new", 2), kept("old"))),
        happened(HoldReleased, owner="new", quantity=2, cause="short"),
        happened(HoldReleased, owner="old", quantity=1, cause="short"),
        happened(StockReleased, 2, cause="short"),
        stock("SKU", "STORE", on_hand=2, committed=1, reserved=1, shortage=0, available=0),
        labelled("A", "open"),
    ).wait_until("10:00").then(happened(HoldExpired, 0))


def test_a_cart_that_lost_a_part_keeps_the_rest_until_its_deadline() -> None:
    given(received("SKU", "STORE", 3), held("cart", ("1", "SKU", 3), until="09:00")).when(
        sold("SKU", "STORE", 1)
    ).then(stock("SKU", "STORE", reserved=2, shortage=0)).wait_until("09:00").then(
        happened(HoldExpired, quantity=2), stock("SKU", "STORE", reserved=0, available=2)
    )


def test_only_the_place_that_is_short_takes_from_a_cart_that_is_held_at_several() -> None:
    given(
        received("SKU", "STORE", 2),
        received("SKU", "DC", 1),
        held("cart", ("1", "SKU", 3), anywhere=True),
    ).when(sold("SKU", "STORE", 2)).then(
        stock("SKU", "STORE", reserved=0, on_hand=0), stock("SKU", "DC", reserved=1)
    )


def test_a_cart_that_is_held_at_several_places_loses_at_one_what_it_has_there_and_no_more() -> None:
    given(
        received("SKU", "STORE", 3),
        received("SKU", "DC", 1),
        held("old"),
        held("new", ("1", "SKU", 3), anywhere=True),
    ).when(sold("SKU", "STORE", 3)).then(
        happened(ShortageFound, reservations=(kept("new", 2), kept("old"))),
        stock("SKU", "STORE", reserved=0),
        stock("SKU", "DC", reserved=1),
    )


def test_after_carts_transfers_that_have_not_left_lose_what_is_not_there() -> None:
    given(
        place("STORE"),
        received("SKU", "DC", 6),
        order("A", line("1", location="DC")),
        transfer("T1", {"1": ("SKU", 2)}),
        held("cart", location="DC"),
        transfer("T2", {"1": ("SKU", 2)}),
    ).then(stock("SKU", "DC", reserved=5, available=0)).when(sold("SKU", "DC", 2)).then(
        happened(
            ShortageFound,
            quantity=2,
            lines=(),
            reservations=(kept("cart"), kept("T2", 1, "transfer")),
        ),
        stock("SKU", "DC", reserved=3, committed=1, shortage=0),
    ).when(sold("SKU", "DC", 2)).then(
        happened(
            ShortageFound,
            lines=(),
            reservations=(kept("T2", 1, "transfer"), kept("T1", 1, "transfer")),
        ),
        stock("SKU", "DC", reserved=1, committed=1, shortage=0),
    ).when(sold("SKU", "DC", 2)).then(
        happened(ShortageFound, lines=(short("A"),), reservations=(kept("T1", 1, "transfer"),)),
        labelled("A", "on_hold"),
    )


def test_a_transfer_that_has_left_loses_nothing() -> None:
    given(
        place("STORE"),
        received("SKU", "DC", 3),
        transfer("T1", {"1": ("SKU", 2)}),
        sent("T1", {"1": 2}),
        order("A", line("1", location="DC")),
    ).when(sold("SKU", "DC", 1)).then(
        happened(ShortageFound, lines=(short("A"),), reservations=()),
        happened(StockReleased, 0),
    )


def test_what_is_not_picked_is_short_first_then_what_is_picked_then_what_is_ready() -> None:
    given(
        received("SKU", "STORE", 6),
        order("unpicked", line("1", quantity=2)),
        order("picked", line("1", quantity=2)),
        order("ready", line("1", quantity=2)),
        picked("picked", {"1": 1}),
        ready("ready", {"1": 1}),
    ).when(sold("SKU", "STORE", 4)).then(
        happened(ShortageFound, lines=(short("ready"), short("picked"), short("unpicked", 2)))
    ).when(sold("SKU", "STORE", 1)).then(happened(ShortageFound, lines=(short("picked"),))).when(
        sold("SKU", "STORE", 1)
    ).then(happened(ShortageFound, lines=(short("ready"),)))


def test_a_short_order_is_served_from_elsewhere_if_the_writer_chose_its_place() -> None:
    given(received("SKU", "DC", 1), order("A", line("1", location=None))).when(
        received("SKU", "STORE", 1), sold("SKU", "DC", 1)
    ).then(
        happened(ShortageFound, quantity=1, lines=(short("A"),)),
        happened(StockUncommitted, location="DC", cause="resourced"),
        happened(OrderLineSourced, location="STORE", quantity=1),
        happened(ShortageCleared, quantity=1),
        stock("SKU", "DC", committed=0, shortage=0),
        stock("SKU", "STORE", committed=1),
        labelled("A", "open"),
    )


def test_a_short_order_whose_place_was_named_stays_there_and_waits() -> None:
    given(received("SKU", "DC", 1), order("A", line("1", location="DC"))).when(
        received("SKU", "STORE", 1), sold("SKU", "DC", 1)
    ).then(
        happened(OrderLineSourced, 0),
        stock("SKU", "DC", committed=1, shortage=1),
        labelled("A", "on_hold"),
    )


def test_a_short_order_that_nobody_else_can_serve_is_backordered_if_it_allows_it() -> None:
    given(
        received("SKU", "STORE", 2), order("A", line("1", quantity=2), allow_backorder=True)
    ).when(sold("SKU", "STORE", 1)).then(
        happened(StockUncommitted, quantity=1, cause="backordered"),
        happened(OrderLineBackordered, quantity=1),
        happened(ShortageCleared, quantity=1),
        order_line("A", committed=1, backordered=1, short=0),
        stock("SKU", "STORE", committed=1, shortage=0),
        labelled("A", "open"),
    ).when(received("SKU", "STORE", 1)).then(order_line("A", committed=2, backordered=0))


def test_of_a_short_order_what_can_be_is_served_from_elsewhere_and_the_rest_waits() -> None:
    given(
        received("SKU", "DC", 3),
        order("A", line("1", quantity=3, location=None), allow_split=True, allow_backorder=True),
        received("SKU", "STORE", 1),
    ).when(sold("SKU", "DC", 2)).then(
        stock("SKU", "DC", committed=1, shortage=0),
        stock("SKU", "STORE", committed=1),
        order_line("A", committed=2, backordered=1),
    )


def test_a_shut_place_serves_no_order_that_is_short_elsewhere() -> None:
    given(
        received("SKU", "DC", 1),
        order("A", line("1", location=None)),
        received("SKU", "STORE", 1),
        place("STORE", active=False),
    ).when(sold("SKU", "DC", 1)).then(stock("SKU", "STORE", committed=0), labelled("A", "on_hold"))


def test_what_was_taken_from_a_cart_can_be_held_again_when_goods_come() -> None:
    given(received("SKU", "STORE", 1), held("cart"), sold("SKU", "STORE", 1)).when(
        received("SKU", "STORE", 1), held("cart", name="again")
    ).then(accepted("again"), stock("SKU", "STORE", reserved=1, available=0))


def test_a_till_that_sells_into_the_red_takes_every_cart_and_no_more() -> None:
    given(received("SKU", "STORE", 2), held("cart", ("1", "SKU", 2))).when(
        sold("SKU", "STORE", 9)
    ).then(
        happened(ShortageFound, quantity=2),
        stock("SKU", "STORE", on_hand=-7, reserved=0, shortage=7, available=-7),
    )
