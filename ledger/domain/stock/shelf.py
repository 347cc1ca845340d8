"""Facts about the shelf: receipts, corrections, moves between states, counts."""

from ledger.domain.draft import Draft
from ledger.domain.events import (
    LocationCounted,
    StockAdjusted,
    StockCounted,
    StockMoved,
    StockReceived,
)
from ledger.domain.requests import AdjustStock, CountLine, CountStock, MoveStock, ReceiveStock
from ledger.domain.stock.counts import next_after
from ledger.domain.stock.item import NOTHING, StockItem
from ledger.domain.supply import link_receipt
from ledger.domain.words import CountedState


def receive_stock(draft: Draft, request: ReceiveStock) -> None:
    """Goods came in, each line in its state; of the supply that they came from, so much less."""
    for line in request.lines:
        draft.names(request.location, line.sku)
        received = StockReceived(
            *draft.header,
            request.location,
            line.sku,
            line.line_id,
            line.quantity,
            line.state,
            line.unit_cost_minor,
            request.currency,
            request.supply_id,
            line.lot,
            line.serial,
        )
        draft.stock(received)
    if request.supply_id is not None:
        link_receipt(draft, request)


def adjust_stock(draft: Draft, request: AdjustStock) -> None:
    """Stock was corrected, for a reason (the door asks for one)."""
    assert request.reason is not None, request.request_id
    for line in request.lines:
        draft.names(request.location, line.sku)
        adjusted = StockAdjusted(
            *draft.header,
            request.location,
            line.sku,
            line.line_id,
            line.quantity,
            request.reason,
            line.state,
            line.unit_cost_minor,
            request.currency,
            line.lot,
            line.serial,
        )
        draft.stock(adjusted)


def move_stock(draft: Draft, request: MoveStock) -> None:
    """Stock changed its state; on_hand stays."""
    for line in request.lines:
        draft.names(request.location, line.sku)
        moved = StockMoved(
            *draft.header,
            request.location,
            line.sku,
            line.line_id,
            line.quantity,
            line.from_state,
            line.to_state,
        )
        draft.stock(moved)


def count_stock(draft: Draft, request: CountStock) -> None:
    """A count of named skus, or of the whole location: what is not named is counted 0."""
    for line in request.lines:
        draft.names(request.location, line.sku)
        _count(draft, request, line)
    if request.scope == "location":
        draft.names(request.location)
        _count_unnamed(draft, request)
        draft.emit(LocationCounted(*draft.header, request.location, len(request.lines)))


def _count_unnamed(draft: Draft, request: CountStock) -> None:
    named = {line.sku for line in request.lines if line.state == "on_hand"}
    unnamed = sorted(
        sku
        for location, sku in draft.state.stock
        if location == request.location and sku not in named
    )
    for sku in unnamed:
        item = draft.state.stock[(request.location, sku)]
        if item.on_hand != 0 or _expected(draft, request.location, sku, "on_hand") != 0:
            _count(draft, request, CountLine(sku=sku, quantity=0))


def _count(draft: Draft, request: CountStock, line: CountLine) -> None:
    """Anchor one quantity; behind a later count, that one's variance gives back this one's."""
    item_key = (request.location, line.sku)
    expected = _expected(draft, *item_key, line.state)
    variance = line.quantity - expected
    key = (*item_key, line.state)
    stamp = (draft.effective, draft.arrival.channel, request.request_id)
    later = next_after(draft.state.anchors_of(key), stamp)
    counted = StockCounted(
        *draft.header,
        *item_key,
        counted=line.quantity,
        expected=expected,
        variance=variance,
        state=line.state,
        unit_cost_minor=line.unit_cost_minor,
        currency=request.currency,
    )
    draft.emit(counted)
    draft.touch_item(item_key)
    if later is not None and variance != 0:
        draft.revise(key, later, -variance)


def _expected(draft: Draft, location: str, sku: str, counted: CountedState) -> int:
    """What the books say was there then: movements and variances up to this count."""
    key = (location, sku, counted)
    anchors = draft.state.anchors_of(key)
    item = draft.state.stock.get((location, sku), NOTHING)
    moved = quantity_of(item, counted) - sum(anchor.variance for anchor in anchors)
    moved_until = moved - draft.state.journal.sum_after(key, draft.effective)
    stamp = (draft.effective, draft.arrival.channel, draft.arrival.request.request_id)
    return moved_until + sum(anchor.variance for anchor in anchors if anchor.stamp < stamp)


def quantity_of(item: StockItem, counted: CountedState) -> int:
    """The quantity that a count of this state anchors."""
    if counted == "on_hand":
        return item.on_hand
    return item.damaged if counted == "damaged" else item.quality_control
