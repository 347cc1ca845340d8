"""Requests as a test says them: `order("A", line("1", "SKU", 2))`, `sold("SKU", "STORE", 1)`.

Times are clock times of the first day (`"09:50"`); one without a time happens as it arrives.
"""

from datetime import datetime, timedelta
from typing import Any

from books import START
from msgspec import Struct

from ledger.domain.requests import (
    AdjustLine,
    AdjustStock,
    BufferLine,
    CancelOrder,
    ChangeOrder,
    CollectLines,
    CountLine,
    CountStock,
    DeclineLine,
    Deliver,
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    ExtendHold,
    FailDelivery,
    HoldLine,
    LineCut,
    LineQuantity,
    MoveLine,
    MoveStock,
    OrderLine,
    OrderLineKey,
    PickLines,
    PlaceHold,
    PlaceOrder,
    ReadyForPickup,
    ReassignLine,
    ReceiptLine,
    ReceiveStock,
    RecordPayment,
    RecordReturn,
    RecordSale,
    RegisterCustomer,
    ReleaseHold,
    Request,
    ReturnLine,
    SafetyLine,
    SaleKey,
    SaleLine,
    SetChannelBuffer,
    SetSafetyStock,
    ShipLines,
    SoldLine,
    VoidSale,
    VoidShipment,
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


def held(owner: str, *lines: tuple[str, str, int], until: str = "12:00", **more: Any) -> Ask:
    """`lines`: (line_id, sku, quantity); at STORE, unless `location` or `anywhere` says other."""
    more = {"name": owner, "channel": "web"} | more
    where = {} if "anywhere" in more or "location" in more else {"location": "STORE"}
    kept = tuple(
        HoldLine(line_id=i, sku=sku, quantity=n) for i, sku, n in lines or (("1", "SKU", 1),)
    )
    fields = {"owner": owner, "lines": kept, "expires_at": clock_time(until)}
    return ask(PlaceHold, fields | where, more)


def extended(owner: str, until: str, *line_ids: str, **more: Any) -> Ask:
    fields = {"owner": owner, "expires_at": clock_time(until), "line_ids": line_ids}
    return ask(ExtendHold, fields, {"channel": "web"} | more)


def released(owner: str, lines: dict[str, int | None] | None = None, **more: Any) -> Ask:
    """`lines`: quantities by line id; None: all of it. Absent: all of the owner's."""
    fields = {"owner": owner, "lines": _cuts(lines)}
    return ask(ReleaseHold, fields, {"channel": "web"} | more)


def _cuts(lines: dict[str, int | None] | None) -> tuple[LineCut, ...]:
    return tuple(LineCut(line_id=i, quantity=n) for i, n in (lines or {}).items())


def change(
    order_id: str, *add: OrderLine, cut: dict[str, int | None] | None = None, **more: Any
) -> Ask:
    fields = {"order_id": order_id, "add": add, "cut": _cuts(cut)}
    return ask(ChangeOrder, fields, {"channel": "web"} | more)


def reassigned(
    order_id: str, location: str, lines: dict[str, int | None] | None = None, **more: Any
) -> Ask:
    fields = {"order_id": order_id, "location": location, "lines": _cuts(lines or {"1": None})}
    return ask(ReassignLine, fields, {"channel": "web"} | more)


def declined(
    order_id: str,
    location: str,
    cause: str = "too_busy",
    lines: dict[str, int | None] | None = None,
    **more: Any,
) -> Ask:
    fields = {"order_id": order_id, "location": location, "cause": cause}
    return ask(DeclineLine, fields | {"lines": _cuts(lines or {"1": None})}, more)


def picked(
    order_id: str, lines: dict[str, int] | None = None, location: str = "STORE", **more: Any
) -> Ask:
    fields = {"order_id": order_id, "location": location, "lines": _quantities(lines or {})}
    return ask(PickLines, fields, more)


def shipment_voided(
    order_id: str,
    lines: dict[str, int | None] | None = None,
    *,
    shipment_id: str = "parcel",
    location: str = "STORE",
    **more: Any,
) -> Ask:
    fields = {"order_id": order_id, "shipment_id": shipment_id, "location": location}
    return ask(VoidShipment, fields | {"lines": _cuts(lines)}, more)


def delivered(
    order_id: str, lines: dict[str, int] | None = None, shipment_id: str = "parcel", **more: Any
) -> Ask:
    """Absent lines: the whole shipment."""
    quantities = () if lines is None else _quantities(lines)
    fields = {"order_id": order_id, "shipment_id": shipment_id, "lines": quantities}
    return ask(Deliver, fields, {"channel": "carrier"} | more)


def undelivered(order_id: str, shipment_id: str = "parcel", **more: Any) -> Ask:
    fields = {"order_id": order_id, "shipment_id": shipment_id}
    return ask(FailDelivery, fields, {"channel": "carrier"} | more)


def buffered(channel: str, sku: str, quantity: int, cap: int | None = None, **more: Any) -> Ask:
    """What a channel leaves of a sku to others, and the most it may show."""
    kept = Ask(SetChannelBuffer, {"channel": channel})
    lines = (BufferLine(sku=sku, quantity=quantity, cap=cap),)
    return Ask(kept.type, kept.fields | {"lines": lines}, at=more.get("at"), name=more.get("name"))


def clock_time(text: str) -> datetime:
    """`"09:50"` of the first day; `"2/09:50"` of the second."""
    day, _, time = text.rpartition("/")
    hours, minutes = time.split(":")
    first = START.replace(hour=int(hours), minute=int(minutes))
    return first + timedelta(days=int(day or 1) - 1)
