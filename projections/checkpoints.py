"""How far each view has got: the table `projections`, written together with the view's rows.

A ledger in Kafka is read on from the whole checkpoint of a block; one in PostgreSQL has no blocks,
so only the position says something there.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from psycopg import AsyncConnection, Connection
from psycopg.errors import LockNotAvailable
from psycopg.types.json import Jsonb

from ledger.head import Head
from ledger.kafka.chain import Checkpoint as Stand
from projections.tables import Table

MAX_LOCK_WAIT_MS: Final = 2_000
"""How long a batch waits for another projector's, before that one is said to be at work."""


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


PROJECTIONS = Table(
    "projections",
    Checkpoint,
    key=("view",),
    comment="How far each view has got; written together with the view's rows.",
    fillfactor=50,
)

_ADDED: Final = {
    "next_offset": "bigint NOT NULL DEFAULT 0",
    "trackings": "jsonb NOT NULL DEFAULT '{}'",
    "definition": "text NOT NULL DEFAULT ''",
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
    found = conn.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'projections'::regclass"
    ).fetchall()
    for name in _ADDED.keys() - {str(column) for (column,) in found}:
        conn.execute(f"ALTER TABLE projections ADD COLUMN {name} {_ADDED[name]}")


def prepare(conn: Connection[Any], network: str, definitions: Mapping[str, str]) -> None:
    """Make sure that each view has a checkpoint, at 0 where it is new; views by definition."""
    conn.execute(
        "INSERT INTO projections "
        "(network, view, position, head_hash, next_offset, trackings, definition) "
        "SELECT %s, view, 0, '', 0, '{}', definition "
        "FROM unnest(%s::text[], %s::text[]) AS new (view, definition) ON CONFLICT DO NOTHING",
        [network, list(definitions), list(definitions.values())],
    )


def of_other_definitions(conn: Connection[Any], definitions: Mapping[str, str]) -> list[str]:
    """The views, of any network, whose rows are not of the definition given here, by name."""
    found = conn.execute(
        "SELECT DISTINCT view FROM projections "
        "JOIN unnest(%s::text[], %s::text[]) AS own (view, definition) USING (view) "
        "WHERE projections.definition <> own.definition ORDER BY view",
        [list(definitions), list(definitions.values())],
    )
    return [str(view) for (view,) in found.fetchall()]


def redefine(conn: Connection[Any], view: str, definition: str) -> None:
    """Put a view back to the beginning, in every network: its rows are to be of this definition."""
    networks = conn.execute(
        "UPDATE projections SET definition = %s WHERE view = %s RETURNING network",
        [definition, view],
    )
    for (network,) in networks.fetchall():
        reset(conn, network, view)


def advance(  # noqa: PLR0913 - from where to where
    conn: Connection[Any],
    network: str,
    views: Iterable[str],
    *,
    before: int,
    to: Stand,
    recorded_at: datetime,
) -> None:
    """Move the checkpoints of views that all stand at `before`, lock them, and notify.

    Raises CheckpointMoved if one does not stand there, or is locked for MAX_LOCK_WAIT_MS (which
    the connection's lock_timeout says).
    """
    names = list(views)
    try:
        moved = conn.execute(
            "UPDATE projections SET position = %s, head_hash = %s, next_offset = %s, "
            "trackings = %s, recorded_at = %s "
            "WHERE network = %s AND view = ANY(%s) AND position = %s",
            [*_columns(to), recorded_at, network, names, before],
            prepare=True,
        ).rowcount
    except LockNotAvailable as locked:
        raise CheckpointMoved(f"views {names} are locked by another projector") from locked
    if moved != len(names):
        raise CheckpointMoved(f"of views {names} {len(names) - moved} are not at {before} any more")
    _notify(conn, network)


def reset(conn: Connection[Any], network: str, view: str) -> None:
    """Put a view's checkpoint back to the beginning, and notify."""
    conn.execute(
        "UPDATE projections SET position = 0, head_hash = '', next_offset = 0, trackings = '{}', "
        "recorded_at = NULL WHERE network = %s AND view = %s",
        [network, view],
    )
    _notify(conn, network)


_STANDS: Final = (
    "SELECT view, position, head_hash, next_offset, trackings FROM projections WHERE network = %s"
)
_POSITIONS = "SELECT view, position FROM projections WHERE network = %s"


def stands(conn: Connection[Any], network: str) -> dict[str, Stand]:
    """Where in the ledger every view of a network stands that has a checkpoint."""
    return {
        view: Stand(next_offset, Head(position, head_hash), trackings)
        for view, position, head_hash, next_offset, trackings in conn.execute(_STANDS, [network])
    }


def positions(conn: Connection[Any], network: str) -> dict[str, int]:
    """The position of every view of a network that has a checkpoint."""
    return dict(conn.execute(_POSITIONS, [network]).fetchall())


async def checkpoint_list(conn: AsyncConnection[Any], network: str) -> list[Checkpoint]:
    """The checkpoints of a network's views, by name; empty when nothing was ever projected."""
    cursor = await conn.execute(
        "SELECT view, position, head_hash, next_offset, trackings, recorded_at, definition "
        "FROM projections WHERE network = %s ORDER BY view",
        [network],
    )
    return [Checkpoint(*values) for values in await cursor.fetchall()]


def _columns(stand: Stand) -> tuple[int, str, int, Jsonb]:
    trackings: Mapping[str, int] = stand.trackings
    return stand.head.position, stand.head.hash, stand.next_offset, Jsonb(dict(trackings))


def _notify(conn: Connection[Any], network: str) -> None:
    """Within the transaction: heard when it is committed."""
    conn.execute("SELECT pg_notify(%s, '')", [channel_name(network)], prepare=True)
