"""Orders that stand are cut, added to, and served from elsewhere: all of it or nothing."""

import pytest
from asks import (
    Ask,
    buffered,
    cancel,
    change,
    collected,
    held,
    line,
    order,
    place,
    product,
    reassigned,
    received,
    served_by,
    service,
    shipped,
    sold,
)
from given import accepted, given, happened, labelled, nothing_raised, order_line, refused, stock

from ledger.domain.events import (
    BackorderFilled,
    OrderChanged,
    OrderLineCancelled,
    OrderLineReassigned,
    ShortageCleared,
    StockCommitted,
    StockUncommitted,
)
from ledger.domain.words import Reason


def shelf(quantity: int = 5, ordered: int = 3) -> tuple[Ask, Ask]:
    """So many in the store, some of them promised to order A."""
    return received("SKU", "STORE", quantity), order("A", line("1", quantity=ordered))


def test_a_line_may_be_added_to_an_order() -> None:
    given(*shelf()).when(change("A", line("2", quantity=2))).then(
        happened(OrderChanged, order_id="A"),
        happened(StockCommitted, quantity=2, line_id="2"),
        order_line("A", "2", ordered=2, committed=2),
        stock("SKU", "STORE", committed=5, available=0),
    )


def test_a_line_may_be_cut() -> None:
    given(*shelf()).when(change("A", cut={"1": 2})).then(
        happened(OrderLineCancelled, quantity=2, cause="requested"),
        happened(OrderChanged, 0),
        order_line("A", cancelled=2, committed=1),
        stock("SKU", "STORE", committed=1),
    ).when(change("A", cut={"1": None})).then(
        order_line("A", cancelled=3), labelled("A", "cancelled")
    )


def test_what_is_cut_is_free_for_what_is_added() -> None:
    given(*shelf(3, 3)).when(change("A", line("2", quantity=2), cut={"1": 2}, name="change")).then(
        accepted("change"),
        order_line("A", "1", committed=1),
        order_line("A", "2", committed=2),
        stock("SKU", "STORE", committed=3, available=0),
    )


def test_a_change_that_cannot_be_had_whole_changes_nothing() -> None:
    given(*shelf(3, 3)).when(change("A", line("2", quantity=3), cut={"1": 2}, name="change")).then(
        refused("change", Reason.OUT_OF_STOCK, {"line_id": "2", "asked": 3, "available": 2}),
        order_line("A", "1", committed=3, cancelled=0),
        happened(OrderLineCancelled, 0),
        stock("SKU", "STORE", committed=3),
    )


def test_added_lines_count_together() -> None:
    given(*shelf(4, 1)).when(
        change("A", line("2", quantity=2), line("3", quantity=2), name="change")
    ).then(
        refused(
            "change",
            Reason.OUT_OF_STOCK,
            {"line_id": "2", "asked": 4, "available": 3},
            {"line_id": "3", "asked": 4, "available": 3},
        )
    )


def test_an_added_line_may_be_carried_out_at_once() -> None:
    given(*shelf()).when(change("A", line("2", how="carry_out"))).then(
        order_line("A", "2", collected=1), stock("SKU", "STORE", on_hand=4, committed=3)
    )


def test_an_added_line_that_is_not_there_is_backordered_if_its_order_allows_it() -> None:
    given(received("SKU", "STORE", 1), order("A", allow_backorder=True)).when(
        change("A", line("2", quantity=2))
    ).then(order_line("A", "2", backordered=2)).when(received("SKU", "STORE", 2)).then(
        order_line("A", "2", committed=2)
    )


def test_postage_may_be_added() -> None:
    given(*shelf()).when(change("A", service("2"), name="change")).then(
        accepted("change"), order_line("A", "2", ordered=1), stock("SKU", "STORE", committed=3)
    )


def test_goods_that_left_before_their_line_was_added_left_when_it_is() -> None:
    given(*shelf(), shipped("A", {"2": 1})).when(change("A", line("2"))).then(
        order_line("A", "2", shipped=1, committed=0), stock("SKU", "STORE", on_hand=4, committed=3)
    )


