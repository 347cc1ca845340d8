"""How far each view has got: the table `projections`, written together with the view's rows.

A ledger in Kafka is read on from the whole checkpoint of a block; one in PostgreSQL has no blocks,
so only the position says something there.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from psycopg import AsyncConnection, Connection
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from ledger.head import Head
from ledger.kafka.chain import Checkpoint as Stand
from projections import digests
from projections.tables import Table

MARK_EVERY: Final = 10_000
"""Events after which a view's digest is written down, for whoever proves its history."""


class Checkpoint(Struct, frozen=True):
    """A view shows the ledger up to and including `position`."""

    view: Annotated[str, Meta(description="The view's name.")]
    position: Annotated[int, Meta(description="The last event it has taken in; 0: none.")]
    head_hash: Annotated[
        str, Meta(description="Hash of the block of that event; empty where there are no blocks.")
    ]
    next_offset: Annotated[
        int, Meta(description="Offset behind that block in its topic; 0 where there are no blocks.")
    ]
    trackings: Annotated[
        dict[str, int],
        Meta(description="How far every input was consumed with that block: topic, next offset."),
    ]
    recorded_at: Annotated[datetime | None, Meta(description="recorded_at of that event.")]
    definition: Annotated[
        str,
        Meta(description="Which shape and version of the view its rows are of; empty: unknown."),
    ]
    digest: Annotated[str, Meta(description="The digest of its rows, 32 hexadecimal digits.")]
    generation: Annotated[
        int, Meta(description="How often its rows were replaced by those of a fresh fold.")
    ]
    heartbeat_at: Annotated[
        datetime | None, Meta(description="When its projector was last seen, by the database.")
    ]
    stopped_at: Annotated[
        int | None, Meta(description="Position of the event that it cannot take in; null: none.")
    ]
    stopped_why: Annotated[str | None, Meta(description="Why it cannot.")]


class Mark(Struct, frozen=True):
    """What a view's digest was, once."""

    view: Annotated[str, Meta(description="The view's name.")]
    position: Annotated[int, Meta(description="The last event that it had taken in.")]
    digest: Annotated[str, Meta(description="The digest of its rows then.")]


class Kept(Struct, frozen=True):
    """A view's checkpoint as whoever folds it goes on from it."""

    stand: Stand = Stand()
    generation: int = 0
    digest: int = 0

    @property
    def position(self) -> int:
        """The last event that it has taken in."""
        return self.stand.head.position


class Taken(Struct, frozen=True):
    """A checkpoint that is locked, with what its rows are and whether the view has stopped."""

    kept: Kept
    definition: str
    stopped: bool


PROJECTIONS = Table(
    "projections",
    Checkpoint,
    key=("view",),
    comment="How far each view has got; written together with the view's rows.",
    fillfactor=50,
)
MARKS = Table(
    "view_digests",
    Mark,
    key=("view", "position"),
    comment="What the digests of views were, every some thousand events.",
)

_ADDED: Final = {
    "next_offset": "bigint NOT NULL DEFAULT 0",
    "trackings": "jsonb NOT NULL DEFAULT '{}'",
    "definition": "text NOT NULL DEFAULT ''",
    "digest": f"text NOT NULL DEFAULT '{digests.NO_ROWS}'",
    "generation": "bigint NOT NULL DEFAULT 0",
    "heartbeat_at": "timestamptz",
    "stopped_at": "bigint",
    "stopped_why": "text",
}
"""Columns that a table made by an earlier release lacks."""


class CheckpointMoved(Exception):
    """Another projector of these views was faster."""


def channel_name(network: str) -> str:
    """The NOTIFY channel that tells, with each batch, that views of the network have moved."""
    return f"onebook_views_{network}"


def create(conn: Connection[Any]) -> None:
    """Create the table, or what it lacks."""
    PROJECTIONS.create(conn)
    MARKS.create(conn)
    found = conn.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'projections'::regclass"
    ).fetchall()
    for name in _ADDED.keys() - {str(column) for (column,) in found}:
        conn.execute(f"ALTER TABLE projections ADD COLUMN {name} {_ADDED[name]}")


def prepare(conn: Connection[Any], network: str, definitions: Mapping[str, str]) -> None:
    """Make sure that each view has a checkpoint, at 0 where it is new; views by definition."""
    conn.execute(
        "INSERT INTO projections "
        "(network, view, position, head_hash, next_offset, trackings, definition, digest, "
        "generation) SELECT %s, view, 0, '', 0, '{}', definition, %s, 0 "
        "FROM unnest(%s::text[], %s::text[]) AS new (view, definition) ON CONFLICT DO NOTHING",
        [network, digests.NO_ROWS, list(definitions), list(definitions.values())],
    )


