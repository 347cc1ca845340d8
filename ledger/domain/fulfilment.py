"""Facts about orders: picked, shipped, prepared, collected, delivered.

A fact about an order, or a line, not yet known is recorded as an exception `unlinked` that keeps
the fact; when the order appears, its effects follow in that decision, at the fact's own time.
"""

from collections.abc import Iterator
from typing import TypeVar

from msgspec.structs import replace

from ledger.domain.allocating import come_back, leave
from ledger.domain.draft import Draft
from ledger.domain.entries import About, LineKey, Shipment
from ledger.domain.events import (
    DeliveryFailed,
    LineCollected,
    LineDelivered,
    LinePicked,
    LineShipped,
    PickupReady,
    ShipmentVoided,
    StockCollected,
    StockShipmentVoided,
    StockShipped,
)
from ledger.domain.events.orders import order_stream
from ledger.domain.pickups import expire_passed
from ledger.domain.requests import (
    CollectLines,
    Deliver,
    FailDelivery,
    LineQuantity,
    PickLines,
    ReadyForPickup,
    ShipLines,
    VoidShipment,
)
from ledger.domain.words import part

LinesFact = TypeVar("LinesFact", ShipLines, ReadyForPickup, CollectLines, PickLines)


def _wait_for_order(draft: Draft, fact: LinesFact, order_id: str) -> None:
    """Keep a fact until the order, or the line, that it names appears."""
    draft.wait(fact, order_stream(order_id), order_id=order_id)


def shipment_stream(order_id: str, shipment_id: str) -> str:
    """What a void or delivery waits for."""
    return f"shipment/{part(order_id)}/{part(shipment_id)}"


def pick_lines(draft: Draft, request: PickLines) -> None:
    """Taken from the shelf: no stock moves."""
    draft.names(request.location)
    for line in _known(draft, request):
        key = (request.order_id, line.line_id)
        draft.emit(LinePicked(*draft.header, *key, line.quantity, request.location))


def ship_lines(draft: Draft, request: ShipLines) -> None:
    """Goods left in a parcel."""
    draft.names(request.location)
    for line in _known(draft, request):
        _ship(draft, request, line)


def _ship(draft: Draft, request: ShipLines, line: LineQuantity) -> None:
    key = (request.order_id, line.line_id)
    known = draft.state.lines[key]
    if known.goods:
        committed = leave(draft, key, (request.location, known.sku), line.quantity)
        left = StockShipped(
            *draft.header,
            request.location,
            known.sku,
            *key,
            quantity=line.quantity,
            committed=committed,
            shipment_id=request.shipment_id,
            effective_at=draft.at,
        )
        draft.stock(left)
    shipped = LineShipped(
        *draft.header,
        *key,
        quantity=line.quantity,
        location=request.location,
        shipment_id=request.shipment_id,
        carrier=request.carrier,
        tracking_number=request.tracking_number,
        effective_at=draft.at,
    )
    draft.emit(shipped)
    draft.touch_line(key)


def void_shipment(draft: Draft, request: VoidShipment) -> None:
    """It never left: goods and promise are as before, from the shipment's own time on."""
    shipped = _shipped(draft, request.order_id, request.shipment_id)
    if not shipped:
        stream = shipment_stream(request.order_id, request.shipment_id)
        draft.wait(request, stream)
        return
    wanted = {line_id: shipment.quantity for line_id, shipment in shipped.items()}
    if request.lines:
        wanted = {cut.line_id: cut.quantity or wanted.get(cut.line_id, 0) for cut in request.lines}
    cuts = {i: min(n, shipped[i].quantity) for i, n in wanted.items() if i in shipped}
    beyond = sum(wanted.values()) - sum(cuts.values())
    if beyond > 0 or wanted.keys() - shipped.keys() or not any(cuts.values()):
        about = About(order_id=request.order_id)
        detail = (
            f"asked to void more of shipment {request.shipment_id!r} of {request.order_id!r} "
            "than was shipped and not voided before"
        )
        draft.exception("over_voided", detail, about, quantity=beyond)
    for line_id, quantity in cuts.items():
        if quantity > 0:
            key = (request.order_id, line_id)
            _void(draft, key, request.shipment_id, shipped[line_id], quantity)


