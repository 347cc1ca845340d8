"""What order events change in the writer's knowledge: lines, and all that hangs on them."""

from bisect import bisect_left, insort
from datetime import date

from msgspec.structs import replace

from ledger.domain.entries import Backorder, LineKey, Shipment
from ledger.domain.events import (
    LineShipped,
    OrderChanged,
    OrderLineBackordered,
    OrderLineSourced,
    OrderPlaced,
    PaymentRecorded,
    PickupReady,
    SaleRecorded,
    SaleVoided,
    ShipmentVoided,
)
from ledger.domain.orders.lines import (
    Line,
    LineEvent,
    Order,
    changed,
    ordered_line,
    sold_line,
    voided,
)
from ledger.domain.state import State
from ledger.domain.stock import promises
from ledger.domain.stock.item import effective_at
from ledger.domain.words import sale_id

NO_PROMISE = date.max
"""Stands for no promise date: such backorders are filled last."""


def line_changes(state: State, event: LineEvent) -> None:
    """A line's quantities."""
    key = (event.order_id, event.line_id)
    line = state.lines[key]
    put_line(state, key, line, changed(line, event))


def put_line(state: State, key: LineKey, before: Line, after: Line) -> None:
    """Keep the line, and what its stock items know of its promises and its shortage."""
    if before.allocations is not after.allocations:
        after = _allocations_change(state, before, after)
    if before.backorder or after.backorder_asked:
        after = _backorder_changes(state, key, before, after)
    state.lines[key] = after


def _allocations_change(state: State, before: Line, after: Line) -> Line:
    allocations = []
    for there in after.allocations:
        item_key = (there.location, after.sku)
        was = before.allocation(there.location)
        short = 0 if was is None else was.short
        if there.short != short:
            item = state.stock[item_key]
            state.stock[item_key] = replace(item, short=item.short + there.short - short)
        if there.promise and there.committed == 0:
            promises.end(state.promises, state.promises_over, item_key, there.promise)
            allocations.append(replace(there, promise=0))
        else:
            allocations.append(there)
    return replace(after, allocations=tuple(allocations))


def _backorder_changes(state: State, key: LineKey, before: Line, after: Line) -> Line:
    """Keep the line among the backorders of its sku exactly as long as it waits."""
    if after.backordered != before.backordered:
        _waits_for(state, after.sku, after.backordered - before.backordered)
    entry = _backorder(key, before)
    promised_anew = (after.promise, after.promised_until) != (before.promise, before.promised_until)
    if entry is not None and (after.backordered == 0 or promised_anew):
        waiting = _without(state.backorders[before.sku], entry)
        if waiting:
            state.backorders[before.sku] = waiting
        else:
            del state.backorders[before.sku]
        if before.promised_until is not None:
            state.end_deadline((before.promised_until, "backorder", *key))
        entry = None
        after = replace(after, backorder=0)
    if entry is None and after.backordered > 0:
        number = before.backorder or state.next_backorder()
        after = replace(after, backorder=number)
        added = _backorder(key, after)
        assert added is not None, key
        waiting_now = list(state.backorders.get(after.sku, ()))
        insort(waiting_now, added)
        state.backorders[after.sku] = tuple(waiting_now)
        if after.promised_until is not None:
            state.set_deadline((after.promised_until, "backorder", *key))
    return after


def _waits_for(state: State, sku: str, more: int) -> None:
    """So much more of a sku is waited for, over all lines."""
    in_all = state.backordered.get(sku, 0) + more
    if in_all:
        state.backordered[sku] = in_all
    else:
        del state.backordered[sku]


def _without(waiting: tuple[Backorder, ...], entry: Backorder) -> tuple[Backorder, ...]:
    """All but this one; they stand in their order, so that it is found without looking at all."""
    index = bisect_left(waiting, entry)
    assert waiting[index] == entry, entry
    return waiting[:index] + waiting[index + 1 :]


def _backorder(key: LineKey, line: Line) -> Backorder | None:
    return Backorder(line.promise or NO_PROMISE, line.backorder, *key) if line.backorder else None


def order_placed(state: State, event: OrderPlaced) -> None:
    """An order is known, and its lines."""
    order_id = event.order_id
    state.orders[order_id] = Order(
        "order",
        tuple([line.line_id for line in event.lines]),
        None,
        None,
        event.selling_channel,
        event.ship_to,
        event.allow_split,
        event.allow_backorder,
        event.customer_id,
    )
    for line in event.lines:
        state.lines[(order_id, line.line_id)] = ordered_line(line)


def order_changed(state: State, event: OrderChanged) -> None:
    """An order has more lines."""
    order = state.orders[event.order_id]
    line_ids = (*order.line_ids, *(line.line_id for line in event.added))
    state.orders[event.order_id] = replace(order, line_ids=line_ids)
    for line in event.added:
        state.lines[(event.order_id, line.line_id)] = ordered_line(line)


def sourced(state: State, event: OrderLineSourced) -> None:
    """A parcel more counts toward the location's day."""
    if event.day is not None:
        parcel = (event.location, event.day)
        state.parcels[parcel] = state.parcels.get(parcel, 0) + 1


def shipped(state: State, event: LineShipped) -> None:
    """What left in a shipment can be voided, or delivered, later."""
    line_changes(state, event)
    key = (event.order_id, event.line_id, event.shipment_id)
    shipment = state.shipments.get(key) or Shipment()
    parcel = shipment.parcel(event.location)
    left = dict(parcel.left)
    at = effective_at(event)
    left[at] = left.get(at, 0) + event.quantity
    state.shipments[key] = shipment.having(replace(parcel, left=tuple(sorted(left.items()))))


def shipment_voided(state: State, event: ShipmentVoided) -> None:
    """So much of it never left."""
    line_changes(state, event)
    key = (event.order_id, event.line_id, event.shipment_id)
    shipment = state.shipments[key]
    parcel = shipment.parcel(event.location)
    voided = replace(parcel, voided=parcel.voided + event.quantity)
    state.shipments[key] = shipment.having(voided)


def pickup_ready(state: State, event: PickupReady) -> None:
    """Prepared, until a deadline if there is one."""
    line_changes(state, event)
    if event.until is not None and event.until > event.recorded_at:
        state.set_deadline((event.until, "pickup", event.order_id, event.line_id))


def sale_recorded(state: State, event: SaleRecorded) -> None:
    """A sale stands among the orders."""
    order_id = sale_id(event.channel, event.request_id)
    line_ids = tuple(line.line_id for line in event.lines)
    at = effective_at(event)
    state.orders[order_id] = Order(
        "sale",
        line_ids,
        event.location,
        at,
        event.selling_channel,
        customer_id=event.customer_id,
    )
    for line in event.lines:
        state.lines[(order_id, line.line_id)] = sold_line(line, event.location)


def sale_voided(state: State, event: SaleVoided) -> None:
    """Lines of a sale never happened."""
    order_id = sale_id(event.sale_channel, event.sale_request_id)
    for cut in event.lines:
        key = (order_id, cut.line_id)
        state.lines[key] = voided(state.lines[key], cut.quantity)


def payment_recorded(state: State, event: PaymentRecorded) -> None:
    """Which order a payment named last."""
    state.payments[event.payment_id] = event.order_id


__all__ = [
    "NO_PROMISE",
    "OrderLineBackordered",
    "line_changes",
    "order_changed",
    "order_placed",
    "payment_recorded",
    "pickup_ready",
    "put_line",
    "sale_recorded",
    "sale_voided",
    "shipment_voided",
    "shipped",
    "sourced",
]
