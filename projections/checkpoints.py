"""How far each view has got: the table `projections`, written together with the view's rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct
from psycopg import AsyncConnection, Connection

from projections.tables import Table


class Checkpoint(Struct, frozen=True):
    """A view shows the ledger up to and including `position`."""

    view: Annotated[str, Meta(description="The view's name.")]
    position: Annotated[int, Meta(description="The last event it has taken in; 0: none.")]
    head_hash: Annotated[
        str, Meta(description="Hash of the block of that event; empty where there are no blocks.")
    ]
    recorded_at: Annotated[datetime | None, Meta(description="recorded_at of that event.")]


PROJECTIONS = Table(
    "projections",
    Checkpoint,
    key=("view",),
    comment="How far each view has got; written together with the view's rows.",
    fillfactor=50,
)


class CheckpointMoved(Exception):
    """Another projector of these views was faster."""


def prepare(conn: Connection[Any], network: str, views: Iterable[str]) -> None:
    """Make sure that each view has a checkpoint: at 0 where it is new."""
    conn.execute(
        "INSERT INTO projections (network, view, position, head_hash) "
        "SELECT %s, view, 0, '' FROM unnest(%s::text[]) AS new (view) ON CONFLICT DO NOTHING",
        [network, list(views)],
    )


def advance(  # noqa: PLR0913 - from where to where
    conn: Connection[Any],
    network: str,
    views: Iterable[str],
    *,
    before: int,
    position: int,
    recorded_at: datetime,
) -> None:
    """Move the checkpoints of views that all stand at `before`, and lock them.

    Raises CheckpointMoved if one does not stand there.
    """
    names = list(views)
    moved = conn.execute(
        "UPDATE projections SET position = %s, recorded_at = %s "
        "WHERE network = %s AND view = ANY(%s) AND position = %s",
        [position, recorded_at, network, names, before],
        prepare=True,
    ).rowcount
    if moved != len(names):
        raise CheckpointMoved(f"of views {names} {len(names) - moved} are not at {before} any more")


def reset(conn: Connection[Any], network: str, view: str) -> None:
    """Put a view's checkpoint back to the beginning."""
    conn.execute(
        "UPDATE projections SET position = 0, head_hash = '', recorded_at = NULL "
        "WHERE network = %s AND view = %s",
        [network, view],
    )


_POSITIONS = "SELECT view, position FROM projections WHERE network = %s"


def positions(conn: Connection[Any], network: str) -> dict[str, int]:
    """The position of every view of a network that has a checkpoint."""
    return dict(conn.execute(_POSITIONS, [network]).fetchall())


async def checkpoint_list(conn: AsyncConnection[Any], network: str) -> list[Checkpoint]:
    """The checkpoints of a network's views, by name; empty when nothing was ever projected."""
    cursor = await conn.execute(
        "SELECT view, position, head_hash, recorded_at FROM projections "
        "WHERE network = %s ORDER BY view",
        [network],
    )
    return [Checkpoint(*values) for values in await cursor.fetchall()]