def _shipped(draft: Draft, order_id: str, shipment_id: str) -> dict[str, Shipment]:
    """What is known of a shipment, by line."""
    order = draft.state.orders.get(order_id)
    found = {}
    for line_id in () if order is None else order.line_ids:
        shipment = draft.state.shipments.get((order_id, line_id, shipment_id))
        if shipment is not None:
            found[line_id] = shipment
    return found


def _void(draft: Draft, key: LineKey, shipment_id: str, shipment: Shipment, quantity: int) -> None:
    before = draft.state.lines[key]
    if before.goods:
        back = StockShipmentVoided(
            *draft.header,
            shipment.location,
            before.sku,
            *key,
            quantity=quantity,
            shipment_id=shipment_id,
            effective_at=shipment.effective_at,
        )
        draft.stock(back)
    draft.emit(ShipmentVoided(*draft.header, *key, quantity, shipment.location, shipment_id))
    come_back(draft, key, before, shipment.location)
    draft.touch_line(key)


def collect_lines(draft: Draft, request: CollectLines) -> None:
    """The customer took goods."""
    draft.names(request.location)
    for line in _known(draft, request):
        collect(draft, (request.order_id, line.line_id), request.location, line.quantity)


def collect(draft: Draft, key: LineKey, location: str, quantity: int) -> None:
    """One line's goods leave with the customer."""
    known = draft.state.lines[key]
    if known.goods:
        committed = leave(draft, key, (location, known.sku), quantity)
        left = StockCollected(
            *draft.header,
            location,
            known.sku,
            *key,
            quantity=quantity,
            committed=committed,
            effective_at=draft.at,
        )
        draft.stock(left)
    draft.emit(LineCollected(*draft.header, *key, quantity=quantity, location=location))
    draft.touch_line(key)


def ready_for_pickup(draft: Draft, request: ReadyForPickup) -> None:
    """Prepared goods stay committed, until their deadline: one that has passed expires at once."""
    draft.names(request.location)
    for line in _known(draft, request):
        key = (request.order_id, line.line_id)
        ready = PickupReady(*draft.header, *key, line.quantity, request.location, request.until)
        draft.emit(ready)
        if request.until is not None and request.until <= draft.arrival.recorded_at:
            expire_passed(draft, key, request.until)


def deliver(draft: Draft, request: Deliver) -> None:
    """The carrier says that it arrived."""
    for line in _in_shipment(draft, request):
        key = (request.order_id, line.line_id)
        draft.emit(LineDelivered(*draft.header, *key, line.quantity, request.shipment_id))


def fail_delivery(draft: Draft, request: FailDelivery) -> None:
    """The carrier could not deliver: no stock moves until the goods come back."""
    for line in _in_shipment(draft, request):
        key = (request.order_id, line.line_id)
        draft.emit(DeliveryFailed(*draft.header, *key, line.quantity, request.shipment_id))


def _in_shipment(draft: Draft, request: Deliver | FailDelivery) -> Iterator[LineQuantity]:
    """The lines named, or all of the shipment; what of it is not known waits."""
    shipped = _shipped(draft, request.order_id, request.shipment_id)
    if not request.lines and shipped:
        for line_id, shipment in shipped.items():
            if shipment.quantity > 0:
                yield LineQuantity(line_id=line_id, quantity=shipment.quantity)
        return
    unknown = tuple(line for line in request.lines if line.line_id not in shipped)
    yield from (line for line in request.lines if line.line_id in shipped)
    if unknown or not shipped:
        waits = replace(request, lines=unknown)
        draft.wait(waits, shipment_stream(request.order_id, request.shipment_id))


def _known(draft: Draft, request: LinesFact) -> tuple[LineQuantity, ...]:
    """The lines that are known; the others wait."""
    order_id = request.order_id
    known: list[LineQuantity] = []
    unknown: list[LineQuantity] = []
    for line in request.lines:
        (known if (order_id, line.line_id) in draft.state.lines else unknown).append(line)
    if unknown:
        _wait_for_order(draft, replace(request, lines=tuple(unknown)), order_id)
    return tuple(known)
