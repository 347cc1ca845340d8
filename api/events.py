"""Events as they stand in the ledger: `{position, stream, version, type, data}`."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import msgspec
from psycopg.sql import SQL, Composed, Identifier

from api.database import Database
from ledger.codec import TOPICS

TYPES: Final[frozenset[str]] = frozenset(TOPICS.values())

_HEAD = SQL("SELECT coalesce(max(notification_id), 0) FROM {events}")
_PAGE = SQL("""
    SELECT notification_id, originator_id, originator_version, topic, state FROM {events}
    WHERE notification_id > %(after)s AND notification_id <= %(until)s {filters}
    ORDER BY notification_id LIMIT %(limit)s
""")
_OF_STREAM = SQL("AND originator_id = %(stream)s")
_OF_TOPICS = SQL("AND topic = ANY(%(topics)s)")
LAST: Final = 2**53


class LedgerEvent(msgspec.Struct, frozen=True):
    """One event; `data` holds the bytes that were written, a JSON value."""

    position: int
    stream: str
    version: int
    type: str
    data: msgspec.Raw


class Read(NamedTuple):
    """Some events, and the position to go on after; None where everything asked for was read."""

    events: list[LedgerEvent]
    following: int | None


class Events(Protocol):
    """The ledger's events, read for whoever audits."""

    async def head(self) -> int:
        """The last position, 0 for an empty ledger."""
        ...

    async def page(
        self,
        after: int,
        limit: int,
        *,
        until: int = LAST,
        stream: str | None = None,
        topics: Sequence[str] | None = None,
    ) -> Read:
        """At most `limit` events after a position, of a stream and of some topics if given.

        It may be fewer although there are more: `following` says so.
        """
        ...

    def close(self) -> None:
        """Give up what is open. Blocks."""
        ...


class PostgresEvents:
    """The events of a ledger in PostgreSQL: streams and types are found by its indexes."""

    def __init__(self, database: Database, table: Identifier) -> None:
        self._database = database
        self._table = table
        self._head = _HEAD.format(events=table)

    async def head(self) -> int:
        """The last position, 0 for an empty ledger."""
        async with self._database.connection() as conn:
            [(position,)] = await (await conn.execute(self._head, prepare=True)).fetchall()
        return int(position)

    async def page(
        self,
        after: int,
        limit: int,
        *,
        until: int = LAST,
        stream: str | None = None,
        topics: Sequence[str] | None = None,
    ) -> Read:
        """At most `limit` events after a position; fewer only where there are no more."""
        parameters: dict[str, object] = {"after": after, "until": until, "limit": limit}
        parameters |= {"stream": stream, "topics": None if topics is None else list(topics)}
        async with self._database.connection() as conn:
            cursor = await conn.execute(
                self._query(stream, topics), parameters, prepare=True, binary=True
            )
            rows = await cursor.fetchall()
        found = [
            LedgerEvent(position, of_stream, version, topic, msgspec.Raw(state))
            for position, of_stream, version, topic, state in rows
        ]
        return Read(found, found[-1].position if len(found) == limit else None)

    def close(self) -> None:
        """Nothing: the database is closed by whoever opened it."""

    def _query(self, stream: str | None, topics: Sequence[str] | None) -> Composed:
        filters = SQL(" ").join(
            ([] if stream is None else [_OF_STREAM]) + ([] if topics is None else [_OF_TOPICS])
        )
        return _PAGE.format(events=self._table, filters=filters)


def topics_named(event_type: str) -> list[str]:
    """All versions of an event type (`stock_sold`), or the one named (`stock_sold.v1`), else []."""
    if event_type in TYPES:
        return [event_type]
    return sorted(topic for topic in TYPES if topic.rpartition(".v")[0] == event_type)
