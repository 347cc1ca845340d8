"""Comparing a table with what a fresh fold says it holds, row by row, in bounded memory.

The digest of a table is the SHA-256 of its rows in its order, each as one line of JSON: an array
of the row's values without its network, times in UTC as RFC 3339, keys of documents sorted.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final

import msgspec
import psycopg
from msgspec import Struct

from projections.tables import Table, Values

MAX_DIFFERENCES: Final = 20
"""Named, of one table; all are counted."""
CHUNK_ROWS: Final = 2_000

_ENCODER: Final = msgspec.json.Encoder(order="deterministic")


class Difference(Struct, frozen=True):
    """A row that differs: its key, and the columns that differ, as the ledger and the view say.

    `ledger` is None for a row that should not be there, `view` for one that is missing.
    """

    key: dict[str, Any]
    ledger: dict[str, Any] | None
    view: dict[str, Any] | None


class TableReport(Struct, frozen=True):
    """A table beside a fresh fold; the first differing rows are named, all are counted."""

    table: str
    rows: int
    ledger_digest: str
    view_digest: str
    different_rows: int
    differences: tuple[Difference, ...]


class Comparison:
    """Takes the expected rows of a table, in its order, and reads the stored ones alongside."""

    def __init__(self, conn: psycopg.Connection[Any], network: str, table: Table) -> None:
        """Open a cursor: the connection must stay in one transaction until `report`."""
        self._table = table
        order = [table.names.index(name) for name in table.order]
        self._order_of = itemgetter(*order)
        self._cursor = conn.cursor(name=f"verify_{table.name}")
        self._cursor.execute(table.select_in_order, [network], binary=True)
        self._stored: deque[Values] = deque()
        self._same = self._ledger = self._view = sha256()
        self._rows = self._different = 0
        self._differences: list[Difference] = []

    def expect(self, rows: Sequence[Values]) -> None:
        """Compare the next rows that the fold says there are."""
        if not self._stored and self._ledger is self._view:
            found = self._cursor.fetchmany(len(rows)) if rows else []
            if found == rows:
                self._same.update(_ENCODER.encode_lines(rows))
                self._rows += len(rows)
                return
            self._stored.extend(found)
        self._merge(rows)

    def report(self) -> TableReport:
        """What was found; rows that are stored and were not expected are differences too."""
        while (row := self._next_stored()) is not None:
            self._take_stored(row)
            self._differ(row, None, row)
        self._cursor.close()
        return TableReport(
            table=self._table.name,
            rows=self._rows,
            ledger_digest=self._ledger.hexdigest(),
            view_digest=self._view.hexdigest(),
            different_rows=self._different,
            differences=tuple(self._differences),
        )

    def _merge(self, rows: Iterable[Values]) -> None:
        if self._ledger is self._view:
            self._ledger, self._view = self._same, self._same.copy()
        for row in rows:
            self._ledger.update(_ENCODER.encode_lines([row]))
            key = self._order_of(row)
            while (stored := self._next_stored()) is not None and self._order_of(stored) < key:
                self._take_stored(stored)
                self._differ(stored, None, stored)
            if stored is None or self._order_of(stored) > key:
                self._differ(row, row, None)
                continue
            self._take_stored(stored)
            if stored != row:
                self._differ(row, row, stored)

    def _next_stored(self) -> Values | None:
        if not self._stored:
            self._stored.extend(self._cursor.fetchmany(CHUNK_ROWS))
        return self._stored[0] if self._stored else None

    def _take_stored(self, row: Values) -> None:
        if self._ledger is self._view:
            self._ledger, self._view = self._same, self._same.copy()
        self._stored.popleft()
        self._view.update(_ENCODER.encode_lines([row]))
        self._rows += 1

    def _differ(self, row: Values, ledger: Values | None, view: Values | None) -> None:
        self._different += 1
        if len(self._differences) < MAX_DIFFERENCES:
            names = self._table.names
            key = {name: row[names.index(name)] for name in self._table.key}
            self._differences.append(Difference(key, *_differing(names, ledger, view)))


def _differing(
    names: Sequence[str], ledger: Values | None, view: Values | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    if ledger is None or view is None:
        whole = [
            None if row is None else dict(zip(names, row, strict=True)) for row in (ledger, view)
        ]
        return whole[0], whole[1]
    pairs = [(n, a, b) for n, a, b in zip(names, ledger, view, strict=True) if a != b]
    return {n: a for n, a, _ in pairs}, {n: b for n, _, b in pairs}
