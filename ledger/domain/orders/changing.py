"""Claims on orders that stand: cancelled, changed, served from another location."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from ledger.domain.draft import Arrival, Draft
from ledger.domain.entries import LineKey
from ledger.domain.events import (
    AnyEvent,
    BackorderFilled,
    OrderChanged,
    OrderLineCancelled,
    OrderLineReassigned,
    RefusedLine,
)
from ledger.domain.joining import join_order
from ledger.domain.orders.allocating import commit, give_back, uncommit
from ledger.domain.orders.free import Free
from ledger.domain.orders.lines import Line
from ledger.domain.orders.placing import carry_out, carry_through
from ledger.domain.orders.planning import Allowed, plan
from ledger.domain.orders.serving import why_not
from ledger.domain.refusal import Hits, Refusal, first_of
from ledger.domain.requests import CancelOrder, ChangeOrder, LineCut, OrderLine, ReassignLine
from ledger.domain.settling import settle
from ledger.domain.sourcing.channels import available_to_sell, is_limited
from ledger.domain.sourcing.sending import sending
from ledger.domain.state import State
from ledger.domain.words import Reason

Lines = Mapping[str, Line]
"""The lines of one order, by id."""


def cancel_order(
    state: State, arrival: Arrival, request: CancelOrder
) -> tuple[AnyEvent, ...] | Refusal:
    """Cancel what was asked of the lines, or all that has not left."""
    lines = _lines(state, request.order_id, request.lines)
    if isinstance(lines, Refusal):
        return lines
    wanted = _wanted(request, lines)
    if not request.lines and not wanted:
        details = tuple(_refused(request.order_id, i, lines[i], lines[i].live) for i in lines)
        return Refusal(Reason.ALREADY_LEFT, details)
    refusal = _beyond(request.order_id, lines, wanted)
    if refusal is not None:
        return refusal
    draft = Draft(state, arrival)
    _cut(draft, request.order_id, wanted)
    return settle(draft)


def _lines(state: State, order_id: str, cuts: Iterable[LineCut]) -> dict[str, Line] | Refusal:
    """The lines of an order; or what of it is not known."""
    order = state.orders.get(order_id)
    if order is None:
        return Refusal(Reason.UNKNOWN_ORDER, (RefusedLine(order_id=order_id),))
    lines = {line_id: state.lines[(order_id, line_id)] for line_id in order.line_ids}
    return _unknown(order_id, lines, cuts) or lines


def _unknown(order_id: str, lines: Lines, cuts: Iterable[LineCut]) -> Refusal | None:
    """The lines that the order does not have."""
    unknown = [cut.line_id for cut in cuts if cut.line_id not in lines]
    if not unknown:
        return None
    details = (RefusedLine(order_id=order_id, line_id=i) for i in unknown)
    return Refusal(Reason.UNKNOWN_LINE, tuple(details))


def _waiting(line: Line) -> int:
    """What of a line has neither left nor ended."""
    return line.committed + line.backordered


def _wanted(request: CancelOrder, lines: Lines) -> dict[str, int]:
    """How much of each line to cancel. Services go with the whole order, unless goods have left."""
    if request.lines:
        return {cut.line_id: cut.quantity or _waiting(lines[cut.line_id]) for cut in request.lines}
    goods_left = any(line.goods and line.left > 0 for line in lines.values())
    return {
        line_id: _waiting(line)
        for line_id, line in lines.items()
        if _waiting(line) > 0 and (line.goods or not goods_left)
    }


def _beyond(order_id: str, lines: Lines, wanted: Mapping[str, int]) -> Refusal | None:
    """What is asked beyond what waits; or of lines that have left as a whole."""
    hits: Hits = {}
    for line_id, asked in wanted.items():
        line = lines[line_id]
        if _waiting(line) == 0 and asked <= line.left:
            left = _refused(order_id, line_id, line, asked or line.left)
            hits.setdefault(Reason.ALREADY_LEFT, []).append(left)
        elif asked > _waiting(line) or asked == 0:
            beyond = _refused(order_id, line_id, line, asked)
            hits.setdefault(Reason.BEYOND_QUANTITY, []).append(beyond)
    return first_of(hits)


def _refused(order_id: str, line_id: str, line: Line, asked: int) -> RefusedLine:
    return RefusedLine(
        line_id=line_id,
        sku=line.sku,
        location=line.location,
        order_id=order_id,
        asked=asked,
        available=_waiting(line),
    )


def _cut(draft: Draft, order_id: str, wanted: Mapping[str, int]) -> None:
    """Cancel so much: what waits for stock first, what is picked last."""
    for line_id, quantity in wanted.items():
        key = (order_id, line_id)
        line = draft.state.lines[key]
        backordered = min(quantity, line.backordered)
        if line.goods and quantity > backordered:
            give_back(draft, key, quantity - backordered, "cancelled")
        cancelled = OrderLineCancelled(
            *draft.header, *key, quantity, "requested", backordered=backordered
        )
        draft.emit(cancelled)


def change_order(
    state: State, arrival: Arrival, request: ChangeOrder
) -> tuple[AnyEvent, ...] | Refusal:
    """Cut and add lines, all or nothing; what is cut is free for what is added."""
    lines = _lines(state, request.order_id, ())
    if isinstance(lines, Refusal):
        return lines
    refusal = _taken(request, lines) or _unknown(request.order_id, lines, request.cut)
    if refusal is not None:
        return refusal
    wanted = {cut.line_id: cut.quantity or _waiting(lines[cut.line_id]) for cut in request.cut}
    channel = state.orders[request.order_id].selling_channel
    goods = [line for line in request.add if line.kind == "goods"]
    refusal = why_not(state, channel, goods) or _beyond(request.order_id, lines, wanted)
    if refusal is not None:
        return refusal
    draft = Draft(state, arrival)
    _cut(draft, request.order_id, wanted)
    return _add(draft, request, goods) or settle(draft)


def _taken(request: ChangeOrder, lines: Lines) -> Refusal | None:
    taken = [line.line_id for line in request.add if line.line_id in lines]
    if not taken:
        return None
    details = (RefusedLine(order_id=request.order_id, line_id=i) for i in taken)
    return Refusal(Reason.ID_TAKEN, tuple(details))


def _add(draft: Draft, request: ChangeOrder, goods: Sequence[OrderLine]) -> Refusal | None:
    if not request.add:
        return None
    order = draft.state.orders[request.order_id]
    free = Free(draft.state, order.selling_channel, {})
    allowed = Allowed(order.allow_split, order.allow_backorder)
    own = sending(draft.state, request.order_id)
    planned = plan(draft.state, draft.arrival, free, goods, allowed, order.ship_to, own)
    if isinstance(planned, Refusal):
        return planned
    draft.emit(OrderChanged(*draft.header, request.order_id, request.add))
    carry_through(draft, request.order_id, planned)
    carry_out(draft, request.order_id, request.add)
    join_order(draft, request.order_id)
    return None


def reassign_line(
    state: State, arrival: Arrival, request: ReassignLine
) -> tuple[AnyEvent, ...] | Refusal:
    """Another location serves the lines from now on, what waits for stock included."""
    lines = _lines(state, request.order_id, request.lines)
    if isinstance(lines, Refusal):
        return lines
    wanted = {cut.line_id: cut.quantity or _waiting(lines[cut.line_id]) for cut in request.lines}
    channel = state.orders[request.order_id].selling_channel
    asked = [_as_asked(lines[i], i, n, request.location) for i, n in wanted.items()]
    refusal = (
        why_not(state, channel, [line for line in asked if lines[line.line_id].goods])
        or _services(request, lines)
        or _beyond(request.order_id, lines, wanted)
        or _not_there(state, request, wanted, lines)
    )
    if refusal is not None:
        return refusal
    draft = Draft(state, arrival)
    for line_id, quantity in wanted.items():
        _reassign(draft, (request.order_id, line_id), quantity, request.location)
    return settle(draft)


def _services(request: ReassignLine, lines: Lines) -> Refusal | None:
    """No location serves a service."""
    services = [cut.line_id for cut in request.lines if not lines[cut.line_id].goods]
    if not services:
        return None
    details = (
        RefusedLine(order_id=request.order_id, line_id=i, sku=lines[i].sku) for i in services
    )
    return Refusal(Reason.NOT_SERVED, tuple(details))


def _as_asked(line: Line, line_id: str, quantity: int, location: str) -> OrderLine:
    """The line as if it had been ordered from that location."""
    return OrderLine(
        line_id=line_id, sku=line.sku, quantity=quantity, how=line.how, location=location
    )


def _not_there(
    state: State, request: ReassignLine, wanted: Mapping[str, int], lines: Lines
) -> Refusal | None:
    """Every line of a sku of which more would come from there, in sum, than is available."""
    channel = state.orders[request.order_id].selling_channel
    free = Free(state, channel, {})
    moved: Counter[str] = Counter()
    sold: Counter[str] = Counter()
    more = {i: _from_elsewhere(lines[i], n, request.location) for i, n in wanted.items()}
    for line_id, quantity in more.items():
        moved[lines[line_id].sku] += quantity
        sold[lines[line_id].sku] += _newly_sold(lines[line_id], quantity, request.location)
    hits: Hits = {}
    for line_id, quantity in more.items():
        sku = lines[line_id].sku
        named = RefusedLine(
            line_id=line_id, sku=sku, location=request.location, order_id=request.order_id
        )
        limit = _may_sell(state, channel, sku) if sold[sku] else None
        if limit is not None and sold[sku] > limit:
            beyond = replace(named, asked=sold[sku], available=limit)
            hits.setdefault(Reason.CHANNEL_LIMIT, []).append(beyond)
        available = free.at(request.location, sku)
        if quantity and moved[sku] > available:
            short = replace(named, asked=moved[sku], available=available)
            hits.setdefault(Reason.OUT_OF_STOCK, []).append(short)
    return first_of(hits)


def _newly_sold(line: Line, more: int, location: str) -> int:
    """What was not promised before: what waits for stock is moved last."""
    return max(0, more - line.committed + line.committed_at(location))


def _may_sell(state: State, channel: str, sku: str) -> int | None:
    """What the channel may promise anew; None: no limit of its own."""
    if not is_limited(state, channel, sku):
        return None
    return available_to_sell(state, channel, sku)


def _from_elsewhere(line: Line, quantity: int, location: str) -> int:
    """How much of it is not promised there already."""
    elsewhere = line.backordered + line.committed - line.committed_at(location)
    return min(quantity, elsewhere)


def _reassign(draft: Draft, key: LineKey, quantity: int, location: str) -> None:
    line = draft.state.lines[key]
    left = _from_elsewhere(line, quantity, location)
    for there in reversed(line.allocations):
        moved = min(left, there.committed) if there.location != location else 0
        if moved:
            uncommit(draft, key, there.location, moved, "reassigned")
            commit(draft, key, location, moved)
            left -= moved
    draft.emit(OrderLineReassigned(*draft.header, *key, quantity, location))
    if left:
        draft.emit(BackorderFilled(*draft.header, *key, left, location))
        commit(draft, key, location, left)
