"""Rule 3: a hold keeps goods for its owner until a deadline, and is never counted twice."""

from asks import (
    cancel,
    extended,
    held,
    line,
    order,
    place,
    received,
    released,
    sold,
)
from given import Check, Shop, accepted, given, happened, nothing_raised, order_line, refused, stock

from ledger.domain.events import (
    HoldExpired,
    HoldExtended,
    HoldPlaced,
    HoldReleased,
    OrderLineSourced,
    RequestAccepted,
    StockReleased,
    StockReserved,
)
from ledger.domain.words import Reason


def holds(owner: str, line_id: str = "1", **wanted: int) -> Check:
    """What an owner holds of a line, by location; nothing: no such hold."""

    def check(shop: Shop) -> None:
        hold = shop.books.state.holds.get((owner, line_id))
        got = {} if hold is None else {part.location: part.quantity for part in hold.parts}
        assert got == wanted, (owner, line_id)

    return check


def test_goods_in_a_cart_are_kept_from_everybody_else() -> None:
    given(received("SKU", "STORE", 3)).when(held("cart", ("1", "SKU", 2))).then(
        stock("SKU", "STORE", on_hand=3, reserved=2, available=1),
        happened(HoldPlaced, quantity=2, owner="cart"),
        happened(StockReserved, quantity=2, held_for="hold", holder="cart"),
    ).when(order("A", line("1", quantity=2)), held("other", ("1", "SKU", 2))).then(
        refused("A", Reason.OUT_OF_STOCK, {"asked": 2, "available": 1}),
        refused("other", Reason.OUT_OF_STOCK, {"line_id": "1", "asked": 2, "available": 1}),
        stock("SKU", "STORE", reserved=2),
    )


def test_the_lines_of_one_hold_count_together_and_are_held_together_or_not_at_all() -> None:
    given(received("SKU", "STORE", 3), received("HAT", "STORE", 3)).when(
        held("cart", ("1", "SKU", 2), ("2", "SKU", 2), ("3", "HAT", 1))
    ).then(
        refused(
            "cart",
            Reason.OUT_OF_STOCK,
            {"line_id": "1", "asked": 4, "available": 3},
            {"line_id": "2", "asked": 4, "available": 3},
        ),
        stock("HAT", "STORE", reserved=0),
    )


def test_a_cart_that_changes_its_mind_holds_what_it_asked_for_last() -> None:
    given(received("SKU", "STORE", 3), held("cart", ("1", "SKU", 2))).when(
        held("cart", ("1", "SKU", 3), name="more")
    ).then(
        accepted("more"),
        happened(StockReleased, quantity=2, cause="superseded"),
        holds("cart", STORE=3),
        stock("SKU", "STORE", reserved=3, available=0),
    ).when(held("cart", ("1", "SKU", 1), name="less")).then(
        holds("cart", STORE=1), stock("SKU", "STORE", reserved=1)
    )


def test_a_cart_that_asks_for_too_much_keeps_what_it_had() -> None:
    given(received("SKU", "STORE", 3), held("cart", ("1", "SKU", 2), until="12:00")).when(
        held("cart", ("1", "SKU", 4), until="20:00", name="more")
    ).then(
        refused("more", Reason.OUT_OF_STOCK, {"asked": 4, "available": 3}),
        holds("cart", STORE=2),
        happened(HoldReleased, 0),
    ).wait_until("12:00").then(holds("cart"), stock("SKU", "STORE", reserved=0))


def test_a_cart_may_hold_another_article_on_the_same_line() -> None:
    given(received("SKU", "STORE", 1), received("HAT", "STORE", 1), held("cart")).when(
        held("cart", ("1", "HAT", 1), name="hat")
    ).then(stock("SKU", "STORE", reserved=0, available=1), stock("HAT", "STORE", reserved=1))


def test_a_second_line_of_a_cart_leaves_the_first_alone() -> None:
    given(received("SKU", "STORE", 3), held("cart")).when(
        held("cart", ("2", "SKU", 2), name="second")
    ).then(holds("cart", "1", STORE=1), holds("cart", "2", STORE=2)).when(
        held("cart", ("2", "SKU", 3), name="third")
    ).then(refused("third", Reason.OUT_OF_STOCK, {"asked": 3, "available": 2}))


