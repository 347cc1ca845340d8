"""Channels: which locations serve them, and how much of a sku they may sell or order."""

from collections.abc import Iterator
from datetime import date, datetime

from msgspec import Struct

from ledger.domain.entries import Buffer
from ledger.domain.sourcing.nearby import Nearby
from ledger.domain.sourcing.sites import Site, site_of
from ledger.domain.state import State
from ledger.domain.stock.item import NOTHING


class ChannelView(Struct, frozen=True):
    """The active locations that serve a channel, and those of them that ship.

    `limited`: some sku of it has a buffer or a cap; `counted`: some location that ships takes so
    many parcels a day and no more.
    """

    sites: dict[str, Site]
    shipping: dict[str, Site]
    near: Nearby
    limited: bool
    counted: bool


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
        location: site_of(location, policy)
        for location in (state.locations if served is None else sorted(served))
        if (policy := state.locations[location]).active
    }
    shipping = {location: site for location, site in sites.items() if site.ships}
    return ChannelView(
        sites,
        shipping,
        Nearby(shipping.values()),
        limited=any(key[0] == channel for key in state.buffers),
        counted=any(site.daily_capacity is not None for site in shipping.values()),
    )


def available_to_sell(state: State, channel: str, sku: str) -> int:
    """What a channel may still promise of a sku, by the formula of docs/concepts.md."""
    sites = view_of(state, channel).sites
    offers = state.offers.of(sku)
    there = sum(n for location, n in offers.items() if n > 0 and location in sites)
    return within_limit(state, channel, sku, there)


def within_limit(state: State, channel: str, sku: str, there: int) -> int:
    """So much as is there, less what the channel leaves to others, and at most its cap."""
    return to_sell(there, state.buffers.get((channel, sku)))


def to_sell(there: int, buffer: Buffer | None) -> int:
    """So much as is there, less the buffer, and at most the cap."""
    if buffer is None:
        return there
    left = max(0, there - buffer.quantity)
    return left if buffer.cap is None else min(left, buffer.cap)


def to_order(sellable: int, incoming: int, backordered: int, short: int) -> int:
    """What can be sold and what comes, less what is promised of it already, never below 0."""
    return max(0, sellable + incoming - backordered - short)


def is_limited(state: State, channel: str, sku: str) -> bool:
    """Whether the channel may sell less of a sku than its locations have."""
    return (channel, sku) in state.buffers


def available_to_order(state: State, channel: str, sku: str, day: date) -> int:
    """What a channel may promise of a sku for a day, by the formula of docs/concepts.md.

    What is to come counts if it is due by that day at a location that serves the channel and is
    not overdue; what anybody waits for is taken from it, and what shelves there are short of.
    """
    sites = view_of(state, channel).sites
    incoming = sum(
        quantity
        for location, due, _, quantity in coming(state, sku)
        if due <= day and location in sites
    )
    short = sum(
        state.stock.get((location, sku), NOTHING).shortage
        for location in state.stocked.get(sku, ())
        if location in sites
    )
    sellable = available_to_sell(state, channel, sku)
    return to_order(sellable, incoming, backordered(state, sku), short)


def backordered(state: State, sku: str) -> int:
    """How much of a sku waits for stock, over all orders of the network."""
    return state.backordered.get(sku, 0)


def coming(state: State, sku: str) -> Iterator[tuple[str, date, datetime, int]]:
    """What of a sku comes where, by when: (location, day, when that day is over, how much).

    What is overdue is not counted on, nor what has no date: people were told so with the first
    decision after its day.
    """
    for kind, source_id, line_id in state.incoming.get(sku, ()):
        if kind == "supply":
            line = state.supply_lines[(source_id, line_id)]
            if line.due is not None and line.due_until is not None and not line.overdue:
                yield line.location, line.due, line.due_until, line.incoming
        else:
            transfer = state.transfers[source_id]
            on_its_way = state.transfer_lines[(source_id, line_id)].in_transit
            if transfer.due is not None and transfer.due_until is not None and not transfer.overdue:
                yield transfer.to_location, transfer.due, transfer.due_until, on_its_way
