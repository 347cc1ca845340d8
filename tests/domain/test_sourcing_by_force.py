"""The choice of locations is the one that comparing every set of them would make."""

from collections.abc import Iterable
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from ledger.domain.requests import Place
from ledger.domain.sourcing import nearby
from ledger.domain.sourcing.choosing import FARTHEST_M, MAX_EXACT_PARCELS, Choice, Sourcing
from ledger.domain.sourcing.distance import Vector, metres, vector
from ledger.domain.sourcing.nearby import Nearby
from ledger.domain.sourcing.sites import Site

PLACES = tuple("ABCDEFG")
SKUS = ("RED", "BLUE", "GREEN")
RULES = (
    "held", "fewest_parcels", "nearest", "handling_cost", "most_available", "location_id",
)  # fmt: skip


class Case(Struct, frozen=True):
    """One question, as plain values."""

    sites: dict[str, Site]
    offers: dict[str, dict[str, int]]
    needs: dict[str, int]
    ship_to: Place | None
    free: frozenset[str]
    held: dict[str, int]
    full: frozenset[str]
    split: bool


def degrees() -> st.SearchStrategy[int]:
    """Few, so that many are equally far; and across the cells of the map and the date line."""
    return st.sampled_from((0, 100_000, 200_000, 700_000, -300_000, 5_000_000))


def coordinates() -> st.SearchStrategy[tuple[int, int] | None]:
    longitudes = st.one_of(degrees(), st.sampled_from((179_900_000, -179_900_000)))
    return st.none() | st.tuples(degrees(), longitudes)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    places = draw(st.sets(st.sampled_from(PLACES), min_size=1))
    sites = {place: _site(draw, place) for place in sorted(places)}
    skus = draw(st.sets(st.sampled_from(SKUS), min_size=1))
    quantities = st.integers(-1, 4)
    some = st.sets(st.sampled_from(PLACES), max_size=2)
    to = draw(coordinates())
    return Case(
        sites,
        {sku: draw(st.dictionaries(st.sampled_from(PLACES), quantities)) for sku in sorted(skus)},
        {sku: draw(st.integers(1, 5)) for sku in sorted(skus)},
        None if to is None else Place(region="DE", latitude_udeg=to[0], longitude_udeg=to[1]),
        frozenset(draw(some)),
        draw(st.dictionaries(st.sampled_from(PLACES), st.integers(1, 2), max_size=2)),
        frozenset(draw(some)),
        draw(st.booleans()),
    )


def _site(draw: st.DrawFn, place: str) -> Site:
    at = draw(coordinates())
    where = None if at is None else vector(*at)
    return Site(place, True, True, draw(st.integers(0, 2)), None, "UTC", where)  # noqa: FBT003


