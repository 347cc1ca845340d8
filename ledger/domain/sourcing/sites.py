"""A location as sourcing sees it."""

from msgspec import Struct

from ledger.domain.entries import LocationPolicy
from ledger.domain.sourcing.distance import Vector, vector


class Site(Struct, frozen=True, gc=False):
    """An active location that serves a channel."""

    location: str
    ships: bool
    pickup: bool
    handling_cost_minor: int
    daily_capacity: int | None
    time_zone: str
    where: Vector | None


def site_of(location: str, policy: LocationPolicy) -> Site:
    """The location as its policy has it; a handling cost that nobody said is none."""
    where = None
    if policy.latitude_udeg is not None and policy.longitude_udeg is not None:
        where = vector(policy.latitude_udeg, policy.longitude_udeg)
    return Site(
        location,
        policy.ships,
        policy.pickup,
        policy.handling_cost_minor or 0,
        policy.daily_capacity,
        policy.time_zone,
        where,
    )
