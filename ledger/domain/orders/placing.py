"""Orders are placed: promised all or nothing, or as far as they allow (domain rule 2)."""

from collections.abc import Iterable, Iterator

from ledger.domain.draft import Arrival, Draft, Header
from ledger.domain.entries import ItemKey
from ledger.domain.events import (
    AnyEvent,
    OrderLineCancelled,
    OrderLineSourced,
    OrderPlaced,
    RefusedLine,
    RunnerUp,
    StockCommitted,
)
from ledger.domain.events.orders import order_stream
from ledger.domain.holds import held_by, use_holds
from ledger.domain.joining import join_order
from ledger.domain.orders.free import Free
from ledger.domain.orders.fulfilment import collect
from ledger.domain.orders.planning import Allowed, Plan, plan
from ledger.domain.orders.serving import servable, why_not
from ledger.domain.refusal import Refusal
from ledger.domain.requests import OrderLine, PlaceOrder
from ledger.domain.settling import settle
from ledger.domain.sourcing.backorders import backorder
from ledger.domain.sourcing.channels import view_of
from ledger.domain.state import State
from ledger.domain.stock.item import NOTHING
from ledger.domain.words import Reason


def place_order(
    state: State, arrival: Arrival, request: PlaceOrder
) -> tuple[AnyEvent, ...] | Refusal:
    """Promise every line, or refuse.

    The same sku twice at one location counts twice. With `allow_part`, what is not there is
    cancelled at once, earlier lines being served first; an order of which nothing is there is
    refused.
    """
    if request.order_id in state.orders:
        return _taken(request)
    goods = [line for line in request.lines if line.kind == "goods"]
    selling = request.channel or arrival.channel
    view = view_of(state, selling)
    plain = not view.limited and request.hold_owner is None and servable(state, view, goods)
    if plain and all_there(state, goods):
        effects = _placed(arrival.header, request, selling, goods)
        if _nothing_follows(state, request, goods):
            return tuple(effects)
        return _followed(Draft(state, arrival), request, effects)
    planned = order_plan(state, arrival, request)
    if isinstance(planned, Refusal):
        return planned
    if planned.all_there and request.hold_owner is None and _nothing_follows(state, request, goods):
        header = arrival.header
        promises = promised(header, request.order_id, planned)
        return (order_placed(header, request, selling), *promises)
    return placed(Draft(state, arrival), request, planned)


def _taken(request: PlaceOrder) -> Refusal:
    return Refusal(Reason.ID_TAKEN, (RefusedLine(order_id=request.order_id),))


def all_there(state: State, goods: Iterable[OrderLine]) -> bool:
    """Whether the locations that the lines name have all of it."""
    left: dict[ItemKey, int] = {}
    for line in goods:
        assert line.location is not None, line
        item = (line.location, line.sku)
        available = left.get(item)
        if available is None:
            available = state.stock.get(item, NOTHING).available
        if available < line.quantity:
            return False
        left[item] = available - line.quantity
    return True


def _placed(
    header: Header, request: PlaceOrder, selling: str, goods: Iterable[OrderLine]
) -> list[AnyEvent]:
    """The usual order: every line promised from the location that it names."""
    order_id = request.order_id
    effects: list[AnyEvent] = [order_placed(header, request, selling)]
    for line in goods:
        assert line.location is not None, line
        line_key = (order_id, line.line_id)
        effects.append(StockCommitted(*header, line.location, line.sku, *line_key, line.quantity))
    return effects


def order_placed(header: Header, request: PlaceOrder, selling: str) -> OrderPlaced:
    """The order's own event."""
    return OrderPlaced(
        *header,
        request.order_id,
        selling,
        request.lines,
        request.customer_id,
        request.currency,
        request.ship_to,
        request.reference,
        request.allow_split,
        request.allow_backorder,
        request.hold_owner,
    )


