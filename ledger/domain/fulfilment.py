"""Facts about orders: shipped, prepared, collected, paid; and joining those that came too early.

A fact about an order, or a line, not yet known is recorded as an exception `unlinked` that keeps
the fact; when the order appears, its effects follow in that decision, at the fact's own time.
"""

from datetime import datetime
from typing import Literal, TypeVar

from msgspec.structs import replace

from ledger.domain.draft import Draft
from ledger.domain.events import (
    LineCollected,
    LineShipped,
    PaymentRecorded,
    PickupReady,
    StockCollected,
    StockCommitted,
    StockShipped,
    StockUncommitted,
)
from ledger.domain.orders import Line
from ledger.domain.promises import LineKey
from ledger.domain.requests import (
    CollectLines,
    Fact,
    LineQuantity,
    ReadyForPickup,
    RecordPayment,
    ShipLines,
)
from ledger.domain.state import About, ItemKey

LinesFact = TypeVar("LinesFact", ShipLines, ReadyForPickup, CollectLines)


def wait(draft: Draft, fact: Fact, order_id: str) -> None:
    """Keep a fact until the order, sale or line that it names appears."""
    detail = f"{order_id!r}, or a line of it, is not known yet; the fact waits for it"
    draft.exception("unlinked", detail, About(order_id=order_id), fact=fact)


def ship_lines(draft: Draft, request: ShipLines, at: datetime | None = None) -> None:
    """Goods left in a parcel; `at` is the fact's own time when it had waited."""
    draft.names(request.location)
    for line in _known(draft, request):
        key = (request.order_id, line.line_id)
        released = _release(draft, key, request.location, line.quantity)
        if released is not None:
            sku, committed = released
            left = StockShipped(
                *draft.header,
                request.location,
                sku,
                *key,
                quantity=line.quantity,
                committed=committed,
                shipment_id=request.shipment_id,
                effective_at=at,
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
        )
        draft.emit(shipped)
        draft.touch_line(key)


def collect_lines(draft: Draft, request: CollectLines, at: datetime | None = None) -> None:
    """The customer took goods; `at` is the fact's own time when it had waited."""
    draft.names(request.location)
    for line in _known(draft, request):
        collect(draft, (request.order_id, line.line_id), request.location, line.quantity, at)


def collect(
    draft: Draft, key: LineKey, location: str, quantity: int, at: datetime | None = None
) -> None:
    """One line's goods leave with the customer."""
    released = _release(draft, key, location, quantity)
    if released is not None:
        sku, committed = released
        left = StockCollected(
            *draft.header,
            location,
            sku,
            *key,
            quantity=quantity,
            committed=committed,
            effective_at=at,
        )
        draft.stock(left)
    draft.emit(LineCollected(*draft.header, *key, quantity, location))
    draft.touch_line(key)


def ready_for_pickup(draft: Draft, request: ReadyForPickup, _at: datetime | None = None) -> None:
    """Prepared goods stay committed: no stock moves."""
    draft.names(request.location)
    for line in _known(draft, request):
        ready = PickupReady(
            *draft.header,
            request.order_id,
            line.line_id,
            line.quantity,
            request.location,
            request.until,
        )
        draft.emit(ready)


def record_payment(draft: Draft, request: RecordPayment) -> None:
    """Recorded as the provider says; an unknown order's payment is unlinked until it appears.

    A payment is known by its id alone. One that names another order than before is one of two
    payments that share an id, or a mistake: its latest state counts, and people must look at it.
    """
    before = draft.state.payments.get(request.payment_id, request.order_id)
    recorded = PaymentRecorded(
        *draft.header,
        request.order_id,
        request.payment_id,
        request.state,
        request.amount_minor,
        request.currency,
        request.provider_reference,
        request.lines,
    )
    draft.emit(recorded)
    if before != request.order_id:
        detail = f"payment {request.payment_id!r} named {before!r} before; use an id of its own"
        draft.exception("payment_moved", detail, About(order_id=request.order_id))
    if request.order_id not in draft.state.orders:
        wait(draft, request, request.order_id)


def _release(draft: Draft, key: LineKey, location: str, quantity: int) -> tuple[str, int] | None:
    """The sku that leaves and the claim that goes along; None for a service: no stock moves."""
    line = draft.state.lines[key]
    if not line.goods:
        return None
    return (line.sku, release(draft, key, (location, line.sku), quantity))


def release(draft: Draft, key: LineKey, item: ItemKey | None, quantity: int) -> int:
    """How much of the line's promise goes along with goods leaving this item.

    What was promised elsewhere, or left before (None), is uncommitted at once, and 0 is returned.
    """
    line = draft.state.lines[key]
    committed = line.committed - replace(line, collected=line.collected + quantity).committed
    if committed == 0 or not line.goods:
        return 0
    if (line.location, line.sku) == item:
        return committed
    uncommit(draft, key, line, committed, "left_elsewhere")
    return 0


def uncommit(
    draft: Draft,
    key: LineKey,
    line: Line,
    quantity: int,
    cause: Literal["cancelled", "left_elsewhere"],
) -> None:
    """Give back what was promised at the line's own location."""
    assert line.location is not None, key
    given_back = StockUncommitted(
        *draft.header, line.location, line.sku, *key, quantity=quantity, cause=cause
    )
    draft.stock(given_back)


def recommit(draft: Draft, key: LineKey, quantity: int) -> None:
    """Promise again what a void brought back."""
    line = draft.state.lines[key]
    if quantity > 0 and line.goods and line.location is not None:
        item = (line.location, line.sku)
        draft.stock(StockCommitted(*draft.header, *item, *key, quantity))


def _known(draft: Draft, request: LinesFact) -> tuple[LineQuantity, ...]:
    """The lines that are known; the others wait."""
    order_id = request.order_id
    known: list[LineQuantity] = []
    unknown: list[LineQuantity] = []
    for line in request.lines:
        (known if (order_id, line.line_id) in draft.state.lines else unknown).append(line)
    if unknown:
        wait(draft, replace(request, lines=tuple(unknown)), order_id)
    return tuple(known)
