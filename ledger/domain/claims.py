"""Claims: orders, decided against what is there at their position in the ledger, all or nothing."""

from collections.abc import Iterable

from msgspec import Struct

from ledger.domain.draft import Arrival, Draft, Header
from ledger.domain.events import (
    AnyEvent,
    OrderLineCancelled,
    OrderPlaced,
    RefusedLine,
    StockCommitted,
)
from ledger.domain.fulfilment import collect, uncommit
from ledger.domain.joining import join
from ledger.domain.orders import Line
from ledger.domain.requests import CancelOrder, OrderLine, PlaceOrder
from ledger.domain.state import ItemKey, State
from ledger.domain.stock import NOTHING
from ledger.domain.words import Reason


class Refusal(Struct, frozen=True, gc=False):
    """Why a claim is refused: the first reason that holds, and every line that it hits."""

    reason: Reason
    details: tuple[RefusedLine, ...]


def place_order(
    state: State, arrival: Arrival, request: PlaceOrder
) -> tuple[AnyEvent, ...] | Refusal:
    """Promise every line from the location it names, or refuse.

    The same sku twice at one location counts twice. With `allow_part`, what is not there is
    cancelled at once, earlier lines being served first; an order of which nothing is there is
    refused.
    """
    if request.order_id in state.orders:
        return Refusal(Reason.ID_TAKEN, (RefusedLine(order_id=request.order_id),))
    goods = [line for line in request.lines if line.kind == "goods"]
    selling = request.channel or arrival.channel
    if not _servable(state, selling, goods):
        return _why_not(state, selling, goods)
    granted = _granted(state, goods)
    missing = [line.quantity for line in goods] != granted
    if missing and not (request.allow_part and any(granted)):
        return Refusal(Reason.OUT_OF_STOCK, tuple(_short_lines(state, goods)))
    effects = _placed(arrival.header, request, selling, zip(goods, granted, strict=True))
    if request.order_id in state.waiting or "carry_out" in [line.how for line in goods]:
        return _followed(state, arrival, request, effects)
    return tuple(effects)


def _servable(state: State, selling: str, goods: Iterable[OrderLine]) -> bool:
    """Whether nothing but stock can stand against the lines; `_why_not` says what does."""
    channel = state.channels.get(selling)
    served = None if channel is None else channel.locations
    for line in goods:
        location = line.location
        if location is None or line.sku not in state.products:
            return False
        policy = state.locations.get(location)
        if policy is None or not policy.active or (served is not None and location not in served):
            return False
        if (line.how == "ship" and not policy.ships) or (
            line.how == "pickup" and not policy.pickup
        ):
            return False
    return True


def _why_not(state: State, selling: str, goods: list[OrderLine]) -> Refusal:
    channel = state.channels.get(selling)
    served = None if channel is None else channel.locations
    hits: dict[Reason, list[RefusedLine]] = {}
    for line in goods:
        detail = RefusedLine(line_id=line.line_id, sku=line.sku, location=line.location)
        for reason in _reasons(state, served, line):
            hits.setdefault(reason, []).append(detail)
    first = next(reason for reason in Reason if reason in hits)
    return Refusal(first, tuple(hits[first]))


def _reasons(state: State, served: frozenset[str] | None, line: OrderLine) -> Iterable[Reason]:
    if line.sku not in state.products:
        yield Reason.UNKNOWN_SKU
    if line.location is None:
        yield Reason.LOCATION_REQUIRED
        return
    policy = state.locations.get(line.location)
    if policy is None:
        yield Reason.UNKNOWN_LOCATION
        return
    if not policy.active:
        yield Reason.LOCATION_INACTIVE
    hands_over = {"ship": policy.ships, "pickup": policy.pickup}.get(line.how or "", True)
    if not hands_over or (served is not None and line.location not in served):
        yield Reason.NOT_SERVED


def _item(line: OrderLine) -> ItemKey:
    assert line.location is not None, line
    return (line.location, line.sku)


def _granted(state: State, goods: list[OrderLine]) -> list[int]:
    """How much of each line is there, earlier lines first."""
    left: dict[ItemKey, int] = {}
    granted = []
    for line in goods:
        item = _item(line)
        available = left.get(item)
        if available is None:
            available = state.stock.get(item, NOTHING).available
        grant = line.quantity if available >= line.quantity else max(0, available)
        left[item] = available - grant
        granted.append(grant)
    return granted


