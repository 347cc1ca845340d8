"""`evolve(state, event)`: what the writer knows after an event. Live and on replay alike."""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from ledger.domain import promises
from ledger.domain.counts import Anchor, CountedKey, with_anchor
from ledger.domain.events import (
    AnyEvent,
    AnyStockEvent,
    ChannelDescribed,
    CollectionVoided,
    CustomerRegistered,
    ExceptionRaised,
    ExceptionResolved,
    InputRefused,
    LineCollected,
    LineReturned,
    LineShipped,
    LineShort,
    LocationCounted,
    LocationDescribed,
    OrderLineCancelled,
    OrderPlaced,
    PaymentRecorded,
    PickupReady,
    ProductDescribed,
    RequestAccepted,
    RequestRefused,
    ReturnRecorded,
    SafetyStockSet,
    SaleRecorded,
    SaleVoided,
    ShortageCleared,
    ShortageFound,
    StockAdjusted,
    StockCollected,
    StockCommitted,
    StockCounted,
    StockCountRevised,
    StockMoved,
    StockReceived,
    StockReturned,
    StockSaleVoided,
    StockShipped,
    StockSold,
    StockUncommitted,
)
from ledger.domain.orders import Line, LineEvent, Order, changed, ordered_line, sold_line, voided
from ledger.domain.promises import LineKey
from ledger.domain.state import (
    About,
    ChannelPolicy,
    ExceptionRef,
    LocationPolicy,
    State,
    Waiting,
)
from ledger.domain.stock import NOTHING, StockItem, effective_at, effects_of, moved, stamp_of
from ledger.domain.words import sale_id

STANDING: Final = frozenset(
    {"unknown_sku", "unknown_location", "discrepancy", "overshipped", "over_returned"}
)
"""Exceptions that stand as long as what they say is so; `unlinked` ends by a join; the others say
what was so once."""


def evolve(state: State, event: AnyEvent) -> None:
    """Change the state by one event of its network's ledger, in order of positions."""
    _EVOLVE[type(event)](state, event)


def about(event: ExceptionRaised | ExceptionResolved) -> About:
    """What the exception is about; of one kind at most one stands about a thing."""
    return About(event.order_id, event.line_id, event.location, event.sku, event.state)


def _nothing(_state: State, _event: AnyEvent) -> None:
    """Nothing that a later decision needs."""


def _item_changes(state: State, event: AnyStockEvent) -> StockItem:
    key = (event.location, event.sku)
    item = state.stock.get(key)
    if item is None:
        item = NOTHING
        state.products.setdefault(event.sku, False)
        state.locations.setdefault(event.location, LocationPolicy())
    item = moved(item, event)
    state.stock[key] = item
    return item


def _stock_moves(state: State, event: AnyStockEvent) -> None:
    _item_changes(state, event)
    time = effective_at(event)
    for counted, delta in effects_of(event):
        state.journal.add((event.location, event.sku, counted), time, delta)


def _counted(state: State, event: StockCounted) -> None:
    _item_changes(state, event)
    _anchor(
        state, (event.location, event.sku, event.state), Anchor(stamp_of(event), event.variance)
    )


def _count_revised(state: State, event: StockCountRevised) -> None:
    _item_changes(state, event)
    stamp = (event.counted_at, event.count_channel, event.count_request_id)
    _anchor(state, (event.location, event.sku, event.state), Anchor(stamp, event.variance))


def _anchor(state: State, key: CountedKey, anchor: Anchor) -> None:
    state.anchors[key] = with_anchor(state.anchors.get(key, ()), anchor)


def _committed(state: State, event: StockCommitted) -> None:
    item = _item_changes(state, event)
    key = (event.order_id, event.line_id)
    line = state.lines[key]
    if line.promise == 0:
        state.promises[(event.location, event.sku, item.promises)] = key
        state.lines[key] = replace(line, promise=item.promises)
    else:
        item_key = (event.location, event.sku)
        promises.count_over(state.promises_over, item_key, item.promises)


def _line_changes(state: State, event: LineEvent) -> None:
    key = (event.order_id, event.line_id)
    line = state.lines[key]
    _put_line(state, key, line, changed(line, event))


def _put_line(state: State, key: LineKey, before: Line, after: Line) -> None:
    """Keep the line, what its stock item knows of its shortage, and its promise while it lasts."""
    if before.short != after.short and before.location is not None:
        item_key = (before.location, before.sku)
        item = state.stock[item_key]
        state.stock[item_key] = replace(item, short=item.short + after.short - before.short)
    if after.promise and after.committed == 0 and before.location is not None:
        item_key = (before.location, before.sku)
        promises.end(state.promises, state.promises_over, item_key, after.promise)
        after = replace(after, promise=0)
    state.lines[key] = after


