"""Lines of orders and sales, and the locations that serve them: the rows of these views."""

from datetime import date
from typing import Annotated, Any

from msgspec import Meta, Struct

from ledger.domain.words import (
    Bundle,
    How,
    LineId,
    LineKind,
    Location,
    Lot,
    OrderId,
    PriceMinor,
    Serial,
    Sku,
    TaxMinor,
)
from projections.tables import Table
from projections.words import ListedOrderId, Moment


class OrderLineItem(Struct, frozen=True, gc=False):
    """A line of an order or sale: what was asked for, and what became of it."""

    line_id: LineId
    sku: Sku
    location: Annotated[
        Location | None, Meta(description="The location that was named; null: the writer chose.")
    ]
    how: How | None
    kind: LineKind
    ordered: Annotated[int, Meta(description="Asked for.")]
    cancelled: Annotated[int, Meta(description="Cancelled, or voided, and not left all the same.")]
    expired: Annotated[int, Meta(description="Not collected in time, and available again.")]
    backordered: Annotated[int, Meta(description="Promised from what comes in.")]
    committed: Annotated[int, Meta(description="Promised, not yet left.")]
    picked: Annotated[int, Meta(description="Of committed: taken from the shelf, still there.")]
    ready: Annotated[int, Meta(description="Of committed: prepared, waiting for the customer.")]
    short: Annotated[int, Meta(description="Of committed: the shelf cannot keep it.")]
    shipped: Annotated[int, Meta(description="Left in a parcel.")]
    collected: Annotated[int, Meta(description="Taken along by the customer.")]
    delivered: Annotated[int, Meta(description="Delivered, as the carrier says.")]
    returned: Annotated[int, Meta(description="Came back.")]
    excess: Annotated[int, Meta(description="Left beyond what was ordered and not cancelled.")]
    over_returned: Annotated[int, Meta(description="Came back beyond what left.")]
    promise: Annotated[
        date | None,
        Meta(description="The day for which what waits for stock is promised."),
    ]
    ready_until: Annotated[
        Moment | None, Meta(description="Until when what is ready waits; the earliest.")
    ]
    unit_price_minor: PriceMinor | None
    tax_minor: TaxMinor | None
    lot: Lot | None
    serial: Serial | None
    bundle: Bundle | None
    fulfils_order_id: Annotated[
        OrderId | None, Meta(description="The order whose line a sale's line fulfils.")
    ]
    fulfils_line_id: Annotated[LineId | None, Meta(description="That order's line.")]


class OrderLineRow(OrderLineItem, frozen=True, gc=False):
    """A line as it is stored: with what its fold goes on from."""

    order_id: ListedOrderId
    number: Annotated[int, Meta(description="The line's place in the order, from 1.")]
    cancel_asked: Annotated[
        int, Meta(description="All that was cancelled or voided, also what left all the same.")
    ]
    expire_asked: Annotated[
        int, Meta(description="All that was not collected in time, also what left all the same.")
    ]
    backorder_asked: Annotated[
        int,
        Meta(description="Backordered and not filled, also what left all the same."),
    ]
    pickups: Annotated[
        list[Any] | None, Meta(description="How much was prepared where, and until when.")
    ]
    overdue_since_position: Annotated[
        int | None, Meta(description="Position of the event that its promise day had passed.")
    ]
    overdue_since: Annotated[Moment | None, Meta(description="When it had passed.")]
    overdue_until_position: Annotated[
        int | None, Meta(description="Position of the event that ended this; null while it stands.")
    ]
    overdue_until: Annotated[Moment | None, Meta(description="When it ended.")]


class AllocationItem(Struct, frozen=True, gc=False):
    """What of an order's line is promised at one location, and what was done there."""

    order_id: ListedOrderId
    line_id: LineId
    location: Annotated[Location, Meta(description="Where it is promised, or left from.")]
    committed: Annotated[int, Meta(description="Promised here, not yet left.")]
    short: Annotated[int, Meta(description="Of committed: this shelf cannot keep it.")]
    picked: Annotated[int, Meta(description="Of committed: taken from the shelf, still there.")]
    ready: Annotated[int, Meta(description="Of committed: prepared, waiting for the customer.")]
    left: Annotated[int, Meta(description="Left from here for this line, net of voids.")]


class AllocationRow(AllocationItem, frozen=True, gc=False):
    """An allocation as it is stored: with what its fold goes on from."""

    number: Annotated[int, Meta(description="Its place among the line's locations, from 1.")]
    picked_ever: Annotated[int, Meta(description="All that was ever picked here.")]
    prepared_ever: Annotated[
        int, Meta(description="All that was ever prepared here and did not expire.")
    ]
    short_since_position: Annotated[
        int | None, Meta(description="Position of the event that first said it is short.")
    ]
    short_since: Annotated[Moment | None, Meta(description="When that was.")]
    short_until_position: Annotated[
        int | None, Meta(description="Position of the event that ended this; null while it stands.")
    ]
    short_until: Annotated[Moment | None, Meta(description="When it ended.")]


ORDER_LINES = Table(
    "order_lines",
    OrderLineRow,
    key=("order_id", "line_id"),
    comment="Lines of orders and recorded sales: what was asked for, and what became of it.",
    indexes=[
        "(network, sku) WHERE backordered > 0",
        "(network, overdue_since_position) WHERE overdue_since_position IS NOT NULL",
    ],
    fillfactor=90,
)
ALLOCATIONS = Table(
    "order_allocations",
    AllocationRow,
    key=("order_id", "line_id", "location"),
    comment="What of each order's line is promised at each location, and what was done there.",
    indexes=["(network, short_since_position) WHERE short_since_position IS NOT NULL"],
    fillfactor=90,
)
