"""What stock events change in the writer's knowledge."""

from msgspec.structs import replace

from ledger.domain.entries import Held, ItemKey
from ledger.domain.events import (
    AnyStockEvent,
    LocationCounted,
    StockCollected,
    StockCommitted,
    StockCounted,
    StockCountRevised,
    StockReleased,
    StockReserved,
    StockSent,
    StockShipped,
    StockSold,
    StockUncommitted,
)
from ledger.domain.evolve.lines import put_line
from ledger.domain.orders.lines import given_back, promised
from ledger.domain.orders.lines import uncommitted as line_uncommitted
from ledger.domain.state import State
from ledger.domain.stock import promises
from ledger.domain.stock.counts import Anchor, CountedKey, with_anchor
from ledger.domain.stock.item import NOTHING, StockItem, effective_at, effects_of, moved, stamp_of


def item_changes(state: State, event: AnyStockEvent) -> StockItem:
    """The item's quantities, and what of it can be offered."""
    key = (event.location, event.sku)
    item = state.stock.get(key)
    if item is None:
        item = NOTHING
        state.products.setdefault(event.sku, False)
        state.learn_location(event.location)
        state.stocked[event.sku] = (*state.stocked.get(event.sku, ()), event.location)
    item = moved(item, event)
    state.stock_changed(key, item)
    return item


def stock_moves(state: State, event: AnyStockEvent) -> None:
    """A movement, noted at its effective time for counts to come."""
    item_changes(state, event)
    time = effective_at(event)
    for counted, delta in effects_of(event):
        state.journal.add((event.location, event.sku, counted), time, delta)


def counted(state: State, event: StockCounted) -> None:
    """A count is an anchor."""
    item_changes(state, event)
    key = (event.location, event.sku, event.state)
    _anchor(state, key, Anchor(stamp_of(event), event.variance))


def count_revised(state: State, event: StockCountRevised) -> None:
    """An anchor's variance is another."""
    item_changes(state, event)
    stamp = (event.counted_at, event.count_channel, event.count_request_id)
    _anchor(state, (event.location, event.sku, event.state), Anchor(stamp, event.variance))


def _anchor(state: State, key: CountedKey, anchor: Anchor) -> None:
    state.anchors[key] = with_anchor(state.anchors.get(key, ()), anchor)


def location_counted(state: State, event: LocationCounted) -> None:
    """The whole location is anchored."""
    state.learn_location(event.location)
    anchors = state.location_counts.get(event.location, ())
    state.location_counts[event.location] = with_anchor(anchors, Anchor(stamp_of(event)))


def committed(state: State, event: StockCommitted) -> None:
    """A line is promised here."""
    item = item_changes(state, event)
    key = (event.order_id, event.line_id)
    line = state.lines[key]
    before = line.allocation(event.location)
    if before is None or before.promise == 0:
        state.promises[(event.location, event.sku, item.promises)] = key
    else:
        item_key = (event.location, event.sku)
        promises.count_over(state.promises_over, item_key, item.promises)
    state.lines[key] = promised(line, event.location, event.quantity, item.promises)


def uncommitted(state: State, event: StockUncommitted) -> None:
    """So much less of a line is promised here."""
    item_changes(state, event)
    key = (event.order_id, event.line_id)
    line = state.lines[key]
    put_line(state, key, line, line_uncommitted(line, event))


def left_for_order(state: State, event: StockShipped | StockCollected) -> None:
    """Goods left, and took their promise along."""
    stock_moves(state, event)
    if event.committed:
        key = (event.order_id, event.line_id)
        _given_back(state, key, event.location, event.committed)


def sold(state: State, event: StockSold) -> None:
    """Goods left, and took along the promise to the line that they fulfil."""
    stock_moves(state, event)
    if event.committed:
        assert event.order_id is not None, event
        assert event.order_line_id is not None, event
        key = (event.order_id, event.order_line_id)
        _given_back(state, key, event.location, event.committed)


def _given_back(state: State, key: tuple[str, str], location: str, quantity: int) -> None:
    line = state.lines[key]
    put_line(state, key, line, given_back(line, location, quantity))


def reserved(state: State, event: StockReserved) -> None:
    """So much is held, for an owner or a transfer."""
    item = item_changes(state, event)
    item_key = (event.location, event.sku)
    holder = (event.held_for, event.holder, event.line_id)
    state.reservations[(*item_key, item.reservations)] = holder
    if event.held_for == "hold":
        key = (event.holder, event.line_id)
        hold = state.holds[key]
        part = Held(event.location, event.quantity, item.reservations)
        state.holds[key] = replace(hold, parts=(*hold.parts, part))
    else:
        key = (event.holder, event.line_id)
        line = state.transfer_lines[key]
        state.transfer_lines[key] = replace(
            line, reserved=line.reserved + event.quantity, number=item.reservations
        )


def released(state: State, event: StockReleased) -> None:
    """So much less is held."""
    item_changes(state, event)
    if event.held_for == "hold":
        _hold_released(state, event)
    else:
        key = (event.holder, event.line_id)
        transfer_released(state, key, (event.location, event.sku), event.quantity)


def _hold_released(state: State, event: StockReleased) -> None:
    key = (event.holder, event.line_id)
    hold = state.holds[key]
    item_key = (event.location, event.sku)
    parts = []
    for part in hold.parts:
        if part.location != event.location:
            parts.append(part)
        elif part.quantity > event.quantity:
            parts.append(replace(part, quantity=part.quantity - event.quantity))
        else:
            promises.end(state.reservations, state.reservations_over, item_key, part.number)
    if parts:
        state.holds[key] = replace(hold, parts=tuple(parts))
        return
    del state.holds[key]
    state.end_deadline((hold.expires_at, "hold", *key))
    lines = state.owners[event.holder]
    index = lines.index(event.line_id)
    left = lines[:index] + lines[index + 1 :]
    if left:
        state.owners[event.holder] = left
    else:
        del state.owners[event.holder]


def sent(state: State, event: StockSent) -> None:
    """Goods left in a transfer, and took their reservation along."""
    stock_moves(state, event)
    if event.reserved:
        key = (event.transfer_id, event.line_id)
        transfer_released(state, key, (event.location, event.sku), event.reserved)


def transfer_released(state: State, key: tuple[str, str], item_key: ItemKey, quantity: int) -> None:
    """So much less is held for a transfer's line."""
    line = state.transfer_lines[key]
    left = line.reserved - quantity
    if left == 0:
        promises.end(state.reservations, state.reservations_over, item_key, line.number)
    number = line.number if left else 0
    state.transfer_lines[key] = replace(line, reserved=left, number=number)