def _order_placed(state: State, event: OrderPlaced) -> None:
    order_id = event.order_id
    state.orders[order_id] = Order("order", tuple([line.line_id for line in event.lines]))
    for line in event.lines:
        state.lines[(order_id, line.line_id)] = ordered_line(line)


def _sale_recorded(state: State, event: SaleRecorded) -> None:
    order_id = sale_id(event.channel, event.request_id)
    line_ids = tuple(line.line_id for line in event.lines)
    state.orders[order_id] = Order("sale", line_ids, event.location, effective_at(event))
    for line in event.lines:
        state.lines[(order_id, line.line_id)] = sold_line(line, event.location)


def _sale_voided(state: State, event: SaleVoided) -> None:
    order_id = sale_id(event.sale_channel, event.sale_request_id)
    for cut in event.lines:
        key = (order_id, cut.line_id)
        state.lines[key] = voided(state.lines[key], cut.quantity)


def _payment_recorded(state: State, event: PaymentRecorded) -> None:
    state.payments[event.payment_id] = event.order_id


def _location_described(state: State, event: LocationDescribed) -> None:
    stamp = stamp_of(event)
    known = state.locations.get(event.location)
    if known is None or known.stamp is None or stamp >= known.stamp:
        state.locations[event.location] = LocationPolicy(
            stamp, event.active, event.ships, event.pickup
        )


def _location_counted(state: State, event: LocationCounted) -> None:
    state.locations.setdefault(event.location, LocationPolicy())
    anchors = state.location_counts.get(event.location, ())
    state.location_counts[event.location] = with_anchor(anchors, Anchor(stamp_of(event)))


def _product_described(state: State, event: ProductDescribed) -> None:
    state.products[event.sku] = True


def _channel_described(state: State, event: ChannelDescribed) -> None:
    stamp = stamp_of(event)
    for location in event.locations or ():
        state.locations.setdefault(location, LocationPolicy())
    known = state.channels.get(event.described)
    if known is None or stamp >= known.stamp:
        served = None if event.locations is None else frozenset(event.locations)
        state.channels[event.described] = ChannelPolicy(stamp, served)


def _exception_raised(state: State, event: ExceptionRaised) -> None:
    """Keep a fact that waits, or what stands; what a fact has named is known from then on."""
    if event.kind == "unknown_location" and event.location is not None:
        state.locations.setdefault(event.location, LocationPolicy())
    elif event.kind == "unknown_sku" and event.sku is not None:
        state.products.setdefault(event.sku, False)
    ref = ExceptionRef(event.channel, event.request_id, event.number)
    if event.fact is not None and event.order_id is not None:
        channel = event.fact_channel or event.channel
        waiting = Waiting(event.fact, channel, effective_at(event), ref)
        before = state.waiting.get(event.order_id, ())
        state.waiting[event.order_id] = (*before, waiting)
    elif event.kind in STANDING:
        state.exceptions[(event.kind, about(event))] = ref


def _exception_resolved(state: State, event: ExceptionResolved) -> None:
    if event.kind in STANDING:
        state.exceptions.pop((event.kind, about(event)), None)
        return
    ref = ExceptionRef(event.raised_channel, event.raised_request_id, event.number)
    assert event.order_id is not None, event
    left = tuple(w for w in state.waiting.get(event.order_id, ()) if w.exception != ref)
    if left:
        state.waiting[event.order_id] = left
    else:
        state.waiting.pop(event.order_id, None)


_EVOLVE: Final[dict[type, Callable[[State, Any], Any]]] = {
    RequestAccepted: _nothing,
    RequestRefused: _nothing,
    InputRefused: _nothing,
    StockReceived: _stock_moves,
    StockAdjusted: _stock_moves,
    StockMoved: _stock_moves,
    StockSold: _stock_moves,
    StockSaleVoided: _stock_moves,
    StockReturned: _stock_moves,
    StockShipped: _stock_moves,
    StockCollected: _stock_moves,
    StockCounted: _counted,
    StockCountRevised: _count_revised,
    StockCommitted: _committed,
    StockUncommitted: _item_changes,
    SafetyStockSet: _item_changes,
    ShortageFound: _nothing,
    ShortageCleared: _nothing,
    LocationDescribed: _location_described,
    LocationCounted: _location_counted,
    ProductDescribed: _product_described,
    ChannelDescribed: _channel_described,
    CustomerRegistered: _nothing,
    SaleRecorded: _sale_recorded,
    SaleVoided: _sale_voided,
    ReturnRecorded: _nothing,
    OrderPlaced: _order_placed,
    OrderLineCancelled: _line_changes,
    PaymentRecorded: _payment_recorded,
    LineShipped: _line_changes,
    PickupReady: _line_changes,
    LineCollected: _line_changes,
    CollectionVoided: _line_changes,
    LineShort: _line_changes,
    LineReturned: _line_changes,
    ExceptionRaised: _exception_raised,
    ExceptionResolved: _exception_resolved,
}
