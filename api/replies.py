"""Answers to reads: JSON, and the position that they show."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from starlette.responses import Response

from api import problems
from api.problems import Problem
from projections.paging import Page

POSITION_HEADER: Final = "Onebook-Position"
_JSON: Final = "application/json"
_encode = msgspec.json.Encoder().encode


def reply(position: int, body: object) -> Response:
    """One thing, as the view shows it at a position."""
    return Response(_encode(body), 200, {POSITION_HEADER: str(position)}, _JSON)


def encoded_reply(position: int, body: bytes) -> Response:
    """The same of what was encoded before."""
    return Response(body, 200, {POSITION_HEADER: str(position)}, _JSON)


def page_of(position: int, items: Sequence[Any], following: str | None) -> Response:
    """A page of a list; `following` goes back as `after` for the next one."""
    return reply(position, {"items": items, "next": following})


def listed(page: Page[Any]) -> Response:
    """A page of a view."""
    return page_of(page.position, page.items, page.next)


def not_found(what: str, identifier: str, position: int) -> Problem:
    """The problem of an id that the view does not know."""
    return Problem(
        problems.NOT_FOUND,
        f"{what} {identifier!r} is not known at position {position}",
        headers={POSITION_HEADER: str(position)},
    )
