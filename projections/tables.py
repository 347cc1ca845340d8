"""Tables of the views: made from the struct that names their columns.

A field is a column: its type says the column's, its description becomes the column's comment.
Every table begins with `network`, and so does its primary key, which can never change.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct
from psycopg import Connection
from psycopg.sql import SQL, Composed, Identifier
from psycopg.sql import Literal as Quoted

from projections.arrays import array_literal

Values = tuple[Any, ...]
"""A row as it is stored, without its network, in the order of the columns."""

NETWORK_COMMENT: Final = "The network whose ledger this row follows from."
_SQL_TYPES: Final = {
    str: "text",
    int: "bigint",
    bool: "boolean",
    datetime: "timestamptz",
    date: "date",
}
_DDL: Final = {"text": 'text COLLATE "C"'}


class Column(NamedTuple):
    """A column of a table; `sql_type` is one that `projections.arrays` writes."""

    name: str
    sql_type: str
    nullable: bool
    comment: str


class Table:
    """A table of a view, known by its row struct.

    `key` is what identifies a row within its network. `order` is how verify goes through the
    rows: by the key, or by position where rows are only ever appended. `folding` are those of the
    indexes that the fold itself finds rows by; all others are for readers.
    """

    def __init__(  # noqa: PLR0913 - a table is what it is made of
        self,
        name: str,
        row: type[Struct],
        *,
        key: tuple[str, ...],
        comment: str,
        order: tuple[str, ...] | None = None,
        indexes: Iterable[str] = (),
        folding: Iterable[str] = (),
        fillfactor: int = 100,
    ) -> None:
        self.name = name
        self.key = key
        self.comment = comment
        self.order = order or key
        self.indexes = tuple(indexes)
        self.folding = tuple(folding)
        self.fillfactor = fillfactor
        self.columns = columns_of(row)
        self.names = tuple(column.name for column in self.columns)
        assert set(key) | set(self.order) <= set(self.names), name
        assert set(self.folding) <= set(self.indexes), name

    def create(self, conn: Connection[Any], *, read: bool = True) -> None:
        """Create the table with its comments and indexes unless it is there.

        One that is not `read` but by its fold has only the indexes for that.
        """
        exists = conn.execute("SELECT to_regclass(%s)", [self.name]).fetchone()
        if exists == (None,):
            for statement in self._definition(self.indexes if read else self.folding):
                conn.execute(statement)

    def drop(self, conn: Connection[Any]) -> None:
        """Drop the table, of all networks, with the SQL views that read it."""
        conn.execute(SQL("DROP TABLE IF EXISTS {} CASCADE").format(Identifier(self.name)))

    @cached_property
    def definition(self) -> str:
        """All that makes the table, as text."""
        return "\n".join(statement.as_string() for statement in self._definition(self.indexes))

    def _definition(self, indexes: Iterable[str]) -> Iterable[Composed]:
        table = Identifier(self.name)
        defined = [
            SQL("{} {}{}").format(
                Identifier(column.name),
                SQL(_DDL.get(column.sql_type, column.sql_type)),  # ours
                SQL("") if column.nullable else SQL(" NOT NULL"),
            )
            for column in (Column("network", "text", nullable=False, comment=""), *self.columns)
        ]
        yield SQL("CREATE TABLE {} ({}, PRIMARY KEY ({})) WITH (fillfactor = {})").format(
            table,
            SQL(", ").join(defined),
            _listed(("network", *self.key)),
            Quoted(self.fillfactor),
        )
        yield from self._comments()
        for index in indexes:
            yield SQL("CREATE INDEX ON {} {}").format(table, SQL(index))

    def describe(self, conn: Connection[Any]) -> None:
        """Comment on the table and its columns as this release does."""
        for statement in self._comments():
            conn.execute(statement)

    def _comments(self) -> Iterable[Composed]:
        table = Identifier(self.name)
        yield SQL("COMMENT ON TABLE {} IS {}").format(table, Quoted(self.comment))
        comments = [("network", NETWORK_COMMENT), *((c.name, c.comment) for c in self.columns)]
        for name, comment in comments:
            yield SQL("COMMENT ON COLUMN {}.{} IS {}").format(
                table, Identifier(name), Quoted(comment)
            )

    def delete(self, conn: Connection[Any], network: str) -> None:
        """Delete the rows of one network."""
        statement = SQL("DELETE FROM {} WHERE network = %s").format(Identifier(self.name))
        conn.execute(statement, [network])

    def insert(self, conn: Connection[Any], network: str, rows: Iterable[Values]) -> None:
        """Insert rows that are not there yet: by binary COPY, measured twice as fast as unnest.

        Raises psycopg.errors.UniqueViolation if one is there.
        """
        with conn.cursor().copy(self._copy) as copy:
            copy.set_types(self._copy_types)
            for row in rows:
                copy.write_row((network, *row))

    def update(self, conn: Connection[Any], network: str, rows: Sequence[Values]) -> None:
        """Overwrite rows that are there, in one statement; each of them must be there."""
        arrays = [
            array_literal(column.sql_type, values)
            for column, values in zip(self.columns, zip(*rows, strict=True), strict=True)
        ]
        updated = conn.execute(self._update, [*arrays, network], prepare=True).rowcount
        if updated != len(rows):
            raise RowsVanished(
                f"{len(rows) - updated} of {len(rows)} rows of table {self.name} are gone: "
                f"somebody else wrote to it; run `onebook verify`, then `onebook rebuild`"
            )

    def remove(self, conn: Connection[Any], network: str, keys: Sequence[Values]) -> None:
        """Delete the rows of these keys."""
        types = {column.name: column.sql_type for column in self.columns}
        arrays = [
            array_literal(types[name], values)
            for name, values in zip(self.key, zip(*keys, strict=True), strict=True)
        ]
        conn.execute(self._remove, [*arrays, network])

    def select_by(self, names: Sequence[str], *also: SQL) -> Composed:
        """A statement for rows of a network by these columns: takes arrays, then the network.

        `also` are further columns; a row is called `kept` there.
        """
        return SQL(
            "SELECT {} FROM unnest({}) AS asked ({}) JOIN {} AS kept USING ({}) WHERE network = %s"
        ).format(
            SQL(", ").join(
                [*(SQL("kept.{}").format(Identifier(name)) for name in self.names), *also]
            ),
            self._unnested(names),
            _listed(names),
            Identifier(self.name),
            _listed(names),
        )

    @cached_property
    def select_in_order(self) -> Composed:
        """A statement for all rows of a network in `order`."""
        return SQL("SELECT {} FROM {} WHERE network = %s ORDER BY {}").format(
            _listed(self.names), Identifier(self.name), _listed(self.order)
        )

    @cached_property
    def select_all(self) -> Composed:
        """A statement for all rows of a network, in whatever order they lie."""
        return SQL("SELECT {} FROM {} WHERE network = %s").format(
            _listed(self.names), Identifier(self.name)
        )

    @cached_property
    def _copy(self) -> Composed:
        return SQL("COPY {} (network, {}) FROM STDIN (FORMAT BINARY)").format(
            Identifier(self.name), _listed(self.names)
        )

    @cached_property
    def _copy_types(self) -> list[str]:
        return ["text", *(column.sql_type for column in self.columns)]

    @cached_property
    def _update(self) -> Composed:
        changing = [name for name in self.names if name not in self.key]
        return SQL(
            "UPDATE {table} AS kept SET {changes} FROM unnest({arrays}) AS new ({names}) "
            "WHERE kept.network = %s AND {same}"
        ).format(
            table=Identifier(self.name),
            changes=SQL(", ").join(SQL("{0} = new.{0}").format(Identifier(n)) for n in changing),
            arrays=self._unnested(self.names),
            names=_listed(self.names),
            same=SQL(" AND ").join(
                SQL("kept.{0} = new.{0}").format(Identifier(name)) for name in self.key
            ),
        )

    @cached_property
    def _remove(self) -> Composed:
        return SQL(
            "DELETE FROM {table} AS kept USING unnest({arrays}) AS gone ({names}) "
            "WHERE kept.network = %s AND {same}"
        ).format(
            table=Identifier(self.name),
            arrays=self._unnested(self.key),
            names=_listed(self.key),
            same=SQL(" AND ").join(
                SQL("kept.{0} = gone.{0}").format(Identifier(name)) for name in self.key
            ),
        )

    def _unnested(self, names: Sequence[str]) -> Composed:
        types = {column.name: column.sql_type for column in self.columns}
        arrays = [SQL(f"%s::{types[name]}[]") for name in names]  # ours
        return SQL(", ").join(arrays)


class RowsVanished(Exception):
    """Rows that a view knows of are not in its table."""


def columns_of(row: type[Struct]) -> tuple[Column, ...]:
    """The columns that the struct's fields say; every field needs a description."""
    fields = msgspec.structs.fields(row)
    return tuple(_column(field.name, field.type) for field in fields)


def _column(name: str, annotation: Any) -> Column:
    inner, metas = _unwrapped(annotation)
    nullable = get_origin(inner) in (Union, UnionType) and NoneType in get_args(inner)
    if nullable:
        [inner] = [arg for arg in get_args(inner) if arg is not NoneType]
        inner, inner_metas = _unwrapped(inner)
        metas = inner_metas + metas
    given = [meta.extra["sql"] for meta in metas if meta.extra]
    comments = [meta.description for meta in metas if meta.description]
    assert comments, f"column {name} has no description"
    return Column(name, given[-1] if given else _sql_type(inner), nullable, comments[-1])


def _unwrapped(annotation: Any) -> tuple[Any, list[Meta]]:
    if get_origin(annotation) is Annotated:
        inner, *metas = get_args(annotation)
        return inner, metas
    return annotation, []


def _sql_type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "text"
    return _SQL_TYPES.get(annotation, "jsonb")


def _listed(names: Iterable[str]) -> Composed:
    return SQL(", ").join(map(Identifier, names))
