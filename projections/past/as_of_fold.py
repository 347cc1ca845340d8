"""Reading a view as of then: the very same statement, with rows of a fold in place of the tables.

The events that an answer follows from are folded in memory by the projections themselves. A read
then runs on a connection on which the tables it names are shadowed: its statement is put behind a
`WITH` that gives each of them the rows of the fold, the checkpoints too, so that the answer stands
at the position that it is as of.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from psycopg import AsyncConnection, AsyncCursor
from psycopg.sql import SQL, Composed, Identifier, Placeholder

from projections.arrays import array_literal
from projections.projection import Batch, Projection, split
from projections.reading import Params
from projections.rows import AppendedRows, DetailRows, Rows
from projections.tables import Table, Values

AnyRows = Rows[Any, Any] | DetailRows[Any, Any] | AppendedRows


class Folded:
    """The rows that some views hold once they have taken in these events, and no others.

    The events are to be all that the rows to be read follow from, in an order in which they can be
    folded; `position` is what the rows stand for. Raises FoldFailed.
    """

    def __init__(self, views: Sequence[type[Projection]], events: Batch, position: int) -> None:
        made = [view(limit=None) for view in views]
        for view, own in zip(made, split(made, events), strict=True):
            view.ask(own)
            view.fold(own)
        self.position = position
        self.views = tuple(view.name for view in made)
        self.tables: dict[str, Table] = {}
        self.arrays: dict[str, dict[str, str]] = {}
        for rows in (rows for view in made for rows in view.all_rows):
            if rows.table is not None:
                self.tables[rows.table.name] = rows.table
                self.arrays[rows.table.name] = _arrays(rows.table, _stored(rows))


class Then:
    """A connection for reads of views, on which the folded rows stand in place of the tables.

    Only for reads whose every table is of the views that were folded.
    """

    def __init__(self, conn: AsyncConnection[Any], folded: Folded) -> None:
        self._conn, self._folded = conn, folded

    def cursor(self, *, binary: bool = False) -> "_Cursor":
        """A cursor that reads the folded rows."""
        return _Cursor(self._conn.cursor(binary=binary), self._folded)


class _Cursor:
    def __init__(self, cursor: AsyncCursor[Any], folded: Folded) -> None:
        self._cursor, self._folded = cursor, folded

    async def execute(self, statement: Composed, params: Params, *, prepare: bool) -> None:
        folded = self._folded
        text = statement.as_string()
        read = _read_in(text, tuple(folded.tables))
        behind = _shadowing(text, tuple(folded.tables[name] for name in read))
        given: Params = {"shown_views": list(folded.views), "shown_position": folded.position}
        for name in read:
            given |= folded.arrays[name]
        await self._cursor.execute(behind, {**params, **given}, prepare=prepare)

    async def fetchall(self) -> list[Any]:
        return await self._cursor.fetchall()


def _stored(rows: AnyRows) -> list[Values]:
    return rows.rows if isinstance(rows, AppendedRows) else list(rows.in_order())


def _arrays(table: Table, rows: Sequence[Values]) -> dict[str, str]:
    """The rows as a literal of an array for each column, by the name of its parameter."""
    by_column = zip(*rows, strict=True) if rows else [()] * len(table.columns)
    return {
        _parameter(table.name, column.name): array_literal(column.sql_type, values)
        for column, values in zip(table.columns, by_column, strict=True)
    }


@cache
def _read_in(statement: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the tables that a statement names."""
    words = set(re.findall(r"\w+", statement))
    return tuple(name for name in names if name in words)


@cache
def _shadowing(statement: str, tables: tuple[Table, ...]) -> Composed:
    """The statement behind the rows of these tables, and the checkpoints of the folded views."""
    shadows = SQL(", ").join([_CHECKPOINTS.format(), *map(_shadow, tables)])
    whole = SQL("WITH {} {}").format(shadows, SQL(statement))  # a read's
    return Composed([SQL(whole.as_string())])


def _shadow(table: Table) -> Composed:
    names = [Identifier(column.name) for column in table.columns]
    arrays = [
        SQL("{}::" + column.sql_type + "[]").format(
            Placeholder(_parameter(table.name, column.name))
        )
        for column in table.columns
    ]
    # As the columns of the table are: in the order of bytes, whatever the database's own is.
    selected = [
        SQL('{0} COLLATE "C" AS {0}' if column.sql_type == "text" else "{0}").format(name)
        for column, name in zip(table.columns, names, strict=True)
    ]
    return SQL(
        '{table} AS (SELECT %(network)s::text COLLATE "C" AS network, {selected} '
        "FROM unnest({arrays}) AS folded ({names}))"
    ).format(
        table=Identifier(table.name),
        selected=SQL(", ").join(selected),
        arrays=SQL(", ").join(arrays),
        names=SQL(", ").join(names),
    )


def _parameter(table: str, column: str) -> str:
    return f"{table}.{column}"


_CHECKPOINTS = SQL(
    "projections AS (SELECT %(network)s::text AS network, shown.view, "
    "%(shown_position)s::bigint AS position FROM unnest(%(shown_views)s::text[]) AS shown (view))"
)
