"""Channels: which locations serve them, and how much of a sku they may sell."""

from msgspec import Struct

from ledger.domain.distance import Vector, vector
from ledger.domain.entries import LocationPolicy
from ledger.domain.state import State


class Site(Struct, frozen=True, gc=False):
    """An active location that serves a channel, as sourcing sees it."""

    ships: bool
    pickup: bool
    handling_cost_minor: int
    daily_capacity: int | None
    where: Vector | None


class ChannelView(Struct, frozen=True):
    """The locations that may serve a channel; `limited`: some sku of it has a buffer or a cap."""

    sites: dict[str, Site]
    limited: bool


def view_of(state: State, channel: str) -> ChannelView:
    """The channel as claims see it: remembered until something is described anew."""
    known: ChannelView | None = state.views.get(channel)
    if known is None:
        known = state.views[channel] = _view(state, channel)
    return known


def _view(state: State, channel: str) -> ChannelView:
    described = state.channels.get(channel)
    served = None if described is None else described.locations
    sites = {
        location: _site(policy)
        for location in (state.locations if served is None else sorted(served))
        if (policy := state.locations[location]).active
    }
    return ChannelView(sites, any(key[0] == channel for key in state.buffers))


def _site(policy: LocationPolicy) -> Site:
    where = None
    if policy.latitude_udeg is not None and policy.longitude_udeg is not None:
        where = vector(policy.latitude_udeg, policy.longitude_udeg)
    return Site(
        policy.ships,
        policy.pickup,
        policy.handling_cost_minor or 0,
        policy.daily_capacity,
        where,
    )


def available_to_sell(state: State, channel: str, sku: str) -> int:
    """What a channel may still promise of a sku: domain.md, section 1."""
    sites = view_of(state, channel).sites
    offers = state.offers.of(sku)
    there = sum(n for location, n in offers.items() if n > 0 and location in sites)
    buffer = state.buffers.get((channel, sku))
    if buffer is None:
        return there
    to_sell = max(0, there - buffer.quantity)
    return to_sell if buffer.cap is None else min(to_sell, buffer.cap)


def is_limited(state: State, channel: str, sku: str) -> bool:
    """Whether the channel may sell less of a sku than its locations have."""
    return (channel, sku) in state.buffers
