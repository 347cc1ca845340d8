"""Sourcing: from which locations an order that names none is served, and why (domain rule 7).

Fewest parcels first; then nearest, by the sum of distances; then the lowest handling cost; then
the most available of what is asked; then the location ids. A location without coordinates, or an
order without, counts as farthest; one without a handling cost costs nothing. Before all that come
locations where the customer holds the goods already.

A location that sends a parcel of the order anyway is no parcel more: what it has is taken first,
if the order may be split. Of up to MAX_EXACT_PARCELS parcels every set is compared, as far as
`covering` looks; where none is found, parcels are added one by one, each the one that serves most
of what is left.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from ledger.domain.events.orders import SourcingRule
from ledger.domain.requests import Place
from ledger.domain.sourcing.covering import Covering, Needs
from ledger.domain.sourcing.distance import (
    EARTH_RADIUS_M,
    Vector,
    metres,
    nearness,
    nearness_at,
    vector,
)
from ledger.domain.sourcing.nearby import Around, Nearby
from ledger.domain.sourcing.sites import Site

MAX_EXACT_PARCELS: Final = 3
MAX_PARCELS: Final = 50
"""Of one order: beyond it, what is left counts as not there."""
FARTHEST_M: Final = 2 * EARTH_RADIUS_M * 4
"""Farther than any two points of the earth: for whoever says no coordinates."""

Offers = Mapping[str, Mapping[str, int]]
"""By sku: what is there by location."""
Rank = tuple[int, int, int, int, int, tuple[str, ...]]
"""Less what is held there, parcels, metres, handling cost, less what is available, ids: the
smallest is the best."""
Asked = Sequence[tuple[Mapping[str, int], int]]
"""What is there of a sku by location, and how much is asked of it."""

_METRES: Final = 2
_RULES: Final[tuple[SourcingRule, ...]] = (
    "held",
    "fewest_parcels",
    "nearest",
    "handling_cost",
    "most_available",
    "location_id",
)


class Choice(Struct, frozen=True, gc=False):
    """The locations that serve it, nearest first, what decided, and who came second."""

    locations: tuple[str, ...]
    rule: SourcingRule
    distances_m: tuple[int | None, ...]
    second: tuple[str, ...] = ()
    second_distance_m: int | None = None


class Sourcing:
    """One question: who serves these needs, going to this place.

    `sites` are those that may; `free` are locations that send a parcel of this order anyway, and
    `held` how much its customer holds where. A location that `is_full` sends no other parcel
    today. `near` knows the sites by distance; without it all are looked at.
    """

    def __init__(  # noqa: PLR0913 - what the question is
        self,
        sites: Mapping[str, Site],
        offers: Offers,
        ship_to: Place | None,
        *,
        free: frozenset[str] = frozenset(),
        held: Mapping[str, int] | None = None,
        is_full: Callable[[Site], bool] | None = None,
        near: Nearby | None = None,
    ) -> None:
        self._sites = sites
        self._offers = offers
        self._free = frozenset(place for place in free if place in sites)
        self._held = {place: n for place, n in (held or {}).items() if place in sites}
        self._is_full = is_full
        self._to = None
        self._around: Around | None = None
        if ship_to is not None:
            self._to = _where(ship_to)
            self._around = None if near is None else near.around(ship_to)

    def whole(self, needs: Needs, *, split: bool) -> Choice | None:
        """The best locations that have all of it: one, or several if it may be split."""
        if self._free and split and self._own(needs)[0]:
            return self._sent_anyway(needs) or self._several(needs, parcels=1)
        one = self.one_parcel(needs)
        return self._several(needs, parcels=2) if one is None and split else one

    def one_parcel(self, needs: Needs) -> Choice | None:
        """The best location that has all of it."""
        asked = [(self._offers[sku], n) for sku, n in needs.items()]
        preferred = [p for p in {*self._free, *self._held} if self._may(p) and _has(p, asked)]
        ranked = sorted(self._rank((place,), asked) for place in preferred)
        if len(ranked) < 2:
            ranked += self._best_two(asked)
        return self._best(ranked)

    def most(self, needs: Needs, *, parcels: int = MAX_PARCELS) -> Choice | None:
        """Locations that together have as much as there is, added one by one."""
        left = dict(needs)
        able = self._useful(needs)
        chosen: list[str] = []
        while able and left and len(chosen) < parcels:
            asked = [(self._offers[sku], n) for sku, n in left.items()]
            covered = {place: _covered(place, asked) for place in able}
            most = max(covered.values())
            if most == 0:
                break
            best = min(
                (place for place in able if covered[place] == most),
                key=lambda place: self._rank((place,), asked),
            )
            chosen.append(best)
            able.remove(best)
            left = _less(left, self._offers, best)
        return self._chosen(tuple(chosen), "fewest_parcels") if chosen else None

    def _sent_anyway(self, needs: Needs) -> Choice | None:
        """Without a parcel more: from one that sends one anyway, or from several of them."""
        asked = [(self._offers[sku], n) for sku, n in needs.items()]
        if any(self._may(place) and _has(place, asked) for place in self._free):
            return self.one_parcel(needs)
        own, left = self._own(needs)
        return None if left else self._chosen(own, "fewest_parcels")

    def _own(self, needs: Needs) -> tuple[tuple[str, ...], dict[str, int]]:
        """The locations that send something anyway and have some of it; and what they lack."""
        left = dict(needs)
        own = []
        for place in sorted(self._free, key=lambda place: (self._away(place), place)):
            after = _less(left, self._offers, place) if self._may(place) else left
            if after != left:
                own.append(place)
                left = after
        return tuple(own), left

    def _several(self, needs: Needs, *, parcels: int) -> Choice | None:
        """The best of the smallest sets of locations that together have all of it."""
        own, left = self._own(needs)
        able = [place for place in self._useful(left) if place not in own]
        if any(
            sum(there for place in able if (there := self._offers[sku].get(place, 0)) > 0) < n
            for sku, n in left.items()
        ):
            return None
        asked = [(self._offers[sku], n) for sku, n in left.items()]
        covering = self._covering(able, left)
        for count in range(parcels, MAX_EXACT_PARCELS + 1):
            found = [self._rank(places, asked) for places in covering.sets(count)]
            if found:
                return self._best(sorted(found), own)
        rest = self.most(left)
        assert rest is not None, left
        return self._chosen((*own, *rest.locations), "fewest_parcels")

    def _covering(self, able: list[str], needs: Needs) -> Covering:
        stock = {
            place: {sku: n for sku in needs if (n := self._offers[sku].get(place, 0)) > 0}
            for place in able
        }
        away = {place: self._away(place) for place in able}
        return Covering(stock, away, needs, by_distance=not self._held)

    def _best_two(self, asked: Asked) -> list[Rank]:
        """The best and the second of those where nothing is held and no parcel goes anyway."""
        found = None if self._around is None else self._walk(self._around, asked)
        return self._look_at_all(asked) if found is None else found

    def _walk(self, around: Around, asked: Asked) -> list[Rank] | None:
        """Look at one after the other, nearest first, until no other can be second."""
        to, sites = self._to, self._sites
        assert to is not None, "nothing is around no place"
        # Metres are rounded, three times over in what the triangle of places says.
        slack = metres(around.middle, to) + 2
        found: list[Rank] = []
        enough = 2 * FARTHEST_M
        for away, site in around.sites:
            if away - slack > enough:
                return found
            place = site.location
            for there, n in asked:
                if there.get(place, 0) < n:
                    break
            else:
                if place in sites and not self._is_other(place):
                    found.append(self._rank((place,), asked))
                    if len(found) > 1:
                        found.sort()
                        enough = found[1][_METRES]
        return found if around.whole and len(found) > 1 else None

    def _is_other(self, place: str) -> bool:
        """Whether it is none of those in question: full, or looked at before."""
        if place in self._free or place in self._held:
            return True
        return self._is_full is not None and self._is_full(self._sites[place])

    def _look_at_all(self, asked: Asked) -> list[Rank]:
        (first, n), *others = sorted(asked, key=lambda entry: len(entry[0]))
        able = [place for place, there in first.items() if there >= n and place in self._sites]
        for other, n in others:
            able = [place for place in able if other.get(place, 0) >= n]
        if self._free or self._held or self._is_full is not None:
            able = [place for place in able if not self._is_other(place)]
        if len(able) > 2:
            able = self._close(able)
        return sorted(self._rank((place,), asked) for place in able)

    def _close(self, able: list[str]) -> list[str]:
        """The nearest two and all that may be as near: by what is quicker to tell than metres."""
        to, sites = self._to, self._sites
        placed = [] if to is None else [p for p in able if sites[p].where is not None]
        if to is None or len(placed) < 2:
            return able
        near = sorted([(-nearness(to, _known(sites[place].where)), place) for place in placed])
        second_m = metres(to, _known(sites[near[1][1]].where))
        farthest = -nearness_at(second_m + 1)
        return [place for away, place in near if away <= farthest]

    def _useful(self, needs: Needs) -> list[str]:
        """Those that have some of it."""
        useful = {place: None for sku in needs for place, n in self._offers[sku].items() if n > 0}
        return [place for place in useful if self._may(place)]

    def _may(self, place: str) -> bool:
        """Whether it may serve: one that sends a parcel anyway is never too full for it."""
        if place in self._free:
            return True
        site = self._sites.get(place)
        return site is not None and (self._is_full is None or not self._is_full(site))

    def _best(self, ranked: Sequence[Rank], own: tuple[str, ...] = ()) -> Choice | None:
        """The first of these, and why it is not the second; `own` serve it with any of them."""
        if not ranked:
            return None
        best = ranked[0]
        places = (*own, *sorted(best[-1], key=lambda place: (self._away(place), place)))
        if len(ranked) == 1:
            return self._chosen(places, "only" if len(places) == 1 else "fewest_parcels")
        second = ranked[1]
        return self._chosen(places, _decided(best, second), second[-1])

    def _rank(self, places: tuple[str, ...], asked: Asked) -> Rank:
        held = parcels = distance_m = cost = there = 0
        for place in places:
            site = self._sites[place]
            held += self._held.get(place, 0)
            parcels += place not in self._free
            distance_m += self._away(place)
            cost += site.handling_cost_minor
            for offers, _ in asked:
                there += max(0, offers.get(place, 0))
        ids = places if len(places) == 1 else tuple(sorted(places))
        return (-held, parcels, distance_m, cost, -there, ids)

    def _away(self, place: str) -> int:
        where = self._sites[place].where
        return FARTHEST_M if self._to is None or where is None else metres(self._to, where)

    def _distance_m(self, place: str) -> int | None:
        away = self._away(place)
        return None if away == FARTHEST_M else away

    def _chosen(
        self, places: tuple[str, ...], rule: SourcingRule, second: tuple[str, ...] = ()
    ) -> Choice:
        distances = tuple([self._distance_m(place) for place in places])
        second_m: int | None = None
        if second:
            away = [self._away(place) for place in second]
            second_m = None if FARTHEST_M in away else sum(away)
        return Choice(places, rule, distances, second, second_m)


def _has(place: str, asked: Asked) -> bool:
    return all(there.get(place, 0) >= n for there, n in asked)


def _covered(place: str, asked: Iterable[tuple[Mapping[str, int], int]]) -> int:
    """How many units it has of what is asked."""
    return sum(min(n, max(0, there.get(place, 0))) for there, n in asked)


def _less(left: Needs, offers: Offers, place: str) -> dict[str, int]:
    """What is left to be served after a location gave all that it has."""
    after = {sku: n - max(0, offers[sku].get(place, 0)) for sku, n in left.items()}
    return {sku: n for sku, n in after.items() if n > 0}


def _decided(best: Rank, second: Rank) -> SourcingRule:
    return next(
        rule for rule, mine, other in zip(_RULES, best, second, strict=True) if mine != other
    )


def _where(place: Place) -> Vector | None:
    if place.latitude_udeg is None or place.longitude_udeg is None:
        return None
    return vector(place.latitude_udeg, place.longitude_udeg)


def _known(where: Vector | None) -> Vector:
    assert where is not None
    return where