def test_the_line_of_one_owner_is_not_the_line_of_another() -> None:
    given(received("SKU", "STORE", 2), held("cart")).when(held("desk")).then(
        holds("cart", STORE=1), holds("desk", STORE=1), stock("SKU", "STORE", available=0)
    )


def test_a_hold_ends_by_itself_at_its_deadline() -> None:
    shop = given(received("SKU", "STORE", 1), held("cart", until="09:00"))
    shop.wait_until("08:59").then(holds("cart", STORE=1), happened(HoldExpired, 0))
    shop.wait_until("09:00").then(
        happened(RequestAccepted, channel="onebook", kind="deadline_passed"),
        happened(HoldExpired, owner="cart", quantity=1),
        happened(StockReleased, quantity=1, cause="expired"),
        holds("cart"),
        stock("SKU", "STORE", reserved=0, available=1),
    ).wait_until("2/09:00").then(happened(RequestAccepted, 0))


def test_what_a_cart_held_too_long_goes_to_who_asks_next() -> None:
    given(received("SKU", "STORE", 1), held("cart", until="09:00")).when(
        order("A", at="09:00")
    ).then(accepted("A"), happened(HoldExpired))


def test_a_hold_that_has_ended_already_is_refused() -> None:
    given(received("SKU", "STORE", 1)).when(
        held("cart", ("1", "SKU", 9), until="08:00"), held("now", until="09:00", at="09:00")
    ).then(
        refused("cart", Reason.EXPIRED, {"line_id": "1", "sku": "SKU"}),
        refused("now", Reason.EXPIRED),
        stock("SKU", "STORE", reserved=0),
    )


def test_an_extended_hold_ends_later() -> None:
    given(received("SKU", "STORE", 1), held("cart", until="09:00")).when(
        extended("cart", "10:00")
    ).then(happened(HoldExtended, owner="cart", line_id="1")).wait_until("09:59").then(
        happened(HoldExpired, 0), stock("SKU", "STORE", reserved=1)
    ).wait_until("10:00").then(happened(HoldExpired), stock("SKU", "STORE", reserved=0))


def test_a_hold_may_be_extended_line_by_line() -> None:
    given(
        received("SKU", "STORE", 3), held("cart", ("1", "SKU", 1), ("2", "SKU", 2), until="09:00")
    ).when(extended("cart", "10:00", "2")).wait_until("09:30").then(
        holds("cart", "1"), holds("cart", "2", STORE=2), stock("SKU", "STORE", reserved=2)
    )


def test_what_is_no_longer_held_cannot_be_extended() -> None:
    given(received("SKU", "STORE", 3), held("cart", until="09:00")).when(
        extended("cart", "10:00", "1", "2", name="two"),
        extended("cart", "08:01", name="past"),
        extended("nobody", "10:00", name="nobody"),
        extended("cart", "10:00", name="late", at="09:30"),
    ).then(
        refused("two", Reason.EXPIRED, {"line_id": "2"}),
        refused("past", Reason.EXPIRED, {"line_id": "1"}),
        refused("nobody", Reason.EXPIRED),
        refused("late", Reason.EXPIRED),
        happened(HoldExtended, 0),
    )


def test_a_hold_is_given_back_in_part_and_then_the_rest() -> None:
    given(received("SKU", "STORE", 5), held("cart", ("1", "SKU", 3))).when(
        released("cart", {"1": 1})
    ).then(
        happened(HoldReleased, quantity=1, cause="customer"),
        holds("cart", STORE=2),
        stock("SKU", "STORE", reserved=2, available=3),
    ).when(released("cart")).then(holds("cart"), stock("SKU", "STORE", reserved=0, available=5))


def test_giving_back_more_than_is_held_gives_back_what_is() -> None:
    given(received("SKU", "STORE", 5), held("cart", ("1", "SKU", 3)), held("other")).when(
        released("cart", {"1": 9, "2": 1})
    ).then(
        happened(StockReleased, 1, quantity=3),
        stock("SKU", "STORE", reserved=1, available=4),
        nothing_raised(),
    )


