"""Facts about the shelf."""

from typing import Annotated, Literal

from msgspec import Meta, field

from ledger.domain.requests.base import Part, Request
from ledger.domain.words import (
    CountedState,
    Currency,
    LineId,
    Location,
    Lot,
    Quantity,
    Serial,
    Sku,
    StockState,
    SupplyId,
    UnitCostMinor,
)


class ReceiptLine(Part, frozen=True, kw_only=True):
    """Goods that came in."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    state: StockState = "available"
    unit_cost_minor: UnitCostMinor | None = None
    lot: Lot | None = None
    serial: Serial | None = None


class AdjustLine(Part, frozen=True, kw_only=True):
    """A correction of stock, with its sign."""

    line_id: LineId
    sku: Sku
    quantity: Annotated[int, Meta(description="Signed and not zero: -3 takes three away.")]
    state: StockState = "available"
    unit_cost_minor: UnitCostMinor | None = None
    lot: Lot | None = None
    serial: Serial | None = None


class MoveLine(Part, frozen=True, kw_only=True):
    """Stock that changes state where it is."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    from_state: StockState = field(name="from")
    to_state: StockState = field(name="to")


class CountLine(Part, frozen=True, kw_only=True):
    """What was counted of one sku."""

    sku: Sku
    quantity: Annotated[int, Meta(description="What is there: 0 or more.")]
    state: CountedState = "on_hand"
    unit_cost_minor: UnitCostMinor | None = None


class ReceiveStock(Request, frozen=True, kw_only=True, tag="receive_stock"):
    """Goods came in."""

    location: Location
    lines: tuple[ReceiptLine, ...]
    supply_id: SupplyId | None = None
    currency: Currency | None = None


class AdjustStock(Request, frozen=True, kw_only=True, tag="adjust_stock"):
    """Stock was corrected; the reason is required (shrinkage, found, damage, write_off, …)."""

    location: Location
    lines: tuple[AdjustLine, ...]
    currency: Currency | None = None


class MoveStock(Request, frozen=True, kw_only=True, tag="move_stock"):
    """Stock changed its state within a location."""

    location: Location
    lines: tuple[MoveLine, ...]


class CountStock(Request, frozen=True, kw_only=True, tag="count_stock"):
    """Somebody counted, as of occurred_at: an anchor for everything that happened before."""

    location: Location
    scope: Annotated[
        Literal["named", "location"],
        Meta(description="The named skus, or the whole location: what is not named is counted 0."),
    ]
    lines: tuple[CountLine, ...]
    currency: Currency | None = None
