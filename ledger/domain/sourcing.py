"""Sourcing: from which locations an order that names none is served, and why (domain rule 7).

Fewest parcels first; then nearest, by the sum of distances; then the lowest handling cost; then
the most available of what is asked; then the location ids. A location without coordinates, or an
order without, counts as farthest; one without a handling cost costs nothing.

One parcel is found by looking at every location. Of several, every set of up to MAX_EXACT_PARCELS
is compared as far as MAX_SETS_COMPARED goes, those that serve most first; where that finds none,
parcels are added one by one, each the one that serves most of what is left.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final

from msgspec import Struct

from ledger.domain.channels import Site
from ledger.domain.distance import EARTH_RADIUS_M, Vector, metres, nearness, nearness_at, vector
from ledger.domain.events.orders import SourcingRule
from ledger.domain.requests import Place

MAX_EXACT_PARCELS: Final = 3
MAX_SETS_COMPARED: Final = 3_000
MAX_PARCELS: Final = 50
"""Of one order: beyond it, what is left counts as not there."""
FARTHEST_M: Final = 2 * EARTH_RADIUS_M * 4
"""Farther than any two points of the earth: for whoever says no coordinates."""

Needs = Mapping[str, int]
"""Quantities by sku."""
Offers = Mapping[str, Mapping[str, int]]
"""By sku: what is there by location."""
Rank = tuple[int, int, int, int, tuple[str, ...]]
"""Parcels, metres, handling cost, less what is available, ids: the smallest is the best."""

_RULES: Final[tuple[SourcingRule, ...]] = (
    "fewest_parcels",
    "nearest",
    "handling_cost",
    "most_available",
    "location_id",
)


class Choice(Struct, frozen=True, gc=False):
    """The locations that serve it, what decided, and who came second."""

    locations: tuple[str, ...]
    rule: SourcingRule
    distances_m: tuple[int | None, ...]
    second: tuple[str, ...] = ()
    second_distance_m: int | None = None


class Sourcing:
    """One question: who serves these needs, going to this place.

    `free` are locations that send a parcel of this order anyway: theirs is no parcel more.
    """

    def __init__(
        self,
        sites: Mapping[str, Site],
        offers: Offers,
        ship_to: Place | None,
        free: frozenset[str] = frozenset(),
        held: Mapping[str, int] | None = None,
    ) -> None:
        self._sites = sites
        self._offers = offers
        self._free = free
        self._held = held or {}
        self._to = _where(ship_to)

    def one_parcel(self, needs: Needs) -> Choice | None:
        """The best location that has all of it."""
        able = self._able(needs)
        if not able:
            return None
        if self._free or self._held:
            return self._best([(location,) for location in able], needs)
        return self._nearest(able, needs)

    def several(self, needs: Needs) -> Choice | None:
        """The best of the smallest sets of locations that together have all of it."""
        able = self._useful(needs)
        if any(
            sum(max(0, self._offers[sku].get(location, 0)) for location in able) < n
            for sku, n in needs.items()
        ):
            return None
        for parcels in range(2, MAX_EXACT_PARCELS + 1):
            found = self._sets_of(parcels, able, needs)
            if found:
                return self._best(found, needs)
        return self.most(needs)

    def most(self, needs: Needs, *, parcels: int = MAX_PARCELS) -> Choice | None:
        """Locations that together have as much as there is, added one by one."""
        left = dict(needs)
        chosen: list[str] = []
        able = self._useful(needs)
        while len(chosen) < parcels and any(left.values()):
            others = [location for location in able if location not in chosen]
            serving = [(self._covered((place,), left), place) for place in others]
            most = max((covered for covered, _ in serving), default=0)
            if most == 0:
                break
            best = min(
                (place for covered, place in serving if covered == most),
                key=lambda place: self._rank((place,), left),
            )
            chosen.append(best)
            for sku, n in left.items():
                left[sku] = n - min(n, max(0, self._offers[sku].get(best, 0)))
        return self._chosen(tuple(chosen), "fewest_parcels") if chosen else None

    def _able(self, needs: Needs) -> list[str]:
        """Those that have all of it."""
        first, *others = sorted(needs, key=lambda sku: len(self._offers[sku]))
        asked, sites = needs[first], self._sites
        able = [p for p, n in self._offers[first].items() if n >= asked and p in sites]
        for sku in others:
            asked, offers = needs[sku], self._offers[sku]
            able = [place for place in able if offers.get(place, 0) >= asked]
        return able

    def _useful(self, needs: Needs) -> list[str]:
        """Those that have some of it, those with most first."""
        useful = {
            place: None
            for sku in needs
            for place, n in self._offers[sku].items()
            if n > 0 and place in self._sites
        }
        return sorted(
            useful,
            key=lambda place: (-self._covered((place,), needs), self._rank((place,), needs)),
        )

    def _covered(self, places: Sequence[str], needs: Needs) -> int:
        """How many units of the needs these have together."""
        return sum(
            min(n, sum(max(0, self._offers[sku].get(place, 0)) for place in places))
            for sku, n in needs.items()
        )

    def _sets_of(self, parcels: int, able: list[str], needs: Needs) -> list[tuple[str, ...]]:
        total = sum(needs.values())
        found = []
        for looked, places in enumerate(combinations(able, parcels)):
            if looked >= MAX_SETS_COMPARED:
                break
            if self._covered(places, needs) == total:
                found.append(places)
        return found

    def _best(self, found: Iterable[tuple[str, ...]], needs: Needs) -> Choice:
        ranked = sorted((self._held_first(places), self._rank(places, needs)) for places in found)
        (held, best), *others = ranked
        if not others:
            return self._chosen(best[4], "only" if len(best[4]) == 1 else "fewest_parcels")
        held_second, second = others[0]
        rule: SourcingRule = "held" if held != held_second else _decided(best, second)
        return self._chosen(best[4], rule, second[4])

    def _held_first(self, places: tuple[str, ...]) -> int:
        return -sum(self._held.get(place, 0) for place in places)

    def _nearest(self, able: list[str], needs: Needs) -> Choice:
        """The best of one parcel: as `_best`, but it looks closely at the nearest alone."""
        if len(able) == 1:
            return self._chosen((able[0],), "only")
        to, sites = self._to, self._sites
        if to is None:
            return self._best([(place,) for place in able], needs)
        near = sorted(
            [(-nearness(to, where), place) for place in able if (where := sites[place].where)]
        )
        if len(near) < 2:
            return self._best([(place,) for place in able], needs)
        second_m = metres(to, _known(sites[near[1][1]].where))
        farthest = -nearness_at(second_m + 1)
        close = [(place,) for away, place in near if away <= farthest]
        return self._best(close, needs)

    def _rank(self, places: tuple[str, ...], needs: Needs) -> Rank:
        parcels = sum(1 for place in places if place not in self._free)
        distance_m = sum(self._rank_m(place) for place in places)
        cost = sum(self._sites[place].handling_cost_minor for place in places)
        there = sum(self._offers[sku].get(place, 0) for place in places for sku in needs)
        return (parcels, distance_m, cost, -there, tuple(sorted(places)))

    def _rank_m(self, place: str) -> int:
        distance_m = self._distance_m(place)
        return FARTHEST_M if distance_m is None else distance_m

    def _distance_m(self, place: str) -> int | None:
        where = self._sites[place].where
        return None if self._to is None or where is None else metres(self._to, where)

    def _chosen(
        self, places: tuple[str, ...], rule: SourcingRule, second: tuple[str, ...] = ()
    ) -> Choice:
        distances = tuple(self._distance_m(place) for place in places)
        second_m = None
        if second and all(self._distance_m(place) is not None for place in second):
            second_m = sum(self._rank_m(place) for place in second)
        return Choice(places, rule, distances, second, second_m)


def _decided(best: Rank, second: Rank) -> SourcingRule:
    return next(
        rule for rule, mine, other in zip(_RULES, best, second, strict=True) if mine != other
    )


def _where(place: Place | None) -> Vector | None:
    if place is None or place.latitude_udeg is None or place.longitude_udeg is None:
        return None
    return vector(place.latitude_udeg, place.longitude_udeg)


def _known(where: Vector | None) -> Vector:
    assert where is not None
    return where
