"""Sets of locations that together have all of what is asked: the search of split orders.

Every such set holds one of the locations that have some of the scarcest sku, so the search takes
each of these in turn, nearest first, and goes on with what is left. It ends a branch where even
the greatest quantities left would not do, and where its locations lie farther off than two sets
found before: those are best and second, whatever else is found.
"""

from bisect import insort
from collections.abc import Mapping, Sequence
from typing import Final

MAX_LOCATIONS_LOOKED_AT: Final = 10_000
"""Of one search; then what was found so far has to do."""

Needs = Mapping[str, int]
"""Quantities by sku."""


class Covering:
    """Searches among locations, of which it is known what they have and how far off they are.

    `stock` is what is there by location and sku, above 0 only. Without `by_distance` sets are
    ranked by something else first, and all are found.
    """

    def __init__(
        self,
        stock: Mapping[str, Mapping[str, int]],
        away: Mapping[str, int],
        needs: Needs,
        *,
        by_distance: bool = True,
    ) -> None:
        self._stock = stock
        self._away = away
        self._by_distance = by_distance
        nearest = sorted(stock, key=lambda place: (away[place], place))
        self._holders: dict[str, Sequence[str]] = {
            sku: [place for place in nearest if sku in stock[place]] for sku in needs
        }
        self._most = {
            sku: max((stock[place][sku] for place in holders), default=0)
            for sku, holders in self._holders.items()
        }
        self._needs = needs
        self._parcels = 0
        self._looks = 0
        self._found: dict[frozenset[str], None] = {}
        self._nearest: list[int] = []

    def sets(self, parcels: int) -> list[tuple[str, ...]]:
        """All sets of at most so many locations that may be the best or the second of them."""
        self._parcels = parcels
        self._looks = 0
        self._found = {}
        self._nearest = []
        self._go_on((), dict(self._needs), 0)
        return [tuple(sorted(places)) for places in self._found]

    def _go_on(self, chosen: tuple[str, ...], left: dict[str, int], away: int) -> None:
        room = self._parcels - len(chosen)
        if any(n > room * self._most[sku] for sku, n in left.items()):
            return
        scarcest = min(left, key=lambda sku: (len(self._holders[sku]), sku))
        for place in self._holders[scarcest]:
            farther = away + self._away[place]
            if self._is_beyond(farther) or self._looks >= MAX_LOCATIONS_LOOKED_AT:
                return
            if place in chosen:
                continue
            self._looks += 1
            there = self._stock[place]
            still = {sku: n - got for sku, n in left.items() if (got := there.get(sku, 0)) < n}
            if not still:
                self._note(frozenset((*chosen, place)), farther)
            elif room > 1:
                self._go_on((*chosen, place), still, farther)

    def _is_beyond(self, away: int) -> bool:
        return self._by_distance and len(self._nearest) > 1 and away > self._nearest[1]

    def _note(self, places: frozenset[str], away: int) -> None:
        if places not in self._found:
            self._found[places] = None
            insort(self._nearest, away)