def test_giving_back_twice_gives_back_once() -> None:
    given(received("SKU", "STORE", 5), held("cart"), held("other")).when(
        released("cart", name="one"), released("cart", name="two"), released("nobody")
    ).then(
        accepted("two"),
        happened(StockReleased, 1),
        stock("SKU", "STORE", reserved=1),
        nothing_raised(),
    )


def test_a_hold_given_back_in_time_does_not_end_again() -> None:
    given(received("SKU", "STORE", 5), held("cart", until="09:00"), released("cart")).wait_until(
        "10:00"
    ).then(happened(HoldExpired, 0), happened(RequestAccepted, 0))


def test_an_order_takes_what_its_cart_held() -> None:
    given(received("SKU", "STORE", 2), held("cart", ("1", "SKU", 2))).when(
        order("A", line("1", quantity=2), hold_owner="cart")
    ).then(
        accepted("A"),
        happened(HoldReleased, quantity=2, cause="converted"),
        stock("SKU", "STORE", committed=2, reserved=0, available=0),
        holds("cart"),
    ).wait_until("13:00").then(happened(HoldExpired, 0), order_line("A", committed=2))


def test_an_order_takes_what_its_cart_held_first_and_then_what_is_there() -> None:
    given(received("SKU", "STORE", 3), held("cart", ("7", "SKU", 2))).when(
        order("A", line("1", quantity=1), line("2", quantity=2), hold_owner="cart")
    ).then(stock("SKU", "STORE", committed=3, reserved=0, available=0))


def test_what_an_order_does_not_use_of_its_cart_is_free_again() -> None:
    given(
        received("SKU", "STORE", 5),
        received("HAT", "STORE", 1),
        held("cart", ("1", "SKU", 3), ("2", "HAT", 1)),
        held("other"),
    ).when(order("A", line("1", quantity=2), hold_owner="cart")).then(
        happened(StockReleased, quantity=2, cause="converted"),
        happened(StockReleased, sku="SKU", quantity=1, cause="customer"),
        happened(StockReleased, sku="HAT", quantity=1, cause="customer"),
        stock("SKU", "STORE", committed=2, reserved=1, available=2),
        stock("HAT", "STORE", reserved=0),
    )


def test_an_order_that_is_refused_leaves_its_cart_as_it_was() -> None:
    given(received("SKU", "STORE", 3), held("cart", ("1", "SKU", 2)), held("other")).when(
        order("A", line("1", quantity=3), hold_owner="cart")
    ).then(refused("A", Reason.OUT_OF_STOCK, {"asked": 3, "available": 2}), holds("cart", STORE=2))


def test_the_cart_of_somebody_else_serves_no_order() -> None:
    given(received("SKU", "STORE", 2), held("cart", ("1", "SKU", 2))).when(
        order("A"), order("B", hold_owner="other")
    ).then(refused("A", Reason.OUT_OF_STOCK), refused("B", Reason.OUT_OF_STOCK))


def test_an_order_in_part_takes_its_cart_and_what_else_is_there() -> None:
    given(received("SKU", "STORE", 2), held("cart")).when(
        order("A", line("1", quantity=5), hold_owner="cart", allow_part=True)
    ).then(
        order_line("A", committed=2, cancelled=3), stock("SKU", "STORE", reserved=0, available=0)
    )


def test_carried_out_goods_come_from_the_customer_s_hold() -> None:
    given(received("SKU", "STORE", 1), held("desk")).when(
        order("A", line("1", how="carry_out"), hold_owner="desk")
    ).then(order_line("A", collected=1), stock("SKU", "STORE", on_hand=0, reserved=0))


def test_a_sale_takes_what_its_customer_held_and_the_rest_is_free_again() -> None:
    given(received("SKU", "STORE", 3), held("desk", ("1", "SKU", 2))).when(
        sold("SKU", "STORE", 1, hold_owner="desk")
    ).then(
        happened(StockReleased, quantity=1, cause="converted"),
        happened(StockReleased, quantity=1, cause="customer"),
        stock("SKU", "STORE", on_hand=2, reserved=0, available=2),
        nothing_raised(),
    )