CHANGES = [
    (Reason.ID_TAKEN, change("A", line("1", "GHOST"), cut={"9": 1})),
    (Reason.UNKNOWN_ORDER, change("Z", line("1", "GHOST"), cut={"9": 1})),
    (Reason.UNKNOWN_LINE, change("A", line("2", "GHOST"), cut={"9": 1})),
    (Reason.UNKNOWN_LOCATION, change("A", line("2", location="NOWHERE"), cut={"1": 99})),
    (Reason.UNKNOWN_SKU, change("A", line("2", "GHOST"), cut={"1": 99})),
    (Reason.LOCATION_REQUIRED, change("A", line("2", how="pickup", location=None), cut={"1": 99})),
    (Reason.BEYOND_QUANTITY, change("A", line("2", quantity=99), cut={"1": 99})),
    (Reason.OUT_OF_STOCK, change("A", line("2", quantity=99), cut={"1": 1})),
]


@pytest.mark.parametrize(("reason", "asked"), CHANGES, ids=[reason for reason, _ in CHANGES])
def test_of_all_reasons_against_a_change_the_first_in_order_is_given(
    reason: Reason, asked: Ask
) -> None:
    shop = given(*shelf())
    last = len(shop.books.answers) + 1
    shop.when(asked).then(refused(f"request {last}", reason), order_line("A", committed=3))


def test_a_line_that_has_left_cannot_be_cut_and_the_refusal_says_how_much_can() -> None:
    given(received("SKU", "STORE", 5), order("A", line("1", quantity=3), line("2"))).when(
        shipped("A", {"1": 1, "2": 1}), change("A", cut={"1": 3}, name="some")
    ).then(
        refused("some", Reason.BEYOND_QUANTITY, {"line_id": "1", "asked": 3, "available": 2})
    ).when(change("A", cut={"2": 1}, name="all")).then(
        refused("all", Reason.ALREADY_LEFT, {"line_id": "2", "asked": 1, "available": 0})
    )


def test_what_waits_for_goods_is_cancelled_before_what_is_there() -> None:
    given(
        received("SKU", "STORE", 2), order("A", line("1", quantity=5), allow_backorder=True)
    ).when(cancel("A", lines={"1": 4})).then(
        happened(OrderLineCancelled, quantity=4, backordered=3),
        happened(StockUncommitted, quantity=1),
        order_line("A", cancelled=4, backordered=0, committed=1),
    ).when(received("SKU", "STORE", 9)).then(happened(BackorderFilled, 0))


def test_cutting_one_order_serves_the_one_that_was_short() -> None:
    given(*shelf(3, 2), order("B"), sold("SKU", "STORE", 1)).then(labelled("B", "on_hold")).when(
        change("A", cut={"1": 1})
    ).then(happened(ShortageCleared, quantity=1), labelled("B", "open"))


TWO_PLACES = (*shelf(), received("SKU", "DC", 2))


def test_another_location_serves_a_line_from_now_on() -> None:
    given(*TWO_PLACES).when(reassigned("A", "DC", {"1": 2})).then(
        happened(OrderLineReassigned, quantity=2, location="DC"),
        happened(StockUncommitted, location="STORE", quantity=2, cause="reassigned"),
        stock("SKU", "STORE", committed=1, available=4),
        stock("SKU", "DC", committed=2, available=0),
        order_line("A", committed=3, cancelled=0),
    )


def test_a_line_that_moves_whole_is_served_from_there_alone() -> None:
    given(*shelf(5, 2), received("SKU", "DC", 2)).when(reassigned("A", "DC")).then(
        order_line("A", location="DC", committed=2), stock("SKU", "STORE", committed=0)
    ).when(collected("A", {"1": 2}, "DC")).then(stock("SKU", "DC", on_hand=0, committed=0))


def test_a_line_moves_only_if_all_of_it_is_there() -> None:
    given(*TWO_PLACES).when(reassigned("A", "DC", name="move")).then(
        refused(
            "move",
            Reason.OUT_OF_STOCK,
            {"line_id": "1", "sku": "SKU", "location": "DC", "asked": 3, "available": 2},
        ),
        stock("SKU", "STORE", committed=3),
        stock("SKU", "DC", committed=0),
    )


def test_the_lines_that_move_count_together() -> None:
    given(
        received("SKU", "STORE", 5), received("SKU", "DC", 3), order("A", line("1", quantity=2), line("2", quantity=2))
    ).when(reassigned("A", "DC", {"1": None, "2": None}, name="move")).then(
        refused(
            "move",
            Reason.OUT_OF_STOCK,
            {"line_id": "1", "asked": 4, "available": 3},
            {"line_id": "2", "asked": 4, "available": 3},
        )
    )  # fmt: skip