def of_other_definitions(
    conn: Connection[Any], definitions: Mapping[str, str], network: str | None = None
) -> list[str]:
    """The views whose rows are not of the definition given here, by name; None: of any network."""
    found = conn.execute(
        "SELECT DISTINCT view FROM projections "
        "JOIN unnest(%s::text[], %s::text[]) AS own (view, definition) USING (view) "
        "WHERE projections.definition <> own.definition "
        "AND network = coalesce(%s, network) ORDER BY view",
        [list(definitions), list(definitions.values()), network],
    )
    return [str(view) for (view,) in found.fetchall()]


def redefine(conn: Connection[Any], view: str, definition: str, *, but: str | None = None) -> None:
    """Put a view back to the beginning, in every network but one: its rows are to be of this."""
    networks = conn.execute(
        "UPDATE projections SET definition = %s WHERE view = %s "
        "AND network IS DISTINCT FROM %s RETURNING network",
        [definition, view, but],
    )
    for (network,) in networks.fetchall():
        reset(conn, network, view)


def lock(conn: Connection[Any], network: str, views: Iterable[str]) -> dict[str, Kept]:
    """Lock the checkpoints of views for the transaction; those that nobody else has locked."""
    found = conn.execute(
        f"{_KEPT} AND view = ANY(%s) FOR UPDATE SKIP LOCKED",
        [network, list(views)],
        prepare=True,
    )
    return {view: _kept(*values) for view, *values in found.fetchall()}


def take(conn: Connection[Any], network: str, view: str) -> Taken:
    """Lock a view's checkpoint for the transaction, as soon as nobody else has it locked."""
    found = conn.execute(
        "SELECT position, head_hash, next_offset, trackings, generation, digest, definition, "
        "stopped_at FROM projections WHERE network = %s AND view = %s FOR UPDATE",
        [network, view],
    ).fetchone()
    assert found is not None, f"view {view} has no checkpoint"
    *values, definition, stopped_at = found
    return Taken(_kept(*values), definition, stopped=stopped_at is not None)


def replace(conn: Connection[Any], network: str, view: str, definition: str, *, copy: str) -> None:
    """Have a view stand where its copy in another schema stands, whose checkpoint goes; notify."""
    copied, marks = Identifier(copy, "projections"), Identifier(copy, "view_digests")
    conn.execute(
        SQL(
            "UPDATE projections AS kept SET position = fresh.position, digest = fresh.digest, "
            "head_hash = fresh.head_hash, next_offset = fresh.next_offset, "
            "trackings = fresh.trackings, recorded_at = fresh.recorded_at, definition = %s, "
            "generation = kept.generation + 1, heartbeat_at = clock_timestamp(), "
            "stopped_at = NULL, stopped_why = NULL FROM {} AS fresh "
            "WHERE (kept.network, kept.view) = (%s, %s) "
            "AND (fresh.network, fresh.view) = (kept.network, kept.view)"
        ).format(copied),
        [definition, network, view],
    )
    conn.execute("DELETE FROM view_digests WHERE network = %s AND view = %s", [network, view])
    names = SQL(", ").join(map(Identifier, ("network", *MARKS.names)))
    conn.execute(
        SQL(
            "INSERT INTO view_digests ({0}) SELECT {0} FROM {1} WHERE network = %s AND view = %s"
        ).format(names, marks),
        [network, view],
    )
    for table in (copied, marks):
        conn.execute(
            SQL("DELETE FROM {} WHERE network = %s AND view = %s").format(table), [network, view]
        )
    _notify(conn, network)


def drop_copies(
    conn: Connection[Any], views: Iterable[str], known: Iterable[str], copy: str
) -> bool:
    """Delete the checkpoints of copies of views; whether one of any known view is left there."""
    for table in (PROJECTIONS, MARKS):
        there = Identifier(copy, table.name)
        if conn.execute("SELECT to_regclass(%s)", [there.as_string()]).fetchone() == (None,):
            return False
        conn.execute(SQL("DELETE FROM {} WHERE view = ANY(%s)").format(there), [list(views)])
    found = conn.execute(
        SQL("SELECT EXISTS (SELECT FROM {} WHERE view = ANY(%s))").format(
            Identifier(copy, PROJECTIONS.name)
        ),
        [list(known)],
    ).fetchone()
    return found == (True,)


def advance(
    conn: Connection[Any],
    network: str,
    moved: Mapping[str, int],
    *,
    to: Stand,
    recorded_at: datetime,
) -> None:
    """Move the checkpoints of views, which are locked, to where they have these digests; notify."""
    conn.execute(
        "UPDATE projections SET position = %s, head_hash = %s, next_offset = %s, trackings = %s, "
        "recorded_at = %s, digest = new.digest, heartbeat_at = clock_timestamp(), "
        "stopped_at = NULL, stopped_why = NULL "
        "FROM unnest(%s::text[], %s::text[]) AS new (name, digest) "
        "WHERE network = %s AND view = new.name",
        [*_columns(to), recorded_at, list(moved), _texts(moved), network],
        prepare=True,
    )
    _notify(conn, network)


