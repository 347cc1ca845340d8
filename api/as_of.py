"""Reads as of then: the parameters `as_of` and `clock`, and what they resolve to.

A route's query model inherits `AsOfRead` (a list's: `AsOfList`) and reads within `lent`:

    async with lent(serving(request), query) as (conn, as_of):
        if as_of is None: ...the view as it stands
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from pydantic import BaseModel, Field

from api.database import Connection
from api.parameters import Read, ReadList
from api.problems import BAD_PARAMETER, NOT_YET_VISIBLE, Problem
from api.services import Services
from api.times import read_time, said
from consumers.projecting.progress import Names
from projections.paging import BadToken
from projections.past import as_of as moments
from projections.past.as_of import AsOf, Moment, ViewBehind
from projections.past.moments import NAME

MAX_AS_OF: Final = 64
Clock = Literal["recorded", "occurred"]

_POSITION: Final = re.compile(r"-?[0-9]+")


class _AsOfParameters(BaseModel):
    as_of: Annotated[
        str | None,
        Field(
            max_length=MAX_AS_OF,
            description="As of then: a position of the ledger, or a time (RFC 3339, with its "
            "offset).",
        ),
    ] = None
    clock: Annotated[
        Clock | None,
        Field(
            description="Of a time: `recorded` (if none is given) answers what was known then, "
            "`occurred` what was true then as known now."
        ),
    ] = None


class AsOfRead(Read, _AsOfParameters):
    """The parameters of a read that can be as of then."""


class AsOfList(ReadList, _AsOfParameters):
    """The parameters of a list that can be as of then."""


@asynccontextmanager
async def lent(
    services: Services, query: AsOfRead | AsOfList, *, live: Names = None, then: Names = None
) -> AsyncIterator[tuple[Connection, AsOf | None]]:
    """Lend a connection to views that show what is asked for, and as of when that is (None: now).

    `live` are the views read as they stand, `then` those read as of then; None: all that go on.
    Raises Problem: 422 for what nobody can be asked as of, 503 if the views are not there in time.
    """
    as_of = await resolved(services, query, then)
    needed = max(query.min_position or 0, 0 if as_of is None else as_of.position)
    try:
        async with services.reads.at(needed, views=live if as_of is None else then) as conn:
            yield conn, as_of
    except ViewBehind as behind:
        await _check_token(services, behind.asked)
        raise Problem(NOT_YET_VISIBLE, f"{behind}; ask again, or look at /readyz") from behind


async def _check_token(services: Services, asked: int) -> None:
    """Raise BadToken for a position beyond the head: `as_of` was held against it before."""
    head = await services.events.head()
    if asked > head:
        why = f"after goes on from position {asked}, and the ledger ends at {head}"
        raise BadToken(f"{why}: begin again without it")


async def resolved(
    services: Services, query: AsOfRead | AsOfList, then: Names = None
) -> AsOf | None:
    """As of when a query asks; None: as it stands. Raises Problem, as `lent` does."""
    if query.as_of is None:
        if query.clock is not None:
            raise _wrong("clock", "it says how a time in as_of is meant, and there is no as_of")
        return None
    if _POSITION.fullmatch(query.as_of):
        if query.clock == "occurred":
            why = "occurred goes with a time in as_of; as of a position, clock=recorded is meant"
            raise _wrong("clock", why)
        return await _at_position(services, int(query.as_of), then)
    time = _time(query.as_of)
    if query.clock == "occurred":
        return await _occurred_by(services, time, then)
    return await _recorded_by(services, time)


async def _at_position(services: Services, position: int, then: Names) -> AsOf:
    if position > services.backend.views.position(then):
        head = await services.events.head()
        if position > head:
            allowed = f"ask for 1 to {head}" if head else "the ledger is empty"
            why = f"position {position} is beyond the ledger's head, {head}: {allowed}"
            raise _wrong("as_of", why, head=head)
    if position < 1:
        raise _wrong("as_of", f"there is no position {position}: the first is 1")
    return AsOf(position)


async def _recorded_by(services: Services, time: datetime) -> AsOf:
    found = await _moment(services, time)
    if not found.settled:
        # What the views do not show yet may have been recorded by then.
        head = await services.events.head()
        if found.shown < head:
            found = await _moment(services, time, head)
    if not found.position:
        why = f"{said(time)} is before the ledger's first event, recorded at {said(found.first)}"
        raise _wrong("as_of", why, first=said(found.first))
    return AsOf(found.position)


async def _occurred_by(services: Services, time: datetime, then: Names) -> AsOf:
    shown = services.backend.views.position(then)
    if shown and time <= datetime.now(UTC):
        return AsOf(shown, time)
    return AsOf((await _moment(services, time)).shown, time)


async def _moment(services: Services, time: datetime, min_position: int = 0) -> Moment:
    """Where a time stands in the ledger. Raises Problem (422) for the future of it."""
    async with services.reads.at(min_position, views=(NAME,)) as conn:
        found = await moments.moment(conn, services.reads.network, time)
    if found is None:
        raise _wrong("as_of", "the ledger is empty, as far as the views show it", head=0)
    now = max(datetime.now(UTC), found.last)
    if time > now:
        why = f"{said(time)} is in the future: ask for a time up to now, {said(now)}"
        raise _wrong("as_of", why, now=said(now))
    return found


def _time(given: str) -> datetime:
    try:
        return read_time(given)
    except msgspec.ValidationError:
        why = (
            f"{given!r} is neither a position nor a time with its offset, such as "
            "2026-03-20T10:03:00Z (write + as %2B in an address)"
        )
        raise _wrong("as_of", why) from None
    except OverflowError:
        raise _wrong("as_of", f"{given!r} is beyond the times that are kept") from None


def _wrong(parameter: str, why: str, **members: str | int) -> Problem:
    detail = f"query parameter {parameter!r}: {why}"
    problem = Problem(BAD_PARAMETER, detail, parameter=parameter)
    problem.members.update(members)
    return problem