def _nothing_follows(state: State, request: PlaceOrder, goods: Iterable[OrderLine]) -> bool:
    if order_stream(request.order_id) in state.waiting:
        return False
    return "carry_out" not in [line.how for line in goods]


def _followed(
    draft: Draft, request: PlaceOrder, effects: Iterable[AnyEvent]
) -> tuple[AnyEvent, ...]:
    """What follows at once: carried-out lines leave, and facts that waited take effect."""
    for effect in effects:
        draft.emit(effect)
    carry_out(draft, request.order_id, request.lines)
    join_order(draft, request.order_id)
    return settle(draft)


def carry_out(draft: Draft, order_id: str, lines: Iterable[OrderLine]) -> None:
    """The customer takes along at once what is there (domain rule 15)."""
    for line in lines:
        if line.how == "carry_out" and line.kind == "goods":
            key = (order_id, line.line_id)
            there = draft.state.lines[key].committed
            if there > 0:
                assert line.location is not None, line
                collect(draft, key, line.location, there)


def order_plan(state: State, arrival: Arrival, request: PlaceOrder) -> Plan | Refusal:
    """What becomes of an order: sourced, split, backordered, in part; or why it is refused."""
    if request.order_id in state.orders:
        return _taken(request)
    goods = [line for line in request.lines if line.kind == "goods"]
    selling = request.channel or arrival.channel
    refusal = why_not(state, selling, goods)
    if refusal is not None:
        return refusal
    free = Free(state, selling, held_by(state, request.hold_owner))
    allowed = Allowed(request.allow_split, request.allow_backorder, request.allow_part)
    return plan(state, arrival, free, goods, allowed, request.ship_to)


def placed(draft: Draft, request: PlaceOrder, planned: Plan) -> tuple[AnyEvent, ...]:
    """Carry the plan through; what was decided before in this draft stands before it."""
    selling = request.channel or draft.arrival.channel
    draft.emit(order_placed(draft.header, request, selling))
    if request.hold_owner is not None:
        use_holds(draft, request.hold_owner, used_of(planned))
    carry_through(draft, request.order_id, planned)
    return _followed(draft, request, ())


def used_of(planned: Plan) -> dict[ItemKey, int]:
    """What a plan takes of each item."""
    used: dict[ItemKey, int] = {}
    for grant in planned.grants:
        for place, quantity in grant.parts:
            item = (place, grant.line.sku)
            used[item] = used.get(item, 0) + quantity
    return used


def carry_through(draft: Draft, order_id: str, planned: Plan) -> None:
    """Promise, backorder and cancel as planned."""
    for event in promised(draft.header, order_id, planned):
        if isinstance(event, StockCommitted):
            draft.stock(event)
        else:
            draft.emit(event)
    for grant in planned.grants:
        key = (order_id, grant.line.line_id)
        if grant.backordered:
            backorder(draft, key, grant.backordered)
        if grant.missing:
            cancelled = OrderLineCancelled(*draft.header, *key, grant.missing, "out_of_stock")
            draft.emit(cancelled)


def promised(
    header: Header, order_id: str, planned: Plan
) -> Iterator[OrderLineSourced | StockCommitted]:
    """What is promised where; where the writer chose, who serves it and why.

    A parcel counts toward its location's day once, however many lines it has.
    """
    choice = planned.choice
    distances: dict[str, int | None] = {}
    second = None
    if choice is not None:
        distances = dict(zip(choice.locations, choice.distances_m, strict=True))
        if choice.second:
            second = RunnerUp(locations=choice.second, distance_m=choice.second_distance_m)
    days = dict(planned.days)
    for grant in planned.grants:
        line = grant.line
        line_key = (order_id, line.line_id)
        for place, n in grant.parts:
            if choice is not None and line.location is None:
                away, day = distances[place], days.pop(place, None)
                yield OrderLineSourced(*header, *line_key, n, place, choice.rule, second, away, day)
            yield StockCommitted(*header, place, line.sku, *line_key, n)
