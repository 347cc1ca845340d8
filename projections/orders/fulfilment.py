"""How orders were fulfilled: from where, why from there, in which shipments, and what was refunded.

Beside the quantities of an order's lines, which stand in the view of orders.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import astuple, replace

from ledger.domain.events import (
    DeliveryFailed,
    LineDelivered,
    LineRefunded,
    LineShipped,
    OrderLineDeclined,
    OrderLineReassigned,
    OrderLineSourced,
    ShipmentVoided,
    SourcingRule,
)
from ledger.domain.stock.item import effective_at
from ledger.domain.words import DeclineCause, LineId, Location, OrderId, PaymentId, ShipmentId
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows, Rows
from projections.tables import Table
from projections.words import Position, RecordedAt

NAME = "fulfilment"


class ShipmentLine(Struct, frozen=True, gc=False):
    """What of an order's line left in a shipment, and what became of it there."""

    order_id: OrderId
    shipment_id: ShipmentId
    line_id: LineId
    location: Annotated[Location, Meta(description="Where it left; the last, if several.")]
    carrier: Annotated[str | None, Meta(description="Who carries it.")]
    tracking_number: Annotated[str | None, Meta(description="The carrier's number.")]
    shipped: Annotated[int, Meta(description="Left in it, voided ones included.")]
    voided: Annotated[int, Meta(description="Of shipped: never left after all.")]
    delivered: Annotated[int, Meta(description="Delivered, as the carrier says.")]
    failed: Annotated[int, Meta(description="Not delivered, as the carrier says.")]
    shipped_at: Annotated[datetime, Meta(description="When it left; the last time, if several.")]
    position: Annotated[int, Meta(description="Position of the last event of it.")]


class SourcingItem(Struct, frozen=True, gc=False):
    """Why a line is served from a location, or is not."""

    position: Position
    order_id: OrderId
    line_id: LineId
    what: Annotated[
        Literal["sourced", "reassigned", "declined"],
        Meta(
            description="sourced: the writer chose; reassigned: somebody chose; declined: the "
            "location cannot serve it."
        ),
    ]
    location: Location
    quantity: Annotated[int, Meta(description="How much of the line.")]
    rule: Annotated[
        SourcingRule | None, Meta(description="The rule that decided; `only`: there was one way.")
    ]
    distance_m: Annotated[int | None, Meta(description="Metres to where the order goes.")]
    runner_up: Annotated[
        tuple[str, ...] | None, Meta(description="The locations that would have served it next.")
    ]
    runner_up_distance_m: Annotated[
        int | None, Meta(description="Metres from there to where the order goes.")
    ]
    cause: Annotated[DeclineCause | None, Meta(description="Why it was declined.")]
    recorded_at: RecordedAt


class LineRefund(Struct, frozen=True, gc=False):
    """A refund that named a line; amounts stand with the payment."""

    position: Position
    order_id: OrderId
    line_id: LineId
    payment_id: PaymentId
    recorded_at: RecordedAt


SHIPMENT_LINES = Table(
    "shipment_lines",
    ShipmentLine,
    key=("order_id", "shipment_id", "line_id"),
    comment="What of each order's lines left in which shipment, and what became of it there.",
    indexes=["(network, shipment_id)"],
    fillfactor=90,
)
SOURCING = Table(
    "order_sourcing",
    SourcingItem,
    key=("position",),
    comment="Why each order's line is served from a location: every choice, and who came second.",
    indexes=["(network, order_id, position)"],
)
REFUNDS = Table(
    "line_refunds",
    LineRefund,
    key=("position",),
    comment="Which lines a refund named.",
    indexes=["(network, order_id)"],
)

Key = tuple[str, str, str]
"""(order_id, shipment_id, line_id)."""
ShipmentEvent = LineShipped | ShipmentVoided | LineDelivered | DeliveryFailed


