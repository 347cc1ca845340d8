"""Locations on a map, and what an order's sourcing is asked to say."""

from typing import Any

from asks import Ask, line, place, received
from given import Check, Shop

from ledger.domain.events import OrderLineSourced
from ledger.domain.requests import OrderLine, Place

CITIES = {
    "BERLIN": (52_520_008, 13_404_954),
    "POTSDAM": (52_396_149, 13_058_540),
    "HAMBURG": (53_551_086, 9_993_682),
    "MUNICH": (48_137_154, 11_576_124),
    "VIENNA": (48_208_174, 16_373_819),
}


def to(city: str) -> Place:
    """An order goes there."""
    latitude, longitude = CITIES[city]
    return Place(region="DE", latitude_udeg=latitude, longitude_udeg=longitude)


def in_city(location: str, city: str | None = None, **more: Any) -> Ask:
    """A location in a city; without one, in the city of its own name."""
    latitude, longitude = CITIES[city or location]
    return place(location, latitude_udeg=latitude, longitude_udeg=longitude, **more)


def wanted(line_id: str = "1", sku: str = "SKU", quantity: int = 1) -> OrderLine:
    """Goods to be shipped from wherever the writer chooses."""
    return line(line_id, sku, quantity, location=None)


def stocked(*locations: str, sku: str = "SKU", quantity: int = 9) -> tuple[Ask, ...]:
    """So much of a sku at each of these."""
    return tuple(received(sku, location, quantity) for location in locations)


def sourced(order_id: str, location: str, line_id: str = "1", **said: Any) -> Check:
    """The writer chose this location for the line; `said`: quantity, rule, second, away, day."""

    def holds(shop: Shop) -> None:
        found = [
            event
            for event in shop.books.events
            if isinstance(event, OrderLineSourced)
            and (event.order_id, event.line_id) == (order_id, line_id)
            and event.location == location
        ]
        assert found, f"{location} was not chosen for {order_id}"
        assert {name: _said(found[-1], name) for name in said} == said, found[-1]

    return holds


def _said(event: OrderLineSourced, name: str) -> Any:
    if name == "second":
        return () if event.runner_up is None else event.runner_up.locations
    return event.distance_m if name == "away" else getattr(event, name)
