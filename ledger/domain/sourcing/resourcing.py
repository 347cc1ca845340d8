"""Promises that one location cannot keep are served from another, where the order lets them be.

A line is served from elsewhere only if the writer chose its location: one that a channel named is
taken as named. An order that may not be split stays in one parcel: it moves as a whole, or joins
what another location sends of it anyway.
"""

from ledger.domain.draft import Draft
from ledger.domain.entries import LineKey
from ledger.domain.events import OrderLineSourced, RunnerUp
from ledger.domain.events.stock import UncommitCause
from ledger.domain.orders.allocating import commit, uncommit
from ledger.domain.sourcing.capacity import Capacity
from ledger.domain.sourcing.channels import view_of
from ledger.domain.sourcing.choosing import Choice, Sourcing
from ledger.domain.sourcing.sites import Site
from ledger.domain.state import State


def serve_elsewhere(
    draft: Draft, key: LineKey, location: str, quantity: int, cause: UncommitCause
) -> int:
    """Move as much as can be of what a line was promised here; gives back how much was."""
    line = draft.state.lines[key]
    if line.location is not None:
        return 0
    own = sending(draft.state, key[0])
    order = draft.state.orders[key[0]]
    sites = _sites(draft, key, location, own)
    if not order.allow_split and not _is_all(draft, key, location, quantity):
        sites = {place: site for place, site in sites.items() if place in own}
    offers = {line.sku: draft.state.offers.of(line.sku)}
    sourcing = Sourcing(sites, offers, order.ship_to, free=own)
    needs = {line.sku: quantity}
    choice = sourcing.whole(needs, split=order.allow_split)
    if choice is None and order.allow_split:
        choice = sourcing.most(needs)
    return 0 if choice is None else _move(draft, key, location, quantity, cause, choice)


def sending(state: State, order_id: str) -> frozenset[str]:
    """The locations that send something of the order anyway."""
    lines = [state.lines[(order_id, line_id)] for line_id in state.orders[order_id].line_ids]
    return frozenset(
        there.location
        for line in lines
        if line.how == "ship"
        for there in line.allocations
        if there.committed
    )


def _is_all(draft: Draft, key: LineKey, location: str, quantity: int) -> bool:
    """Whether nothing else of the order is promised anywhere."""
    order_id = key[0]
    lines = (draft.state.lines[(order_id, i)] for i in draft.state.orders[order_id].line_ids)
    committed = sum(there.committed for line in lines for there in line.allocations)
    return committed == quantity == draft.state.lines[key].committed_at(location)


def _sites(draft: Draft, key: LineKey, location: str, own: frozenset[str]) -> dict[str, Site]:
    """Other locations that may serve the line and send a parcel of it today."""
    state = draft.state
    line = state.lines[key]
    capacity = Capacity(state, draft.arrival.recorded_at)
    return {
        place: site
        for place, site in view_of(state, state.orders[key[0]].selling_channel).shipping.items()
        if place != location
        and place not in line.declined
        and (place in own or not capacity.is_full(site))
    }


def _move(  # noqa: PLR0913, PLR0917 - what is moved, from where, why, to where
    draft: Draft,
    key: LineKey,
    location: str,
    quantity: int,
    cause: UncommitCause,
    choice: Choice,
) -> int:
    left = quantity
    state = draft.state
    own = sending(state, key[0])
    capacity = Capacity(state, draft.arrival.recorded_at)
    shipping = view_of(state, state.orders[key[0]].selling_channel).shipping
    second = RunnerUp(locations=choice.second, distance_m=choice.second_distance_m)
    for place, distance_m in zip(choice.locations, choice.distances_m, strict=True):
        taken = min(left, max(0, state.stock[(place, state.lines[key].sku)].available))
        if taken == 0:
            continue
        uncommit(draft, key, location, taken, cause)
        sourced = OrderLineSourced(
            *draft.header,
            *key,
            quantity=taken,
            location=place,
            rule=choice.rule,
            runner_up=second if choice.second else None,
            distance_m=distance_m,
            day=None if place in own else capacity.counts_on(shipping[place]),
        )
        draft.emit(sourced)
        commit(draft, key, place, taken)
        left -= taken
    return quantity - left
