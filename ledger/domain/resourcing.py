"""Promises that one location cannot keep are served from another, where the order lets them be.

A line is served from elsewhere only if the writer chose its location: one that a channel named is
taken as named. An order that may not be split stays in one parcel: it moves as a whole, or joins
what another location sends of it anyway.
"""

from ledger.domain.allocating import commit, uncommit
from ledger.domain.backorders import may_serve
from ledger.domain.calendar import local_day
from ledger.domain.channels import Site, view_of
from ledger.domain.draft import Draft
from ledger.domain.entries import LineKey
from ledger.domain.events import OrderLineSourced, RunnerUp
from ledger.domain.events.stock import UncommitCause
from ledger.domain.sourcing import Choice, Sourcing


def serve_elsewhere(
    draft: Draft, key: LineKey, location: str, quantity: int, cause: UncommitCause
) -> int:
    """Move as much as can be of what a line was promised here; gives back how much was."""
    line = draft.state.lines[key]
    if line.location is not None:
        return 0
    own = _own_locations(draft, key)
    order = draft.state.orders[key[0]]
    sites = _sites(draft, key, location, own)
    if not order.allow_split and not _is_all(draft, key, location, quantity):
        sites = {place: site for place, site in sites.items() if place in own}
    offers = {line.sku: draft.state.offers.of(line.sku)}
    sourcing = Sourcing(sites, offers, order.ship_to, own)
    needs = {line.sku: quantity}
    choice = sourcing.one_parcel(needs)
    if choice is None and order.allow_split:
        choice = sourcing.several(needs) or sourcing.most(needs)
    return 0 if choice is None else _move(draft, key, location, quantity, cause, choice)


def _own_locations(draft: Draft, key: LineKey) -> frozenset[str]:
    """The locations that send something of the order anyway."""
    order_id = key[0]
    lines = (draft.state.lines[(order_id, i)] for i in draft.state.orders[order_id].line_ids)
    return frozenset(
        there.location for line in lines for there in line.allocations if there.committed
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
    sites = view_of(state, state.orders[key[0]].selling_channel).sites
    return {
        place: site
        for place, site in sites.items()
        if place != location
        and may_serve(state, key, line, place)
        and (place in own or _has_capacity(draft, place, site))
    }


def _has_capacity(draft: Draft, place: str, site: Site) -> bool:
    if site.daily_capacity is None:
        return True
    day = local_day(draft.state, place, draft.arrival.recorded_at)
    return draft.state.parcels.get((place, day), 0) < site.daily_capacity


def _move(  # noqa: PLR0913, PLR0917 - what is moved, from where, why, to where
    draft: Draft,
    key: LineKey,
    location: str,
    quantity: int,
    cause: UncommitCause,
    choice: Choice,
) -> int:
    left = quantity
    own = _own_locations(draft, key)
    second = RunnerUp(locations=choice.second, distance_m=choice.second_distance_m)
    for place, distance_m in zip(choice.locations, choice.distances_m, strict=True):
        sku = draft.state.lines[key].sku
        taken = min(left, max(0, draft.state.stock[(place, sku)].available))
        if taken == 0:
            continue
        uncommit(draft, key, location, taken, cause)
        day = None
        if place not in own:
            day = local_day(draft.state, place, draft.arrival.recorded_at)
        sourced = OrderLineSourced(
            *draft.header,
            *key,
            quantity=taken,
            location=place,
            rule=choice.rule,
            runner_up=second if choice.second else None,
            distance_m=distance_m,
            day=day,
        )
        draft.emit(sourced)
        commit(draft, key, place, taken)
        left -= taken
    return quantity - left
