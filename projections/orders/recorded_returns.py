"""Lines of recorded returns: what was handed in without being authorised, at which price.

The goods stand among the movements; what was refunded for them, and for services, stands here.
"""

from typing import Annotated

from msgspec import Meta, Struct

from ledger.domain.events import ReturnRecorded
from ledger.domain.stock.item import effective_at
from ledger.domain.words import Currency, CustomerId, LineId, LineKind, Location, PriceMinor, Sku
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows
from projections.tables import Table
from projections.words import (
    EffectiveAt,
    ListedOrderId,
    OccurredAt,
    Position,
    RecordedAt,
    Sender,
)

NAME = "recorded_returns"


class RecordedReturnLine(Struct, frozen=True, gc=False):
    """A line of a recorded return."""

    position: Position
    number: Annotated[int, Meta(description="The line's place in its return, from 1.")]
    line_id: LineId
    sku: Sku
    kind: LineKind
    quantity: Annotated[int, Meta(description="How many came back, or were refunded.")]
    unit_price_minor: PriceMinor | None
    currency: Annotated[Currency | None, Meta(description="ISO 4217 code of its price.")]
    location: Annotated[Location, Meta(description="Where it was handed in.")]
    selling_channel: Annotated[str, Meta(description="The channel that took it back.")]
    order_id: Annotated[
        ListedOrderId | None, Meta(description="The order or sale that the return named, if any.")
    ]
    customer_id: CustomerId | None
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it was sent as.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    effective_at: EffectiveAt


RECORDED_RETURNS = Table(
    "recorded_returns",
    RecordedReturnLine,
    key=("position", "number"),
    comment="Lines of recorded returns, with their prices; authorised returns stand in `returns`.",
)


class RecordedReturns(Projection):
    """Appends a row a line; nothing is kept."""

    name = NAME
    comment = RECORDED_RETURNS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.lines = AppendedRows(RECORDED_RETURNS)
        self.appended = (self.lines,)
        self.folds = {ReturnRecorded: self._returned}

    def ask(self, batch: Batch) -> None:
        """Nothing: rows are only added."""

    def _returned(self, position: int, event: ReturnRecorded) -> None:
        of = (event.location, event.selling_channel, event.order_id, event.customer_id)
        when = (event.occurred_at, event.recorded_at, effective_at(event))
        for number, line in enumerate(event.lines, start=1):
            said = (line.line_id, line.sku, line.kind, line.quantity, line.unit_price_minor)
            sent = (event.channel, event.request_id, *when)
            self.lines.append((position, number, *said, event.currency, *of, *sent))
