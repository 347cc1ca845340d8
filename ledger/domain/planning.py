"""A plan for the lines of an order: what is promised where, backordered, or not there.

Tried in this order (domain rule 2): one location, several if the order may be split, backorder,
part. The lines of one order count together: the same sku twice is asked for twice.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from ledger.domain.calendar import local_day
from ledger.domain.channels import Site
from ledger.domain.draft import Arrival
from ledger.domain.events import RefusedLine
from ledger.domain.free import Free
from ledger.domain.refusal import Hits, Refusal, first_of
from ledger.domain.requests import OrderLine, Place
from ledger.domain.sourcing import Choice, Sourcing
from ledger.domain.state import State
from ledger.domain.words import Reason


class Allowed(Struct, frozen=True, gc=False):
    """What an order lets the writer do with what is not there at one location."""

    split: bool = False
    backorder: bool = False
    part: bool = False


class Grant(Struct, gc=False):
    """What becomes of one line: quantities by location, and what is left."""

    line: OrderLine
    parts: list[tuple[str, int]]
    backordered: int = 0
    missing: int = 0


class Plan(Struct, gc=False):
    """What becomes of an order; `choice` is how the writer chose, `days` whose parcels count."""

    grants: list[Grant]
    choice: Choice | None = None
    days: dict[str, date] = {}


def is_sourced(line: OrderLine) -> bool:
    """Whether the writer chooses where it comes from."""
    return line.kind == "goods" and line.location is None


def plan(  # noqa: PLR0913, PLR0917 - what is asked, and what may be done
    state: State,
    arrival: Arrival,
    free: Free,
    lines: Sequence[OrderLine],
    allowed: Allowed,
    ship_to: Place | None,
) -> Plan | Refusal:
    """The plan for goods lines, all of which may be served (`serving`); or why there is none."""
    named = [line for line in lines if line.location is not None]
    sourced = [line for line in lines if line.location is None]
    limited = _beyond_limit(free, lines)
    grants = {line.line_id: _named(free, line) for line in named}
    planned = Plan([])
    capped = False
    if sourced:
        planned, capped = _sourced(state, arrival, free, sourced, allowed, ship_to, named)
        grants.update((grant.line.line_id, grant) for grant in planned.grants)
    in_order = [grants[line.line_id] for line in lines]
    refusal = _settle(in_order, allowed, limited, capped=capped, free=free)
    return refusal or Plan(in_order, planned.choice, planned.days)


def _named(free: Free, line: OrderLine) -> Grant:
    assert line.location is not None, line
    granted = free.room(line.location, line.sku, line.quantity)
    if granted:
        free.take(line.location, line.sku, granted)
    parts = [(line.location, granted)] if granted else []
    return Grant(line, parts, missing=line.quantity - granted)


def _sourced(  # noqa: PLR0913, PLR0917 - as `plan`
    state: State,
    arrival: Arrival,
    free: Free,
    lines: Sequence[OrderLine],
    allowed: Allowed,
    ship_to: Place | None,
    named: Iterable[OrderLine],
) -> tuple[Plan, bool]:
    """Grants for lines that name no location; and whether only capacity stood in the way."""
    needs = _needs(free, lines)
    own = frozenset(line.location for line in named if line.how == "ship" and line.location)
    days = _days(state, arrival, free.sites)
    open_sites, full = _with_capacity(state, free.sites, days, own)
    choice = _choice(free, open_sites, needs, allowed, ship_to, own)
    grants = [_served(free, line, () if choice is None else choice.locations) for line in lines]
    missing = any(grant.missing for grant in grants)
    capped = missing and bool(full) and _could(free, needs, allowed, ship_to, own)
    used = {place for grant in grants for place, _ in grant.parts} - own
    return Plan(grants, choice, {place: days[place] for place in used if place in days}), capped


def _needs(free: Free, lines: Iterable[OrderLine]) -> dict[str, int]:
    """What is asked of each sku, as far as the channel may sell it."""
    needs: Counter[str] = Counter()
    for line in lines:
        needs[line.sku] += line.quantity
    for sku, quantity in needs.items():
        limit = free.limit(sku)
        if limit is not None:
            needs[sku] = min(quantity, max(0, limit))
    return {sku: quantity for sku, quantity in needs.items() if quantity > 0}


def _days(state: State, arrival: Arrival, sites: dict[str, Site]) -> dict[str, date]:
    """The local day of every location that takes so many parcels a day and no more."""
    return {
        location: local_day(state, location, arrival.recorded_at)
        for location, site in sites.items()
        if site.daily_capacity is not None
    }


def _with_capacity(
    state: State, sites: dict[str, Site], days: dict[str, date], own: frozenset[str]
) -> tuple[dict[str, Site], set[str]]:
    """The locations that ship and take another parcel today; and those that are full."""
    full = {
        location
        for location, day in days.items()
        if location not in own
        and state.parcels.get((location, day), 0) >= (sites[location].daily_capacity or 0)
    }
    able = {p: site for p, site in sites.items() if site.ships and p not in full}
    return able, full


def _choice(  # noqa: PLR0913, PLR0917 - as `plan`
    free: Free,
    sites: dict[str, Site],
    needs: dict[str, int],
    allowed: Allowed,
    ship_to: Place | None,
    own: frozenset[str],
) -> Choice | None:
    if not needs:
        return None
    offers = {sku: free.offers(sku) for sku in needs}
    sourcing = Sourcing(sites, offers, ship_to, own, _held(free, needs))
    choice = sourcing.one_parcel(needs)
    if choice is None and allowed.split:
        choice = sourcing.several(needs)
    if choice is None and (allowed.backorder or allowed.part):
        choice = sourcing.most(needs) if allowed.split else sourcing.most(needs, parcels=1)
    return choice


def _held(free: Free, needs: dict[str, int]) -> dict[str, int]:
    held: Counter[str] = Counter()
    for (location, sku), quantity in free.held.items():
        if sku in needs:
            held[location] += min(quantity, needs[sku])
    return held


def _could(
    free: Free,
    needs: dict[str, int],
    allowed: Allowed,
    ship_to: Place | None,
    own: frozenset[str],
) -> bool:
    """Whether the locations could serve all of it, if they took more parcels today."""
    sites = {place: site for place, site in free.sites.items() if site.ships}
    whole = Allowed(split=allowed.split)
    offers = {sku: dict(free.offers(sku)) for sku in needs}
    sourcing = Sourcing(sites, offers, ship_to, own)
    found = sourcing.one_parcel(needs) or (whole.split and sourcing.several(needs))
    return bool(found)


def _served(free: Free, line: OrderLine, places: Sequence[str]) -> Grant:
    """Take a line from the chosen locations: from one that has all of it, if there is one."""
    left = line.quantity
    parts: list[tuple[str, int]] = []
    whole = [place for place in places if free.room(place, line.sku, left) == left]
    for place in whole[:1] or places:
        taken = free.room(place, line.sku, left)
        if taken > 0:
            free.take(place, line.sku, taken)
            parts.append((place, taken))
            left -= taken
    return Grant(line, parts, missing=left)


def _settle(
    grants: list[Grant], allowed: Allowed, limited: list[RefusedLine], *, capped: bool, free: Free
) -> Refusal | None:
    """What is missing is backordered, cancelled, or why the order is refused."""
    if not any(grant.missing for grant in grants):
        return None
    for grant in grants:
        if allowed.backorder and grant.line.how != "carry_out":
            grant.backordered, grant.missing = grant.missing, 0
    promised = any(grant.parts or grant.backordered for grant in grants)
    if not any(grant.missing for grant in grants) or (allowed.part and promised):
        return None
    hits: Hits = {Reason.CHANNEL_LIMIT: limited}
    items = {_item(grant) for grant in grants if grant.missing}
    short = [_short(free, grants, grant) for grant in grants if _item(grant) in items]
    hits[Reason.NO_CAPACITY if capped and not limited else Reason.OUT_OF_STOCK] = short
    return first_of(hits)


def _item(grant: Grant) -> tuple[str, str | None]:
    return (grant.line.sku, grant.line.location)


def _beyond_limit(free: Free, lines: Sequence[OrderLine]) -> list[RefusedLine]:
    """Every line of a sku of which more is asked, in sum, than the channel may sell."""
    asked: Counter[str] = Counter()
    for line in lines:
        asked[line.sku] += line.quantity
    beyond = []
    for line in lines:
        limit = free.limit(line.sku)
        if limit is not None and asked[line.sku] > limit:
            hit = RefusedLine(
                line_id=line.line_id, sku=line.sku, asked=asked[line.sku], available=limit
            )
            beyond.append(hit)
    return beyond


def _short(free: Free, grants: list[Grant], grant: Grant) -> RefusedLine:
    """What was asked of this line's item, in sum, and what is available of it."""
    line = grant.line
    same = [other.line for other in grants if _item(other) == _item(grant)]
    if line.location is not None:
        available = free.whole(line.location, line.sku)
    else:
        available = sum(max(0, free.whole(place, line.sku)) for place in free.sites)
    return RefusedLine(
        line_id=line.line_id,
        sku=line.sku,
        location=line.location,
        asked=sum(other.quantity for other in same),
        available=available,
    )
