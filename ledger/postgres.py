"""The ledger in PostgreSQL: the `eventsourcing` library's recorders with an insert of our own.

Chosen by `PERSISTENCE_MODULE=ledger.postgres`; `environment` makes all settings from a URL.
Positions are given out under a lock and not by a sequence, so they have no gaps,
whatever fails. The server's `synchronous_commit` (on, unless somebody turned it off) applies.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from itertools import starmap
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

from eventsourcing import postgres as library
from eventsourcing.persistence import (
    IntegrityError,
    InterfaceError,
    Notification,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)
from eventsourcing.utils import Environment, EnvType
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from ledger.head import Head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

# How many appends may wait for the one before; the next caller of `append` waits for room.
MAX_WAITING_APPENDS = 16

CONNECT_TIMEOUT_S = 3
"""How long a call waits for a connection before it fails."""
LOCK_TIMEOUT_S = 10
"""How long an append waits for another one before it fails."""

_LAST_POSITION = 2**63 - 1

# The library's table, but for the position: no sequence behind it. Stream names compare byte for
# byte, which is also the fastest order that an index can have.
_CREATE_EVENTS = SQL("""
    CREATE TABLE IF NOT EXISTS {events} (
        originator_id text COLLATE "C" NOT NULL,
        originator_version bigint NOT NULL,
        topic text,
        state bytea,
        notification_id bigint NOT NULL,
        PRIMARY KEY (originator_id, originator_version))
    WITH (
        autovacuum_enabled = true,
        autovacuum_vacuum_threshold = 100000000,
        autovacuum_vacuum_scale_factor = 0.5,
        autovacuum_analyze_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.01)
""")

# One round trip: every further one would wait for the interpreter while the writer decides. Each
# command in it has its own snapshot, so `last` is the head until the transaction ends.
_CREATE_APPEND = SQL("""
    CREATE OR REPLACE FUNCTION {append}(
        streams text[], versions bigint[], topics text[], states bytea[], decided_on bigint)
    RETURNS bigint LANGUAGE plpgsql AS $append$
    DECLARE
        last bigint;
    BEGIN
        PERFORM set_config('lock_timeout', '{lock_timeout_s}s', true);
        PERFORM pg_advisory_xact_lock('{events}'::regclass::oid::bigint);
        SELECT coalesce(max(notification_id), 0) INTO last FROM {events};
        IF cardinality(streams) > 0 AND last = coalesce(decided_on, last) THEN
            INSERT INTO {events} (
                originator_id, originator_version, topic, state, notification_id)
            SELECT stream, version, type, data, last + ordinality
            FROM unnest(streams, versions, topics, states) WITH ORDINALITY
                AS event (stream, version, type, data, ordinality);
            NOTIFY {channel};
        END IF;
        RETURN last;
    END
    $append$
""")

# Two processes that create what is missing do so one after the other.
_CREATE_ALONE = SQL("SELECT pg_advisory_xact_lock('pg_class'::regclass::oid::bigint)")

_APPEND = SQL("SELECT {append}(%b::text[], %b::bigint[], %b::text[], %b::bytea[], %b::bigint)")

_INSERT_TRACKINGS = SQL("""
    INSERT INTO {trackings} AS known (application_name, notification_id)
    SELECT * FROM unnest(%b::text[], %b::bigint[])
    ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id
    WHERE known.notification_id < excluded.notification_id
    RETURNING application_name
""")

# `stop` stands outside: a range closed at both ends looks so small to a planner without statistics
# that it sorts all the rest of the ledger for every page.
_SELECT_NOTIFICATIONS = SQL("""
    SELECT * FROM (
        SELECT originator_id, originator_version, topic, state, notification_id FROM {events}
        WHERE notification_id >= %s {topics}
        ORDER BY notification_id LIMIT %s
    ) AS page
    WHERE notification_id <= %s ORDER BY notification_id
