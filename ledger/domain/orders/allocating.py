"""Promises to order lines: made at a location, given back, taken along by goods that leave."""

from msgspec.structs import replace

from ledger.domain.draft import Draft
from ledger.domain.entries import ItemKey, LineKey
from ledger.domain.events import StockCommitted, StockUncommitted
from ledger.domain.events.stock import UncommitCause
from ledger.domain.orders.lines import Line


def commit(draft: Draft, key: LineKey, location: str, quantity: int) -> None:
    """Promise so much of a line at a location."""
    sku = draft.state.lines[key].sku
    draft.stock(StockCommitted(*draft.header, location, sku, *key, quantity))


def uncommit(
    draft: Draft, key: LineKey, location: str, quantity: int, cause: UncommitCause
) -> None:
    """Give back so much of what a line was promised at a location, what is picked last.

    What was not collected in time had been picked, all of it.
    """
    line = draft.state.lines[key]
    there = line.allocation(location)
    assert there is not None, (key, location)
    picked = quantity
    if cause != "expired":
        picked = max(0, quantity - (there.committed - there.waiting_picked))
    given_back = StockUncommitted(
        *draft.header,
        location,
        line.sku,
        *key,
        quantity=quantity,
        cause=cause,
        picked=picked,
    )
    draft.stock(given_back)
    draft.touch_line(key)


def give_back(draft: Draft, key: LineKey, quantity: int, cause: UncommitCause) -> None:
    """Give back so much, of wherever it was promised last first; what is picked goes last."""
    allocations = draft.state.lines[key].allocations
    for picked in (False, True):
        for there in reversed(allocations):
            room = there.waiting_picked if picked else there.committed - there.waiting_picked
            taken = min(quantity, room)
            if taken > 0:
                uncommit(draft, key, there.location, taken, cause)
                quantity -= taken
    assert quantity == 0, (key, quantity)


def leave(draft: Draft, key: LineKey, item: ItemKey | None, quantity: int) -> int:
    """How much of the line's promise goes along with goods leaving this item.

    What was promised elsewhere, or left before (None), is uncommitted at once.
    """
    line = draft.state.lines[key]
    if not line.goods:
        return 0
    no_longer = line.committed - replace(line, collected=line.collected + quantity).committed
    along = 0
    if item is not None and item[1] == line.sku:
        along = min(no_longer, line.committed_at(item[0]))
    if no_longer > along:
        _give_back_elsewhere(draft, key, item, no_longer - along)
    return along


def _give_back_elsewhere(draft: Draft, key: LineKey, item: ItemKey | None, quantity: int) -> None:
    """Other locations first; the rest of this one's is what another sku took the place of."""
    line = draft.state.lines[key]
    here = None if item is None or item[1] != line.sku else item[0]
    for there in reversed(line.allocations):
        taken = min(quantity, there.committed) if there.location != here else 0
        if taken > 0:
            uncommit(draft, key, there.location, taken, "left_elsewhere")
            quantity -= taken
    assert quantity == 0, (key, quantity)


def come_back(draft: Draft, key: LineKey, before: Line, location: str | None) -> None:
    """Promise again, where the goods are back, what a void took from what had left."""
    after = draft.state.lines[key]
    quantity = after.committed - before.committed
    if quantity > 0 and after.goods and location is not None:
        commit(draft, key, location, quantity)