def mark(conn: Connection[Any], network: str, moved: Mapping[str, int], position: int) -> None:
    """Write down the digests that views have at a position."""
    conn.execute(
        "INSERT INTO view_digests (network, view, position, digest) "
        "SELECT %s, name, %s, digest FROM unnest(%s::text[], %s::text[]) AS new (name, digest)",
        [network, position, list(moved), _texts(moved)],
    )


def marks(conn: Connection[Any], network: str, view: str) -> dict[int, str]:
    """The digests of a view that were written down, by position."""
    found = conn.execute(
        "SELECT position, digest FROM view_digests WHERE network = %s AND view = %s "
        "ORDER BY position",
        [network, view],
    )
    return dict(found.fetchall())


def stop(conn: Connection[Any], network: str, view: str, position: int, why: str) -> None:
    """Say that a view cannot take in the event at a position, and notify."""
    conn.execute(
        "UPDATE projections SET stopped_at = %s, stopped_why = %s WHERE network = %s AND view = %s",
        [position, why, network, view],
    )
    _notify(conn, network)


def beat(conn: Connection[Any], network: str, views: Iterable[str]) -> None:
    """Say that the projector of these views lives; of those that nobody has locked."""
    conn.execute(
        "UPDATE projections AS kept SET heartbeat_at = clock_timestamp() FROM ("
        "SELECT view FROM projections WHERE network = %s AND view = ANY(%s) FOR UPDATE SKIP LOCKED"
        ") AS free WHERE kept.network = %s AND kept.view = free.view",
        [network, list(views), network],
        prepare=True,
    )


def reset(conn: Connection[Any], network: str, view: str) -> None:
    """Put a view's checkpoint back to the beginning, and notify; its rows are to be gone."""
    conn.execute(
        "UPDATE projections SET position = 0, head_hash = '', next_offset = 0, trackings = '{}', "
        "recorded_at = NULL, digest = %s, generation = generation + 1, stopped_at = NULL, "
        "stopped_why = NULL WHERE network = %s AND view = %s",
        [digests.NO_ROWS, network, view],
    )
    conn.execute("DELETE FROM view_digests WHERE network = %s AND view = %s", [network, view])
    _notify(conn, network)


_KEPT: Final = (
    "SELECT view, position, head_hash, next_offset, trackings, generation, digest "
    "FROM projections WHERE network = %s"
)
_POSITIONS: Final = "SELECT view, position FROM projections WHERE network = %s"


def kept(conn: Connection[Any], network: str) -> dict[str, Kept]:
    """The checkpoint of every view of a network that has one."""
    return {view: _kept(*values) for view, *values in conn.execute(_KEPT, [network])}


def stands(conn: Connection[Any], network: str) -> dict[str, Stand]:
    """Where in the ledger every view of a network stands that has a checkpoint."""
    return {view: each.stand for view, each in kept(conn, network).items()}


def positions(conn: Connection[Any], network: str) -> dict[str, int]:
    """The position of every view of a network that has a checkpoint."""
    return dict(conn.execute(_POSITIONS, [network]).fetchall())


def definitions(conn: Connection[Any], network: str) -> dict[str, str]:
    """Of which definition the rows of each view of a network are."""
    return dict(
        conn.execute("SELECT view, definition FROM projections WHERE network = %s", [network])
    )


def stopped(conn: Connection[Any], network: str) -> dict[str, str]:
    """The views of a network that cannot go on, and why."""
    found = conn.execute(
        "SELECT view, coalesce(stopped_why, '') FROM projections "
        "WHERE network = %s AND stopped_at IS NOT NULL",
        [network],
    )
    return dict(found.fetchall())


async def checkpoint_list(conn: AsyncConnection[Any], network: str) -> list[Checkpoint]:
    """The checkpoints of a network's views, by name; empty when nothing was ever projected."""
    cursor = await conn.execute(PROJECTIONS.select_in_order, [network])
    return [Checkpoint(*values) for values in await cursor.fetchall()]


def _kept(  # noqa: PLR0913, PLR0917 - the columns of _KEPT
    position: int,
    head_hash: str,
    next_offset: int,
    trackings: dict[str, int],
    generation: int,
    digest: str,
) -> Kept:
    stand = Stand(next_offset, Head(position, head_hash), trackings)
    return Kept(stand, generation, digests.parsed(digest))


def _texts(moved: Mapping[str, int]) -> list[str]:
    return [digests.text(digest) for digest in moved.values()]


def _columns(stand: Stand) -> tuple[int, str, int, Jsonb]:
    trackings: Mapping[str, int] = stand.trackings
    return stand.head.position, stand.head.hash, stand.next_offset, Jsonb(dict(trackings))


def _notify(conn: Connection[Any], network: str) -> None:
    """Within the transaction: heard when it is committed."""
    conn.execute("SELECT pg_notify(%s, '')", [channel_name(network)], prepare=True)
