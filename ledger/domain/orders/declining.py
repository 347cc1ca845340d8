"""A location cannot serve a line: what it lacks is booked, and another serves it if it may."""

from msgspec.structs import replace

from ledger.domain.draft import Draft
from ledger.domain.entries import About, LineKey
from ledger.domain.events import OrderLineDeclined, StockAdjusted, StockMoved
from ledger.domain.events.orders import order_stream
from ledger.domain.orders.allocating import uncommit
from ledger.domain.requests import DeclineLine, LineCut
from ledger.domain.sourcing.backorders import backorder
from ledger.domain.sourcing.resourcing import serve_elsewhere


def decline_line(draft: Draft, request: DeclineLine) -> None:
    """The location is not asked again for these lines.

    A line whose location the channel named stays promised there: people are told.
    """
    draft.names(request.location)
    order_id = request.order_id
    known: list[LineCut] = []
    unknown: list[LineCut] = []
    for cut in request.lines:
        (known if (order_id, cut.line_id) in draft.state.lines else unknown).append(cut)
    promised = [(cut.line_id, _decline(draft, request, cut)) for cut in known]
    for line_id, quantity in promised:  # when all is said: an order may move as a whole
        if quantity:
            _serve(draft, (order_id, line_id), request.location, quantity)
    if unknown:
        waits = replace(request, lines=tuple(unknown))
        draft.wait(waits, order_stream(order_id), order_id=order_id)


def _decline(draft: Draft, request: DeclineLine, cut: LineCut) -> int:
    """So much of the line, or all that is promised there; gives back how much of it is promised."""
    key = (request.order_id, cut.line_id)
    line = draft.state.lines[key]
    promised = line.committed_at(request.location)
    quantity = cut.quantity or promised
    declined = OrderLineDeclined(*draft.header, *key, request.location, quantity, request.cause)
    draft.emit(declined)
    if line.goods and quantity:
        _book(draft, request, cut.line_id, quantity)
    return min(quantity, promised)


def _book(draft: Draft, request: DeclineLine, line_id: str, quantity: int) -> None:
    """What was not found is not there; what was found damaged cannot be sold."""
    sku = draft.state.lines[(request.order_id, line_id)].sku
    item = (request.location, sku)
    if request.cause == "not_found":
        missing = StockAdjusted(
            *draft.header, *item, line_id, -quantity, "not_found", effective_at=draft.at
        )
        draft.stock(missing)
    elif request.cause == "damaged":
        damaged = StockMoved(
            *draft.header, *item, line_id, quantity, "available", "damaged", effective_at=draft.at
        )
        draft.stock(damaged)


def _serve(draft: Draft, key: LineKey, location: str, quantity: int) -> None:
    """From elsewhere; else from what comes in; else people must look, as long as it is so."""
    left = quantity - serve_elsewhere(draft, key, location, quantity, "declined")
    line = draft.state.lines[key]
    order = draft.state.orders[key[0]]
    if left and order.allow_backorder and line.location is None:
        uncommit(draft, key, location, left, "backordered")
        backorder(draft, key, left)
    elif left:
        about = About(order_id=key[0], line_id=key[1], location=location)
        detail = (
            f"{location!r} cannot serve line {key[1]!r} of {key[0]!r}, and nobody else may; "
            "reassign or cancel it"
        )
        draft.exception("declined", detail, about, quantity=left)
