"""As of when a view is asked: a last position that counts, and perhaps a time by which it was true.

By the recorded clock an answer is what the views showed once they had taken in `position`: what
was known then. By the occurred clock it counts, of all events up to `position`, those that took
effect by `until`: what was true then, as known now.
"""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed

from projections.past.moments import NAME


class AsOf(Struct, frozen=True):
    """`position` is the last that counts; `until` is a time by the occurred clock, else None."""

    position: int
    until: datetime | None = None


class ViewBehind(Exception):
    """A view does not show the position that it is asked as of."""

    def __init__(self, asked: int, shown: int) -> None:
        super().__init__(f"asked as of position {asked}, the view shows {shown}")
        self.asked, self.shown = asked, shown


def stands_for(as_of: AsOf, shown: int) -> int:
    """The position that an answer as of then stands for, read where the view showed `shown`.

    Raises ViewBehind if the view had not got there.
    """
    if shown < as_of.position:
        raise ViewBehind(as_of.position, shown)
    return as_of.position


class Moment(NamedTuple):
    """A time beside the ledger's clock, as far as the view shows it.

    `position` is the last whose recorded_at is not after that time (0: none is), `settled` says
    that a later event is known, so that it will stay so; `shown` is the view's position, `first`
    and `last` are the first and last moments that it knows.
    """

    position: int
    settled: bool
    shown: int
    first: datetime
    last: datetime


async def moment(conn: AsyncConnection[Any], network: str, time: datetime) -> Moment | None:
    """Where a time stands in the ledger, by a few index probes; None while it is empty."""
    cursor = conn.cursor(binary=True)
    await cursor.execute(_moment(), {"network": network, "time": time}, prepare=True)
    found = await cursor.fetchone()
    if found is None or found[2] is None:
        return None
    shown, following, first, last = found
    position = shown if following is None else following - 1
    return Moment(position, following is not None, shown, first, last)


@cache
def _moment() -> Composed:
    statement = SQL("""
        SELECT checkpoint.position,
          (SELECT position FROM moments WHERE network = %(network)s AND recorded_at > %(time)s
           ORDER BY recorded_at LIMIT 1),
          (SELECT recorded_at FROM moments WHERE network = %(network)s
           ORDER BY recorded_at LIMIT 1),
          (SELECT recorded_at FROM moments WHERE network = %(network)s
           ORDER BY recorded_at DESC LIMIT 1)
        FROM projections AS checkpoint WHERE network = %(network)s AND view = {view}
    """).format(view=NAME)
    return Composed([SQL(statement.as_string())])
