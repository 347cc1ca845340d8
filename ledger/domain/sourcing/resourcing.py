"""Promises that one location cannot keep are served from another, where the order lets them be.

A line is served from elsewhere only if the writer chose its location: one that a channel named is
taken as named. An order that may not be split stays in one parcel: it moves as a whole, or joins
what another location sends of it anyway.
"""

from collections import Counter

from ledger.domain.draft import Draft
from ledger.domain.entries import LineKey
from ledger.domain.events import OrderLineSourced, RunnerUp
from ledger.domain.events.stock import UncommitCause
from ledger.domain.orders.allocating import commit, uncommit
from ledger.domain.sourcing.capacity import Capacity
from ledger.domain.sourcing.channels import view_of
from ledger.domain.sourcing.choosing import Choice, Sourcing
from ledger.domain.sourcing.sites import Site


def serve_elsewhere(
    draft: Draft, key: LineKey, location: str, quantity: int, cause: UncommitCause
) -> int:
    """Move as much as can be of what a line was promised here; gives back how much was.

    What has gone along with its order already counts as moved.
    """
    line = draft.state.lines[key]
    if line.location is not None:
        return 0
    gone = max(0, quantity - line.committed_at(location))
    left = quantity - gone
    if left == 0:
        return gone
    if draft.state.orders[key[0]].allow_split:
        return gone + _split(draft, key, location, left, cause)
    return gone + _unsplit(draft, key, location, left, cause)


def _split(draft: Draft, key: LineKey, location: str, quantity: int, cause: UncommitCause) -> int:
    """From one location, or several, or as much as there is."""
    sku = draft.state.lines[key].sku
    sourcing = _sourcing(draft, key[0], [key], location)
    needs = {sku: quantity}
    choice = sourcing.whole(needs, split=True) or sourcing.most(needs)
    return 0 if choice is None else _move(draft, key, location, quantity, cause, choice)


def _unsplit(draft: Draft, key: LineKey, location: str, quantity: int, cause: UncommitCause) -> int:
    """Join what another location sends of the order anyway; else the order moves as a whole."""
    sku = draft.state.lines[key].sku
    sends = _sending(draft, key[0])
    choice = _sourcing(draft, key[0], [key], location, sends).whole({sku: quantity}, split=False)
    if choice is not None:
        return _move(draft, key, location, quantity, cause, choice)
    return quantity if _move_whole(draft, key, location, cause) else 0


def _move_whole(draft: Draft, key: LineKey, location: str, cause: UncommitCause) -> bool:
    """Have the order move, unless that was tried and nothing has changed since.

    All lines of an order that fail at once come here, each for all of them.
    """
    tried = (key[0], location)
    if draft.moved_in_vain.get(tried) == draft.sending.changes:
        return False
    moved = _has_room(draft, key, location) and _move_all(draft, key[0], location, cause)
    if not moved:
        draft.moved_in_vain[tried] = draft.sending.changes
    return moved


def _has_room(draft: Draft, key: LineKey, location: str) -> bool:
    """Whether any other location has what this line alone has promised here."""
    line = draft.state.lines[key]
    wanted, offers = line.committed_at(location), draft.state.offers.of(line.sku)
    return any(there >= wanted for place, there in offers.items() if place != location)


def _sending(draft: Draft, order_id: str) -> frozenset[str]:
    return draft.sending.of(draft.state, draft.events, order_id)


def _move_all(draft: Draft, order_id: str, location: str, cause: UncommitCause) -> bool:
    """All that the writer had served from here is served by one other location, if one can."""
    lines = {
        (order_id, line_id): there
        for line_id in draft.state.orders[order_id].line_ids
        if draft.state.lines[(order_id, line_id)].location is None
        for there in draft.state.lines[(order_id, line_id)].allocations
        if there.location == location and there.committed
    }
    needs: Counter[str] = Counter()
    for key, there in lines.items():
        needs[draft.state.lines[key].sku] += there.committed
    choice = _sourcing(draft, order_id, list(lines), location).whole(needs, split=False)
    if choice is None:
        return False
    for key, there in lines.items():
        _move(draft, key, location, there.committed, cause, choice)
    return True


def _sourcing(
    draft: Draft,
    order_id: str,
    keys: list[LineKey],
    location: str,
    among: frozenset[str] | None = None,
) -> Sourcing:
    """Who else may serve these lines of an order: anybody, or only these locations."""
    state = draft.state
    own = _sending(draft, order_id)
    sites = _sites(draft, keys, location, own)
    if among is not None:
        sites = {place: site for place, site in sites.items() if place in among}
    offers = {sku: state.offers.of(sku) for sku in {state.lines[key].sku for key in keys}}
    return Sourcing(sites, offers, state.orders[order_id].ship_to, free=own)


def _sites(
    draft: Draft, keys: list[LineKey], location: str, own: frozenset[str]
) -> dict[str, Site]:
    """Other locations that may serve the lines and send a parcel of them today."""
    state = draft.state
    declined = {place for key in keys for place in state.lines[key].declined}
    selling = state.orders[keys[0][0]].selling_channel
    capacity = Capacity(state, draft.arrival.recorded_at)
    return {
        place: site
        for place, site in view_of(state, selling).shipping.items()
        if place != location
        and place not in declined
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
    own = _sending(draft, key[0])
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
