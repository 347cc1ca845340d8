"""A plan for the lines of an order: what is promised where, backordered, or not there.

Tried in this order (domain rule 2): one location, several if the order may be split, backorder,
part. The lines of one order count together: the same sku twice is asked for twice.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from ledger.domain.draft import Arrival
from ledger.domain.events import RefusedLine
from ledger.domain.orders.free import Free
from ledger.domain.refusal import Hits, Refusal, first_of
from ledger.domain.requests import OrderLine, Place
from ledger.domain.sourcing.capacity import Capacity
from ledger.domain.sourcing.choosing import Choice, Sourcing
from ledger.domain.state import State
from ledger.domain.words import Reason

Item = tuple[str, str | None]
"""(sku, location); None: wherever the writer chooses."""


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


class Plan(Struct):
    """What becomes of an order.

    `choice` is how the writer chose, `days` on which local day a parcel counts where; with
    `no_capacity` the locations have it all, but take no other parcel today.
    """

    grants: list[Grant]
    choice: Choice | None = None
    days: dict[str, date] = {}
    no_capacity: bool = False

    @property
    def all_there(self) -> bool:
        """Whether all of it is promised."""
        return not any(grant.backordered or grant.missing for grant in self.grants)


def plan(  # noqa: PLR0913, PLR0917 - what is asked, and what may be done
    state: State,
    arrival: Arrival,
    free: Free,
    lines: Sequence[OrderLine],
    allowed: Allowed,
    ship_to: Place | None,
    sending: frozenset[str] = frozenset(),
) -> Plan | Refusal:
    """The plan for goods lines, all of which may be served (`serving`); or why there is none.

    `sending` are locations that send a parcel of the same order already.
    """
    limited = _beyond_limit(free, lines) if free.view.limited else []
    grants = {line.line_id: _named(free, line) for line in lines if line.location is not None}
    planned = Plan([])
    to_source = [line for line in lines if line.location is None]
    if to_source:
        own = sending | _parcels_of(grants.values())
        sourcing = _Sourced(free, Capacity(state, arrival.recorded_at), allowed, ship_to, own)
        planned = sourcing.plan(to_source)
        grants.update((grant.line.line_id, grant) for grant in planned.grants)
    in_order = [grants[line.line_id] for line in lines]
    refusal = _settle(in_order, allowed, limited, planned.no_capacity, free)
    return refusal or Plan(in_order, planned.choice, planned.days)


def _named(free: Free, line: OrderLine) -> Grant:
    assert line.location is not None, line
    granted = free.room(line.location, line.sku, line.quantity)
    if granted:
        free.take(line.location, line.sku, granted)
    parts = [(line.location, granted)] if granted else []
    return Grant(line, parts, missing=line.quantity - granted)


def _parcels_of(grants: Iterable[Grant]) -> frozenset[str]:
    """The locations that send a parcel because a line named them."""
    return frozenset(
        place for grant in grants if grant.line.how == "ship" for place, _ in grant.parts
    )


class _Sourced:
    """What becomes of the lines that name no location."""

    def __init__(
        self,
        free: Free,
        capacity: Capacity,
        allowed: Allowed,
        ship_to: Place | None,
        own: frozenset[str],
    ) -> None:
        self._free = free
        self._capacity = capacity
        self._allowed = allowed
        self._ship_to = ship_to
        self._own = own

    def plan(self, lines: Sequence[OrderLine]) -> Plan:
        needs = _needs(self._free, lines)
        choice = self._choice(needs) if needs else None
        planned = Plan([], choice)
        if choice is None:
            planned.no_capacity = bool(needs) and self._could(needs)
        places = () if choice is None else choice.locations
        planned.grants = [_served(self._free, line, places) for line in lines]
        for place in places:
            day = self._capacity.counts_on(self._free.view.shipping[place])
            if day is not None and place not in self._own:
                planned.days[place] = day
        return planned

    def _choice(self, needs: dict[str, int]) -> Choice | None:
        allowed = self._allowed
        sourcing = self._sourcing(needs, limited=self._free.view.counted)
        choice = sourcing.whole(needs, split=allowed.split)
        if choice is None and (allowed.backorder or allowed.part):
            return sourcing.most(needs) if allowed.split else sourcing.most(needs, parcels=1)
        return choice

    def _could(self, needs: dict[str, int]) -> bool:
        """Whether it would be served if locations took more parcels today."""
        if not self._free.view.counted:
            return False
        sourcing = self._sourcing(needs, limited=False)
        return sourcing.whole(needs, split=self._allowed.split) is not None

    def _sourcing(self, needs: dict[str, int], *, limited: bool) -> Sourcing:
        free = self._free
        return Sourcing(
            free.view.shipping,
            {sku: free.offers(sku) for sku in needs},
            self._ship_to,
            free=self._own,
            held=_held(free, needs) if free.held else None,
            is_full=self._capacity.is_full if limited else None,
            near=free.view.near,
        )


def _needs(free: Free, lines: Iterable[OrderLine]) -> dict[str, int]:
    """What is asked of each sku, as far as the channel may sell it."""
    needs: dict[str, int] = {}
    for line in lines:
        needs[line.sku] = needs.get(line.sku, 0) + line.quantity
    if free.view.limited:
        for sku, quantity in needs.items():
            limit = free.limit(sku)
            if limit is not None:
                needs[sku] = min(quantity, max(0, limit))
        return {sku: quantity for sku, quantity in needs.items() if quantity > 0}
    return needs


def _held(free: Free, needs: dict[str, int]) -> dict[str, int]:
    """How much of the needs is held where, by location."""
    held: Counter[str] = Counter()
    for (location, sku), quantity in free.held.items():
        if sku in needs:
            held[location] += min(quantity, needs[sku])
    return held


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
    grants: list[Grant],
    allowed: Allowed,
    limited: list[RefusedLine],
    no_capacity: bool,  # noqa: FBT001 - what the plan found
    free: Free,
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
    told = _Items(free, grants)
    for grant in grants:
        if _item(grant) in items:
            capped = no_capacity and grant.line.location is None
            reason = Reason.NO_CAPACITY if capped else Reason.OUT_OF_STOCK
            hits.setdefault(reason, []).append(told.short(grant.line))
    short = hits.get(Reason.OUT_OF_STOCK, [])
    hits[Reason.OUT_OF_STOCK] = [hit for hit in short if _is_beyond(hit)] or short
    return first_of(hits)


def _is_beyond(hit: RefusedLine) -> bool:
    """Whether this line alone is short: none is, where no one place has all of a parcel."""
    return int(hit.asked or 0) > int(hit.available or 0)


def _item(grant: Grant) -> Item:
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


class _Items:
    """What a refusal says of the item of a line: looked up once, however many lines ask for it."""

    def __init__(self, free: Free, grants: Iterable[Grant]) -> None:
        self._free = free
        self._asked: Counter[Item] = Counter()
        self._named: Counter[Item] = Counter()
        self._available: dict[Item, int] = {}
        for grant in grants:
            self._asked[_item(grant)] += grant.line.quantity
            if grant.line.location is not None and not grant.missing:
                self._named[_item(grant)] += grant.line.quantity

    def short(self, line: OrderLine) -> RefusedLine:
        """What was asked of this line's item, in sum, and what is available of it."""
        item = (line.sku, line.location)
        available = self._available.get(item)
        if available is None:
            available = self._available[item] = self._there(line.sku, line.location)
        return RefusedLine(
            line_id=line.line_id,
            sku=line.sku,
            location=line.location,
            asked=self._asked[item],
            available=available,
        )

    def _there(self, sku: str, location: str | None) -> int:
        """At the named location; or at all that ship, less what lines that name one take of it."""
        free = self._free
        if location is not None:
            return free.whole(location, sku)
        return sum(
            max(0, free.whole(place, sku) - self._named[(sku, place)])
            for place in free.state.offers.of(sku)
            if place in free.view.shipping
        )
