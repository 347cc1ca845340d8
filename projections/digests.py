"""The digest of a view: one number that says which rows it holds, kept up as they change.

It is the sum, modulo 2^128, of a hash of every row of its tables. A sum does not depend on order:
each batch adds what it wrote and takes away what that replaced, and views with the same rows have
the same digest, however their events were batched. The hash of a row is BLAKE2b, 16 bytes, of the
table's name, a NUL and the row as one line of JSON: an array of its values without its network,
times in UTC as RFC 3339, keys of documents sorted.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import blake2b
from itertools import islice
from operator import itemgetter
from typing import Any, Final

import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from projections.tables import Table, Values

MODULUS: Final = 1 << 128
HASH_BYTES: Final = 16
CHUNK_ROWS: Final = 2_000
NO_ROWS: Final = "0" * (2 * HASH_BYTES)
"""The digest of a view that holds nothing, as it is stored."""

_LINES: Final = msgspec.json.Encoder(order="deterministic").encode_lines


def sum_of(table: Table, rows: Sequence[Values]) -> int:
    """The hashes of the rows, added up; not yet reduced."""
    total = 0
    begun = _begun(table.name)
    for line in _LINES(rows).splitlines():
        row = begun.copy()
        row.update(line)
        total += int.from_bytes(row.digest(), "big")
    return total


def of_rows(table: Table, rows: Iterable[Values]) -> int:
    """The same of any number of rows, in chunks."""
    remaining, total = iter(rows), 0
    while chunk := list(islice(remaining, CHUNK_ROWS)):
        total += sum_of(table, chunk)
    return total


def of_appended(
    conn: Connection[Any],
    network: str,
    table: Table,
    until: int,
    *,
    on_read: Callable[[int], object],
) -> int:
    """The hashes, added up, of the rows up to a position in a table that is only appended to.

    They never change. Each page is read in a transaction of its own, if the connection is in none:
    nothing in the database waits for the end of it.
    """
    key_of = itemgetter(*(table.names.index(name) for name in table.key))
    total, last = 0, None
    while page := _page(conn, network, table, until, last):
        total += sum_of(table, page)
        on_read(len(page))
        key = key_of(page[-1])
        last = key if isinstance(key, tuple) else (key,)
    return total


def _page(
    conn: Connection[Any], network: str, table: Table, until: int, last: Values | None
) -> list[Values]:
    """The next rows by key; those behind `last`, if there is one."""
    key = SQL(", ").join(map(Identifier, table.key))
    behind = SQL("AND ({}) > ({})").format(key, SQL(", ").join([SQL("%s")] * len(table.key)))
    statement = SQL("{} AND position <= %s {} ORDER BY {} LIMIT %s").format(
        table.select_all, SQL("") if last is None else behind, key
    )
    values = [network, until, *(last or ()), CHUNK_ROWS]
    return conn.execute(statement, values, binary=True, prepare=True).fetchall()


def of_stored(
    conn: Connection[Any],
    network: str,
    tables: Iterable[Table],
    *,
    after: int | None = None,
    on_read: Callable[[int], object] = lambda _rows: None,
) -> int:
    """The digest of what stands in tables, read through in bounded memory.

    The connection must be in a transaction, which says as of when. `on_read` is called with the
    number of rows that were read since, and may take its time. With `after` only of rows behind a
    position.
    """
    behind = SQL("") if after is None else SQL(" AND position > {}").format(after)
    total = 0
    for table in tables:
        with conn.cursor(name=f"digest_{table.name}") as cursor:
            cursor.execute(table.select_all + behind, [network], binary=True)
            while chunk := cursor.fetchmany(CHUNK_ROWS):
                total += sum_of(table, chunk)
                on_read(len(chunk))
    return total % MODULUS


def text(digest: int) -> str:
    """As it is stored: 32 digits."""
    return f"{digest % MODULUS:032x}"


def parsed(stored: str) -> int:
    """The number of a stored digest."""
    return int(stored, 16)


@cache
def _begun(table: str) -> Any:
    return blake2b(table.encode() + b"\0", digest_size=HASH_BYTES)
