"""Places that are whole, and prices that do not contradict each other."""

from ledger.domain.requests import (
    DescribeLocation,
    DescribeProduct,
    Exchange,
    Place,
    PlaceHold,
    PlaceOrder,
)
from ledger.door.faults import Malformed
from ledger.door.relations.lines import name_twin


def has_whole_coordinates(place: Place | DescribeLocation) -> None:
    """Latitude and longitude come together."""
    if (place.latitude_udeg is None) != (place.longitude_udeg is None):
        absent = "latitude_udeg" if place.latitude_udeg is None else "longitude_udeg"
        raise Malformed(f"`{absent}` is missing; send both coordinates or none", absent)


def destination_is_whole(request: PlaceOrder | Exchange | PlaceHold) -> None:
    """A destination has both coordinates or none."""
    if request.ship_to is not None:
        try:
            has_whole_coordinates(request.ship_to)
        except Malformed as fault:
            raise fault.within("ship_to") from None


def prices_differ(request: DescribeProduct) -> None:
    """One price a channel and currency."""
    name_twin(
        (f"{price.currency} of {price.channel or 'all channels'}" for price in request.prices),
        "prices",
        "currency",
    )