class Force:
    """Compares every set there is, by the words of the rule."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.free = case.free & set(case.sites)
        self.able = [p for p in case.sites if p in self.free or p not in case.full]
        self.to: Vector | None = None
        if case.ship_to is not None:
            assert case.ship_to.latitude_udeg is not None
            assert case.ship_to.longitude_udeg is not None
            self.to = vector(case.ship_to.latitude_udeg, case.ship_to.longitude_udeg)

    def has(self, place: str, sku: str) -> int:
        return max(0, self.case.offers[sku].get(place, 0))

    def serve(self, places: Iterable[str], needs: dict[str, int]) -> bool:
        chosen = list(places)
        return all(sum(self.has(p, sku) for p in chosen) >= n for sku, n in needs.items())

    def covered(self, places: Iterable[str]) -> int:
        """How many units these have of what is asked."""
        chosen = list(places)
        return sum(
            min(n, sum(self.has(p, sku) for p in chosen)) for sku, n in self.case.needs.items()
        )

    def rank(self, places: tuple[str, ...], needs: dict[str, int]) -> tuple[object, ...]:
        sites = [self.case.sites[place] for place in places]
        return (
            -sum(self.case.held.get(place, 0) for place in places),
            sum(place not in self.free for place in places),
            sum(self.away(place) for place in places),
            sum(site.handling_cost_minor for site in sites),
            -sum(self.has(place, sku) for place in places for sku in needs),
            places,
        )

    def away(self, place: str) -> int:
        where = self.case.sites[place].where
        return FARTHEST_M if self.to is None or where is None else metres(self.to, where)

    def best(self, number: int, own: set[str], needs: dict[str, int]) -> list[tuple[object, ...]]:
        """All sets of so many that serve it, the best first."""
        others = sorted(set(self.able) - own)
        sets = [s for s in combinations(others, number) if self.serve(s, needs)]
        return sorted(self.rank(places, needs) for places in sets)

    def expected(self) -> tuple[set[str], str | None, tuple[str, ...]] | None:
        """Locations, rule and second; a rule of None: only that they serve it together.

        Beside these, locations may serve it that send a parcel of the order anyway.
        """
        needs = self.case.needs
        own = {p for p in self.free if any(self.has(p, sku) for sku in needs)}
        together = bool(own) and self.case.split
        ones = self.best(1, set(), needs)
        if together and not any(self.serve([p], needs) for p in own):
            left = {sku: n - sum(self.has(p, sku) for p in own) for sku, n in needs.items()}
            left = {sku: n for sku, n in left.items() if n > 0}
            return self.several(own, left, range(1, MAX_EXACT_PARCELS + 1))
        if ones or not self.case.split:
            return self.first(ones, set()) if ones else None
        return self.several(set(), needs, range(2, MAX_EXACT_PARCELS + 1))

    def several(
        self, own: set[str], left: dict[str, int], numbers: range
    ) -> tuple[set[str], str | None, tuple[str, ...]] | None:
        if not left:
            return set(), None, ()
        if not self.serve(set(self.able) - own, left):
            return None
        for number in numbers:
            found = self.best(number, own, left)
            if found:
                return self.first(found, own)
        return set(), None, ()

    def first(
        self, ranked: list[tuple[object, ...]], own: set[str]
    ) -> tuple[set[str], str | None, tuple[str, ...]]:
        best = ranked[0]
        places = set(best[-1])  # type: ignore[call-overload]
        if len(ranked) == 1:
            return places, "only" if len(own | places) == 1 else "fewest_parcels", ()
        second = ranked[1]
        rule = next(r for r, a, b in zip(RULES, best, second, strict=True) if a != b)
        return places, rule, second[-1]  # type: ignore[return-value]


def chosen(case: Case, near: Nearby | None) -> Choice | None:
    sourcing = Sourcing(
        case.sites,
        case.offers,
        case.ship_to,
        free=case.free,
        held=case.held,
        is_full=lambda site: site.location in case.full,
        near=near,
    )
    return sourcing.whole(case.needs, split=case.split)


@pytest.mark.parametrize("in_cell", [1, 2, 64])
@settings(max_examples=120)
@given(case=cases())
def test_the_choice_is_that_of_comparing_every_set_of_locations(in_cell: int, case: Case) -> None:
    """Whether sites are looked at nearest first, of few or all, or one and all: the same."""
    force = Force(case)
    wanted = force.expected()
    before, nearby.MAX_SITES_IN_CELL = nearby.MAX_SITES_IN_CELL, in_cell  # type: ignore[misc]
    try:
        found = chosen(case, Nearby(case.sites.values()))
        assert found == chosen(case, None)
    finally:
        nearby.MAX_SITES_IN_CELL = before  # type: ignore[misc]
    if wanted is None:
        assert found is None
        return
    assert found is not None
    places, rule, second = wanted
    assert force.serve(found.locations, case.needs)
    if rule is not None:
        anyway = force.free - places
        assert (set(found.locations) - anyway, found.rule, found.second) == (places, rule, second)


@settings(max_examples=100)
@given(case=cases(), parcels=st.integers(1, 4))
def test_what_is_not_there_whole_is_served_as_far_as_it_goes(case: Case, parcels: int) -> None:
    force = Force(case)
    sourcing = Sourcing(
        case.sites,
        case.offers,
        case.ship_to,
        free=case.free,
        held=case.held,
        is_full=lambda site: site.location in case.full,
    )
    found = sourcing.most(case.needs, parcels=parcels)
    if found is None:
        assert force.covered(force.able) == 0
        return
    assert len(set(found.locations)) == len(found.locations) <= parcels
    assert set(found.locations) <= set(force.able)
    first = found.locations[0]
    assert force.covered([first]) == max(force.covered([place]) for place in force.able)
    if len(found.locations) < parcels:
        assert force.covered(found.locations) == force.covered(force.able)
