"""Rule 4: what leaves gives back its claim, exactly as much as left; what is cancelled the rest."""

import pytest
from asks import (
    Ask,
    cancel,
    collected,
    line,
    order,
    ready,
    received,
    service,
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
)

from ledger.domain.events import LineCollected, StockShipped, StockUncommitted
from ledger.domain.words import Reason


def two(how: str = "ship", quantity: int = 2) -> tuple[Ask, Ask]:
    """Five in the store, two of them promised."""
    return received("SKU", "STORE", 5), order("A", line("1", quantity=quantity, how=how))


@pytest.mark.parametrize(("leaves", "how"), [(shipped, "ship"), (collected, "pickup")])
def test_what_leaves_takes_its_promise_along(leaves: type[Ask], how: str) -> None:
    given(*two(how)).when(leaves("A", {"1": 1})).then(
        stock("SKU", "STORE", on_hand=4, committed=1, available=3),
        order_line("A", committed=1, left=1),
    ).when(leaves("A", {"1": 1})).then(
        stock("SKU", "STORE", on_hand=3, committed=0, available=3),
        order_line("A", committed=0, left=2),
        nothing_raised(),
    )


def test_a_cancelled_order_gives_back_what_has_not_left() -> None:
    given(*two(), shipped("A", {"1": 1})).when(cancel("A")).then(
        stock("SKU", "STORE", on_hand=4, committed=0, available=4),
        order_line("A", cancelled=1, shipped=1, committed=0),
        labelled("A", "fulfilled"),
    )


def test_one_line_may_be_cancelled_in_part_and_the_order_goes_on() -> None:
    given(received("SKU", "STORE", 5), order("A", line("1", quantity=3), line("2"))).when(
        cancel("A", lines={"1": 2, "2": None})
    ).then(
        order_line("A", "1", cancelled=2, committed=1),
        order_line("A", "2", cancelled=1),
        stock("SKU", "STORE", committed=1),
    )


def test_a_cancellation_is_refused_whole_when_one_line_goes_too_far() -> None:
    given(received("SKU", "STORE", 5), order("A", line("1", quantity=3), line("2"))).when(
        cancel("A", lines={"1": 4, "2": 1}, name="cancel")
    ).then(
        refused("cancel", Reason.BEYOND_QUANTITY, {"line_id": "1", "asked": 4, "available": 3}),
        stock("SKU", "STORE", committed=4),
    )


def test_nothing_is_left_to_cancel_once_all_has_left() -> None:
    given(*two(), shipped("A", {"1": 2})).when(cancel("A", name="cancel")).then(
        refused("cancel", Reason.ALREADY_LEFT), labelled("A", "fulfilled")
    )


def test_services_go_with_the_order_unless_goods_have_left() -> None:
    given(
        received("SKU", "STORE", 9),
        order("A", line("1"), service("2")),
        order("B", line("1", quantity=2), service("2")),
    ).when(cancel("A"), shipped("B"), cancel("B")).then(
        order_line("A", "2", cancelled=1),
        order_line("B", "2", cancelled=0),
        labelled("A", "cancelled"),
        labelled("B", "fulfilled"),
    )


def test_shipped_beyond_the_line_all_leaves_and_the_rest_is_told() -> None:
    given(*two()).when(shipped("A", {"1": 3})).then(
        stock("SKU", "STORE", on_hand=2, committed=0, available=2),
        order_line("A", shipped=3, left=2, excess=1, committed=0),
        raised("overshipped", order_id="A", line_id="1", quantity=1),
        happened(StockShipped, quantity=3, committed=2),
        labelled("A", "fulfilled"),
    )


def test_collected_beyond_the_line_all_leaves_and_the_rest_is_told() -> None:
    given(*two("pickup")).when(collected("A", {"1": 4})).then(
        stock("SKU", "STORE", on_hand=1, committed=0),
        order_line("A", collected=4, excess=2),
        raised("overshipped", quantity=2),
    )


def test_shipped_after_a_cancel_the_quantity_moves_from_cancelled_to_shipped() -> None:
    given(*two(), cancel("A")).when(shipped("A", {"1": 1})).then(
        stock("SKU", "STORE", on_hand=4, committed=0),
        order_line("A", cancelled=1, shipped=1, committed=0, excess=0),
        nothing_raised(),
        labelled("A", "fulfilled"),
    )


def test_goods_that_leave_from_another_location_free_the_one_that_promised_them() -> None:
    given(*two(), received("SKU", "DC", 5)).when(shipped("A", {"1": 2}, location="DC")).then(
        stock("SKU", "STORE", on_hand=5, committed=0),
        stock("SKU", "DC", on_hand=3, committed=0),
        happened(StockUncommitted, quantity=2, cause="left_elsewhere"),
        happened(StockShipped, location="DC", quantity=2, committed=0),
    )


