"""Supplies: what is expected from outside, when, and what of it came: the rows of these views."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ledger.domain.words import Currency, LineId, Location, Sku, SupplyId, UnitCostMinor
from projections.tables import Table
from projections.words import Moment, OccurredAt, Position, RecordedAt, Sender

NAME = "supplies"
SupplyState = Literal["expected", "partly_received", "received", "overdue", "cancelled"]


class SupplyRow(Struct, frozen=True, gc=False):
    """A supply, and the state that follows from its lines."""

    supply_id: SupplyId
    location: Annotated[Location, Meta(description="Where it is expected.")]
    state: Annotated[
        SupplyState,
        Meta(
            description="received: nothing is still to come; overdue: something should have come; "
            "cancelled: nothing came, and nothing will."
        ),
    ]
    due: Annotated[
        date | None, Meta(description="The next day on which something of it is to come.")
    ]
    expected: Annotated[int, Meta(description="Units expected, over its lines.")]
    received: Annotated[int, Meta(description="Units that came, wherever.")]
    incoming: Annotated[int, Meta(description="Units that are still to come.")]
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it was first sent as.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    position: Position
    changed_position: Annotated[int, Meta(description="Position of the last event of it.")]


class SupplyLineItem(Struct, frozen=True, gc=False):
    """A line of a supply."""

    line_id: LineId
    sku: Sku
    location: Annotated[Location, Meta(description="Where it is expected.")]
    expected: Annotated[int, Meta(description="Expected, as said latest.")]
    received: Annotated[int, Meta(description="Came, wherever it was received.")]
    incoming: Annotated[int, Meta(description="Still to come: 0 when cancelled.")]
    due: Annotated[date | None, Meta(description="The day it is due there, as said latest.")]
    overdue: Annotated[
        bool, Meta(description="That day passed and not all came: it is not counted on any more.")
    ]
    cancelled: Annotated[bool, Meta(description="What has not come will not come.")]
    unit_cost_minor: UnitCostMinor | None
    currency: Currency | None


class SupplyLineRow(SupplyLineItem, frozen=True, gc=False):
    """A line as it is stored: with what its fold goes on from."""

    supply_id: SupplyId
    number: Annotated[int, Meta(description="The line's place in the supply, from 1.")]
    due_until: Annotated[Moment | None, Meta(description="When the day it is due is over there.")]
    said_at: Annotated[Moment, Meta(description="When `expected` was said.")]
    said_by: Annotated[str, Meta(description="Who said it.")]
    said_in: Annotated[str, Meta(description="Which request said it.")]
    due_said_at: Annotated[Moment | None, Meta(description="When `due` was said.")]
    due_said_by: Annotated[str | None, Meta(description="Who said it.")]
    due_said_in: Annotated[str | None, Meta(description="Which request said it.")]
    overdue_since_position: Annotated[
        int | None, Meta(description="Position of the event that it is overdue.")
    ]
    overdue_since: Annotated[Moment | None, Meta(description="When that was.")]
    overdue_until_position: Annotated[
        int | None, Meta(description="Position of the event that ended this; null while it stands.")
    ]
    overdue_until: Annotated[Moment | None, Meta(description="When it ended.")]


SUPPLIES = Table(
    "supplies",
    SupplyRow,
    key=("supply_id",),
    comment="What is expected from outside: purchase orders and the like.",
    indexes=["(network, position)", "(network, state, position)"],
    fillfactor=80,
)
SUPPLY_LINES = Table(
    "supply_lines",
    SupplyLineRow,
    key=("supply_id", "line_id"),
    comment="Lines of supplies: expected, received, still to come, and when.",
    indexes=[
        "(network, sku) WHERE incoming > 0",
        "(network, overdue_since_position) WHERE overdue_since_position IS NOT NULL",
    ],
    fillfactor=80,
)
