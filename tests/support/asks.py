"""Requests as a test says them: `order("A", line("1", "SKU", 2))`, `sold("SKU", "STORE", 1)`.

Times are clock times of the first day (`"09:50"`); one without a time happens as it arrives.
"""

from typing import Any

from msgspec import Struct

from ledger.domain.requests import (
    AdjustLine,
    AdjustStock,
    CancelOrder,
    CollectLines,
    CountLine,
    CountStock,
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    LineCut,
    LineQuantity,
    MoveLine,
    MoveStock,
    OrderLine,
    OrderLineKey,
    PlaceOrder,
    ReadyForPickup,
    ReceiptLine,
    ReceiveStock,
    RecordPayment,
    RecordReturn,
    RecordSale,
    RegisterCustomer,
    Request,
    ReturnLine,
    SafetyLine,
    SaleKey,
    SaleLine,
    SetSafetyStock,
    ShipLines,
    SoldLine,
    VoidSale,
)


class Ask(Struct, frozen=True):
    """A request to be sent: by whom, when it happened, when it arrives, and its own fields."""

    type: type[Request]
    fields: dict[str, Any]
    name: str | None = None
    channel: str = "till"
    at: str | None = None
    arrives: str | None = None


def ask(request_type: type[Request], fields: dict[str, Any], envelope: dict[str, Any]) -> Ask:
    """`envelope`: name, channel, at, arrives; what else stands there are fields."""
    own = {
        key: envelope.pop(key) for key in ("name", "channel", "at", "arrives") if key in envelope
    }
    return Ask(request_type, fields | envelope, **own)


def line(
    line_id: str,
    sku: str = "SKU",
    quantity: int = 1,
    *,
    how: str = "ship",
    location: str | None = "STORE",
) -> OrderLine:
    return OrderLine(line_id=line_id, sku=sku, quantity=quantity, how=how, location=location)


def service(line_id: str, kind: type[SoldLine] = OrderLine) -> Any:
    return kind(line_id=line_id, sku="POSTAGE", quantity=1, kind="service")


def order(order_id: str, *lines: OrderLine, selling: str | None = None, **more: Any) -> Ask:
    """`selling`: the selling channel, where it is not the sender (web)."""
    more = {"name": order_id, "channel": "web"} | more
    fields = {"order_id": order_id, "lines": lines or (line("1"),), "channel": selling}
    return ask(PlaceOrder, fields, more)


def cancel(order_id: str, **more: Any) -> Ask:
    """`lines`: quantities by line id; None: all of it. Absent: the whole order."""
    more = {"channel": "web"} | more
    cuts = more.pop("lines", {})
    lines = tuple(LineCut(line_id=i, quantity=n) for i, n in cuts.items())
    return ask(CancelOrder, {"order_id": order_id, "lines": lines}, more)


def _quantities(lines: dict[str, int]) -> tuple[LineQuantity, ...]:
    return tuple(LineQuantity(line_id=i, quantity=n) for i, n in (lines or {"1": 1}).items())


def shipped(
    order_id: str, lines: dict[str, int] | None = None, location: str = "STORE", **more: Any
) -> Ask:
    fields = {"order_id": order_id, "location": location, "lines": _quantities(lines or {})}
    return ask(ShipLines, fields | {"shipment_id": "parcel"}, more)


def ready(
    order_id: str, lines: dict[str, int] | None = None, location: str = "STORE", **more: Any
) -> Ask:
    fields = {"order_id": order_id, "location": location, "lines": _quantities(lines or {})}
    return ask(ReadyForPickup, fields, more)


def collected(
    order_id: str, lines: dict[str, int] | None = None, location: str = "STORE", **more: Any
) -> Ask:
    fields = {"order_id": order_id, "location": location, "lines": _quantities(lines or {})}
    return ask(CollectLines, fields, more)


def paid(order_id: str, state: str = "captured", **more: Any) -> Ask:
    fields = {"order_id": order_id, "payment_id": f"payment of {order_id}", "state": state}
    return ask(RecordPayment, fields | {"amount_minor": 990, "currency": "EUR"}, more)


def received(sku: str, location: str, quantity: int, state: str = "available", **more: Any) -> Ask:
    lines = (ReceiptLine(line_id="1", sku=sku, quantity=quantity, state=state),)
    return ask(ReceiveStock, {"location": location, "lines": lines}, more)


def adjusted(sku: str, location: str, quantity: int, state: str = "available", **more: Any) -> Ask:
    lines = (AdjustLine(line_id="1", sku=sku, quantity=quantity, state=state),)
    return ask(AdjustStock, {"location": location, "lines": lines, "reason": "shrinkage"}, more)


def moved(sku: str, location: str, quantity: int, before: str, after: str, **more: Any) -> Ask:
    lines = (MoveLine(line_id="1", sku=sku, quantity=quantity, from_state=before, to_state=after),)
    return ask(MoveStock, {"location": location, "lines": lines}, more)


def counted(
    location: str,
    found: dict[str, int],
    *,
    state: str = "on_hand",
    whole: bool = False,
    **more: Any,
) -> Ask:
    lines = tuple(CountLine(sku=sku, quantity=n, state=state) for sku, n in found.items())
    scope = "location" if whole else "named"
    return ask(CountStock, {"location": location, "scope": scope, "lines": lines}, more)


def sold(
    sku: str, location: str, quantity: int, *, fulfils: tuple[str, str] | None = None, **more: Any
) -> Ask:
    key = None if fulfils is None else OrderLineKey(order_id=fulfils[0], line_id=fulfils[1])
    lines = (SaleLine(line_id="1", sku=sku, quantity=quantity, fulfils=key),)
    return ask(RecordSale, {"location": location, "lines": more.pop("lines", lines)}, more)


def voided(
    sale: str, lines: dict[str, int | None] | None = None, *, of: str = "till", **more: Any
) -> Ask:
    """`sale` is the name of a sale sent by `of`."""
    cuts = tuple(LineCut(line_id=i, quantity=n) for i, n in (lines or {}).items())
    return ask(VoidSale, {"sale": SaleKey(channel=of, request_id=sale), "lines": cuts}, more)


def returned(
    sku: str,
    location: str,
    quantity: int,
    *,
    sale: str | None = None,
    state: str = "available",
    line_id: str | None = None,
    **more: Any,
) -> Ask:
    """`sale` is the name of a sale at the till; `order_id` may be given instead; or neither."""
    lines = (ReturnLine(line_id="1", sku=sku, quantity=quantity, state=state, of_line_id=line_id),)
    key = None if sale is None else SaleKey(channel="till", request_id=sale)
    return ask(RecordReturn, {"location": location, "lines": lines, "sale": key}, more)


def held_back(sku: str, location: str, quantity: int, **more: Any) -> Ask:
    return ask(
        SetSafetyStock,
        {"location": location, "lines": (SafetyLine(sku=sku, quantity=quantity),)},
        more,
    )


def product(sku: str, **more: Any) -> Ask:
    return ask(DescribeProduct, {"sku": sku, "title": sku.title()}, more)


def place(location: str, **more: Any) -> Ask:
    return ask(DescribeLocation, {"location": location, "kind": "store"}, more)


def served_by(channel: str, *locations: str, **more: Any) -> Ask:
    fields = {"kind": "web", "locations": locations}
    described = Ask(DescribeChannel, {"channel": channel} | fields)
    return Ask(described.type, described.fields, at=more.get("at"), name=more.get("name"))


def customer(customer_id: str, **more: Any) -> Ask:
    return ask(RegisterCustomer, {"customer_id": customer_id}, more)
