"""Claims on transfers: stock is reserved at its source until it leaves, or is not needed."""

from collections import Counter

from ledger.domain.draft import Arrival, Draft
from ledger.domain.events import (
    AnyEvent,
    RefusedLine,
    StockReserved,
    TransferCancelled,
    TransferRequested,
)
from ledger.domain.joining import join
from ledger.domain.refusal import Hits, Refusal, first_of
from ledger.domain.requests import CancelTransfer, RequestTransfer
from ledger.domain.settling import settle
from ledger.domain.sourcing.calendar import end_of_day
from ledger.domain.state import State
from ledger.domain.stock.item import NOTHING
from ledger.domain.transfers import release, transfer_overdue, transfer_stream
from ledger.domain.words import Reason


def request_transfer(
    state: State, arrival: Arrival, request: RequestTransfer
) -> tuple[AnyEvent, ...] | Refusal:
    """Reserve every line at its source, or refuse; the same sku twice counts twice."""
    refusal = _why_not(state, request)
    if refusal is not None:
        return refusal
    draft = Draft(state, arrival)
    due_until = None
    if request.due is not None:
        due_until = end_of_day(state, request.to_location, request.due)
    requested = TransferRequested(
        *draft.header,
        request.transfer_id,
        request.from_location,
        request.to_location,
        request.lines,
        request.due,
        due_until,
    )
    draft.emit(requested)
    for line in request.lines:
        reserved = StockReserved(
            *draft.header,
            request.from_location,
            line.sku,
            "transfer",
            request.transfer_id,
            line.line_id,
            line.quantity,
        )
        draft.stock(reserved)
    join(draft, transfer_stream(request.transfer_id))
    if due_until is not None and due_until <= arrival.recorded_at:
        transfer_overdue(draft, request.transfer_id)
    return settle(draft)


def _why_not(state: State, request: RequestTransfer) -> Refusal | None:
    hits: Hits = {}
    if request.transfer_id in state.transfers:
        hits[Reason.ID_TAKEN] = [RefusedLine(transfer_id=request.transfer_id)]
    for location in (request.from_location, request.to_location):
        policy = state.locations.get(location)
        if policy is None:
            hits.setdefault(Reason.UNKNOWN_LOCATION, []).append(RefusedLine(location=location))
        elif not policy.active:
            hits.setdefault(Reason.LOCATION_INACTIVE, []).append(RefusedLine(location=location))
    for line in request.lines:
        if line.sku not in state.products:
            unknown = RefusedLine(line_id=line.line_id, sku=line.sku)
            hits.setdefault(Reason.UNKNOWN_SKU, []).append(unknown)
    hits[Reason.OUT_OF_STOCK] = _short(state, request)
    return first_of(hits)


def _short(state: State, request: RequestTransfer) -> list[RefusedLine]:
    """Every line of a sku of which more is asked, in sum, than its source has available."""
    asked: Counter[str] = Counter()
    for line in request.lines:
        asked[line.sku] += line.quantity
    short = []
    for line in request.lines:
        available = state.stock.get((request.from_location, line.sku), NOTHING).available
        if asked[line.sku] > available:
            hit = RefusedLine(
                line_id=line.line_id,
                sku=line.sku,
                location=request.from_location,
                asked=asked[line.sku],
                available=available,
            )
            short.append(hit)
    return short


def cancel_transfer(
    state: State, arrival: Arrival, request: CancelTransfer
) -> tuple[AnyEvent, ...] | Refusal:
    """Give back what is reserved; refused once something left, or nothing is left to cancel."""
    transfer_id = request.transfer_id
    transfer = state.transfers.get(transfer_id)
    if transfer is None:
        return Refusal(Reason.UNKNOWN_TRANSFER, (RefusedLine(transfer_id=transfer_id),))
    lines = {i: state.transfer_lines[(transfer_id, i)] for i in transfer.line_ids}
    over = transfer.cancelled or transfer.closed
    left = {
        line_id: line
        for line_id, line in lines.items()
        if over or line.shipped + line.accepted + line.damaged + line.missing > 0
    }
    if left:
        details = (
            RefusedLine(
                line_id=line_id,
                sku=line.sku,
                location=transfer.from_location,
                asked=line.requested,
                available=0 if over else max(0, line.requested - line.shipped),
            )
            for line_id, line in left.items()
        )
        return Refusal(Reason.ALREADY_LEFT, tuple(details))
    draft = Draft(state, arrival)
    release(draft, transfer_id, transfer)
    draft.emit(TransferCancelled(*draft.header, transfer_id))
    return settle(draft)
