"""Making the rows of a table equal to those of a copy in another schema, by SQL.

Only rows that differ are written. Readers are not blocked, and the SQL views that people have
made over a table stay. Where the copy has other columns the table cannot be made equal: the copy
takes its place.
"""

from collections.abc import Iterable
from typing import Any, Final, LiteralString

from msgspec import Struct
from psycopg import Connection
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from projections.keeping.upkeep import RowDifference
from projections.tables import Table

MAX_DIFFERENCES: Final = 20
"""Named, of one table; all are counted."""
_TWIN: Final = "indexed_by_definition"
WORK_MEMORY: Final = "64MB"
_EXACT: Final = ("jsonb", "numeric")
"""Types with values that are equal and are written differently: compared as text."""


class Differences(Struct, frozen=True):
    """How many rows differ, and the first of them."""

    rows: int = 0
    first: tuple[RowDifference, ...] = ()

    def __add__(self, other: "Differences") -> "Differences":
        return Differences(self.rows + other.rows, self.first + other.first)


def differing(
    conn: Connection[Any],
    network: str,
    tables: Iterable[Table],
    copy: str,
    *,
    limit: int = MAX_DIFFERENCES,
) -> Differences:
    """What differs between tables and their copies in the schema `copy`; nothing is written.

    At most `limit` rows of each table are named.
    """
    found = Differences()
    for table in tables:
        statement = _DIFFERING.format(**_words(table, copy), limit=limit)
        rows = conn.execute(statement, {"network": network}).fetchall()
        first = tuple(RowDifference(table.name, key, kind) for kind, key, _ in rows)
        found += Differences(rows[0][2] if rows else 0, first)
    return found


def equalise(
    conn: Connection[Any], network: str, tables: Iterable[Table], copy: str
) -> Differences:
    """Give tables the rows of their copies; what differed before.

    Within a transaction that has locked whoever else writes them.
    """
    found = Differences()
    for table in tables:
        differences = differing(conn, network, [table], copy)
        if differences.rows:
            for statement in _equalising(table, copy):
                conn.execute(statement, {"network": network})
        found += differences
    return found


def readable(conn: Connection[Any], tables: Iterable[Table]) -> bool:
    """Whether the tables that stand there have the columns that this release reads."""
    return all(_wanted(conn, table) <= set(_stored(conn, table.name)) for table in tables)


def alike(conn: Connection[Any], tables: Iterable[Table], copy: str) -> bool:
    """Whether the tables have the columns and keys of their copies."""
    return all(
        _shape(conn, table.name) == _shape(conn, f"{_quoted(copy)}.{_quoted(table.name)}") != ()
        for table in tables
    )


def redescribe(conn: Connection[Any], tables: Iterable[Table]) -> None:
    """Comment on tables as this release does, and make the indexes that they lack."""
    for table in tables:
        table.describe(conn)
        _make_indexes(conn, table)


def replace(conn: Connection[Any], tables: Iterable[Table], copy: str) -> None:
    """Have copies take the place of tables, of all networks; SQL views over them go.

    Copies are folded without the indexes that only readers need: those are made here.
    """
    for table in tables:
        table.drop(conn)
        conn.execute(
            SQL("ALTER TABLE {} SET SCHEMA {}").format(
                Identifier(copy, table.name), Identifier(_current_schema(conn))
            )
        )
        _make_indexes(conn, table)


def drop(conn: Connection[Any], tables: Iterable[Table], copy: str) -> None:
    """Drop copies."""
    for table in tables:
        conn.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(copy, table.name)))


_DIFFERING: Final = SQL("""
    SELECT CASE WHEN kept.network IS NULL THEN 'missing'
                WHEN fresh.network IS NULL THEN 'extra' ELSE 'changed' END,
           jsonb_build_object({either_key}), count(*) OVER ()
    FROM (SELECT * FROM {live} WHERE network = %(network)s) AS kept
    FULL JOIN (SELECT * FROM {copy} WHERE network = %(network)s) AS fresh ON {same}
    WHERE kept.network IS NULL OR fresh.network IS NULL OR {differs}
    ORDER BY {either_order} LIMIT {limit}
""")
_DELETE: Final = SQL("""
    DELETE FROM {live} AS kept WHERE network = %(network)s AND NOT EXISTS (
        SELECT FROM {copy} AS fresh WHERE fresh.network = kept.network AND {same})
""")
_UPDATE: Final = SQL("""
    UPDATE {live} AS kept SET {changes} FROM {copy} AS fresh
    WHERE kept.network = %(network)s AND fresh.network = kept.network AND {same} AND {differs}
""")
_INSERT: Final = SQL("""
    INSERT INTO {live} AS kept (network, {names}) SELECT network, {names} FROM {copy} AS fresh
    WHERE network = %(network)s AND NOT EXISTS (
        SELECT FROM {live} AS kept WHERE kept.network = fresh.network AND {same})
""")