""")


class ApplicationRecorder(library.PostgresApplicationRecorder):
    """Stored events in one total order of positions 1, 2, 3 … without gaps."""

    def __init__(
        self,
        datastore: library.PostgresDatastore,
        *,
        events_table_name: str = "stored_events",
        **kwargs: Any,
    ) -> None:
        _refuse_what_breaks_the_order(datastore)
        super().__init__(datastore, events_table_name=events_table_name, **kwargs)
        self._appender = ThreadPoolExecutor(1, thread_name_prefix="ledger-append")
        self._room = BoundedSemaphore(MAX_WAITING_APPENDS)
        self.sql_create_statements[self.create_table_statement_index] = self._sql(_CREATE_EVENTS)
        # The library's insert function leaves the position to a sequence.
        del self.sql_create_statements[self.create_insert_function_statement_index]
        self.sql_create_statements.insert(0, Composed([_CREATE_ALONE]))
        self.sql_create_statements.append(self._sql(_CREATE_APPEND))
        self._append_events = self._sql(_APPEND).as_string()
        self._select_all = self._sql(_SELECT_NOTIFICATIONS, topics=SQL(""))
        self._select_topics = self._sql(_SELECT_NOTIFICATIONS, topics=SQL("AND topic = ANY(%s)"))

    def _sql(self, template: SQL, **parts: SQL) -> Composed:
        return template.format(
            events=Identifier(self.datastore.schema, self.events_table_name),
            append=Identifier(self.datastore.schema, f"{self.events_table_name}_append"),
            channel=Identifier(self.channel_name),
            lock_timeout_s=self.datastore.lock_timeout,
            **parts,
        )

    def head(self) -> Head:
        """Return the last committed position (0 if none) with an empty hash."""
        return Head(self.max_notification_id() or 0, "")

    def append(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        decided_on: Head | None = None,
        trackings: Sequence[Tracking] = (),
        tracking: Tracking | None = None,
    ) -> Future[list[int]]:
        """Write events and trackings in one transaction, in the order of the calls.

        The future holds the events' positions, or what `insert_events` raises. One append that
        failed does not stop those behind it: chain them by `decided_on`. Blocks while
        MAX_WAITING_APPENDS are under way.
        """
        self._room.acquire()
        future = self._appender.submit(
            self._write,
            stored_events,
            decided_on=decided_on,
            trackings=trackings,
            tracking=tracking,
        )
        future.add_done_callback(lambda _: self._room.release())
        return future

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Write events and trackings in one transaction; return the events' positions.

        Takes `decided_on`, `trackings` and `tracking` as `append` does. Raises IntegrityError
        if `decided_on` is not the head, a version of a stream is taken or a tracking does not
        rise: nothing is written then. After any other error the outcome is unknown, and nothing
        is tried again here, since a second try could only report a conflict with the first:
        read to the end of the ledger and believe it.
        """
        return self._write(stored_events, **kwargs)

    def _write(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        decided_on: Head | None = None,
        trackings: Sequence[Tracking] = (),
        tracking: Tracking | None = None,
    ) -> list[int]:
        moved = [*trackings] if tracking is None else [*trackings, tracking]
        if not stored_events and not moved and decided_on is None:
            return []
        try:
            with self.datastore.get_connection() as conn:
                if not moved:
                    return self._append_on(conn, stored_events, decided_on)
                with conn.transaction():
                    positions = self._append_on(conn, stored_events, decided_on)
                    self._insert_trackings(conn, moved)
                return positions
        except (InterfaceError, OperationalError):
            # What ended this connection may have ended the others that wait in the pool.
            self.datastore.pool.check()
            raise

    def _append_on(
        self, conn: Connection[Any], stored_events: Sequence[StoredEvent], decided_on: Head | None
    ) -> list[int]:
        columns = (
            [event.originator_id for event in stored_events],
            [event.originator_version for event in stored_events],
            [event.topic for event in stored_events],
            [event.state for event in stored_events],
            _position_of(decided_on),
        )
        with conn.cursor(row_factory=tuple_row) as cursor:
            [(last,)] = cursor.execute(self._append_events, columns, prepare=True).fetchall()
        if decided_on is not None and decided_on != Head(last, ""):
            raise IntegrityError(
                f"decided on {decided_on}, but the head of {self.events_table_name} is position "
                f"{last}: nothing was written; read to the end and decide again"
            )
        return list(range(last + 1, last + 1 + len(stored_events)))

    def _insert_trackings(self, conn: Connection[Any], trackings: Sequence[Tracking]) -> None:
        raise ProgrammingError(
            f"{self.events_table_name} in database {conn.info.dbname} keeps no tracking, so "
            f"nothing was written: use a process recorder for {list(trackings)}"
        )

    def max_notification_id(self) -> int | None:
        """Return the last committed position, None for an empty ledger. Tries once.

        Like `select_notifications`: whoever reads has a loop of its own, which looks whether it
        is to stop before it tries again.
        """
        with self.datastore.get_connection() as conn, conn.cursor(row_factory=tuple_row) as cursor:
            [(last,)] = cursor.execute(self.max_notification_id_statement, prepare=True).fetchall()
        return None if last is None else int(last)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return at most `limit` events from `start` to `stop`, in the order of positions."""
        first = 0 if start is None else start if inclusive_of_start else start + 1
        last = _LAST_POSITION if stop is None else stop
        room = max(0, min(limit, last - first + 1))
        statement = self._select_topics if topics else self._select_all
        params = [first, list(topics), room, last] if topics else [first, room, last]
        with (
            self.datastore.get_connection() as conn,
            conn.cursor(binary=True, row_factory=tuple_row) as cursor,
        ):
            found = cursor.execute(statement, params, prepare=True).fetchall()
            return list(starmap(Notification, found))


class ProcessRecorder(ApplicationRecorder, library.PostgresProcessRecorder):
    """A ledger together with how far each input has been consumed."""

    def __init__(
        self,
        datastore: library.PostgresDatastore,
        *,
        events_table_name: str = "stored_events",
        tracking_table_name: str = "notification_tracking",
    ) -> None:
        super().__init__(
            datastore,
            events_table_name=events_table_name,
            tracking_table_name=tracking_table_name,
        )
        self._upsert_trackings = _INSERT_TRACKINGS.format(
            trackings=Identifier(datastore.schema, tracking_table_name)
        )

    def _insert_trackings(self, conn: Connection[Any], trackings: Sequence[Tracking]) -> None:
        asked = {tracking.application_name: tracking.notification_id for tracking in trackings}
        if len(asked) < len(trackings):
            raise IntegrityError(f"one input is tracked twice in one insert: {list(trackings)}")
        columns = (list(asked), list(asked.values()))
        with conn.cursor(row_factory=tuple_row) as cursor:
            risen = cursor.execute(self._upsert_trackings, columns, prepare=True).fetchall()
        if len(risen) < len(asked):
            stuck = {name: asked[name] for name in asked.keys() - {name for (name,) in risen}}
            raise IntegrityError(f"already consumed, nothing was written: {stuck}")


class Factory(library.PostgresFactory):
    """Makes the recorders of this module from the library's settings and POSTGRES_OPTIONS.

    POSTGRES_OPTIONS holds further connection parameters, such as `sslmode=verify-full`.
    """

    POSTGRES_OPTIONS = "POSTGRES_OPTIONS"
    application_recorder_class = ApplicationRecorder
    process_recorder_class = ProcessRecorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        options = conninfo_to_dict(self.env.get(self.POSTGRES_OPTIONS) or "")
        known = self.datastore.pool.kwargs
        assert isinstance(known, dict), known
        self.datastore.pool.kwargs = known | options


def environment(database_url: str) -> dict[str, str]:
    """Return the settings that make the library keep its events in this database.

    Takes a libpq URL or connection string. Raises psycopg.ProgrammingError if it is neither.
    """
    parts = {name: str(value) for name, value in conninfo_to_dict(database_url).items()}
    return {
        "PERSISTENCE_MODULE": __name__,
        Factory.ORIGINATOR_ID_TYPE: "text",
        Factory.POSTGRES_DBNAME: parts.pop("dbname", ""),
        Factory.POSTGRES_HOST: parts.pop("host", ""),
        Factory.POSTGRES_PORT: parts.pop("port", ""),
        Factory.POSTGRES_USER: parts.pop("user", ""),
        Factory.POSTGRES_PASSWORD: parts.pop("password", ""),
        Factory.POSTGRES_CONNECT_TIMEOUT: str(CONNECT_TIMEOUT_S),
        Factory.POSTGRES_LOCK_TIMEOUT: str(LOCK_TIMEOUT_S),
        Factory.POSTGRES_OPTIONS: make_conninfo("", **parts),
    }


def _position_of(decided_on: Head | None) -> int | None:
    """The position to find at the head; one that cannot be there for the head of another ledger."""
    if decided_on is None:
        return None
    return decided_on.position if decided_on.hash == "" else -1


def _refuse_what_breaks_the_order(datastore: library.PostgresDatastore) -> None:
    if datastore.originator_id_type != "text":
        raise NotSupportedError(f"{__name__} names streams by text: set ORIGINATOR_ID_TYPE=text")
    if datastore.enable_db_functions:
        raise NotSupportedError(
            f"{__name__} gives out positions itself: unset POSTGRES_ENABLE_DB_FUNCTIONS"
        )
    if not datastore.single_row_tracking:
        raise NotSupportedError(f"{__name__} lets trackings only rise: unset SINGLE_ROW_TRACKING")
