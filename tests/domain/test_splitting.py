"""Rules 2 and 7: what one location lacks is split, backordered, cut or refused, in this order."""

from asks import line, order, received
from given import accepted, given, happened, labelled, order_line, refused, stock
from where import in_city, sourced, stocked, to, wanted

from ledger.domain.events import (
    OrderLineBackordered,
    OrderLineCancelled,
    OrderLineSourced,
    RequestRefused,
    StockCommitted,
)
from ledger.domain.words import Reason

TWO = (in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", "VIENNA", quantity=2))
"""Two of it in each of two places."""


def test_an_order_that_may_be_split_is_served_from_two_locations() -> None:
    given(*TWO).when(
        order("A", wanted(quantity=3), ship_to=to("BERLIN"), allow_split=True)
    ).then(
        sourced("A", "POTSDAM", quantity=2, rule="fewest_parcels"),
        sourced("A", "VIENNA", quantity=1),
        stock("SKU", "POTSDAM", committed=2),
        stock("SKU", "VIENNA", committed=1),
        order_line("A", committed=3),
    )  # fmt: skip


def test_an_order_that_one_location_can_serve_is_not_split() -> None:
    given(*TWO).when(
        order("A", wanted(quantity=2), ship_to=to("BERLIN"), allow_split=True)
    ).then(happened(OrderLineSourced, 1), stock("SKU", "POTSDAM", committed=2))  # fmt: skip


def test_without_leave_to_split_it_is_refused_though_all_of_it_is_there() -> None:
    given(*TWO).when(order("A", wanted(quantity=3))).then(
        refused("A", Reason.OUT_OF_STOCK, {"line_id": "1", "asked": 3, "available": 4})
    )


def test_lines_may_name_different_locations_without_leave_to_split() -> None:
    given(*TWO).when(
        order("A", line("1", location="POTSDAM"), line("2", location="VIENNA"))
    ).then(accepted("A"), happened(StockCommitted, 2))  # fmt: skip


def test_of_pairs_that_can_serve_it_the_nearest_does() -> None:
    given(
        in_city("POTSDAM"), in_city("HAMBURG"), in_city("MUNICH"), in_city("VIENNA"),
        received("RED", "VIENNA", 1), received("RED", "POTSDAM", 1),
        received("BLUE", "MUNICH", 1), received("BLUE", "HAMBURG", 1),
    ).when(
        order("A", wanted("1", "RED"), wanted("2", "BLUE"), ship_to=to("BERLIN"), allow_split=True)
    ).then(
        sourced("A", "POTSDAM", "1", rule="nearest", second=("MUNICH", "POTSDAM")),
        sourced("A", "HAMBURG", "2", rule="nearest"),
    )  # fmt: skip


def test_two_parcels_from_afar_are_better_than_three_from_nearby() -> None:
    given(
        in_city("A", "BERLIN"), in_city("B", "BERLIN"), in_city("C", "BERLIN"),
        in_city("MUNICH"), in_city("VIENNA"),
        received("RED", "A", 1), received("BLUE", "B", 1), received("GREEN", "C", 1),
        received("RED", "MUNICH", 1), received("BLUE", "MUNICH", 1), received("GREEN", "VIENNA", 1),
    ).when(
        order(
            "O", wanted("1", "RED"), wanted("2", "BLUE"), wanted("3", "GREEN"),
            ship_to=to("BERLIN"), allow_split=True,
        )
    ).then(
        sourced("O", "MUNICH", "1", rule="nearest"),
        sourced("O", "MUNICH", "2"),
        sourced("O", "C", "3", second=("MUNICH", "VIENNA")),
    )  # fmt: skip


def test_a_line_that_one_of_the_parcels_can_carry_whole_is_not_torn() -> None:
    given(
        in_city("POTSDAM"), in_city("VIENNA"),
        received("RED", "POTSDAM", 2), received("RED", "VIENNA", 3), received("BLUE", "POTSDAM", 1),
    ).when(
        order(
            "A", wanted("1", "BLUE"), wanted("2", "RED", 3), ship_to=to("BERLIN"), allow_split=True
        )
    ).then(
        sourced("A", "POTSDAM", "1"), sourced("A", "VIENNA", "2", quantity=3),
        order_line("A", "2", committed=3), stock("RED", "POTSDAM", committed=0),
    )  # fmt: skip


def test_what_goes_anyway_from_a_named_location_needs_no_second_parcel() -> None:
    """One parcel from BERLIN would do for the rest; but VIENNA and MUNICH send one as it is."""
    given(
        in_city("BERLIN"), in_city("VIENNA"), in_city("MUNICH"),
        *stocked("BERLIN", quantity=9), *stocked("VIENNA", "MUNICH", quantity=2),
    ).when(
        order(
            "A", line("1", location="VIENNA"), line("2", location="MUNICH"), wanted("3", quantity=2),
            ship_to=to("BERLIN"), allow_split=True,
        )
    ).then(
        sourced("A", "MUNICH", "3", quantity=1, rule="fewest_parcels"),
        sourced("A", "VIENNA", "3", quantity=1),
        stock("SKU", "BERLIN", committed=0),
    )  # fmt: skip


def test_a_split_over_more_than_three_locations_takes_those_with_most_first() -> None:
    places = ("BERLIN", "POTSDAM", "HAMBURG", "MUNICH", "VIENNA")
    given(
        *(in_city(place) for place in places),
        *stocked("BERLIN", "POTSDAM", quantity=1),
        *stocked("HAMBURG", "MUNICH", "VIENNA", quantity=3),
    ).when(
        order("A", wanted(quantity=10), ship_to=to("BERLIN"), allow_split=True)
    ).then(
        accepted("A"),
        sourced("A", "HAMBURG", quantity=3, rule="fewest_parcels"),
        sourced("A", "BERLIN", quantity=1),
        stock("SKU", "POTSDAM", committed=0),
    )  # fmt: skip


def test_a_split_comes_before_a_backorder() -> None:
    given(*TWO).when(
        order("A", wanted(quantity=3), allow_split=True, allow_backorder=True)
    ).then(order_line("A", committed=3, backordered=0), happened(OrderLineBackordered, 0))  # fmt: skip


def test_what_all_locations_together_lack_is_backordered() -> None:
    given(*TWO).when(
        order("A", wanted(quantity=5), allow_split=True, allow_backorder=True)
    ).then(order_line("A", committed=4, backordered=1), labelled("A", "open"))  # fmt: skip


def test_without_leave_to_split_the_rest_of_one_location_is_backordered() -> None:
    given(*TWO, received("SKU", "VIENNA", 1)).when(
        order("A", wanted(quantity=5), ship_to=to("BERLIN"), allow_backorder=True)
    ).then(
        order_line("A", committed=3, backordered=2),
        stock("SKU", "VIENNA", committed=3),
        stock("SKU", "POTSDAM", committed=0),
    )


def test_a_backorder_comes_before_a_part() -> None:
    given(*TWO).when(
        order("A", wanted(quantity=9), allow_split=True, allow_backorder=True, allow_part=True)
    ).then(
        order_line("A", committed=4, backordered=5, cancelled=0), happened(OrderLineCancelled, 0)
    )  # fmt: skip


def test_an_order_of_which_nothing_is_there_waits_as_a_whole() -> None:
    given(in_city("POTSDAM"), *stocked("POTSDAM", quantity=1)).when(
        order("A", wanted()), order("B", wanted(quantity=2), allow_backorder=True)
    ).then(accepted("B"), order_line("B", backordered=2, committed=0), labelled("B", "open"))


def test_a_part_is_taken_where_most_of_it_is() -> None:
    given(*TWO, received("SKU", "VIENNA", 1)).when(
        order("A", wanted(quantity=5), ship_to=to("BERLIN"), allow_part=True)
    ).then(
        sourced("A", "VIENNA", quantity=3),
        order_line("A", committed=3, cancelled=2),
        happened(OrderLineCancelled, quantity=2, cause="out_of_stock"),
    )


def test_a_part_may_be_split() -> None:
    given(*TWO).when(order("A", wanted(quantity=5), allow_part=True, allow_split=True)).then(
        order_line("A", committed=4, cancelled=1)
    )


def test_carried_out_goods_are_never_backordered() -> None:
    given(received("SKU", "STORE", 1)).when(
        order("A", line("1", quantity=2, how="carry_out"), allow_backorder=True)
    ).then(refused("A", Reason.OUT_OF_STOCK, {"line_id": "1", "asked": 2, "available": 1}))


def test_of_a_mixed_order_what_is_carried_out_is_cut_and_what_is_sent_waits() -> None:
    given(received("SKU", "STORE", 1), received("SOFA", "STORE", 1)).when(
        order(
            "A",
            line("1", quantity=2, how="carry_out"),
            line("2", "SOFA", 2),
            allow_backorder=True,
            allow_part=True,
        )
    ).then(
        order_line("A", "1", collected=1, cancelled=1, backordered=0),
        order_line("A", "2", committed=1, backordered=1),
    )


def test_a_refusal_says_of_every_line_it_hits_what_was_asked_in_sum_and_what_is_there() -> None:
    given(*TWO, received("BLUE", "VIENNA", 5)).when(
        order(
            "A", wanted("1", quantity=3), wanted("2", quantity=2), wanted("3", "BLUE", 1),
            line("4", quantity=3, location="VIENNA"), allow_split=True,
        )
    ).then(
        refused(
            "A", Reason.OUT_OF_STOCK,
            {"line_id": "1", "location": None, "asked": 5, "available": 4},
            {"line_id": "2", "location": None, "asked": 5, "available": 4},
            {"line_id": "4", "location": "VIENNA", "asked": 3, "available": 2},
        )
    )  # fmt: skip


def test_a_refused_order_leaves_nothing_behind() -> None:
    given(*TWO).when(order("A", wanted(quantity=9), allow_split=True)).then(
        happened(RequestRefused),
        stock("SKU", "POTSDAM", committed=0, available=2),
        happened(OrderLineSourced, 0),
    )
