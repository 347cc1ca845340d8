"""Facts about goods that are expected from outside."""

from typing import Annotated

from msgspec import Meta

from ledger.domain.requests.base import Part, Request
from ledger.domain.words import (
    Currency,
    DueDate,
    LineId,
    Location,
    Quantity,
    Sku,
    SupplyId,
    UnitCostMinor,
)


class SupplyLine(Part, frozen=True, kw_only=True):
    """Goods that are expected."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    unit_cost_minor: UnitCostMinor | None = None


class ExpectSupply(Request, frozen=True, kw_only=True, tag="expect_supply"):
    """Goods were ordered and are expected; receipts name the supply_id."""

    supply_id: SupplyId
    location: Location
    lines: tuple[SupplyLine, ...]
    due: DueDate | None = None
    currency: Currency | None = None


class RescheduleSupply(Request, frozen=True, kw_only=True, tag="reschedule_supply"):
    """It comes on another day; the latest word by effective time counts."""

    supply_id: SupplyId
    due: DueDate
    line_ids: Annotated[tuple[str, ...], Meta(description="Absent: all of its lines.")] = ()


class CancelSupply(Request, frozen=True, kw_only=True, tag="cancel_supply"):
    """What has not come will not come."""

    supply_id: SupplyId
    line_ids: Annotated[tuple[str, ...], Meta(description="Absent: all of its lines.")] = ()
