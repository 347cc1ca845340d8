"""Backorders: promised from what comes in, filled as soon as it is there (domain rule 8).

They are filled in the order of their promise dates, none last, then of their age: the first takes
all it needs, the next what is left. Filling respects what a channel leaves to others, so that a
backorder takes no more than a new order of that channel could; no parcel is counted for it.
"""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import accumulate

from ledger.domain.channels import available_to_sell, is_limited, view_of
from ledger.domain.draft import Draft
from ledger.domain.entries import ItemKey, LineKey
from ledger.domain.events import (
    BackorderFilled,
    BackorderOverdue,
    OrderLineBackordered,
    StockCommitted,
)
from ledger.domain.orders import Line
from ledger.domain.state import State
from ledger.domain.stock import NOTHING

Due = tuple[date, datetime, int]
"""The day it is due, when that day is over there, and how much."""


def backorder(draft: Draft, key: LineKey, quantity: int) -> None:
    """Promise so much of a line from what comes in, by the day of the supply that covers it."""
    line = draft.state.lines[key]
    promise, until = _covered(draft, key, line, line.backordered + quantity)
    waiting = OrderLineBackordered(*draft.header, *key, quantity, promise, until)
    draft.emit(waiting)


def fill(draft: Draft, item_key: ItemKey) -> None:
    """What became available here goes to those that wait for it."""
    location, sku = item_key
    for entry in draft.state.backorders.get(sku, ()):
        available = draft.state.stock.get(item_key, NOTHING).available
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


def touch_backorders(draft: Draft) -> None:
    """A description changed who may serve: look at all that could be filled now."""
    for sku in list(draft.state.backorders):
        for location in draft.state.stocked.get(sku, ()):
            draft.touch_item((location, sku))


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
    if line.location is not None:
        return line.location == location
    return site.ships


def _covered(
    draft: Draft, key: LineKey, line: Line, quantity: int
) -> tuple[date | None, datetime | None]:
    """The first day by which enough comes for all that wait, this one included."""
    state = draft.state
    ahead = sum(
        state.lines[(other.order_id, other.line_id)].backordered
        for other in state.backorders.get(line.sku, ())
        if (other.order_id, other.line_id) != key
    )
    short = sum(
        state.stock[(location, line.sku)].shortage
        for location in state.stocked.get(line.sku, ())
        if may_serve(state, key, line, location)
    )
    dues = sorted(
        (day, until, n)
        for location, day, until, n in dated(state, line.sku, draft.arrival.recorded_at)
        if may_serve(state, key, line, location)
    )
    for (day, until, _), sum_by_then in zip(dues, accumulate(n for _, _, n in dues), strict=True):
        if sum_by_then >= ahead + short + quantity:
            return day, until
    return None, None


def dated(state: State, sku: str, now: datetime) -> Iterator[tuple[str, date, datetime, int]]:
    """What of a sku comes where, by when: (location, day, when that day is over, how much).

    What is overdue is not counted on, nor what has no date.
    """
    for kind, source_id, line_id in state.incoming.get(sku, ()):
        if kind == "supply":
            line = state.supply_lines[(source_id, line_id)]
            if line.due is not None and line.due_until is not None and line.due_until > now:
                yield line.location, line.due, line.due_until, line.incoming
        else:
            transfer = state.transfers[source_id]
            on_its_way = state.transfer_lines[(source_id, line_id)].in_transit
            if (
                transfer.due is not None
                and transfer.due_until is not None
                and transfer.due_until > now
            ):
                yield transfer.to_location, transfer.due, transfer.due_until, on_its_way
