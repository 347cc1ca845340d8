"""Facts about orders: picked, shipped, prepared, collected, delivered.

A fact about an order, or a line, not yet known is recorded as an exception `unlinked` that keeps
the fact; when the order appears, its effects follow in that decision, at the fact's own time.
"""

from collections.abc import Iterator
from typing import TypeVar

from msgspec.structs import replace

from ledger.domain.draft import Draft
from ledger.domain.entries import About, LineKey, Parcel, Shipment
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
from ledger.domain.orders.allocating import come_back, leave
from ledger.domain.orders.pickups import expire_passed
from ledger.domain.requests import (
    CollectLines,
    Deliver,
    FailDelivery,
    LineCut,
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
    before = _parcel(draft, key, request.shipment_id, request.location)
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
    _come_back_by_time(draft, key, request.shipment_id, before)
    draft.touch_line(key)


def _parcel(draft: Draft, key: LineKey, shipment_id: str, location: str) -> Parcel:
    shipment = draft.state.shipments.get((*key, shipment_id)) or Shipment()
    return shipment.parcel(location)


def _come_back_by_time(draft: Draft, key: LineKey, shipment_id: str, before: Parcel) -> None:
    """Have the stock say at which times what never left comes back.

    A parcel told only now may have left before those that a void was counted against.
    """
    line = draft.state.lines[key]
    after = _parcel(draft, key, shipment_id, before.location)
    was = before.voided_by_time()
    for at, voided in after.voided_by_time().items() if line.goods else ():
        if voided != was.get(at, 0):
            back = StockShipmentVoided(
                *draft.header,
                before.location,
                line.sku,
                *key,
                quantity=voided - was.get(at, 0),
                shipment_id=shipment_id,
                effective_at=at,
            )
            draft.stock(back)


def void_shipment(draft: Draft, request: VoidShipment) -> None:
    """It never left: goods and promise are as before, from the shipment's own time on.

    What is asked beyond what is known to have left waits for the rest of the shipment.
    """
    draft.names(request.location)
    asked = _asked_to_void(draft, request)
    waiting = tuple(rest for cut in asked if (rest := _void_line(draft, request, cut)) is not None)
    stream = shipment_stream(request.order_id, request.shipment_id)
    if waiting:
        draft.wait(replace(request, lines=waiting), stream)
    elif not asked and _is_known(draft, request):
        detail = f"nothing is left to void of {stream!r} at {request.location!r}"
        draft.exception("over_voided", detail, About(order_id=request.order_id))
    elif not asked:
        draft.wait(request, stream)


def _is_known(draft: Draft, request: VoidShipment) -> bool:
    shipped = _shipped(draft, request.order_id, request.shipment_id)
    return any(one.parcel(request.location).left for one in shipped.values())


def _void_line(draft: Draft, request: VoidShipment, cut: LineCut) -> LineCut | None:
    """Void what is known to have left; gives back what is asked beyond it."""
    key = (request.order_id, cut.line_id)
    parcel = _parcel(draft, key, request.shipment_id, request.location)
    voided = parcel.quantity if cut.quantity is None else min(parcel.quantity, cut.quantity)
    if voided > 0:
        _void(draft, key, request, voided)
    if cut.quantity is None:
        return None if parcel.left else cut
    return replace(cut, quantity=cut.quantity - voided) if cut.quantity > voided else None


def _asked_to_void(draft: Draft, request: VoidShipment) -> tuple[LineCut, ...]:
    """The lines named; or all that left in it, and all that will once its lines are known."""
    if request.lines:
        return request.lines
    shipped = _shipped(draft, request.order_id, request.shipment_id)
    left = [i for i, one in shipped.items() if one.parcel(request.location).quantity > 0]
    to_come = _to_come(draft, request.order_id, request.shipment_id)
    return tuple(LineCut(line_id=line_id) for line_id in (*left, *to_come))


def _to_come(draft: Draft, order_id: str, shipment_id: str) -> dict[str, int]:
    """What of a shipment waits for its order lines to be known."""
    waiting = draft.state.waiting.get(order_stream(order_id), ())
    return {
        line.line_id: line.quantity
        for fact in (waits.fact for waits in waiting)
        if isinstance(fact, ShipLines) and fact.shipment_id == shipment_id
        for line in fact.lines
    }


def _shipped(draft: Draft, order_id: str, shipment_id: str) -> dict[str, Shipment]:
    """What is known of a shipment, by line."""
    order = draft.state.orders.get(order_id)
    found = {}
    for line_id in () if order is None else order.line_ids:
        shipment = draft.state.shipments.get((order_id, line_id, shipment_id))
        if shipment is not None:
            found[line_id] = shipment
    return found


def _void(draft: Draft, key: LineKey, request: VoidShipment, quantity: int) -> None:
    before = draft.state.lines[key]
    parcel = _parcel(draft, key, request.shipment_id, request.location)
    voided = ShipmentVoided(*draft.header, *key, quantity, request.location, request.shipment_id)
    draft.emit(voided)
    _come_back_by_time(draft, key, request.shipment_id, parcel)
    come_back(draft, key, before, request.location)
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
    named = request.lines or _whole(draft, request, shipped)
    yield from (line for line in named if line.line_id in shipped)
    unknown = tuple(line for line in named if line.line_id not in shipped)
    if unknown or not shipped:
        waits = replace(request, lines=unknown)
        draft.wait(waits, shipment_stream(request.order_id, request.shipment_id))


def _whole(
    draft: Draft, request: Deliver | FailDelivery, shipped: dict[str, Shipment]
) -> tuple[LineQuantity, ...]:
    """All that left in it, and all that will once its lines are known."""
    there = {line_id: shipment.quantity for line_id, shipment in shipped.items()}
    whole = there | _to_come(draft, request.order_id, request.shipment_id)
    return tuple(LineQuantity(line_id=i, quantity=n) for i, n in whole.items() if n > 0)


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
