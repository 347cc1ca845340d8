"""Rule 7: who serves an order that names no location, and why."""

from asks import (
    adjusted,
    change,
    held,
    held_back,
    line,
    order,
    place,
    received,
    served_by,
)
from given import accepted, given, happened, order_line, refused, stock
from where import in_city, sourced, stocked, to, wanted

from ledger.domain.decider import Arrival, decide
from ledger.domain.events import OrderLineSourced, StockCommitted
from ledger.domain.evolve import evolve
from ledger.domain.requests import Place
from ledger.domain.sourcing.distance import EARTH_RADIUS_M, metres, vector
from ledger.domain.words import Reason

BERLIN_TO_POTSDAM_M = 27_214
"""By the haversine formula on the same sphere, computed apart from the code."""


def test_the_nearest_location_serves_and_the_event_says_who_came_second() -> None:
    given(
        in_city("MUNICH"), in_city("POTSDAM"), in_city("HAMBURG"),
        *stocked("MUNICH", "POTSDAM", "HAMBURG"),
    ).when(order("A", wanted(), ship_to=to("BERLIN"))).then(
        sourced("A", "POTSDAM", rule="nearest", second=("HAMBURG",), quantity=1),
        stock("SKU", "POTSDAM", committed=1),
    )  # fmt: skip


def test_the_distance_stands_in_the_event_in_metres() -> None:
    shop = given(in_city("POTSDAM"), in_city("HAMBURG"), *stocked("POTSDAM", "HAMBURG"))
    shop.when(order("A", wanted(), ship_to=to("BERLIN")))
    [event] = [e for e in shop.news if isinstance(e, OrderLineSourced)]
    assert event.distance_m == BERLIN_TO_POTSDAM_M
    assert event.runner_up is not None
    away = metres(vector(52_520_008, 13_404_954), vector(53_551_086, 9_993_682))
    assert event.runner_up.distance_m == away


def test_the_only_location_that_has_it_needs_no_rule() -> None:
    given(in_city("POTSDAM"), in_city("MUNICH"), *stocked("MUNICH")).when(
        order("A", wanted(), ship_to=to("BERLIN"))
    ).then(sourced("A", "MUNICH", rule="only", second=()))


def test_one_parcel_from_afar_is_better_than_two_from_nearby() -> None:
    given(
        in_city("BERLIN"), in_city("POTSDAM"), in_city("VIENNA"),
        received("RED", "BERLIN", 1), received("BLUE", "POTSDAM", 1),
        received("RED", "VIENNA", 1), received("BLUE", "VIENNA", 1),
    ).when(
        order("A", wanted("1", "RED"), wanted("2", "BLUE"), ship_to=to("BERLIN"), allow_split=True)
    ).then(
        sourced("A", "VIENNA", "1", rule="only"), sourced("A", "VIENNA", "2", rule="only"),
        stock("RED", "BERLIN", committed=0),
    )  # fmt: skip


def test_of_locations_in_one_place_the_cheaper_one_serves() -> None:
    given(
        in_city("A", "BERLIN", handling_cost_minor=300),
        in_city("B", "BERLIN", handling_cost_minor=200),
        *stocked("A", "B"),
    ).when(order("O", wanted(), ship_to=to("BERLIN"))).then(
        sourced("O", "B", rule="handling_cost", second=("A",), away=0)
    )


def test_a_location_that_says_no_handling_cost_costs_nothing() -> None:
    given(
        in_city("A", "BERLIN", handling_cost_minor=1), in_city("B", "BERLIN"), *stocked("A", "B")
    ).when(order("O", wanted(), ship_to=to("BERLIN"))).then(
        sourced("O", "B", rule="handling_cost", second=("A",))
    )


def test_of_equally_cheap_neighbours_the_one_with_most_serves() -> None:
    given(
        in_city("A", "BERLIN"), in_city("B", "BERLIN"),
        received("SKU", "A", 4), received("SKU", "B", 5),
    ).when(order("O", wanted(), ship_to=to("BERLIN"))).then(
        sourced("O", "B", rule="most_available", second=("A",))
    )  # fmt: skip


def test_where_nothing_else_tells_them_apart_the_id_decides() -> None:
    given(in_city("B", "BERLIN"), in_city("A", "BERLIN"), *stocked("B", "A")).when(
        order("O", wanted(), ship_to=to("BERLIN"))
    ).then(sourced("O", "A", rule="location_id", second=("B",)))


def test_a_location_without_coordinates_is_the_farthest() -> None:
    given(place("NOWHERE"), in_city("VIENNA"), *stocked("NOWHERE", "VIENNA")).when(
        order("A", wanted(), ship_to=to("HAMBURG"))
    ).then(sourced("A", "VIENNA", rule="nearest", second=("NOWHERE",)))


def test_an_order_without_coordinates_goes_by_cost() -> None:
    given(
        in_city("POTSDAM", handling_cost_minor=200),
        in_city("VIENNA", handling_cost_minor=100),
        *stocked("POTSDAM", "VIENNA"),
    ).when(order("A", wanted())).then(
        sourced("A", "VIENNA", rule="handling_cost", second=("POTSDAM",), away=None)
    )


