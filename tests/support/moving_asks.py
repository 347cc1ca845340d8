"""Requests about goods that come, go and come back, as a test says them: beside `asks`."""

from datetime import date
from typing import Any

from asks import Ask, ask, line

from ledger.domain.requests import (
    ArrivedLine,
    AuthoriseReturn,
    CancelSupply,
    CancelTransfer,
    CloseTransfer,
    Exchange,
    ExpectSupply,
    InspectedLine,
    InspectReturn,
    LineQuantity,
    OrderLine,
    ReceiptLine,
    ReceivedLine,
    ReceiveReturn,
    ReceiveStock,
    ReceiveTransfer,
    RequestTransfer,
    RescheduleSupply,
    ReturnedLine,
    SaleKey,
    ShipTransfer,
    SupplyLine,
    TransferLine,
)


def expected(
    supply_id: str,
    lines: dict[str, tuple[str, int]] | None = None,
    location: str = "STORE",
    *,
    due: str | None = None,
    **more: Any,
) -> Ask:
    """`lines`: (sku, quantity) by line id; `due`: a day such as 2026-03-05."""
    said = lines or {"1": ("SKU", 10)}
    kept = tuple(SupplyLine(line_id=i, sku=sku, quantity=n) for i, (sku, n) in said.items())
    fields = {"supply_id": supply_id, "location": location, "lines": kept, "due": _day(due)}
    return ask(ExpectSupply, fields, {"channel": "erp"} | more)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def rescheduled(supply_id: str, due: str, *line_ids: str, **more: Any) -> Ask:
    fields = {"supply_id": supply_id, "due": _day(due), "line_ids": line_ids}
    return ask(RescheduleSupply, fields, {"channel": "erp"} | more)


def supply_cancelled(supply_id: str, *line_ids: str, **more: Any) -> Ask:
    fields = {"supply_id": supply_id, "line_ids": line_ids}
    return ask(CancelSupply, fields, {"channel": "erp"} | more)


def delivery(supply_id: str, came: dict[str, int], location: str = "STORE", **more: Any) -> Ask:
    """Goods of a supply came in: quantities by sku."""
    lines = tuple(ReceiptLine(line_id=sku, sku=sku, quantity=n) for sku, n in came.items())
    return ask(ReceiveStock, {"location": location, "lines": lines, "supply_id": supply_id}, more)


def transfer(
    transfer_id: str,
    lines: dict[str, tuple[str, int]] | None = None,
    ends: tuple[str, str] = ("DC", "STORE"),
    *,
    due: str | None = None,
    **more: Any,
) -> Ask:
    """`lines`: (sku, quantity) by line id; ten of SKU, from DC to STORE, unless said otherwise."""
    said = lines or {"1": ("SKU", 10)}
    kept = tuple(TransferLine(line_id=i, sku=sku, quantity=n) for i, (sku, n) in said.items())
    fields = {"transfer_id": transfer_id, "lines": kept, "due": _day(due)}
    ways = {"from_location": ends[0], "to_location": ends[1]}
    return ask(RequestTransfer, fields | ways, {"channel": "erp"} | {"name": transfer_id} | more)


def transfer_cancelled(transfer_id: str, **more: Any) -> Ask:
    return ask(CancelTransfer, {"transfer_id": transfer_id}, {"channel": "erp"} | more)


def sent(transfer_id: str, lines: dict[str, int], **more: Any) -> Ask:
    fields = {
        "transfer_id": transfer_id,
        "lines": tuple(LineQuantity(line_id=i, quantity=n) for i, n in lines.items()),
    }
    return ask(ShipTransfer, fields, {"channel": "erp"} | more)


def arrived(
    transfer_id: str,
    accepted: int = 0,
    damaged: int = 0,
    missing: int = 0,
    *,
    line_id: str = "1",
    **more: Any,
) -> Ask:
    came = ArrivedLine(line_id=line_id, accepted=accepted, damaged=damaged, missing=missing)
    fields = {"transfer_id": transfer_id, "lines": (came,)}
    return ask(ReceiveTransfer, fields, {"channel": "erp"} | more)


def transfer_closed(transfer_id: str, **more: Any) -> Ask:
    return ask(CloseTransfer, {"transfer_id": transfer_id}, {"channel": "erp"} | more)


def may_come_back(
    return_id: str,
    lines: dict[str, int] | None = None,
    *,
    order_id: str | None = None,
    sale: str | None = None,
    **more: Any,
) -> Ask:
    """A return of an order, or of the sale at the till of this name."""
    key = None if sale is None else SaleKey(channel="till", request_id=sale)
    fields = {"return_id": return_id, "lines": _back(lines), "order_id": order_id, "sale": key}
    return ask(AuthoriseReturn, fields, {"channel": "web", "name": return_id} | more)


def _back(lines: dict[str, int] | None) -> tuple[ReturnedLine, ...]:
    return tuple(ReturnedLine(line_id=i, quantity=n) for i, n in (lines or {"1": 1}).items())


def handed_in(
    return_id: str,
    quantity: int = 1,
    disposition: str = "quality_control",
    location: str = "STORE",
    *,
    sku: str = "SKU",
    line_id: str = "1",
    **more: Any,
) -> Ask:
    """Goods of an authorised return."""
    came = ReceivedLine(line_id=line_id, sku=sku, quantity=quantity, disposition=disposition)
    fields = {"return_id": return_id, "location": location, "lines": (came,)}
    return ask(ReceiveReturn, fields, more)


def inspected(
    return_id: str,
    quantity: int,
    after: str,
    before: str = "quality_control",
    location: str = "STORE",
    *,
    sku: str = "SKU",
    line_id: str = "1",
    **more: Any,
) -> Ask:
    decided = InspectedLine(
        line_id=line_id, sku=sku, quantity=quantity, to=after, from_disposition=before
    )
    fields = {"return_id": return_id, "location": location, "lines": (decided,)}
    return ask(InspectReturn, fields, more)


def exchanged(
    order_id: str,
    of: str,
    *lines: OrderLine,
    back: dict[str, int] | None = None,
    **more: Any,
) -> Ask:
    """A new order against lines of another; the return's id is `back of {of}` by default."""
    own = {"return_id": f"back of {of}", "returned": _back(back), "of_order_id": of}
    fields = own | {"order_id": order_id, "lines": lines or (line("1"),)}
    return ask(Exchange, fields, {"channel": "web", "name": order_id} | more)
