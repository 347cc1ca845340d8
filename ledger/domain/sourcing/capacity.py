"""How many parcels locations still take on their local day."""

from datetime import date, datetime

from ledger.domain.sourcing.calendar import day_in
from ledger.domain.sourcing.sites import Site
from ledger.domain.state import State


class Capacity:
    """Locations' capacities at one instant."""

    def __init__(self, state: State, at: datetime) -> None:
        self._state = state
        self._at = at
        self._days: dict[str, date] = {}

    def is_full(self, site: Site) -> bool:
        """Whether it takes no other parcel on this day."""
        capacity = site.daily_capacity
        if capacity is None:
            return False
        return self._state.parcels.get((site.location, self._day(site)), 0) >= capacity

    def counts_on(self, site: Site) -> date | None:
        """The local day on which a parcel counts; None where none is counted."""
        return None if site.daily_capacity is None else self._day(site)

    def _day(self, site: Site) -> date:
        day = self._days.get(site.time_zone)
        if day is None:
            day = self._days[site.time_zone] = day_in(site.time_zone, self._at)
        return day
