"""Backorders: promised from what comes in, filled as soon as it is there (domain rule 8).

They are filled in the order of their promise dates, none last, then of their age: the first takes
all it needs, the next what is left. Filling respects what a channel leaves to others, so that a
backorder takes no more than a new order of that channel could; no parcel is counted for it.

A line is filled with what becomes available, not with what was there when it was backordered: that
it could not have, because the order may not be split or a location takes no other parcel today.
"""

from datetime import date, datetime
from itertools import accumulate

from ledger.domain.draft import Draft
from ledger.domain.entries import ItemKey, LineKey
from ledger.domain.events import (
    BackorderFilled,
    BackorderOverdue,
    OrderLineBackordered,
    StockCommitted,
)
from ledger.domain.orders.lines import Line
from ledger.domain.sourcing.channels import (
    available_to_sell,
    backordered,
    coming,
    is_limited,
    view_of,
)
from ledger.domain.state import State
from ledger.domain.stock.item import NOTHING


def backorder(draft: Draft, key: LineKey, quantity: int) -> None:
    """Promise so much of a line from what comes in, by the day of the supply that covers it."""
    line = draft.state.lines[key]
    promise, until = _covered(draft, key, line, line.backordered + quantity)
    waiting = OrderLineBackordered(*draft.header, *key, quantity, promise, until)
    draft.emit(waiting)


def fill_risen(draft: Draft, item_key: ItemKey) -> None:
    """What became available here in this decision goes to those that wait for it."""
    waits = draft.state.backorders.get(item_key[1])
    if waits and _available(draft.state, item_key) > _available(draft.before, item_key):
        fill(draft, item_key)


def _available(state: State, item_key: ItemKey) -> int:
    return state.stock.get(item_key, NOTHING).available


def fill(draft: Draft, item_key: ItemKey) -> None:
    """What is available here goes to those that wait for it."""
    location, sku = item_key
    for entry in draft.state.backorders.get(sku, ()):
        available = _available(draft.state, item_key)
        if available <= 0:
            return
        key = (entry.order_id, entry.line_id)
        line = draft.state.lines[key]
        if may_serve(draft.state, key, line, location):
            _fill(draft, key, line, location, available)


def _fill(draft: Draft, key: LineKey, line: Line, location: str, available: int) -> None:
    selling = draft.state.orders[key[0]].selling_channel
    quantity = min(available, line.backordered)
    if is_limited(draft.state, selling, line.sku):
        quantity = min(quantity, available_to_sell(draft.state, selling, line.sku))
    if quantity > 0:
        draft.emit(BackorderFilled(*draft.header, *key, quantity, location))
        draft.emit(StockCommitted(*draft.header, location, line.sku, *key, quantity))


def fill_all(draft: Draft) -> None:
    """A description changed who may serve: look at all that could be filled now."""
    for sku in sorted(draft.state.backorders):
        for location in sorted(draft.state.stocked.get(sku, ())):
            fill(draft, (location, sku))


def overdue(draft: Draft, key: LineKey) -> None:
    """The promised day is over: people are told, nothing else changes."""
    line = draft.state.lines.get(key)
    if line is not None and line.backordered and line.promise is not None:
        draft.emit(BackorderOverdue(*draft.header, *key, line.backordered, line.promise))


def may_serve(state: State, key: LineKey, line: Line, location: str) -> bool:
    """Whether a location may serve a line: the one it names, or any that ships for its channel."""
    if location in line.declined:
        return False
    site = view_of(state, state.orders[key[0]].selling_channel).sites.get(location)
    if site is None:
        return False
    if line.location is not None and line.location != location:
        return False
    return site.pickup if line.how == "pickup" else site.ships


def _covered(
    draft: Draft, key: LineKey, line: Line, quantity: int
) -> tuple[date | None, datetime | None]:
    """The first day by which enough comes for all that wait, this one included."""
    state = draft.state
    wanted = quantity - line.backordered + backordered(state, line.sku)
    wanted += sum(
        state.stock[(location, line.sku)].shortage
        for location in state.stocked.get(line.sku, ())
        if may_serve(state, key, line, location)
    )
    dues = sorted(
        (day, until, n)
        for location, day, until, n in coming(state, line.sku)
        if may_serve(state, key, line, location)
    )
    for (day, until, _), by_then in zip(dues, accumulate(n for _, _, n in dues), strict=True):
        if by_then >= wanted:
            return day, until
    return None, None
