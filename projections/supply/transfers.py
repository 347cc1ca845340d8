"""Transfers: stock on its way from one location to another: the rows of these views."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ledger.domain.words import LineId, Location, Sku, TransferId
from projections.tables import Table
from projections.words import Moment, OccurredAt, Position, RecordedAt, Sender

NAME = "transfers"
TransferState = Literal["requested", "in_transit", "received", "closed", "cancelled"]


class TransferItem(Struct, frozen=True, gc=False):
    """A transfer, and what follows from its lines."""

    transfer_id: TransferId
    from_location: Annotated[Location, Meta(description="Its source.")]
    to_location: Annotated[Location, Meta(description="Its destination.")]
    state: Annotated[
        TransferState,
        Meta(
            description="in_transit: some of it is on its way; received: all that was requested "
            "was shipped and nothing is on its way; closed: nothing more will come; requested: "
            "some of it is still to be shipped."
        ),
    ]
    due: Annotated[date | None, Meta(description="The day it is due at its destination.")]
    overdue: Annotated[bool, Meta(description="That day has passed, and it is not all there.")]
    requested: Annotated[int, Meta(description="Units requested, over its lines.")]
    shipped: Annotated[int, Meta(description="Units that left.")]
    accepted: Annotated[int, Meta(description="Units that arrived fit for sale.")]
    damaged: Annotated[int, Meta(description="Units that arrived damaged.")]
    missing: Annotated[int, Meta(description="Units that the receipts said to be missing.")]
    in_transit: Annotated[int, Meta(description="Units on their way.")]
    lost: Annotated[
        int, Meta(description="Units lost less units found; below zero: more came than left.")
    ]
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it was sent as.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    position: Position
    changed_position: Annotated[int, Meta(description="Position of the last event of it.")]


class TransferRow(TransferItem, frozen=True, gc=False):
    """A transfer as it is stored: with what its fold goes on from."""

    cancelled: Annotated[bool, Meta(description="It was cancelled before anything was shipped.")]
    closed: Annotated[bool, Meta(description="It was closed: nothing more will come.")]
    overdue_since_position: Annotated[
        int | None, Meta(description="Position of the event that it is overdue.")
    ]
    overdue_since: Annotated[Moment | None, Meta(description="When that was.")]
    overdue_until_position: Annotated[
        int | None, Meta(description="Position of the event that ended this; null while it stands.")
    ]
    overdue_until: Annotated[Moment | None, Meta(description="When it ended.")]


class TransferLineItem(Struct, frozen=True, gc=False):
    """A line of a transfer."""

    line_id: LineId
    sku: Sku
    requested: Annotated[int, Meta(description="Requested.")]
    reserved: Annotated[int, Meta(description="Held at the source, not yet shipped.")]
    shipped: Annotated[int, Meta(description="Left the source.")]
    accepted: Annotated[int, Meta(description="Arrived fit for sale.")]
    damaged: Annotated[int, Meta(description="Arrived damaged.")]
    missing: Annotated[int, Meta(description="Missing, as the receipts said.")]
    in_transit: Annotated[int, Meta(description="On its way: 0 once it is closed.")]
    lost: Annotated[int, Meta(description="Lost less found; below zero: more came than left.")]


class TransferLineRow(TransferLineItem, frozen=True, gc=False):
    """A line as it is stored."""

    transfer_id: TransferId
    number: Annotated[int, Meta(description="The line's place in the transfer, from 1.")]
    closed: Annotated[bool, Meta(description="Its transfer was closed.")]


TRANSFERS = Table(
    "transfers",
    TransferRow,
    key=("transfer_id",),
    comment="Stock on its way from one location to another.",
    indexes=[
        "(network, position)",
        "(network, state, position)",
        "(network, overdue_since_position) WHERE overdue_since_position IS NOT NULL",
    ],
    fillfactor=80,
)
TRANSFER_LINES = Table(
    "transfer_lines",
    TransferLineRow,
    key=("transfer_id", "line_id"),
    comment="Lines of transfers: requested, shipped, arrived, on their way, lost.",
    indexes=["(network, sku) WHERE in_transit > 0"],
    fillfactor=80,
)
