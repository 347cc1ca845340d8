"""Words for how fresh a view is."""

from datetime import datetime, timedelta
from typing import Literal

from api.freshness import STALE_AFTER_S
from api.views_status import ViewStatus

State = Literal["stopped", "differs", "rebuilding", "empty", "behind", "follows"]


def state(view: ViewStatus) -> State:
    """The first that holds of what people must know of a view."""
    if view.stopped_at is not None:
        return "stopped"
    if view.alarm is not None:
        return "differs"
    if view.rebuilt_to is not None:
        return "rebuilding"
    if not view.position:
        return "empty"
    behind = view.lag > 0 and (view.lag_s is None or view.lag_s > STALE_AFTER_S)
    return "behind" if behind else "follows"


def seconds(value: float | None) -> str:
    """So many seconds, whole ones from ten on."""
    if value is None:
        return "\N{EN DASH}"
    return f"{value:,.0f}" if value >= 10 or not value else f"{value:.1f}"


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago it was, in the unit that says it."""
    if at is None:
        return "never"
    past = max(timedelta(0), now - at)
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", _MINUTE)):
        if past >= 2 * length:
            return f"{past // length:,} {unit} ago"
    return f"{past.seconds} s ago"


_MINUTE = timedelta(minutes=1)
