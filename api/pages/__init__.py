"""Pages for people: server-rendered HTML that needs no other file."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from api.pages import fresh, told
from api.paths import encoded
from ledger.domain.words import part

_POLICY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def render(template: str, *, position: int | None = None, **values: Any) -> HTMLResponse:
    """A page of a template in `templates`; every value is escaped."""
    headers = _POLICY if position is None else {**_POLICY, "Onebook-Position": str(position)}
    text = _environment.get_template(template).render(position=position, **values)
    return HTMLResponse(text, headers=headers)


def number(value: int) -> str:
    """A whole number with its thousands apart and a true minus."""
    return f"{value:,}".replace("-", "\N{MINUS SIGN}")


def money(minor: int | None, currency: str | None) -> str:
    """An amount in minor units, as written in most currencies (two decimals)."""
    if minor is None:
        return "\N{EN DASH}"
    sign = "\N{MINUS SIGN}" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02d} {currency or ''}".strip()


def moment(value: datetime) -> str:
    """A time in UTC, to the minute."""
    return f"{value:%Y-%m-%d %H:%M}"


def day(value: datetime) -> str:
    """A time in UTC, to the day."""
    return f"{value:%Y-%m-%d}"


def words(name: str) -> str:
    """`ready_for_pickup` as words."""
    return name.replace("_", " ")


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "number": number,
    "money": money,
    "moment": moment,
    "day": day,
    "words": words,
    "part": encoded,
    "stream_part": part,
    "served": told.served,
    "stands": told.stands,
    "places": told.places,
    "parts_moved": told.parts_moved,
    "subject_page": told.page_of,
    "view_state": fresh.state,
    "seconds": fresh.seconds,
    "ago": fresh.ago,
}
_environment.tests["in_any_of"] = told.in_any_of
