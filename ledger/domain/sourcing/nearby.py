"""Which sites are near a place: remembered for each cell of the map, nearest to its middle first.

So an order is sourced by looking at a few sites rather than at all of them. What is remembered
only ever says in which order to look; who is nearest is measured from the place itself.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from ledger.domain.requests import Place
from ledger.domain.sourcing.distance import Vector, metres, vector
from ledger.domain.sourcing.sites import Site

CELL_UDEG: Final = 500_000
"""Half a degree: at most 39 km from the middle of a cell to a corner."""
MAX_CELLS: Final = 2_000
"""So many are remembered; then all are forgotten."""
MAX_SITES_IN_CELL: Final = 64
"""The nearest; whoever finds nothing among them looks at all sites."""


class Around(NamedTuple):
    """Sites with their metres from the middle of a cell, nearest first; `whole`: all there are."""

    middle: Vector
    sites: Sequence[tuple[int, Site]]
    whole: bool


class Nearby:
    """Sites that have coordinates, as seen from any place."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self._placed = [(where, site) for site in sites if (where := site.where) is not None]
        self._cells: dict[tuple[int, int], Around] = {}

    def around(self, place: Place) -> Around | None:
        """Sites around the place, as seen from the middle of its cell; None: it has no place."""
        latitude, longitude = place.latitude_udeg, place.longitude_udeg
        if latitude is None or longitude is None:
            return None
        cell = (latitude // CELL_UDEG, longitude // CELL_UDEG)
        known = self._cells.get(cell)
        if known is None:
            if len(self._cells) >= MAX_CELLS:
                self._cells.clear()
            known = self._cells[cell] = self._seen_from(cell)
        return known

    def _seen_from(self, cell: tuple[int, int]) -> Around:
        south, west = cell
        middle = vector(
            south * CELL_UDEG + CELL_UDEG // 2,
            west * CELL_UDEG + CELL_UDEG // 2,
        )
        away = [(metres(middle, where), site) for where, site in self._placed]
        away.sort(key=lambda entry: (entry[0], entry[1].location))
        whole = len(away) <= MAX_SITES_IN_CELL
        return Around(middle, away[:MAX_SITES_IN_CELL], whole)