class Fulfilment(Projection):
    """Keeps a row a line of a shipment; appends choices of locations, and refunds."""

    name = NAME
    comment = SHIPMENT_LINES.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.shipments: Rows[Key, ShipmentLine] = Rows(
            SHIPMENT_LINES.select_by(SHIPMENT_LINES.key),
            table=SHIPMENT_LINES,
            pack=lambda _, row: astuple(row),
            unpack=lambda values: ((values[0], values[1], values[2]), ShipmentLine(*values)),
            limit=limit,
        )
        self.sourcing = AppendedRows(SOURCING)
        self.refunds = AppendedRows(REFUNDS)
        self.kept = (self.shipments,)
        self.appended = (self.sourcing, self.refunds)
        self.folds = {
            LineShipped: self._shipped,
            ShipmentVoided: self._voided,
            LineDelivered: self._delivered,
            DeliveryFailed: self._failed,
            OrderLineSourced: self._sourced,
            OrderLineReassigned: self._reassigned,
            OrderLineDeclined: self._declined,
            LineRefunded: self._refunded,
        }

    def ask(self, batch: Batch) -> None:
        """The lines of shipments."""
        events = (event for _, event in batch)
        self.shipments.ask({_key(event) for event in events if isinstance(event, ShipmentEvent)})

    def _shipped(self, position: int, event: LineShipped) -> None:
        key = _key(event)
        before = self.shipments.get(key)
        at = effective_at(event)
        row = ShipmentLine(
            *key,
            event.location,
            event.carrier,
            event.tracking_number,
            event.quantity + (0 if before is None else before.shipped),
            0 if before is None else before.voided,
            0 if before is None else before.delivered,
            0 if before is None else before.failed,
            at if before is None else max(at, before.shipped_at),
            position,
        )
        self.shipments.put(key, row)

    def _voided(self, position: int, event: ShipmentVoided) -> None:
        row = self._row(event)
        self._put(row, position, voided=row.voided + event.quantity)

    def _delivered(self, position: int, event: LineDelivered) -> None:
        row = self._row(event)
        self._put(row, position, delivered=row.delivered + event.quantity)

    def _failed(self, position: int, event: DeliveryFailed) -> None:
        row = self._row(event)
        self._put(row, position, failed=row.failed + event.quantity)

    def _row(self, event: ShipmentEvent) -> ShipmentLine:
        row = self.shipments.get(_key(event))
        assert row is not None, f"nothing of {_key(event)} was shipped"
        return row

    def _put(self, row: ShipmentLine, position: int, **changes: int) -> None:
        key = (row.order_id, row.shipment_id, row.line_id)
        self.shipments.put(key, replace(row, position=position, **changes))

    def _sourced(self, position: int, event: OrderLineSourced) -> None:
        other = event.runner_up
        why = (
            event.rule,
            event.distance_m,
            None if other is None else list(other.locations),
            None if other is None else other.distance_m,
            None,
        )
        self._chosen(position, event, "sourced", why)

    def _reassigned(self, position: int, event: OrderLineReassigned) -> None:
        self._chosen(position, event, "reassigned", (None,) * 5)

    def _declined(self, position: int, event: OrderLineDeclined) -> None:
        self._chosen(position, event, "declined", (None, None, None, None, event.cause))

    def _chosen(
        self,
        position: int,
        event: OrderLineSourced | OrderLineReassigned | OrderLineDeclined,
        what: str,
        why: tuple[Any, ...],
    ) -> None:
        line = (event.order_id, event.line_id)
        place = (what, event.location, event.quantity)
        self.sourcing.append((position, *line, *place, *why, event.recorded_at))

    def _refunded(self, position: int, event: LineRefunded) -> None:
        self.refunds.append(
            (position, event.order_id, event.line_id, event.payment_id, event.recorded_at)
        )


def _key(event: ShipmentEvent) -> Key:
    return (event.order_id, event.shipment_id, event.line_id)