def _short_lines(state: State, goods: list[OrderLine]) -> Iterable[RefusedLine]:
    """Every line of an item of which more is asked, in sum, than is available."""
    asked: dict[ItemKey, int] = {}
    for line in goods:
        asked[_item(line)] = asked.get(_item(line), 0) + line.quantity
    for line in goods:
        item = _item(line)
        available = state.stock.get(item, NOTHING).available
        if asked[item] > available:
            yield RefusedLine(
                line_id=line.line_id,
                sku=line.sku,
                location=line.location,
                asked=asked[item],
                available=available,
            )


def _placed(
    header: Header, request: PlaceOrder, selling: str, lines: Iterable[tuple[OrderLine, int]]
) -> list[AnyEvent]:
    order_id = request.order_id
    effects: list[AnyEvent] = [
        OrderPlaced(
            *header,
            order_id,
            selling,
            request.lines,
            request.customer_id,
            request.currency,
            request.ship_to,
            request.reference,
        )
    ]
    for line, grant in lines:
        if grant > 0:
            effects.append(StockCommitted(*header, *_item(line), order_id, line.line_id, grant))
        if grant < line.quantity:
            missing = line.quantity - grant
            effects.append(
                OrderLineCancelled(*header, order_id, line.line_id, missing, "out_of_stock")
            )
    return effects


def _followed(
    state: State, arrival: Arrival, request: PlaceOrder, effects: list[AnyEvent]
) -> tuple[AnyEvent, ...]:
    """What follows at once: carried-out lines leave, and facts that waited take effect."""
    draft = Draft(state, arrival)
    for effect in effects:
        draft.emit(effect)
    for line in request.lines:
        if line.how == "carry_out" and line.kind == "goods":
            key = (request.order_id, line.line_id)
            there = draft.state.lines[key].committed
            if there > 0:
                collect(draft, key, _item(line)[0], there)
    join(draft, request.order_id)
    return draft.settle()


def cancel_order(
    state: State, arrival: Arrival, request: CancelOrder
) -> tuple[AnyEvent, ...] | Refusal:
    """Cancel what was asked of the lines, or all that has not left."""
    order = state.orders.get(request.order_id)
    if order is None:
        return Refusal(Reason.UNKNOWN_ORDER, (RefusedLine(order_id=request.order_id),))
    lines = {line_id: state.lines[(request.order_id, line_id)] for line_id in order.line_ids}
    unknown = [cut.line_id for cut in request.lines if cut.line_id not in lines]
    if unknown:
        details = (RefusedLine(order_id=request.order_id, line_id=i) for i in unknown)
        return Refusal(Reason.UNKNOWN_LINE, tuple(details))
    wanted = _wanted(request, lines)
    refusal = _not_cancellable(request, lines, wanted)
    return refusal or _cancelled(state, arrival, request, wanted)


def _wanted(request: CancelOrder, lines: dict[str, Line]) -> dict[str, int]:
    """How much of each line to cancel. Services go with the whole order, unless goods have left."""
    if request.lines:
        return {cut.line_id: cut.quantity or lines[cut.line_id].committed for cut in request.lines}
    goods_left = any(line.goods and line.left > 0 for line in lines.values())
    return {
        line_id: line.committed
        for line_id, line in lines.items()
        if line.committed > 0 and (line.goods or not goods_left)
    }


def _not_cancellable(
    request: CancelOrder, lines: dict[str, Line], wanted: dict[str, int]
) -> Refusal | None:
    if not request.lines and not wanted:
        details = tuple(_refused(request, i, lines[i], lines[i].live) for i in lines)
        return Refusal(Reason.ALREADY_LEFT, details)
    beyond, left = [], []
    for line_id, asked in wanted.items():
        line = lines[line_id]
        if line.committed == 0 and asked <= line.left:
            left.append(_refused(request, line_id, line, asked or line.left))
        elif asked > line.committed:
            beyond.append(_refused(request, line_id, line, asked))
    if beyond:
        return Refusal(Reason.BEYOND_QUANTITY, tuple(beyond))
    return Refusal(Reason.ALREADY_LEFT, tuple(left)) if left else None


def _refused(request: CancelOrder, line_id: str, line: Line, asked: int) -> RefusedLine:
    return RefusedLine(
        line_id=line_id,
        sku=line.sku,
        location=line.location,
        order_id=request.order_id,
        asked=asked,
        available=line.committed,
    )


def _cancelled(
    state: State, arrival: Arrival, request: CancelOrder, wanted: dict[str, int]
) -> tuple[AnyEvent, ...]:
    draft = Draft(state, arrival)
    for line_id, quantity in wanted.items():
        key = (request.order_id, line_id)
        line = draft.state.lines[key]
        if line.goods:
            uncommit(draft, key, line, quantity, "cancelled")
        draft.emit(OrderLineCancelled(*draft.header, *key, quantity, "requested"))
    return draft.settle()