def test_a_sale_beyond_what_was_held_takes_it_all() -> None:
    given(received("SKU", "STORE", 3), held("desk", ("1", "SKU", 2))).when(
        sold("SKU", "STORE", 3, hold_owner="desk")
    ).then(
        happened(StockReleased, 1, quantity=2, cause="converted"),
        stock("SKU", "STORE", on_hand=0, reserved=0, shortage=0),
    )


THREE_PLACES = (
    place("A", ships=True),
    received("SKU", "A", 2),
    received("SKU", "B", 1),
    received("SKU", "STORE", 1),
)


def test_a_hold_anywhere_is_kept_at_one_place_if_one_has_it_all() -> None:
    given(*THREE_PLACES).when(held("cart", ("1", "SKU", 2), anywhere=True)).then(
        holds("cart", A=2), stock("SKU", "A", reserved=2), happened(OrderLineSourced, 0)
    )


def test_a_hold_anywhere_is_kept_at_several_places_if_need_be() -> None:
    given(*THREE_PLACES).when(held("cart", ("1", "SKU", 4), anywhere=True)).then(
        holds("cart", A=2, B=1, STORE=1),
        happened(HoldPlaced, 1, quantity=4),
        happened(StockReserved, 3),
    ).when(held("late", anywhere=True)).then(
        refused("late", Reason.OUT_OF_STOCK, {"asked": 1, "available": 0})
    ).when(released("cart", {"1": 3})).then(stock_kept("cart", 1)).when(released("cart")).then(
        holds("cart"), *(stock("SKU", name, reserved=0) for name in ("A", "B", "STORE"))
    )


def stock_kept(owner: str, quantity: int) -> Check:
    def check(shop: Shop) -> None:
        assert shop.books.state.holds[(owner, "1")].quantity == quantity

    return check


def test_a_hold_anywhere_at_several_places_ends_at_all_of_them() -> None:
    given(*THREE_PLACES, held("cart", ("1", "SKU", 4), anywhere=True, until="09:00")).wait_until(
        "09:00"
    ).then(
        happened(HoldExpired, 1, quantity=4),
        happened(StockReleased, 3, cause="expired"),
        *(stock("SKU", name, reserved=0) for name in ("A", "B", "STORE")),
    )


def test_an_order_that_names_no_place_is_served_from_where_its_cart_is_held() -> None:
    given(received("SKU", "DC", 9), received("SKU", "STORE", 1), held("cart")).when(
        order("A", line("1", location=None), hold_owner="cart")
    ).then(stock("SKU", "STORE", committed=1, reserved=0), stock("SKU", "DC", committed=0))


def test_a_hold_asked_for_elsewhere_moves_there() -> None:
    given(received("SKU", "DC", 1), received("SKU", "STORE", 1), held("cart")).when(
        held("cart", location="DC", name="there")
    ).then(holds("cart", DC=1), stock("SKU", "STORE", reserved=0, available=1))


def test_a_hold_needs_what_an_order_needs() -> None:
    given(received("SKU", "STORE", 1), place("SHUT", active=False)).when(
        held("a", ("1", "GHOST", 1)),
        held("b", location="NOWHERE"),
        held("c", location="SHUT"),
    ).then(
        refused("a", Reason.UNKNOWN_SKU, {"line_id": "1", "sku": "GHOST"}),
        refused("b", Reason.UNKNOWN_LOCATION, {"location": "NOWHERE"}),
        refused("c", Reason.LOCATION_INACTIVE),
    )


def test_cancelling_an_order_does_not_bring_its_cart_back() -> None:
    given(received("SKU", "STORE", 1), held("cart"), order("A", hold_owner="cart")).when(
        cancel("A")
    ).then(holds("cart"), stock("SKU", "STORE", reserved=0, committed=0, available=1))


def test_of_two_lines_of_a_cart_no_more_is_taken_than_the_order_needs() -> None:
    given(received("SKU", "STORE", 4), held("cart", ("1", "SKU", 2), ("2", "SKU", 2))).when(
        order("A", line("1", quantity=3), hold_owner="cart")
    ).then(
        happened(StockReleased, line_id="1", quantity=2, cause="converted"),
        happened(StockReleased, line_id="2", quantity=1, cause="converted"),
        happened(StockReleased, line_id="2", quantity=1, cause="customer"),
        stock("SKU", "STORE", committed=3, reserved=0, available=1),
    )
