"""Holds: stock kept for an owner until a deadline, known by owner and line (domain rule 3)."""

from collections import Counter

from ledger.domain.draft import Arrival, Draft
from ledger.domain.entries import Held, ItemKey
from ledger.domain.events import (
    AnyEvent,
    HoldExpired,
    HoldExtended,
    HoldPlaced,
    HoldReleased,
    RefusedLine,
    StockReleased,
    StockReserved,
)
from ledger.domain.events.stock import ReleaseReason
from ledger.domain.orders.free import Free
from ledger.domain.orders.planning import Allowed, Grant, plan
from ledger.domain.orders.serving import why_not
from ledger.domain.refusal import Refusal
from ledger.domain.requests import ExtendHold, HoldLine, OrderLine, PlaceHold, ReleaseHold
from ledger.domain.settling import settle
from ledger.domain.state import State
from ledger.domain.words import Reason


def place_hold(
    state: State, arrival: Arrival, request: PlaceHold
) -> tuple[AnyEvent, ...] | Refusal:
    """Reserve every line, or refuse all: then what was held before stands."""
    selling = request.channel or arrival.channel
    goods = [_as_order_line(line, request) for line in request.lines]
    refusal = _why_not(state, arrival, request, goods, selling)
    if refusal is not None:
        return refusal
    again = {line.line_id for line in request.lines}
    free = Free(state, selling, held_by(state, request.owner, again))
    planned = plan(state, arrival, free, goods, Allowed(split=True), request.ship_to)
    if isinstance(planned, Refusal):
        return planned
    draft = Draft(state, arrival)
    for line_id in state.owners.get(request.owner, ()):
        if line_id in again:
            _release(draft, (request.owner, line_id), None, "superseded")
    for grant in planned.grants:
        _place(draft, request, grant)
    return settle(draft)


def _as_order_line(line: HoldLine, request: PlaceHold) -> OrderLine:
    """A hold is asked for like goods of an order that are to be shipped, or taken as named."""
    how = "ship" if request.anywhere else None
    return OrderLine(
        line_id=line.line_id,
        sku=line.sku,
        quantity=line.quantity,
        how=how,  # type: ignore[arg-type] # one of two words
        location=request.location,
    )


def _why_not(
    state: State, arrival: Arrival, request: PlaceHold, goods: list[OrderLine], selling: str
) -> Refusal | None:
    refusal = why_not(state, selling, goods)
    if refusal is None and request.expires_at <= arrival.recorded_at:
        details = tuple(RefusedLine(line_id=line.line_id, sku=line.sku) for line in goods)
        return Refusal(Reason.EXPIRED, details)
    return refusal


def _place(draft: Draft, request: PlaceHold, grant: Grant) -> None:
    line = grant.line
    key = (request.owner, line.line_id)
    placed = HoldPlaced(
        *draft.header, *key, line.sku, line.quantity, request.expires_at, request.location
    )
    draft.emit(placed)
    for place, quantity in grant.parts:
        draft.stock(StockReserved(*draft.header, place, line.sku, "hold", *key, quantity))


def extend_hold(
    state: State, arrival: Arrival, request: ExtendHold
) -> tuple[AnyEvent, ...] | Refusal:
    """Hold on until another deadline; what is no longer held is refused."""
    owned = state.owners.get(request.owner, ())
    asked = request.line_ids or owned
    gone = [line_id for line_id in asked if line_id not in owned]
    late = request.expires_at <= arrival.recorded_at
    if gone or late or not asked:
        details = tuple(RefusedLine(line_id=line_id) for line_id in (asked if late else gone))
        return Refusal(Reason.EXPIRED, details)
    draft = Draft(state, arrival)
    for line_id in asked:
        draft.emit(HoldExtended(*draft.header, request.owner, line_id, request.expires_at))
    return settle(draft)


def release_hold(draft: Draft, request: ReleaseHold) -> None:
    """Give back at most what is held; harmless when nothing is."""
    if not request.lines:
        for line_id in draft.state.owners.get(request.owner, ()):
            _release(draft, (request.owner, line_id), None, "customer")
        return
    for cut in request.lines:
        key = (request.owner, cut.line_id)
        if key in draft.state.holds:
            _release(draft, key, cut.quantity, "customer")


def expire_hold(draft: Draft, owner: str, line_id: str) -> None:
    """Its deadline has passed: what is still held is available again."""
    key = (owner, line_id)
    hold = draft.state.holds.get(key)
    if hold is None:
        return
    draft.emit(HoldExpired(*draft.header, *key, hold.quantity))
    for part in hold.parts:
        _give_back(draft, key, hold.sku, part, part.quantity, "expired")


def held_by(
    state: State, owner: str | None, line_ids: set[str] | None = None
) -> dict[ItemKey, int]:
    """What an owner holds of each item; of these lines, or of all."""
    held: Counter[ItemKey] = Counter()
    for line_id in () if owner is None else state.owners.get(owner, ()):
        if line_ids is None or line_id in line_ids:
            hold = state.holds[(str(owner), line_id)]
            for part in hold.parts:
                held[(part.location, hold.sku)] += part.quantity
    return dict(held)


def use_holds(draft: Draft, owner: str, used: dict[ItemKey, int]) -> None:
    """An order or a sale takes what its owner held; what it does not use is released."""
    left = dict(used)
    for line_id in draft.state.owners.get(owner, ()):
        key = (owner, line_id)
        hold = draft.state.holds[key]
        converted = 0
        for part in hold.parts:
            item = (part.location, hold.sku)
            taken = min(part.quantity, left.get(item, 0))
            if taken:
                left[item] -= taken
                converted += taken
                _give_back(draft, key, hold.sku, part, taken, "converted")
        if converted:
            draft.emit(HoldReleased(*draft.header, *key, converted, "converted"))
        if key in draft.state.holds:
            _release(draft, key, None, "customer")


def _release(
    draft: Draft, key: tuple[str, str], quantity: int | None, cause: ReleaseReason
) -> None:
    """Give back so much of a hold, or all of it, last reserved first."""
    hold = draft.state.holds[key]
    left = hold.quantity if quantity is None else min(quantity, hold.quantity)
    draft.emit(HoldReleased(*draft.header, *key, left, cause))
    for part in reversed(hold.parts):
        taken = min(left, part.quantity)
        if taken:
            _give_back(draft, key, hold.sku, part, taken, cause)
            left -= taken


def _give_back(  # noqa: PLR0913, PLR0917 - what the event says
    draft: Draft,
    key: tuple[str, str],
    sku: str,
    part: Held,
    quantity: int,
    cause: ReleaseReason,
) -> None:
    released = StockReleased(*draft.header, part.location, sku, "hold", *key, quantity, cause)
    draft.stock(released)