def test_preparing_moves_no_stock() -> None:
    given(*two("pickup")).when(ready("A", {"1": 2})).then(
        stock("SKU", "STORE", on_hand=5, committed=2),
        order_line("A", ready=2),
        labelled("A", "ready_for_pickup"),
    ).when(collected("A", {"1": 1})).then(
        order_line("A", ready=1, collected=1), labelled("A", "ready_for_pickup")
    )


def test_a_service_that_is_shipped_moves_no_stock() -> None:
    given(received("SKU", "STORE", 2), order("A", line("1"), service("2"))).when(
        shipped("A", {"1": 1, "2": 1})
    ).then(
        stock("SKU", "STORE", on_hand=1),
        happened(StockShipped, 1),
        labelled("A", "fulfilled"),
        nothing_raised(),
    )


def test_a_sale_that_fulfils_an_order_takes_its_promise_along() -> None:
    given(*two("pickup")).when(sold("SKU", "STORE", 2, fulfils=("A", "1"))).then(
        stock("SKU", "STORE", on_hand=3, committed=0),
        order_line("A", collected=2, committed=0),
        labelled("A", "collected"),
        happened(LineCollected, quantity=2),
    )


def test_a_sale_elsewhere_that_fulfils_an_order_frees_the_location_that_promised() -> None:
    given(*two("pickup"), received("SKU", "DC", 5)).when(
        sold("SKU", "DC", 1, fulfils=("A", "1"))
    ).then(
        stock("SKU", "STORE", on_hand=5, committed=1),
        stock("SKU", "DC", on_hand=4, committed=0),
        order_line("A", collected=1),
    )


def test_a_voided_sale_never_happened() -> None:
    given(received("SKU", "STORE", 5), sold("SKU", "STORE", 3, name="S")).when(voided("S")).then(
        stock("SKU", "STORE", on_hand=5),
        order_line("sale:till:S", collected=0, cancelled=3),
        labelled("sale:till:S", "cancelled"),
        nothing_raised(),
    )


def test_a_part_of_a_sale_may_be_voided_and_then_the_rest() -> None:
    given(received("SKU", "STORE", 5), sold("SKU", "STORE", 3, name="S")).when(
        voided("S", {"1": 1})
    ).then(
        stock("SKU", "STORE", on_hand=3),
        order_line("sale:till:S", collected=2, cancelled=1),
        labelled("sale:till:S", "collected"),
    ).when(voided("S", {"1": None})).then(stock("SKU", "STORE", on_hand=5), nothing_raised())


@pytest.mark.parametrize("lines", [{"1": 5}, {"9": 1}, {"9": None}, {"1": 1, "9": None}])
def test_voiding_more_than_was_sold_voids_what_was_and_tells(lines: dict[str, int | None]) -> None:
    most = 3 if lines.get("1") == 5 else lines.get("1") or 0
    given(received("SKU", "STORE", 5), sold("SKU", "STORE", 3, name="S")).when(
        voided("S", lines)
    ).then(stock("SKU", "STORE", on_hand=2 + most), raised("over_voided", order_id="sale:till:S"))


def test_a_voided_sale_s_order_line_loses_its_excess_first_then_is_cancelled_then_promised_again() -> (
    None
):
    """Rule 11, of a sale of six for a line of four, of which two were cancelled."""
    given(
        received("SKU", "STORE", 9),
        order("A", line("1", quantity=4)),
        cancel("A", lines={"1": 2}),
        sold("SKU", "STORE", 6, fulfils=("A", "1"), name="S"),
    ).then(order_line("A", excess=2, cancelled=0, left=4), raised("overshipped", quantity=2)).when(
        voided("S", {"1": 2})
    ).then(
        order_line("A", excess=0, cancelled=0, left=4, committed=0),
        resolved("overshipped"),
        stock("SKU", "STORE", committed=0),
    ).when(voided("S", {"1": 2})).then(
        order_line("A", cancelled=2, left=2, committed=0),
        stock("SKU", "STORE", on_hand=7, committed=0),
    ).when(voided("S", {"1": 2})).then(
        order_line("A", cancelled=2, left=0, committed=2),
        stock("SKU", "STORE", on_hand=9, committed=2),
        labelled("A", "open"),
    )


def test_a_void_promises_again_and_that_may_leave_others_short() -> None:
    """The goods are back where they were sold, the promise is where it was made."""
    given(
        received("SKU", "STORE", 1),
        received("SKU", "DC", 1),
        order("A"),
        sold("SKU", "DC", 1, fulfils=("A", "1"), name="S"),
    ).when(order("B"), voided("S")).then(
        accepted("B"),
        stock("SKU", "DC", on_hand=1),
        stock("SKU", "STORE", committed=2, shortage=1),
        labelled("A", "on_hold"),
    )
