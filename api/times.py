"""Times and days in addresses: how they are read, and how they are said."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from pydantic import BeforeValidator

_BLANK_FOR_PLUS: Final = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")
"""A + that was not percent-encoded in an address arrives as a blank."""
_Zoned = Annotated[datetime, Meta(tz=True)]


def read_time(given: str) -> datetime:
    """A time with its offset (RFC 3339), in UTC. Raises ValueError, OverflowError beyond UTC's."""
    return msgspec.convert(_BLANK_FOR_PLUS.sub("+", given), _Zoned).astimezone(UTC)


def said(time: datetime) -> str:
    """A time in UTC as answers say it, ending in Z."""
    return time.isoformat().replace("+00:00", "Z")


def read_day(given: str) -> date | None:
    """The day that YYYY-MM-DD says; None: it is said in another way."""
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return None
    return day if day.isoformat() == given else None


def _only_iso(given: Any) -> Any:
    """Other readings of a number as a date are nobody's intent."""
    if isinstance(given, str) and read_day(given) is None:
        raise ValueError("give a day as YYYY-MM-DD, a date that there is")
    return given


Day = Annotated[date | None, BeforeValidator(_only_iso)]
"""A day of a query, as YYYY-MM-DD."""
