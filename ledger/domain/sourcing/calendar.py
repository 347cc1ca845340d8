"""Local days: the one place where the domain knows time zones.

Rules of time zones are a table of constants that changes with its releases. What is decided by it
stands in the events, so that no replay asks it again.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.domain.state import State


def day_in(time_zone: str, at: datetime) -> date:
    """The day in a time zone."""
    return at.astimezone(_zone(time_zone)).date()


def end_of_day(state: State, location: str, day: date) -> datetime:
    """When a day is over at a location, in UTC."""
    policy = state.locations.get(location)
    zone = _zone("UTC" if policy is None else policy.time_zone)
    midnight = datetime.combine(day + timedelta(days=1), time(), zone)
    return midnight.astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:  # known to the release that took it in, not to this machine
        return ZoneInfo("UTC")
