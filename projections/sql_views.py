"""SQL views over the views' tables: for people with a BI tool, and for our own reads."""

from typing import Any

from msgspec import Struct
from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal


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


def _exists(conn: Connection[Any], name: str) -> bool:
    return conn.execute("SELECT to_regclass(%s)", [name]).fetchone() != (None,)
