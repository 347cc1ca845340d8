"""Reading a report: a page of it, or all of it, row by row."""

# ruff: noqa: S608 - queries are put together from our own text only; what is given is bound

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import md5
from typing import Any, Final

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed

from projections.paging import BadToken, Page, first_of, key_of
from projections.reading import listing, page
from projections.reports.report import FILTERS, Asked, Report
from projections.tables import Column

FETCHED: Final = 500
"""Rows that are fetched at a time where all are asked for."""
LONG: Final = 200
"""Characters beyond which a text stands in a token by its beginning and a hash."""
BEGINNING: Final = 160

Row = tuple[Any, ...]


async def report_page(  # noqa: PLR0913 - what is asked, and where the page begins and ends
    conn: AsyncConnection[Any],
    network: str,
    report: Report,
    asked: Asked,
    *,
    after: str | None = None,
    limit: int = 100,
) -> Page[Any]:
    """A page of a report's rows. Raises BadToken for an `after` that is not of this report."""
    key = _Key(report, asked)
    params = _params(network, asked)
    conditions: list[SQL | Composed] = []
    if after is not None:
        params |= {f"after_{number}": part for number, part in enumerate(key.parsed(after))}
        conditions.append(SQL(key.behind))
    statement = _statement(report, asked, key, conditions, limited=True)
    async with _planned_for_all(conn):
        return await page(conn, _maker(report), statement, params, limit, key.of)


def moment_of(after: str) -> datetime | None:
    """The moment of the report whose token this is; None: it has none. Raises BadToken."""
    _, _, said = first_of(after).partition("@")
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


async def report_rows(
    conn: AsyncConnection[Any], network: str, report: Report, asked: Asked
) -> AsyncIterator[tuple[int, Row | None]]:
    """All rows, each behind the position that they show; before the first comes one of None."""
    key = _Key(report, asked)
    statement = _statement(report, asked, key, [], limited=False)
    cursor = conn.cursor(binary=True)
    begun = False
    async with _planned_for_all(conn):
        found = cursor.stream(statement, _params(network, asked), size=FETCHED)
        async for position, there, *values in found:
            if not begun:
                begun = True
                yield position, None
            if there is not None:
                yield position, tuple(values)
    if not begun:
        yield 0, None


@asynccontextmanager
async def _planned_for_all(conn: AsyncConnection[Any]) -> AsyncIterator[None]:
    """A transaction whose joins are planned as for many rows, whatever the statistics say.

    A report reads tables whole. Where they have just grown, PostgreSQL believes them small, and
    would go through one of them anew for each row of another: measured, 11 s in place of 0.2 s.
    """
    async with conn.transaction():
        await conn.execute("SET LOCAL enable_nestloop = off")
        yield


class _Key:
    """What names a row of a report that is grouped in one way: the parts of a token.

    The way itself, with the moment that the report is of, is the first part, so that no token is
    taken for one of another list.
    """

    def __init__(self, report: Report, asked: Asked) -> None:
        columns, by = {column.name: column for column in report.columns}, _by(report, asked)
        self.way = f"{report.name}/{by}" + ("" if asked.at is None else f"@{asked.at.isoformat()}")
        self.columns = [columns[name] for name in report.key(by)]

    @property
    def order(self) -> str:
        """SQL of the order of rows: what has no value comes before all that has one."""
        return ", ".join(map(_ordered, self.columns)) or "there"

    @property
    def behind(self) -> str:
        """SQL of a condition: behind the row that `after_0`, `after_1` and so on name."""
        asked = ", ".join(f"%(after_{number})s" for number in range(len(self.columns)))
        return f"({self.order}) > ({asked})" if self.columns else "false"

    def of(self, row: Struct) -> tuple[str | int, ...]:
        """The parts that name a row."""
        return (self.way, *(_part(column, getattr(row, column.name)) for column in self.columns))

    def parsed(self, after: str) -> list[Any]:
        """The parts of a token. Raises BadToken where it is not of this report, or this way."""
        types = (int if column.sql_type == "bigint" else str for column in self.columns)
        way, *parts = key_of(after, str, *types)
        if way != self.way:
            raise BadToken(f"after={after[:40]!r} is of {way[:60]!r}, not of {self.way!r}")
        return parts


def _ordered(column: Column) -> str:
    if column.sql_type == "bigint":
        return f"coalesce({column.name} + 1, 0)"
    text = f"coalesce({column.name}::text, '')"
    short = f"CASE WHEN length({text}) > {LONG} THEN left({text}, {BEGINNING}) || md5({text})"
    return f'({short} ELSE {text} END) COLLATE "C"'


def _part(column: Column, value: Any) -> str | int:
    """The same of a row as `_ordered` says in SQL."""
    if column.sql_type == "bigint":
        return 0 if value is None else int(value) + 1
    text = "" if value is None else str(value)
    if len(text) <= LONG:
        return text
    return text[:BEGINNING] + md5(text.encode(), usedforsecurity=False).hexdigest()


def _by(report: Report, asked: Asked) -> str:
    return asked.by or report.default_by


def _params(network: str, asked: Asked) -> dict[str, Any]:
    return {
        "network": network,
        "at": asked.at,
        "first": asked.first,
        "last": asked.last,
        "method": asked.method,
        "bands": list(asked.bands),
        "sku": None,
        **{str(name): value for name, value in asked.filters.items()},
    }


def _statement(
    report: Report,
    asked: Asked,
    key: _Key,
    conditions: list[SQL | Composed],
    *,
    limited: bool,
) -> Composed:
    """The rows of a report as they are asked for, behind the position that they show."""
    names = ["there", *(column.name for column in report.columns)]
    source = SQL(f"({_grouped(report, asked)}) AS report")
    return listing(
        report.views, names, source, conditions=conditions, order=key.order, limited=limited
    )


def _grouped(report: Report, asked: Asked) -> str:
    key = report.key(_by(report, asked))
    columns = ", ".join(_column(report, column, key) for column in report.columns)
    groups = ", ".join(key)
    # Without groups there would be a row of nothing.
    grouping = f"GROUP BY {groups}" if groups else "HAVING count(*) > 0"
    where = " AND ".join(_conditions(report, asked))
    return f"SELECT true AS there, {columns} FROM {report.source} WHERE {where} {grouping}"


def _column(report: Report, column: Column, key: tuple[str, ...]) -> str:
    name = column.name
    if name in key:
        return name
    if name in report.sums:
        return f"sum({name})::{column.sql_type} AS {name}"
    if name in report.rates:
        return f"{report.rates[name]} AS {name}"
    if name in report.least or name in report.greatest:
        return f"{'min' if name in report.least else 'max'}({name}) AS {name}"
    return f"NULL::{column.sql_type} AS {name}"


def _conditions(report: Report, asked: Asked) -> list[str]:
    found = ["network = %(network)s"]
    found += [f"{FILTERS[name]} = %({name})s" for name in asked.filters]
    if report.day is not None and asked.first is not None:
        found.append(f"{report.day} >= %(first)s")
    if report.day is not None and asked.last is not None:
        found.append(f"{report.day} <= %(last)s")
    return found


def _maker(report: Report) -> Callable[..., Any]:
    row: Callable[..., Any] = report.row

    def make(_there: bool, *values: Any) -> Any:  # noqa: FBT001 - the first column of a row
        return row(*values)

    return make
