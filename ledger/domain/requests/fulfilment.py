"""Facts about what a location or a carrier did for an order."""

from typing import Annotated

from msgspec import Meta

from ledger.domain.requests.base import Request
from ledger.domain.requests.parts import LineCut, LineQuantity
from ledger.domain.words import Location, OccurredAt, OrderId, ShipmentId


class ShipLines(Request, frozen=True, kw_only=True, tag="ship_lines"):
    """Fact: goods of an order left in a parcel."""

    order_id: OrderId
    shipment_id: ShipmentId
    location: Location
    lines: tuple[LineQuantity, ...]
    carrier: Annotated[str, Meta(description="Who carries it.")] | None = None
    tracking_number: Annotated[str, Meta(description="The carrier's number.")] | None = None


class ReadyForPickup(Request, frozen=True, kw_only=True, tag="ready_for_pickup"):
    """Fact: goods of an order are prepared and wait for the customer."""

    order_id: OrderId
    location: Location
    lines: tuple[LineQuantity, ...]
    until: Annotated[OccurredAt, Meta(description="Kept for the customer until then.")] | None = (
        None
    )


class CollectLines(Request, frozen=True, kw_only=True, tag="collect_lines"):
    """Fact: the customer took goods of an order."""

    order_id: OrderId
    location: Location
    lines: tuple[LineQuantity, ...]


class PickLines(Request, frozen=True, kw_only=True, tag="pick_lines"):
    """Fact: goods of an order were taken from the shelf; they stay committed."""

    order_id: OrderId
    location: Location
    lines: tuple[LineQuantity, ...]


class VoidShipment(Request, frozen=True, kw_only=True, tag="void_shipment"):
    """Fact: the shipment, or lines of it, never left; effective when the shipment was."""

    order_id: OrderId
    shipment_id: ShipmentId
    location: Location
    lines: Annotated[tuple[LineCut, ...], Meta(description="Absent: all of it.")] = ()


class Deliver(Request, frozen=True, kw_only=True, tag="deliver"):
    """Fact: the carrier says that it arrived."""

    order_id: OrderId
    shipment_id: ShipmentId
    lines: Annotated[tuple[LineQuantity, ...], Meta(description="Absent: the whole shipment.")] = ()


class FailDelivery(Request, frozen=True, kw_only=True, tag="fail_delivery"):
    """Fact: the carrier could not deliver. No stock moves until the goods come back."""

    order_id: OrderId
    shipment_id: ShipmentId
    lines: Annotated[tuple[LineQuantity, ...], Meta(description="Absent: the whole shipment.")] = ()
