"""Lines that were added to orders after they had been placed, and by which request.

All other lines came with the request that their order names.
"""

from typing import Annotated

from msgspec import Meta, Struct

from ledger.domain.events import OrderChanged
from ledger.domain.words import LineId
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows
from projections.tables import Table
from projections.words import ListedOrderId, OccurredAt, Position, RecordedAt, Sender

NAME = "order_additions"


class Addition(Struct, frozen=True, gc=False):
    """A line that was added to an order."""

    position: Position
    order_id: ListedOrderId
    line_id: LineId
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that added it.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt


ADDITIONS = Table(
    "order_additions",
    Addition,
    key=("position", "order_id", "line_id"),
    comment="Lines that were added to orders after they had been placed, and by which request.",
)


class OrderAdditions(Projection):
    """Appends a row for each line that is added; nothing is kept."""

    name = NAME
    comment = ADDITIONS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.additions = AppendedRows(ADDITIONS)
        self.appended = (self.additions,)
        self.folds = {OrderChanged: self._changed}

    def ask(self, batch: Batch) -> None:
        """Nothing: rows are only added."""

    def _changed(self, position: int, event: OrderChanged) -> None:
        sent = (event.channel, event.request_id, event.occurred_at, event.recorded_at)
        for line in event.added:
            self.additions.append((position, event.order_id, line.line_id, *sent))
