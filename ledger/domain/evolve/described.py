"""What descriptions and policies change in the writer's knowledge: the latest word counts."""

from ledger.domain.entries import Buffer, ChannelPolicy, LocationPolicy
from ledger.domain.events import (
    ChannelBufferSet,
    ChannelDescribed,
    LocationDescribed,
    ProductDescribed,
)
from ledger.domain.state import State
from ledger.domain.stock.item import stamp_of


def location_described(state: State, event: LocationDescribed) -> None:
    """What a location is and can do."""
    stamp = stamp_of(event)
    known = state.locations.get(event.location)
    if known is None or known.stamp is None or stamp >= known.stamp:
        state.forget_views()
        state.locations[event.location] = LocationPolicy(
            stamp,
            event.active,
            event.ships,
            event.pickup,
            event.time_zone,
            event.latitude_udeg,
            event.longitude_udeg,
            event.handling_cost_minor,
            event.daily_capacity,
        )


def product_described(state: State, event: ProductDescribed) -> None:
    """The sku is described."""
    state.products[event.sku] = True


def channel_described(state: State, event: ChannelDescribed) -> None:
    """Which locations serve a channel."""
    stamp = stamp_of(event)
    for location in event.locations or ():
        state.learn_location(location)
    known = state.channels.get(event.described)
    if known is None or stamp >= known.stamp:
        served = None if event.locations is None else frozenset(event.locations)
        state.channels[event.described] = ChannelPolicy(stamp, served)
        state.forget_views()


def channel_buffer_set(state: State, event: ChannelBufferSet) -> None:
    """How much of a sku a channel leaves to others."""
    stamp = stamp_of(event)
    state.products.setdefault(event.sku, False)
    key = (event.described, event.sku)
    known = state.buffers.get(key)
    if known is None or stamp >= known.stamp:
        state.buffers[key] = Buffer(stamp, event.quantity, event.cap)
        view = state.views.get(event.described)
        if view is None or not view.limited:
            state.forget_views()
