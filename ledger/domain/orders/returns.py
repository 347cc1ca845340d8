"""Authorised returns: what is handed in of them, and what is decided about it (domain rule 5).

Stock moves at once, where the goods are and of the sku that is named, whether the return is known
or not. That they belong to it, and to the order's line, is said as soon as it is known.
"""

from typing import Final, Literal

from msgspec.structs import replace

from ledger.domain.draft import Draft
from ledger.domain.entries import AuthorisedReturn, ItemKey
from ledger.domain.events import (
    LineReturned,
    ReturnInspected,
    ReturnReceived,
    StockMoved,
    StockReturned,
    StockWrittenOut,
)
from ledger.domain.events.orders import order_stream
from ledger.domain.requests import InspectedLine, InspectReturn, ReceivedLine, ReceiveReturn
from ledger.domain.words import Disposition, StockState, part

WrittenOff = Literal["scrap", "return_to_vendor", "missing"]
ON_THE_SHELF: Final[dict[Disposition, StockState]] = {
    "restock": "available",
    "quality_control": "quality_control",
    "damaged": "damaged",
}
"""The state in which goods of a disposition lie; those of the others have left the books."""
WRITTEN_OFF: Final[dict[Disposition, WrittenOff]] = {
    "scrap": "scrap",
    "return_to_vendor": "return_to_vendor",
    "missing": "missing",
}


def return_stream(return_id: str) -> str:
    """What waits for an authorised return waits for this."""
    return f"return/{part(return_id)}"


def receive_return(draft: Draft, request: ReceiveReturn) -> None:
    """Goods were handed in: stocked here, as they are; what is missing moves nothing."""
    known = draft.state.returns.get(request.return_id)
    order_id = None if known is None else known.order_id
    for line in request.lines:
        draft.names(request.location, line.sku)
        if line.disposition != "missing":
            _enters(draft, request, line, order_id)
    link_received(draft, request)


def _enters(draft: Draft, request: ReceiveReturn, line: ReceivedLine, order_id: str | None) -> None:
    """Every disposition but missing first enters on_hand; scrap and the vendor's then leave it."""
    item = (request.location, line.sku)
    entered = StockReturned(
        *draft.header,
        *item,
        line.line_id,
        line.quantity,
        ON_THE_SHELF.get(line.disposition, "available"),
        order_id,
        return_id=request.return_id,
    )
    draft.stock(entered)
    cause = WRITTEN_OFF.get(line.disposition)
    if cause is not None:
        _written_out(draft, item, request.return_id, line, cause=cause, quantity=line.quantity)


def link_received(draft: Draft, request: ReceiveReturn) -> None:
    """Count what came on the return and on the order's lines; what finds none waits."""
    known = draft.state.returns.get(request.return_id)
    if known is None:
        draft.wait(request, return_stream(request.return_id))
        return
    lines = _of_the_order(draft, request, known)
    if lines:
        draft.emit(ReturnReceived(*draft.header, request.return_id, request.location, lines))
    for line in lines:
        if line.disposition != "missing":
            key = (known.order_id, line.line_id)
            back = LineReturned(
                *draft.header, *key, line.quantity, named=True, return_id=request.return_id
            )
            draft.emit(back)
            draft.touch_line(key)


def _of_the_order(
    draft: Draft, request: ReceiveReturn, known: AuthorisedReturn
) -> tuple[ReceivedLine, ...]:
    """The order's lines, authorised or not; the others wait for the order to have them."""
    order_id = known.order_id
    strays = tuple(i for i in request.lines if (order_id, i.line_id) not in draft.state.lines)
    if strays:
        waits = replace(request, lines=strays)
        draft.wait(waits, order_stream(order_id), order_id=order_id)
    return tuple(i for i in request.lines if (order_id, i.line_id) in draft.state.lines)


def inspect_return(draft: Draft, request: InspectReturn) -> None:
    """What is done with goods that came back; it may be decided again later."""
    for line in request.lines:
        draft.names(request.location, line.sku)
        _decided(draft, request, line)
    link_inspected(draft, request)


def link_inspected(draft: Draft, request: InspectReturn) -> None:
    """Say of the return what was decided, once it is known."""
    if request.return_id not in draft.state.returns:
        draft.wait(request, return_stream(request.return_id))
        return
    draft.emit(ReturnInspected(*draft.header, request.return_id, request.location, request.lines))


def _decided(draft: Draft, request: InspectReturn, line: InspectedLine) -> None:
    """From one state to another, out of the books, or back into them."""
    item = (request.location, line.sku)
    before, after = line.from_disposition, line.to
    was, is_now = ON_THE_SHELF.get(before), ON_THE_SHELF.get(after)
    if was is not None and is_now is not None:
        if was != is_now:
            moved = StockMoved(*draft.header, *item, line.line_id, line.quantity, was, is_now)
            draft.stock(moved)
        return
    back, out = WRITTEN_OFF.get(before), WRITTEN_OFF.get(after)
    told = (draft, item, request.return_id, line)
    if back is not None:
        _written_out(*told, cause=back, quantity=-line.quantity, state=is_now or "available")
    if out is not None:
        _written_out(*told, cause=out, quantity=line.quantity, state=was or "available")


def _written_out(  # noqa: PLR0913 - what the event says
    draft: Draft,
    item: ItemKey,
    return_id: str,
    line: ReceivedLine | InspectedLine,
    *,
    cause: WrittenOff,
    quantity: int,
    state: StockState = "available",
) -> None:
    written = StockWrittenOut(*draft.header, *item, return_id, line.line_id, quantity, cause, state)
    draft.stock(written)