def test_safety_stock_is_not_sourced() -> None:
    given(
        in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", "VIENNA", quantity=3),
        held_back("SKU", "POTSDAM", 2),
    ).when(order("A", wanted(quantity=2), ship_to=to("BERLIN"))).then(
        sourced("A", "VIENNA", rule="only")
    )  # fmt: skip


def test_lines_of_one_sku_are_asked_for_together() -> None:
    given(
        in_city("POTSDAM"), in_city("VIENNA"),
        received("SKU", "POTSDAM", 3), received("SKU", "VIENNA", 4),
    ).when(
        order("A", wanted("1", quantity=2), wanted("2", quantity=2), ship_to=to("BERLIN"))
    ).then(sourced("A", "VIENNA", "1"), sourced("A", "VIENNA", "2"))  # fmt: skip


def test_inactive_locations_and_those_that_do_not_ship_are_passed_over() -> None:
    given(
        in_city("BERLIN", active=False), in_city("POTSDAM", ships=False), in_city("VIENNA"),
        *stocked("BERLIN", "POTSDAM", "VIENNA"),
    ).when(order("A", wanted(), ship_to=to("BERLIN"))).then(
        sourced("A", "VIENNA", rule="only")
    )  # fmt: skip


def test_a_location_that_does_not_serve_the_channel_is_passed_over() -> None:
    given(
        in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", "VIENNA"),
        served_by("app", "VIENNA"),
    ).when(
        order("A", wanted(), ship_to=to("BERLIN"), selling="app"),
        order("B", wanted(), ship_to=to("BERLIN"), selling="web"),
    ).then(sourced("A", "VIENNA", rule="only"), sourced("B", "POTSDAM"))  # fmt: skip


def test_a_location_described_anew_is_seen_at_once() -> None:
    given(in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", "VIENNA")).when(
        order("A", wanted(), ship_to=to("BERLIN")),
        in_city("POTSDAM", "MUNICH", at="10:00"),
        order("B", wanted(), ship_to=to("VIENNA")),
        in_city("VIENNA", active=False, at="11:00"),
        order("C", wanted(), ship_to=to("VIENNA")),
    ).then(
        sourced("A", "POTSDAM", rule="nearest"),
        sourced("B", "VIENNA", second=("POTSDAM",)),
        sourced("C", "POTSDAM", rule="only"),
    )


def test_a_location_that_a_line_names_is_taken_as_named_and_needs_no_explanation() -> None:
    given(in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", "VIENNA")).when(
        order("A", line("1", location="VIENNA"), ship_to=to("BERLIN"))
    ).then(stock("SKU", "VIENNA", committed=1), happened(OrderLineSourced, 0))


def test_a_location_that_sends_a_parcel_anyway_is_no_parcel_more() -> None:
    given(in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", "VIENNA")).when(
        order("A", line("1", location="VIENNA"), wanted("2"), ship_to=to("BERLIN"))
    ).then(sourced("A", "VIENNA", "2", rule="fewest_parcels", second=("POTSDAM",)))


def test_goods_named_for_pickup_are_no_parcel() -> None:
    given(in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", "VIENNA")).when(
        order(
            "A", line("1", location="VIENNA", how="pickup"), wanted("2"), ship_to=to("BERLIN")
        )
    ).then(sourced("A", "POTSDAM", "2", rule="nearest"))  # fmt: skip


def test_what_is_added_to_an_order_joins_its_parcel() -> None:
    given(in_city("POTSDAM"), in_city("VIENNA"), *stocked("VIENNA")).when(
        order("A", wanted(), ship_to=to("BERLIN")),
        *stocked("POTSDAM"),
        change("A", wanted("2"), name="more"),
    ).then(
        accepted("more"),
        sourced("A", "VIENNA", "2", rule="fewest_parcels", second=("POTSDAM",)),
    )


def test_where_the_customer_holds_the_goods_comes_first() -> None:
    given(
        in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", "VIENNA", quantity=2),
        held("cart", ("1", "SKU", 1), location="VIENNA"),
    ).when(order("A", wanted(), ship_to=to("BERLIN"), hold_owner="cart")).then(
        sourced("A", "VIENNA", rule="held", second=("POTSDAM",)),
        stock("SKU", "VIENNA", committed=1, reserved=0),
    )  # fmt: skip


def test_a_hold_anywhere_is_sourced_at_once_and_says_where() -> None:
    given(in_city("POTSDAM"), in_city("VIENNA"), *stocked("POTSDAM", "VIENNA")).when(
        held("cart", ("1", "SKU", 2), anywhere=True, ship_to=to("BERLIN"))
    ).then(
        accepted("cart"), stock("SKU", "POTSDAM", reserved=2), stock("SKU", "VIENNA", reserved=0)
    )


