"""SQL views and functions over the views' tables: for people with a BI tool, and our own reads."""

from typing import Any, Final

from msgspec import Struct
from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal

WORK_MEMORY: Final = "64MB"
"""Of a sort or hash of a function: it goes through the whole stock card."""


class SqlView(Struct, frozen=True):
    """A view in the database: a query over `reads`, with a comment for each column.

    `columns` are its columns, in the order of the query, with their comments.
    """

    name: str
    comment: str
    query: str
    reads: tuple[str, ...]
    columns: dict[str, str]

    @property
    def definition(self) -> str:
        """All that makes it, as text."""
        return "\n".join([self.query, self.comment, *self.columns, *self.columns.values()])

    def create(self, conn: Connection[Any]) -> None:
        """Create it unless it is there, or a table that it reads is not."""
        if _exists(conn, self.name) or not all(_exists(conn, table) for table in self.reads):
            return
        view = Identifier(self.name)
        named = SQL(", ").join(map(Identifier, self.columns))
        conn.execute(SQL("CREATE VIEW {} ({}) AS {}").format(view, named, SQL(self.query)))
        conn.execute(SQL("COMMENT ON VIEW {} IS {}").format(view, Literal(self.comment)))
        for name, comment in self.columns.items():
            column = Identifier(self.name, name)
            conn.execute(SQL("COMMENT ON COLUMN {} IS {}").format(column, Literal(comment)))

    def drop(self, conn: Connection[Any]) -> None:
        """Drop it if it is there."""
        conn.execute(SQL("DROP VIEW IF EXISTS {}").format(Identifier(self.name)))


class SqlFunction(Struct, frozen=True):
    """A function in the database that returns rows: a view that takes parameters, such as a date.

    `arguments` are its parameters as SQL declares them, the network first; `columns` maps each
    column of its rows to its type and comment. The rows' type is `{name}_row`, so that its columns
    are commented as those of a view. The body is read when it is called: a table that it reads
    may be dropped and made again.
    """

    name: str
    comment: str
    arguments: tuple[str, ...]
    body: str
    reads: tuple[str, ...]
    columns: dict[str, tuple[str, str]]

    @property
    def definition(self) -> str:
        """All that makes it, as text."""
        columns = (text for name, said in self.columns.items() for text in (name, *said))
        return "\n".join([self.body, self.comment, *self.arguments, *columns])

    def create(self, conn: Connection[Any]) -> None:
        """Create it unless it is there, or a table that it reads is not."""
        row = f"{self.name}_row"
        if _exists(conn, row) or not all(_exists(conn, table) for table in self.reads):
            return
        made = [
            SQL("{} {}").format(Identifier(name), SQL(sql_type))
            for name, (sql_type, _) in self.columns.items()
        ]
        conn.execute(SQL("CREATE TYPE {} AS ({})").format(Identifier(row), SQL(", ").join(made)))
        for name, (_, comment) in self.columns.items():
            column = Identifier(row, name)
            conn.execute(SQL("COMMENT ON COLUMN {} IS {}").format(column, Literal(comment)))
        conn.execute(
            SQL(
                "CREATE FUNCTION {} ({}) RETURNS SETOF {} LANGUAGE sql STABLE "
                "SET work_mem = {} SET jit = off AS {}"
            ).format(
                Identifier(self.name),
                SQL(", ".join(self.arguments)),
                Identifier(row),
                Literal(WORK_MEMORY),
                Literal(self.body),
            )
        )
        commenting = SQL("COMMENT ON FUNCTION {} IS {}")
        conn.execute(commenting.format(Identifier(self.name), Literal(self.comment)))

    def drop(self, conn: Connection[Any]) -> None:
        """Drop it if it is there, and what reads it."""
        row = Identifier(f"{self.name}_row")
        conn.execute(SQL("DROP TYPE IF EXISTS {} CASCADE").format(row))


class SqlAggregate(Struct, frozen=True):
    """An aggregate over whole numbers: `step` is the next state, an expression of PL/pgSQL.

    It reads the numbers `state` (null at first) and `arguments`.
    """

    name: str
    comment: str
    arguments: tuple[str, ...]
    step: str

    @property
    def definition(self) -> str:
        """All that makes it, as text."""
        return "\n".join([self.comment, *self.arguments, self.step])

    def create(self, conn: Connection[Any]) -> None:
        """Create it unless it is there."""
        if conn.execute("SELECT to_regproc(%s)", [self.name]).fetchone() != (None,):
            return
        types = SQL(", ".join(["numeric"] * len(self.arguments)))
        names = SQL(", ".join(f"{name} numeric" for name in ("state", *self.arguments)))
        step = Identifier(f"{self.name}_step")
        conn.execute(
            SQL("CREATE FUNCTION {} ({}) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS {}").format(
                step, names, Literal(f"BEGIN RETURN {self.step}; END")
            )
        )
        aggregate = SQL("CREATE AGGREGATE {} ({}) (SFUNC = {}, STYPE = numeric)")
        conn.execute(aggregate.format(Identifier(self.name), types, step))
        comment = SQL("COMMENT ON AGGREGATE {} ({}) IS {}")
        conn.execute(comment.format(Identifier(self.name), types, Literal(self.comment)))

    def drop(self, conn: Connection[Any]) -> None:
        """Drop it if it is there, and what reads it."""
        step = Identifier(f"{self.name}_step")
        conn.execute(SQL("DROP FUNCTION IF EXISTS {} CASCADE").format(step))


def _exists(conn: Connection[Any], name: str) -> bool:
    return conn.execute("SELECT to_regclass(%s)", [name]).fetchone() != (None,)
