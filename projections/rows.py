"""What a fold knows of its own tables: rows asked for by key, changed, and written in bulk.

A batch goes through four steps: `ask` says which rows its fold will read, `load` fetches those
not in memory, the fold reads and changes them, `write` stores the changes. Rows stay in memory
afterwards, the oldest leave first; after a failure `forget` drops them all. A
fold without a database skips `load` and `write` and calls `settle`.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import islice
from operator import itemgetter
from typing import Any, Generic, TypeVar

from psycopg import Connection
from psycopg.sql import Composed

from projections.digests import sum_of
from projections.tables import Table, Values

MAX_ROWS_IN_MEMORY = 50_000
"""Of one table, beside what one batch reads and changes."""
MAX_ITEMS_IN_MEMORY = 250_000
"""Of a table with a row for each sku and location, any of which may be next: some 60 MB."""

K = TypeVar("K", bound=Hashable)
G = TypeVar("G", bound=Hashable)
S = TypeVar("S")


def of_items(limit: int | None) -> int | None:
    """The limit of a table of items in a view of this one: more, unless the view is kept small."""
    return MAX_ITEMS_IN_MEMORY if limit == MAX_ROWS_IN_MEMORY else limit


class Rows(Generic[K, S]):
    """States by key; `pack` makes the stored row of a state, `unpack` the state of a row.

    `select` takes the asked keys, as many arrays as a key has parts, and the network.
    """

    def __init__(
        self,
        select: Composed,
        *,
        pack: Callable[[K, S], Values],
        unpack: Callable[[Values], tuple[K, S]],
        table: Table | None = None,
        limit: int | None = MAX_ROWS_IN_MEMORY,
    ) -> None:
        self.table = table
        self._select, self._pack, self._unpack = select, pack, unpack
        self._limit = limit
        self._now: dict[K, S] = {}
        # In order of arrival: neighbours in the fold are neighbours in the indexes.
        self._added: dict[K, None] = {}
        self._changed: dict[K, S] = {}  # with the states that are stored
        self._missing: set[Any] = set()

    def ask(self, keys: Iterable[K]) -> None:
        """Say which rows the fold of the next batch reads."""
        self._missing = set(keys) - self._now.keys()

    def load(self, conn: Connection[Any], network: str) -> None:
        """Fetch the rows that were asked for and are not in memory, in one query."""
        if self._missing:
            keys = [list(part) for part in zip(*map(_parts, self._missing), strict=True)]
            cursor = conn.cursor(binary=True)
            for values in cursor.execute(self._select, [*keys, network]).fetchall():
                self._learn(*self._unpack(values))

    def _learn(self, key: K, state: S) -> None:
        self._now[key] = state

    def get(self, key: K) -> S | None:
        """The state of a row, None if there is no such row; the key must have been asked for."""
        state = self._now.get(key)
        if state is None:
            assert self._was_asked(key), f"{key} is read without having been asked for"
        return state

    def _was_asked(self, key: K) -> bool:
        return key in self._missing

    def put(self, key: K, state: S) -> None:
        """Add a row that the fold has seen to be missing, or change one that is there."""
        if key not in self._now:
            self._added[key] = None
        elif key not in self._added and key not in self._changed:
            self._changed[key] = self._now[key]
        self._now[key] = state

    @property
    def added(self) -> Iterator[tuple[K, S]]:
        """What this batch added."""
        return ((key, self._now[key]) for key in self._added)

    @property
    def changed(self) -> Iterator[tuple[K, S, S]]:
        """What this batch changed: as it is stored, and as it is now."""
        return ((key, before, self._now[key]) for key, before in self._changed.items())

    @property
    def all(self) -> Iterable[tuple[K, S]]:
        """All that is in memory."""
        return self._now.items()

    def write(self, conn: Connection[Any], network: str) -> int:
        """Store what was added and changed: one statement each; by how much the digest rises."""
        if self.table is None:
            return 0
        risen = 0
        if self._added:
            added = list(self._packed(self._added))
            self.table.insert(conn, network, added)
            risen += sum_of(self.table, added)
        if self._changed:
            changed = list(self._packed(self._changed))
            self.table.update(conn, network, changed)
            stored = [self._pack(key, state) for key, state in self._changed.items()]
            risen += sum_of(self.table, changed) - sum_of(self.table, stored)
        return risen

    def _packed(self, keys: Iterable[K]) -> Iterator[Values]:
        now, pack = self._now, self._pack
        return (pack(key, now[key]) for key in keys)

    def settle(self) -> None:
        """The batch counts: nothing is changed any more, and memory is within its limit."""
        self._added.clear()
        self._changed.clear()
        self._missing.clear()
        if self._limit is not None and len(self._now) > self._limit:
            for key in list(islice(self._now, len(self._now) - self._limit)):
                del self._now[key]

    def forget(self) -> None:
        """Drop everything: the next batch fetches what it needs."""
        self.settle()
        self._now.clear()

    def in_order(self) -> Iterator[Values]:
        """All rows in memory, by key."""
        return self._packed(sorted(self._now))  # type: ignore[type-var]


class GroupedRows(Rows[K, S], Generic[G, K, S]):
    """Rows that are asked for, kept and dropped by group, such as the lines of an order.

    `ask`, here, takes groups, and `select` finds the rows of groups.
    """

    def __init__(self, select: Composed, *, group_of: Callable[[K], G], **options: Any) -> None:
        super().__init__(select, **options)
        self._group_of = group_of
        self._groups: dict[G, list[K]] = {}

    def ask(self, keys: Iterable[Any]) -> None:
        """Say whose rows the fold of the next batch reads."""
        self._missing = set(keys) - self._groups.keys()

    def _was_asked(self, key: K) -> bool:
        group = self._group_of(key)
        return group in self._missing or group in self._groups

    def group(self, group: G) -> Iterator[S]:
        """The states of a group's rows."""
        return (self._now[key] for key in self._groups[group])

    def items_of(self, group: G) -> list[tuple[K, S]]:
        """A group's rows with their keys."""
        return [(key, self._now[key]) for key in self._groups[group]]

    def size(self, group: G) -> int:
        """How many rows a group has."""
        return len(self._groups.get(group, ()))

    def add(self, group: G, states: dict[K, S]) -> None:
        """Add a group with all its rows."""
        assert group not in self._groups, f"{group} is there already"
        self._groups[group] = list(states)
        self._added.update(dict.fromkeys(states))
        self._now.update(states)

    def put(self, key: K, state: S) -> None:
        """Change a row that is there, or add one to a group that was asked for or added."""
        if key not in self._now:
            assert self._was_asked(key), f"{key} is added to a group that was not asked for"
            self._groups.setdefault(self._group_of(key), []).append(key)
        super().put(key, state)

    def _learn(self, key: K, state: S) -> None:
        self._groups.setdefault(self._group_of(key), []).append(key)
        super()._learn(key, state)

    def settle(self) -> None:
        """The batch counts; whole groups leave memory, the oldest first."""
        self._added.clear()
        self._changed.clear()
        self._missing.clear()
        while self._limit is not None and len(self._now) > self._limit:
            group = next(iter(self._groups))
            for key in self._groups.pop(group):
                del self._now[key]

    def forget(self) -> None:
        """Drop everything: the next batch fetches what it needs."""
        super().forget()
        self._now.clear()
        self._groups.clear()


