"""What is known of views beside their positions: rebuilds of them, and what was proven of them.

Two tables, a row a view. They are not part of any view, and no digest counts them.
"""

# ruff: noqa: S608 - queries are put together from our own text only; what is given is bound

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct
from psycopg import AsyncConnection, Connection
from psycopg.types.json import Jsonb

from projections.tables import Table

REBUILD_BESIDE: Final = "onebook_rebuild_"
"""Before a network's name: the schema of its rebuild, and the advisory lock that this holds."""

State = Literal["running", "interrupted", "failed", "done"]
RUNNING: Final[State] = "running"


class RowDifference(Struct, frozen=True):
    """A row that is not as a fresh fold makes it."""

    table: Annotated[str, Meta(description="The row's table.")]
    key: Annotated[dict[str, Any], Meta(description="What identifies the row.")]
    difference: Annotated[
        Literal["changed", "missing", "extra"],
        Meta(
            description="changed: it has other values; missing: it should be there; extra: it "
            "should not."
        ),
    ]


class RebuildStatus(Struct, frozen=True):
    """The latest rebuild of a view, beside its rows."""

    view: Annotated[str, Meta(description="The view's name.")]
    state: Annotated[
        State,
        Meta(
            description="running; interrupted: its process ended, and the next rebuild goes on "
            "from there; failed: `why` says more; done."
        ),
    ]
    position: Annotated[int, Meta(description="The last event that the new copy has taken in.")]
    until: Annotated[int, Meta(description="How far it has to go, as far as is known.")]
    events_per_s: Annotated[int, Meta(description="Events that it takes in a second.")]
    began_at: Annotated[datetime, Meta(description="When it began, by the database's clock.")]
    told_at: Annotated[datetime, Meta(description="When it last said how far it is.")]
    ended_at: Annotated[datetime | None, Meta(description="When it ended; null: it has not.")]
    readable: Annotated[
        bool, Meta(description="Whether the rows that stand there can be read meanwhile.")
    ]
    proven: Annotated[
        bool | None,
        Meta(
            description="Whether the rows that stood there were those of a fresh fold, and had "
            "its digest; null where they were of another definition or position."
        ),
    ]
    different_rows: Annotated[
        int | None, Meta(description="Rows that were made equal to those of the fresh fold.")
    ]
    differences: Annotated[list[RowDifference], Meta(description="The first of them.")]
    why: Annotated[str | None, Meta(description="Why it failed.")]

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return min(99, 100 * self.position // max(1, self.until))


class ProofStatus(Struct, frozen=True):
    """What was proven of a view by folding the ledger afresh beside it."""

    view: Annotated[str, Meta(description="The view's name.")]
    verified_position: Annotated[
        int, Meta(description="Up to this position its digests were those of a fresh fold.")
    ]
    verified_at: Annotated[datetime | None, Meta(description="When that was found.")]
    rows_position: Annotated[
        int, Meta(description="At this position its rows were those that its digest is of.")
    ]
    rows_at: Annotated[datetime | None, Meta(description="When that was found.")]
    alarm: Annotated[
        str | None, Meta(description="What is wrong with it, in a sentence; null: nothing known.")
    ]
    alarm_at: Annotated[datetime | None, Meta(description="When that was found.")]
    alarm_after: Annotated[
        int | None, Meta(description="The last position at which all was known to be well.")
    ]
    alarm_position: Annotated[
        int | None, Meta(description="The first position from which on something is wrong.")
    ]
    alarm_rows: Annotated[
        int | None, Meta(description="So many rows are not as a fresh fold makes them.")
    ]
    alarm_differences: Annotated[list[RowDifference], Meta(description="The first of them.")]


REBUILDS = Table(
    "view_rebuilds",
    RebuildStatus,
    key=("view",),
    comment="The latest rebuild of each view: how far it is, or how it ended.",
    fillfactor=50,
)
PROOFS = Table(
    "view_proofs",
    ProofStatus,
    key=("view",),
    comment="What was proven of each view by folding the ledger afresh beside it.",
    fillfactor=50,
)


def create(conn: Connection[Any]) -> None:
    """Create the tables unless they are there."""
    REBUILDS.create(conn)
    PROOFS.create(conn)


def hold_rebuild(conn: Connection[Any], network: str) -> bool:
    """Be the rebuild of a network for as long as this connection lives; False: another is."""
    found = conn.execute(
        "SELECT pg_try_advisory_lock(hashtextextended(%s || %s, 0))", [REBUILD_BESIDE, network]
    ).fetchone()
    return found == (True,)


def begin_rebuild(
    conn: Connection[Any], network: str, views: Sequence[str], readable: Iterable[str]
) -> None:
    """Rebuilds of these views begin; the rows of some of them can be read meanwhile."""
    conn.execute(
        "DELETE FROM view_rebuilds WHERE network = %s AND view = ANY(%s)", [network, list(views)]
    )
    conn.execute(
        "INSERT INTO view_rebuilds (network, view, state, position, until, events_per_s, "
        "began_at, told_at, readable, differences) "
        "SELECT %s, view, 'running', 0, 0, 0, clock_timestamp(), clock_timestamp(), "
        "view = ANY(%s), '[]' FROM unnest(%s::text[]) AS new (view)",
        [network, list(readable), list(views)],
    )


def tell_rebuild(
    conn: Connection[Any],
    network: str,
    positions: dict[str, int],
    until: int,
    events_per_s: int,
) -> None:
    """How far the rebuilds of these views are."""
    conn.execute(
        "UPDATE view_rebuilds SET position = new.position, until = %s, events_per_s = %s, "
        "told_at = clock_timestamp() FROM unnest(%s::text[], %s::bigint[]) AS new (name, position) "
        "WHERE network = %s AND view = new.name AND state = 'running'",
        [until, events_per_s, list(positions), list(positions.values()), network],
        prepare=True,
    )


def end_rebuild(  # noqa: PLR0913 - what was found
    conn: Connection[Any],
    network: str,
    view: str,
    position: int,
    *,
    proven: bool | None,
    different_rows: int,
    differences: Sequence[RowDifference],
) -> None:
    """The rebuild of a view is done, and what was wrong with its rows is not any more."""
    conn.execute(
        "UPDATE view_rebuilds SET state = 'done', position = %s, until = %s, readable = true, "
        "told_at = clock_timestamp(), ended_at = clock_timestamp(), proven = %s, "
        "different_rows = %s, differences = %s WHERE network = %s AND view = %s",
        [position, position, proven, different_rows, _json(differences), network, view],
    )
    conn.execute("DELETE FROM view_proofs WHERE network = %s AND view = %s", [network, view])


def fail_rebuild(conn: Connection[Any], network: str, views: Iterable[str], why: str) -> None:
    """The rebuilds of these views that run have failed."""
    conn.execute(
        "UPDATE view_rebuilds SET state = 'failed', why = %s, told_at = clock_timestamp(), "
        "ended_at = clock_timestamp() WHERE network = %s AND view = ANY(%s) AND state = 'running'",
        [why, network, list(views)],
    )


def interrupt_rebuild(conn: Connection[Any], network: str, views: Iterable[str]) -> None:
    """The rebuilds of these views that run were told to stop."""
    conn.execute(
        "UPDATE view_rebuilds SET state = 'interrupted', told_at = clock_timestamp() "
        "WHERE network = %s AND view = ANY(%s) AND state = 'running'",
        [network, list(views)],
    )


def rebuilds(conn: Connection[Any], network: str) -> list[RebuildStatus]:
    """The latest rebuild of each view that had one."""
    return [_rebuild(values) for values in conn.execute(_REBUILDS, [network])]


async def rebuild_list(conn: AsyncConnection[Any], network: str) -> dict[str, RebuildStatus]:
    """The same for a reader, by view."""
    cursor = await conn.execute(_REBUILDS, [network])
    found = [_rebuild(values) for values in await cursor.fetchall()]
    return {each.view: each for each in found}


def verified(conn: Connection[Any], network: str, positions: dict[str, int]) -> None:
    """Up to these positions the views' digests were those of a fresh fold."""
    _proven(conn, network, positions, "verified_position", "verified_at")


def rows_verified(conn: Connection[Any], network: str, view: str, position: int) -> None:
    """At this position a view's rows were those that its digest is of."""
    _proven(conn, network, {view: position}, "rows_position", "rows_at")


def raise_alarm(  # noqa: PLR0913 - what is wrong, and since when
    conn: Connection[Any],
    network: str,
    view: str,
    why: str,
    *,
    after: int,
    position: int,
    different_rows: int | None = None,
    differences: Sequence[RowDifference] = (),
) -> None:
    """Something is wrong with a view."""
    conn.execute(_PROOF, [network, [view]])
    conn.execute(
        "UPDATE view_proofs SET alarm = %s, alarm_at = clock_timestamp(), alarm_after = %s, "
        "alarm_position = %s, alarm_rows = %s, alarm_differences = %s "
        "WHERE network = %s AND view = %s",
        [why, after, position, different_rows, _json(differences), network, view],
    )


def proofs(conn: Connection[Any], network: str) -> dict[str, ProofStatus]:
    """What was proven of each view of which something was, by view."""
    return {each.view: each for each in map(_proof, conn.execute(_PROOFS, [network]))}


def alarms(conn: Connection[Any], network: str) -> dict[str, str]:
    """What is wrong with views, by name."""
    found = conn.execute(
        "SELECT view, alarm FROM view_proofs WHERE network = %s AND alarm IS NOT NULL", [network]
    )
    return dict(found.fetchall())


async def proof_list(conn: AsyncConnection[Any], network: str) -> dict[str, ProofStatus]:
    """The same for a reader."""
    cursor = await conn.execute(_PROOFS, [network])
    return {each.view: each for each in map(_proof, await cursor.fetchall())}


_HELD: Final = (
    "EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (classid::bigint << 32) | objid::bigint "
    f"= hashtextextended('{REBUILD_BESIDE}' || network, 0))"
)
"""Whether a rebuild of the network lives: a process that was killed holds nothing any more."""
_REBUILD_COLUMNS: Final = ", ".join(
    f"CASE WHEN state = 'running' AND NOT {_HELD} THEN 'interrupted' ELSE state END"
    if name == "state"
    else name
    for name in REBUILDS.names
)
_REBUILDS: Final = f"SELECT {_REBUILD_COLUMNS} FROM view_rebuilds WHERE network = %s ORDER BY view"
_PROOFS: Final = (
    f"SELECT {', '.join(PROOFS.names)} FROM view_proofs WHERE network = %s ORDER BY view"
)
_PROOF: Final = (
    "INSERT INTO view_proofs (network, view, verified_position, rows_position, alarm_differences) "
    "SELECT %s, view, 0, 0, '[]' FROM unnest(%s::text[]) AS new (view) ON CONFLICT DO NOTHING"
)


def _proven(
    conn: Connection[Any], network: str, positions: dict[str, int], column: str, at: str
) -> None:
    conn.execute(_PROOF, [network, list(positions)])
    conn.execute(
        f"UPDATE view_proofs SET {column} = new.position, {at} = clock_timestamp() "
        "FROM unnest(%s::text[], %s::bigint[]) AS new (name, position) "
        "WHERE network = %s AND view = new.name",
        [list(positions), list(positions.values()), network],
    )


def _rebuild(values: Sequence[Any]) -> RebuildStatus:
    return msgspec.convert(dict(zip(REBUILDS.names, values, strict=True)), RebuildStatus)


def _proof(values: Sequence[Any]) -> ProofStatus:
    return msgspec.convert(dict(zip(PROOFS.names, values, strict=True)), ProofStatus)


def _json(differences: Sequence[RowDifference]) -> Jsonb:
    return Jsonb(msgspec.to_builtins(differences))
