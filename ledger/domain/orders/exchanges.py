"""Claims that goods may come back: a return is authorised, alone or against a new order."""

from collections import Counter
from collections.abc import Iterable

from ledger.domain.draft import Arrival, Draft
from ledger.domain.events import AnyEvent, RefusedLine, ReturnAuthorised
from ledger.domain.joining import join
from ledger.domain.orders.lines import Line
from ledger.domain.orders.placing import order_plan, placed
from ledger.domain.orders.returns import return_stream
from ledger.domain.refusal import Hits, Refusal, first_of
from ledger.domain.requests import (
    AuthoriseReturn,
    Exchange,
    PlaceOrder,
    ReturnedLine,
    SaleKey,
)
from ledger.domain.settling import settle
from ledger.domain.state import State
from ledger.domain.words import Reason, sale_id


def authorise_return(
    state: State, arrival: Arrival, request: AuthoriseReturn
) -> tuple[AnyEvent, ...] | Refusal:
    """Goods of an order, or of a sale, may come back: no more than left and did not yet."""
    order_id = _origin(request.sale, request.order_id)
    refusal = _why_not(state, request.return_id, order_id, request.lines)
    if refusal is not None:
        return refusal
    draft = Draft(state, arrival)
    _authorise(draft, request.return_id, order_id, request.lines)
    return settle(draft)


def exchange(state: State, arrival: Arrival, request: Exchange) -> tuple[AnyEvent, ...] | Refusal:
    """Authorise a return and place an order, both or neither."""
    of_order_id = _origin(request.of_sale, request.of_order_id)
    order = _order(request)
    stays = _why_not(state, request.return_id, of_order_id, request.returned)
    plan = order_plan(state, arrival, order)
    if isinstance(plan, Refusal):
        return _first(stays, plan)
    if stays is not None:
        return stays
    draft = Draft(state, arrival)
    _authorise(draft, request.return_id, of_order_id, request.returned)
    return placed(draft, order, plan)


def _order(request: Exchange) -> PlaceOrder:
    """The new order, as if it had been asked for by itself."""
    return PlaceOrder(
        request_id=request.request_id,
        occurred_at=request.occurred_at,
        actor=request.actor,
        reason=request.reason,
        reference=request.reference,
        order_id=request.order_id,
        lines=request.lines,
        channel=request.channel,
        customer_id=request.customer_id,
        currency=request.currency,
        ship_to=request.ship_to,
        allow_split=request.allow_split,
        allow_backorder=request.allow_backorder,
        allow_part=request.allow_part,
        hold_owner=request.hold_owner,
    )


def _first(one: Refusal | None, other: Refusal) -> Refusal:
    """The first reason that holds over both, and all that it hits."""
    hits: Hits = {}
    for refusal in (one, other):
        if refusal is not None:
            hits.setdefault(refusal.reason, []).extend(refusal.details)
    first = first_of(hits)
    assert first is not None, (one, other)
    return first


def _origin(sale: SaleKey | None, order_id: str | None) -> str:
    """The order's id, or the sale's among the orders."""
    if sale is not None:
        return sale_id(sale.channel, sale.request_id)
    assert order_id is not None, "the door asks for one of them"
    return order_id


def _authorise(
    draft: Draft, return_id: str, order_id: str, lines: tuple[ReturnedLine, ...]
) -> None:
    draft.emit(ReturnAuthorised(*draft.header, return_id, order_id, lines))
    join(draft, return_stream(return_id))


def _why_not(
    state: State, return_id: str, order_id: str, lines: Iterable[ReturnedLine]
) -> Refusal | None:
    """What stands against a return; a taken id is told by the order that has it."""
    hits: Hits = {}
    taken = state.returns.get(return_id)
    if taken is not None:
        hits[Reason.ID_TAKEN] = [RefusedLine(order_id=taken.order_id, return_id=return_id)]
    if order_id not in state.orders:
        hits[Reason.UNKNOWN_ORDER] = [RefusedLine(order_id=order_id)]
    asked: Counter[str] = Counter()
    for line in lines:
        asked[line.line_id] += line.quantity
    for line_id, quantity in asked.items():
        known = state.lines.get((order_id, line_id))
        if known is None:
            unknown = RefusedLine(order_id=order_id, line_id=line_id)
            hits.setdefault(Reason.UNKNOWN_LINE, []).append(unknown)
        elif quantity > _may_come_back(known):
            beyond = RefusedLine(
                line_id=line_id,
                sku=known.sku,
                order_id=order_id,
                asked=quantity,
                available=_may_come_back(known),
            )
            hits.setdefault(Reason.BEYOND_QUANTITY, []).append(beyond)
    return first_of(hits)


def _may_come_back(line: Line) -> int:
    """What left, is not back, and is not to come back under another return; goods only."""
    if not line.goods:
        return 0
    return max(0, line.left - line.returned - line.authorised)