def test_endless_aisle_what_a_store_lacks_is_sold_there_and_sent_from_elsewhere() -> None:
    """The customer stands in store-7, which has none; the warehouse sends it to their home."""
    given(
        in_city("store-7", "BERLIN"), in_city("dc-1", "HAMBURG"), received("SKU", "dc-1", 5)
    ).when(
        order("A", wanted(), ship_to=to("BERLIN"), channel="store-7", selling="store-7")
    ).then(
        accepted("A"),
        sourced("A", "dc-1", rule="only"),
        stock("SKU", "dc-1", committed=1),
        stock("SKU", "store-7", committed=0),
    )  # fmt: skip


def test_endless_aisle_one_line_is_carried_out_and_the_other_is_sent() -> None:
    given(
        in_city("store-7", "BERLIN"), in_city("dc-1", "HAMBURG"),
        received("MUG", "store-7", 1), received("SOFA", "dc-1", 1),
    ).when(
        order(
            "A", line("1", "MUG", how="carry_out", location="store-7"), wanted("2", "SOFA"),
            channel="store-7", ship_to=to("BERLIN"),
        )
    ).then(
        stock("MUG", "store-7", on_hand=0, committed=0),
        order_line("A", "1", collected=1),
        sourced("A", "dc-1", "2"),
    )  # fmt: skip


def test_ship_from_store_a_web_order_is_sent_by_the_nearest_store() -> None:
    given(
        in_city("store-7", "POTSDAM"), in_city("dc-1", "VIENNA"), *stocked("store-7", "dc-1")
    ).when(order("A", wanted(), channel="web", ship_to=to("BERLIN"))).then(
        sourced("A", "store-7", rule="nearest", second=("dc-1",))
    )


def test_a_channel_that_only_warehouses_serve_does_not_ship_from_stores() -> None:
    given(
        in_city("store-7", "POTSDAM"), in_city("dc-1", "VIENNA"), *stocked("store-7", "dc-1"),
        served_by("web", "dc-1"),
    ).when(order("A", wanted(), ship_to=to("BERLIN"))).then(sourced("A", "dc-1"))  # fmt: skip


def test_what_nobody_has_whole_is_refused_with_the_sum_of_what_is_there() -> None:
    given(
        in_city("POTSDAM"), in_city("VIENNA"), in_city("MUNICH", ships=False),
        received("SKU", "POTSDAM", 2), received("SKU", "VIENNA", 1), received("SKU", "MUNICH", 9),
    ).when(order("A", wanted(quantity=3), ship_to=to("BERLIN"))).then(
        refused(
            "A", Reason.OUT_OF_STOCK,
            {"line_id": "1", "sku": "SKU", "location": None, "asked": 3, "available": 3},
        ),
        happened(StockCommitted, 0),
    )  # fmt: skip


def test_a_channel_that_nobody_ships_for_is_not_served() -> None:
    given(in_city("POTSDAM", ships=False), *stocked("POTSDAM")).when(order("A", wanted())).then(
        refused("A", Reason.NOT_SERVED, {"line_id": "1"})
    )


def test_a_shelf_below_zero_offers_nothing() -> None:
    given(
        in_city("POTSDAM"), in_city("VIENNA"), received("SKU", "VIENNA", 1),
        adjusted("SKU", "POTSDAM", -5),
    ).when(order("A", wanted(), ship_to=to("BERLIN"))).then(sourced("A", "VIENNA"))  # fmt: skip


def test_the_far_side_of_the_earth_is_half_its_circumference_away() -> None:
    away = metres(vector(0, 0), vector(0, 180_000_000))
    assert abs(away - round(3.141592653589793 * EARTH_RADIUS_M)) <= 1


def test_the_nearest_is_found_though_others_are_nearer_to_the_middle_of_its_part_of_the_map() -> (
    None
):
    """The order goes to the corner of a cell of half a degree; sites stand on its diagonal."""
    corner = Place(region="DE", latitude_udeg=0, longitude_udeg=0)
    sites = [
        place(name, latitude_udeg=udeg, longitude_udeg=udeg)
        for name, udeg in (("MIDDLE", 240_000), ("HALFWAY", 120_000), ("CORNER", 1_000))
    ]
    given(*sites, *stocked("MIDDLE", "HALFWAY", "CORNER")).when(
        order("A", wanted(), ship_to=corner)
    ).then(sourced("A", "CORNER", rule="nearest", second=("HALFWAY",)))


def test_orders_of_a_block_in_flight_see_what_those_before_them_took() -> None:
    """Several orders are decided on a state that is not confirmed yet."""
    shop = given(in_city("POTSDAM"), in_city("HAMBURG"), *stocked("POTSDAM", "HAMBURG", quantity=2))
    in_flight = shop.books.state.on_top()
    chosen = []
    for name in ("A", "B", "C", "D", "E"):
        asked = order(name, wanted(), ship_to=to("BERLIN"))
        request = asked.type(request_id=name, occurred_at=shop.clock, **asked.fields)
        events = decide(in_flight, Arrival("web", shop.clock, "", request))  # type: ignore[arg-type] # a claim
        for event in events:
            evolve(in_flight, event)
        chosen += [event.location for event in events if isinstance(event, StockCommitted)]
    assert chosen == ["POTSDAM", "POTSDAM", "HAMBURG", "HAMBURG"]