class DetailRows(Generic[K, S]):
    """A table whose rows follow from the states of other rows: such as the locations of a line.

    `rows_of` makes the stored rows of a state. Nothing is kept here.
    """

    def __init__(
        self, table: Table, of: Rows[K, S], rows_of: Callable[[K, S], Iterable[Values]]
    ) -> None:
        self.table = table
        self._of, self._rows_of = of, rows_of
        self._key_of = itemgetter(*(table.names.index(name) for name in table.key))
        self._order_of = itemgetter(*(table.names.index(name) for name in table.order))

    def write(self, conn: Connection[Any], network: str) -> int:
        """Store what follows from the batch, before those settle whose rows it follows from.

        By how much the digest rises.
        """
        added = [row for key, state in self._of.added for row in self._rows_of(key, state)]
        changed: list[Values] = []
        gone: dict[Values, Values] = {}
        replaced: list[Values] = []
        for key, before, now in self._of.changed:
            stored = {self._key_of(row): row for row in self._rows_of(key, before)}
            for row in self._rows_of(key, now):
                was = stored.pop(self._key_of(row), None)
                if was is None:
                    added.append(row)
                elif was != row:
                    changed.append(row)
                    replaced.append(was)
            gone |= stored
        if gone:
            self.table.remove(conn, network, list(gone))
        if added:
            self.table.insert(conn, network, added)
        if changed:
            self.table.update(conn, network, changed)
        new = sum_of(self.table, added + changed)
        return new - sum_of(self.table, [*replaced, *gone.values()])

    def in_order(self) -> Iterator[Values]:
        """All rows that follow from what is in memory, in the table's order."""
        rows = [row for key, state in self._of.all for row in self._rows_of(key, state)]
        return iter(sorted(rows, key=self._order_of))

    def settle(self) -> None:
        """The batch counts."""

    def forget(self) -> None:
        """There is nothing to forget."""


class AppendedRows:
    """A table whose rows are written once and never read by the fold."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.rows: list[Values] = []

    def append(self, row: Values) -> None:
        """Add a row."""
        self.rows.append(row)

    def write(self, conn: Connection[Any], network: str) -> int:
        """Store what was added; by how much the digest rises."""
        if not self.rows:
            return 0
        self.table.insert(conn, network, self.rows)
        return sum_of(self.table, self.rows)

    def settle(self) -> None:
        """The batch counts."""
        self.rows.clear()

    def forget(self) -> None:
        """Drop what was added."""
        self.rows.clear()


def _parts(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)
