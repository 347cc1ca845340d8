"""Reading views: every read is one statement, so its rows and its position are of one instant.

All reads take an `AsyncConnection` prepared by `configure`, best in autocommit mode. A position of
0 means that nothing was projected yet.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
from psycopg import AsyncConnection, Connection
from psycopg.sql import SQL, Composed, Identifier, Literal, Placeholder
from psycopg.types.numeric import NumericBinaryLoader, NumericLoader

from projections.paging import Page, token

T = TypeVar("T")
Params = dict[str, Any]


class Reader(Protocol):
    """What a read runs on: a connection, or one on which other rows stand in for the views'."""

    def cursor(self, *, binary: bool) -> Any:
        """A cursor that a read executes one statement on."""
        ...


class _Whole(NumericLoader):
    """Our numerics are sums of whole numbers."""

    def load(self, data: Any) -> Any:
        return int(super().load(data))


class _WholeBinary(NumericBinaryLoader):
    """The same, as sent in binary."""

    def load(self, data: Any) -> Any:
        return int(super().load(data))


def adapt(conn: AsyncConnection[Any] | Connection[Any]) -> None:
    """Make a connection read sums of money as int."""
    conn.adapters.register_loader("numeric", _Whole)
    conn.adapters.register_loader("numeric", _WholeBinary)


async def configure(conn: AsyncConnection[Any]) -> None:
    """Make a connection fit for reading views: `AsyncConnectionPool(..., configure=configure)`."""
    adapt(conn)
    await conn.set_autocommit(True)
    await conn.execute("SET TIME ZONE 'UTC'")


def listing(  # noqa: PLR0913 - a list is what it selects, from where, in which order
    view: str | tuple[str, ...],
    columns: Sequence[str],
    source: Composed | SQL | Identifier,
    *,
    conditions: Iterable[Composed | SQL] = (),
    order: str,
    limited: bool = False,
) -> Composed:
    """A statement for the view's position and rows of it: all rows have the position in front.

    Of several views it is the least of their positions.
    `source` is what stands after FROM; it and the conditions may name `%(network)s` and more.
    With no row found there is one row of the position and nothing else.
    """
    statement = SQL(
        "SELECT checkpoint.position AS shown, found.* "
        "FROM {checkpoint} AS checkpoint LEFT JOIN LATERAL ("
        "SELECT {columns} FROM {source} WHERE {conditions} ORDER BY {order} {limit}"
        ") AS found ON true ORDER BY {order}"
    ).format(
        checkpoint=_checkpoint((view,) if isinstance(view, str) else view),
        columns=SQL(", ").join(map(Identifier, columns)),
        source=source,
        conditions=SQL(" AND ").join([SQL("true"), *conditions]),
        order=SQL(order),
        limit=SQL("LIMIT %(fetched)s" if limited else ""),
    )
    # Rendered once: a composed statement is rendered anew each time that it is executed.
    return Composed([SQL(statement.as_string())])


def _checkpoint(views: tuple[str, ...]) -> Composed:
    return SQL(
        "(SELECT min(position) AS position FROM projections "
        "WHERE network = %(network)s AND view IN ({}) HAVING count(*) > 0)"
    ).format(SQL(", ").join(map(Literal, views)))


def equal(names: Iterable[str]) -> list[Composed]:
    """Conditions that columns equal the parameters of their names."""
    return [SQL("{} = {}").format(Identifier(name), Placeholder(name)) for name in names]


async def rows(
    conn: Reader, make: Callable[..., T], statement: Composed, params: Params
) -> tuple[list[T], int]:
    """What a `listing` finds, and the view's position."""
    cursor = conn.cursor(binary=True)
    await cursor.execute(statement, params, prepare=True)
    found = await cursor.fetchall()
    if not found:
        return [], 0
    position: int = found[0][0]
    # A row's first column of its own is part of a key and never null.
    return [make(*values[1:]) for values in found if values[1] is not None], position


def maker(row: type[T]) -> Callable[..., T]:
    """What makes a struct of a found row whose documents (jsonb) hold structs or enums."""
    names = [field.name for field in msgspec.structs.fields(row)]  # type: ignore[arg-type]

    def make(*values: Any) -> T:
        return msgspec.convert(dict(zip(names, values, strict=True)), row)

    return make


async def one(
    conn: Reader, make: Callable[..., T], statement: Composed, params: Params
) -> tuple[T | None, int]:
    """The one row that a `listing` finds, None if there is none, and the view's position."""
    found, position = await rows(conn, make, statement, params)
    return (found[0] if found else None), position


async def page(  # noqa: PLR0913, PLR0917 - what is read, and where it ends
    conn: Reader,
    make: Callable[..., T],
    statement: Composed,
    params: Params,
    limit: int,
    key: Callable[[T], tuple[str | int, ...]],
) -> Page[T]:
    """At most `limit` rows of a `listing`, and the token of what follows."""
    found, position = await rows(conn, make, statement, params | {"fetched": limit + 1})
    more = len(found) > limit
    items = found[:limit]
    return Page(items, token(*key(items[-1])) if more else None, position)
