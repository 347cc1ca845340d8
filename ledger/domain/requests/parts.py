"""Parts that requests of several fields share."""

from typing import Annotated

from msgspec import Meta

from ledger.domain.requests.base import Part
from ledger.domain.words import (
    Bundle,
    ChannelId,
    LineId,
    LineKind,
    Lot,
    MicroDegrees,
    OrderId,
    PriceMinor,
    Quantity,
    RequestId,
    Serial,
    Sku,
    TaxMinor,
)


class SaleKey(Part, frozen=True, kw_only=True):
    """A recorded sale is known by its sender and that sender's request_id."""

    channel: ChannelId
    request_id: RequestId


class OrderLineKey(Part, frozen=True, kw_only=True):
    """One line of an order."""

    order_id: OrderId
    line_id: LineId


class Place(Part, frozen=True, kw_only=True):
    """Where an order goes: a region and, optionally, coordinates. No personal data."""

    region: Annotated[str, Meta(description="ISO 3166 country or subdivision, such as DE-BE.")]
    latitude_udeg: MicroDegrees | None = None
    longitude_udeg: MicroDegrees | None = None


class SoldLine(Part, frozen=True, kw_only=True):
    """A line of a sale, an order or a return: goods, or a service that moves no stock."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    kind: LineKind = "goods"
    unit_price_minor: PriceMinor | None = None
    tax_minor: TaxMinor | None = None
    lot: Lot | None = None
    serial: Serial | None = None
    bundle: Bundle | None = None


class LineQuantity(Part, frozen=True, kw_only=True):
    """So much of a line."""

    line_id: LineId
    quantity: Quantity


class LineCut(Part, frozen=True, kw_only=True):
    """So much of a line, or all of it."""

    line_id: LineId
    quantity: Quantity | None = None
