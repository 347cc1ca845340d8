"""What follows from all effects of a decision together, once they are all there."""

from ledger.domain.draft import PARTS, Draft
from ledger.domain.entries import About, ItemKey, LineKey
from ledger.domain.events import AnyEvent, ExceptionKind
from ledger.domain.sourcing.backorders import fill_risen
from ledger.domain.stock.shortage import settle_shortage


def settle(draft: Draft) -> tuple[AnyEvent, ...]:
    """Shortages hit whom they hit, backorders are filled, exceptions stand as long as they are so.

    Serving a promise from elsewhere touches other items, which are looked at in turn; each takes
    only what is available there, so this ends. Only then is filled: who is backordered for one
    item's shortage may have what became available of another.
    """
    items = draft.items
    looked_at: dict[ItemKey, None] = {}
    while items:
        key = next(iter(items))
        del items[key]
        looked_at[key] = None
        settle_shortage(draft, key)
    for key in looked_at:
        fill_risen(draft, key)
        _discrepancies(draft, key)
    for line_key in draft.lines:
        _excess(draft, line_key)
        _served_again(draft, line_key)
    return tuple(draft.events)


def _discrepancies(draft: Draft, key: ItemKey) -> None:
    location, sku = key
    item = draft.state.stock[key]
    for state in PARTS:
        about = About(location=location, sku=sku, state=state)
        quantity = item.damaged if state == "damaged" else item.quality_control
        if quantity < 0:
            detail = f"{state} of {sku!r} at {location!r} is {quantity}; count or move it"
            draft.exception("discrepancy", detail, about, quantity=quantity)
        else:
            draft.resolve("discrepancy", about)


def _excess(draft: Draft, key: LineKey) -> None:
    about = About(order_id=key[0], line_id=key[1])
    line = draft.state.lines[key]
    if not line.goods:
        return
    where = f"line {key[1]!r} of {key[0]!r}"
    shipped = f"{where}: {line.gone} left of {line.ordered} ordered"
    _stands(draft, "overshipped", shipped, about, line.excess)
    returned = f"{where}: {line.returned} came back of {line.left} that left"
    _stands(draft, "over_returned", returned, about, line.over_returned)


def _served_again(draft: Draft, key: LineKey) -> None:
    """A declined line is nobody's worry once nothing of it is promised there any more."""
    line = draft.state.lines[key]
    for location in line.declined:
        if line.committed_at(location) == 0:
            about = About(order_id=key[0], line_id=key[1], location=location)
            draft.resolve("declined", about)


def _stands(draft: Draft, kind: ExceptionKind, detail: str, about: About, quantity: int) -> None:
    if quantity > 0:
        draft.exception(kind, detail, about, quantity=quantity)
    else:
        draft.resolve(kind, about)