def test_what_is_there_already_needs_no_more_stock_to_move() -> None:
    given(*TWO_PLACES, reassigned("A", "DC", {"1": 2})).when(
        received("SKU", "DC", 1), reassigned("A", "DC", name="rest")
    ).then(accepted("rest"), stock("SKU", "DC", committed=3), stock("SKU", "STORE", committed=0))


def test_what_waits_for_goods_moves_to_where_they_are() -> None:
    given(
        received("SKU", "STORE", 1),
        order("A", line("1", quantity=3), allow_backorder=True),
        received("SKU", "DC", 3),
    ).then(order_line("A", committed=1, backordered=2)).when(reassigned("A", "DC")).then(
        happened(BackorderFilled, quantity=2, location="DC"),
        order_line("A", committed=3, backordered=0, location="DC"),
        stock("SKU", "DC", committed=3),
    )


def test_moving_a_line_that_is_short_takes_its_order_off_hold() -> None:
    given(*shelf(3, 3), received("SKU", "DC", 1), sold("SKU", "STORE", 1)).then(
        labelled("A", "on_hold")
    ).when(reassigned("A", "DC", {"1": 1})).then(
        labelled("A", "open"), stock("SKU", "STORE", committed=2, shortage=0)
    )


def test_what_others_hold_at_a_location_serves_no_line_that_moves_there() -> None:
    given(*TWO_PLACES, held("cart", location="DC")).when(
        reassigned("A", "DC", {"1": 2}, name="move")
    ).then(refused("move", Reason.OUT_OF_STOCK, {"asked": 2, "available": 1}))


def test_goods_left_to_other_channels_do_not_serve_what_waits() -> None:
    given(
        received("SKU", "STORE", 1),
        order("A", line("1", quantity=3), allow_backorder=True),
        buffered("web", "SKU", 1),
        received("SKU", "DC", 2),
    ).when(reassigned("A", "DC", name="move")).then(
        refused("move", Reason.CHANNEL_LIMIT, {"line_id": "1", "asked": 2, "available": 1})
    )


REASSIGNMENTS = [
    (Reason.UNKNOWN_ORDER, reassigned("Z", "NOWHERE", {"9": 1})),
    (Reason.UNKNOWN_LINE, reassigned("A", "NOWHERE", {"9": 1})),
    (Reason.UNKNOWN_LOCATION, reassigned("A", "NOWHERE", {"1": 99})),
    (Reason.LOCATION_INACTIVE, reassigned("A", "SHUT", {"1": 99})),
    (Reason.NOT_SERVED, reassigned("A", "OUTLET", {"1": 99})),
    (Reason.NOT_SERVED, reassigned("A", "DC", {"3": None, "1": 99})),
    (Reason.BEYOND_QUANTITY, reassigned("A", "DC", {"1": 4, "2": 1})),
    (Reason.ALREADY_LEFT, reassigned("A", "DC", {"1": 3, "2": 1})),
    (Reason.OUT_OF_STOCK, reassigned("A", "DC", {"1": 3})),
]


@pytest.mark.parametrize(("reason", "asked"), REASSIGNMENTS)
def test_of_all_reasons_against_a_move_the_first_in_order_is_given(
    reason: Reason, asked: Ask
) -> None:
    shop = given(
        received("SKU", "STORE", 5),
        received("SKU", "DC", 2),
        place("SHUT", active=False),
        place("OUTLET", ships=False),
        product("POSTAGE"),
        order("A", line("1", quantity=3), line("2"), service("3")),
        shipped("A", {"2": 1}),
    )
    last = len(shop.books.answers) + 1
    shop.when(asked).then(refused(f"request {last}", reason), stock("SKU", "DC", committed=0))


def test_a_location_that_does_not_serve_the_channel_serves_none_of_its_lines() -> None:
    given(*TWO_PLACES, served_by("web", "STORE")).when(
        reassigned("A", "DC", {"1": 1}, name="move")
    ).then(refused("move", Reason.NOT_SERVED, {"line_id": "1", "location": "DC"}))


def test_a_move_beyond_the_line_says_how_much_could_move() -> None:
    given(*TWO_PLACES).when(reassigned("A", "DC", {"1": 4}, name="move")).then(
        refused("move", Reason.BEYOND_QUANTITY, {"line_id": "1", "asked": 4, "available": 3})
    )


def test_a_line_may_move_back() -> None:
    given(*TWO_PLACES, reassigned("A", "DC", {"1": 2})).when(reassigned("A", "STORE")).then(
        stock("SKU", "STORE", committed=3), stock("SKU", "DC", committed=0), nothing_raised()
    )
