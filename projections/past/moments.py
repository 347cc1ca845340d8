"""Moments: which position the ledger had reached when. Turns a time into a position."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from psycopg.sql import SQL

from ledger.domain.events import AnyEvent
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows, Rows
from projections.tables import Table
from projections.words import Moment

NAME = "moments"


class MomentRow(Struct, frozen=True, gc=False):
    """When the ledger's clock moved on, and with which event."""

    recorded_at: Annotated[Moment, Meta(description="When the ledger took it in, by its clock.")]
    position: Annotated[
        int, Meta(description="The first position that the ledger took in at that time.")
    ]


MOMENTS = Table(
    "moments",
    MomentRow,
    key=("recorded_at",),
    comment="The first position of every distinct recorded_at: turns a time into a position.",
)
_LATEST = SQL("""
    SELECT asked.clock, last.recorded_at
    FROM unnest(%s::text[]) AS asked (clock) CROSS JOIN LATERAL (
        SELECT recorded_at FROM moments WHERE network = %s ORDER BY recorded_at DESC LIMIT 1
    ) AS last
""").format()
_CLOCK: Final = "recorded"


class Moments(Projection):
    """Appends a row whenever recorded_at rises; it never falls."""

    name = NAME
    comment = MOMENTS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.latest: Rows[str, Moment] = Rows(
            _LATEST,
            pack=lambda clock, time: (clock, time),
            unpack=lambda values: (values[0], values[1]),
            limit=limit,
        )
        self.rows = AppendedRows(MOMENTS)
        self.kept = (self.latest,)
        self.appended = (self.rows,)
        self.folds = dict.fromkeys(AnyEvent.__args__, self._recorded)

    def ask(self, batch: Batch) -> None:
        """The latest moment before the batch."""
        self.latest.ask([_CLOCK] if batch else [])

    def _recorded(self, position: int, event: Any) -> None:
        latest = self.latest.get(_CLOCK)
        if latest is None or event.recorded_at > latest:
            self.latest.put(_CLOCK, event.recorded_at)
            self.rows.append((event.recorded_at, position))
