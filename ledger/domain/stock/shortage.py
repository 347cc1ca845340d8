"""Promises that the shelf cannot keep: whom a shortage hits, and who is served again (rule 1).

Whatever is short is taken from holds, newest first; then from transfers not yet shipped; then
from order lines: those not picked, those picked, those ready for pickup, each newest first. What
of an order is hit is served from elsewhere; else backordered, if it allows that; else it stays
promised and short until the shelf has it again.
"""

from collections.abc import Iterator

from ledger.domain.draft import Draft
from ledger.domain.entries import ItemKey, LineKey, Reservation
from ledger.domain.events import (
    HoldReleased,
    LineShort,
    ShortageCleared,
    ShortageFound,
    ShortLine,
    ShortReservation,
    StockReleased,
)
from ledger.domain.orders.allocating import uncommit
from ledger.domain.orders.lines import Allocation
from ledger.domain.sourcing.backorders import backorder
from ledger.domain.sourcing.resourcing import serve_elsewhere
from ledger.domain.state import State
from ledger.domain.stock.promises import newest_first

Hits = dict[LineKey, int]


def settle_shortage(draft: Draft, key: ItemKey) -> None:
    """Have the lines marked short add up to the item's shortage; nothing to do if they do.

    A shelf below zero is short of more than was promised: nobody can be short of that.
    """
    item = draft.state.stock[key]
    missing = min(item.shortage, item.committed + item.reserved) - item.short
    if missing > 0:
        _found(draft, key, missing)
    elif missing < 0:
        _cleared(draft, key, -missing)


def _found(draft: Draft, key: ItemKey, missing: int) -> None:
    reservations = _hit_reservations(draft.state, key, missing)
    hits = _hit_lines(draft.state, key, missing - sum(reservations.values()))
    said = tuple(
        ShortReservation(held_for=held_for, holder=holder, line_id=line_id, quantity=n)
        for (held_for, holder, line_id), n in reservations.items()
    )
    draft.emit(ShortageFound(*draft.header, *key, missing, _short_lines(hits), said))
    for reservation, quantity in reservations.items():
        _release(draft, key, reservation, quantity)
    short = sum(_react(draft, key, line_key, n) for line_key, n in hits.items())
    if short < missing:
        draft.emit(ShortageCleared(*draft.header, *key, missing - short, ()))


def _release(draft: Draft, key: ItemKey, reservation: Reservation, quantity: int) -> None:
    held_for, holder, line_id = reservation
    if held_for == "hold":
        draft.emit(HoldReleased(*draft.header, holder, line_id, quantity, "short"))
    draft.emit(StockReleased(*draft.header, *key, held_for, holder, line_id, quantity, "short"))


def _react(draft: Draft, key: ItemKey, line_key: LineKey, quantity: int) -> int:
    """Serve it from elsewhere, else backorder it; gives back how much stays short."""
    location = key[0]
    left = quantity - serve_elsewhere(draft, line_key, location, quantity, "resourced")
    order = draft.state.orders[line_key[0]]
    if left and order.allow_backorder:
        uncommit(draft, line_key, location, left, "backordered")
        backorder(draft, line_key, left)
        left = 0
    if left:
        _mark(draft, line_key, location, left)
    return left


def _cleared(draft: Draft, key: ItemKey, cleared: int) -> None:
    freed: Hits = {}
    left = cleared
    for line_key, there in reversed(list(_promised(draft.state, key))):
        given = min(left, there.short)
        if given > 0:
            freed[line_key] = given
            left -= given
    assert left == 0, (key, left)
    draft.emit(ShortageCleared(*draft.header, *key, cleared, _short_lines(freed)))
    for line_key, n in freed.items():
        _mark(draft, line_key, key[0], -n)


def _mark(draft: Draft, line_key: LineKey, location: str, change: int) -> None:
    there = draft.state.lines[line_key].allocation(location)
    assert there is not None, (line_key, location)
    draft.emit(LineShort(*draft.header, *line_key, there.short + change, location))


def _hit_reservations(state: State, key: ItemKey, missing: int) -> dict[Reservation, int]:
    """Holds, newest first, then transfers, newest first."""
    item = state.stock[key]
    hits: dict[Reservation, int] = {}
    if item.reserved == 0:
        return hits
    holders = list(
        newest_first(state.reservations, state.reservations_over, key, item.reservations)
    )
    for held_for in ("hold", "transfer"):
        for holder in holders:
            taken = min(missing, _reserved(state, holder, key)) if holder[0] == held_for else 0
            if taken > 0:
                hits[holder] = taken
                missing -= taken
    return hits


def _reserved(state: State, holder: Reservation, key: ItemKey) -> int:
    held_for, name, line_id = holder
    if held_for == "transfer":
        return state.transfer_lines[(name, line_id)].reserved
    parts = state.holds[(name, line_id)].parts
    return sum(part.quantity for part in parts if part.location == key[0])


def _hit_lines(state: State, key: ItemKey, missing: int) -> Hits:
    """Newest first: what is not picked, then what is picked, then what is ready."""
    if missing == 0:
        return {}
    lines = list(_promised(state, key))
    hits: Hits = {}
    for kept in (_picked, _ready, _nothing):
        for line_key, there in lines:
            room = there.committed - there.short - hits.get(line_key, 0) - kept(there)
            taken = min(missing, room)
            if taken > 0:
                hits[line_key] = hits.get(line_key, 0) + taken
                missing -= taken
    assert missing == 0, (key, missing)
    return hits


def _picked(there: Allocation) -> int:
    return there.waiting_picked


def _ready(there: Allocation) -> int:
    return there.waiting_ready


def _nothing(_there: Allocation) -> int:
    return 0


def _promised(state: State, key: ItemKey) -> Iterator[tuple[LineKey, Allocation]]:
    """The lines with something committed here, newest first, until all of it is seen."""
    item = state.stock[key]
    unseen = item.committed
    for line_key in newest_first(state.promises, state.promises_over, key, item.promises):
        if unseen <= 0:
            return
        there = state.lines[line_key].allocation(key[0])
        assert there is not None, (line_key, key)
        unseen -= there.committed
        yield line_key, there


def _short_lines(hits: Hits) -> tuple[ShortLine, ...]:
    return tuple(
        ShortLine(order_id=order_id, line_id=line_id, quantity=n)
        for (order_id, line_id), n in hits.items()
    )