def _equalising(table: Table, copy: str) -> list[Composed]:
    words = _words(table, copy)
    changing = [name for name in table.names if name not in table.key]
    statements = [_DELETE, _UPDATE, _INSERT] if changing else [_DELETE, _INSERT]
    return [statement.format(**words) for statement in statements]


def _words(table: Table, copy: str) -> dict[str, Composable]:
    """What the statements above are made with. `differs` is of rows that are both there."""
    comma, names = SQL(", "), [Identifier(name) for name in table.names]
    either = SQL("coalesce(kept.{0}, fresh.{0})")
    changing = [Identifier(name) for name in table.names if name not in table.key]
    return {
        "live": Identifier(table.name),
        "copy": Identifier(copy, table.name),
        "names": comma.join(names),
        "same": SQL(" AND ").join(
            SQL("kept.{0} = fresh.{0}").format(Identifier(name)) for name in table.key
        ),
        "differs": SQL("ROW({}) IS DISTINCT FROM ROW({})").format(
            _values(table, "kept"), _values(table, "fresh")
        ),
        "changes": comma.join(SQL("{0} = fresh.{0}").format(name) for name in changing),
        "either_key": comma.join(
            SQL("{}, {}").format(Literal(name), either.format(Identifier(name)))
            for name in table.key
        ),
        "either_order": comma.join(either.format(Identifier(name)) for name in table.order),
    }


def _values(table: Table, row: str) -> Composed:
    return SQL(", ").join(
        SQL("{}::text" if column.sql_type in _EXACT else "{}").format(Identifier(row, column.name))
        for column in table.columns
    )


def _wanted(conn: Connection[Any], table: Table) -> set[tuple[str, int]]:
    found = conn.execute(
        "SELECT name, to_regtype(type)::oid FROM unnest(%s::text[], %s::text[]) AS it (name, type)",
        [list(table.names), [column.sql_type for column in table.columns]],
    )
    return {(name, oid) for name, oid in found.fetchall()}


def _stored(conn: Connection[Any], table: str) -> list[tuple[str, int]]:
    found = conn.execute(
        "SELECT attname::text, atttypid FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        [table],
    )
    return found.fetchall()


def _shape(conn: Connection[Any], table: str) -> tuple[Any, ...]:
    """The columns of a table, and those of its key; empty if it is not there."""
    columns = conn.execute(
        "SELECT attname::text, atttypid, attnotnull, attcollation FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attname",
        [table],
    ).fetchall()
    key = conn.execute(
        "SELECT attname::text FROM pg_index, pg_attribute, "
        "unnest(indkey) WITH ORDINALITY AS part (number, place) "
        "WHERE indrelid = to_regclass(%s) AND indisprimary AND attrelid = indrelid "
        "AND attnum = part.number ORDER BY place",
        [table],
    ).fetchall()
    return (*columns, *key)


def _indexes(conn: Connection[Any], table: str) -> set[LiteralString]:
    """What indexes a table has beside that of its key, as the end of CREATE INDEX."""
    found = conn.execute(
        r"SELECT regexp_replace(pg_get_indexdef(indexrelid), '^CREATE INDEX \S+ ON \S+ ', '') "
        "FROM pg_index WHERE indrelid = to_regclass(%s) AND NOT indisprimary AND NOT indisunique",
        [table],
    )
    return {index for (index,) in found.fetchall()}


def _make_indexes(conn: Connection[Any], table: Table) -> None:
    """Make the indexes that a table lacks, by its definition: an empty twin has them all."""
    twin, name = Identifier("pg_temp", _TWIN), Identifier(table.name)
    conn.execute(SQL("CREATE TABLE {} (LIKE {})").format(twin, name))
    for index in table.indexes:
        conn.execute(SQL("CREATE INDEX ON {} {}").format(twin, SQL(index)))
    lacking = _indexes(conn, f"pg_temp.{_TWIN}") - _indexes(conn, table.name)
    conn.execute(SQL("DROP TABLE {}").format(twin))
    for index in sorted(lacking):
        conn.execute(SQL("CREATE INDEX ON {} {}").format(name, SQL(index)))


def _quoted(name: str) -> str:
    return Identifier(name).as_string()


def _current_schema(conn: Connection[Any]) -> str:
    found = conn.execute("SELECT current_schema()").fetchone()
    assert found is not None, "a query without FROM has one row"
    return str(found[0])
