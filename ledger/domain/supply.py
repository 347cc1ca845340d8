"""Supplies: goods expected from outside, by a date or not.

A receipt that names a supply moves stock like any other; what came is then counted on the supply's
lines of its sku, in their order: each up to what is expected, the last takes the rest. It is
shared out afresh whenever a word changes what is expected, so that the order of arrival of words
and receipts does not matter.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from ledger.domain.draft import Draft
from ledger.domain.entries import About, SupplyLineState
from ledger.domain.events import (
    StockExpected,
    SupplyCancelled,
    SupplyExpected,
    SupplyOverdue,
    SupplyReceived,
    SupplyRescheduled,
)
from ledger.domain.requests import (
    CancelSupply,
    ExpectSupply,
    ReceiptLine,
    ReceiveStock,
    RescheduleSupply,
)
from ledger.domain.sourcing.calendar import end_of_day
from ledger.domain.words import part

LineKey = tuple[str, str]
"""(supply_id, line_id)."""
Lines = dict[str, SupplyLineState]
"""The lines of one supply by their ids, in their order."""


def supply_stream(supply_id: str) -> str:
    """What waits for a supply waits for this."""
    return f"supply/{part(supply_id)}"


def expect_supply(draft: Draft, request: ExpectSupply) -> tuple[ReceiveStock, ...]:
    """Goods are expected: the latest word on a line counts, new lines are added.

    Gives back what came of skus that the supply turned out not to have: it is to `wait_again`.
    """
    supply_id = request.supply_id
    for line in request.lines:
        draft.names(request.location, line.sku)
    before = _lines(draft, supply_id)
    due_until = None
    if request.due is not None:
        due_until = end_of_day(draft.state, request.location, request.due)
    expected = SupplyExpected(
        *draft.header,
        supply_id,
        request.location,
        request.lines,
        request.due,
        due_until,
        request.currency,
    )
    draft.emit(expected)
    for line in request.lines:
        _incoming_changed(draft, (supply_id, line.line_id), before.get(line.line_id))
    return _share_again(draft, supply_id, before)


def reschedule_supply(draft: Draft, request: RescheduleSupply) -> None:
    """It comes on another day, which is over at each line's own location."""
    by_location: dict[str, list[str]] = {}
    for line_id in _named(draft, request):
        line = draft.state.supply_lines[(request.supply_id, line_id)]
        by_location.setdefault(line.location, []).append(line_id)
    for location, line_ids in by_location.items():
        until = end_of_day(draft.state, location, request.due)
        rescheduled = SupplyRescheduled(
            *draft.header, request.supply_id, tuple(line_ids), request.due, until, draft.at
        )
        draft.emit(rescheduled)
    tell_overdue(draft, request.supply_id)


def cancel_supply(draft: Draft, request: CancelSupply) -> None:
    """What has not come of these lines will not come, whatever is said of them later."""
    lines = _lines(draft, request.supply_id)
    open_ids = tuple(i for i in _named(draft, request) if not lines[i].cancelled)
    if open_ids:
        draft.emit(SupplyCancelled(*draft.header, request.supply_id, open_ids))
    for line_id in open_ids:
        _incoming_changed(draft, (request.supply_id, line_id), lines[line_id])


def _named(draft: Draft, request: RescheduleSupply | CancelSupply) -> tuple[str, ...]:
    """The lines it names, or all; what is not known waits."""
    supply = draft.state.supplies.get(request.supply_id)
    if supply is None:
        draft.wait(request, supply_stream(request.supply_id))
        return ()
    known = set(supply.line_ids)
    unknown = tuple(i for i in request.line_ids if i not in known)
    if unknown:
        draft.wait(replace(request, line_ids=unknown), supply_stream(request.supply_id))
    named = request.line_ids or supply.line_ids
    return tuple(i for i in named if i in known)


def link_receipt(draft: Draft, receipt: ReceiveStock) -> None:
    """Count what came, its stock having moved, on the lines of its supply; the rest waits."""
    supply_id = receipt.supply_id
    assert supply_id is not None, receipt
    if supply_id not in draft.state.supplies:
        draft.wait(receipt, supply_stream(supply_id))
        return
    lines = _lines(draft, supply_id)
    skus = {line.sku for line in lines.values()}
    came: Counter[str] = Counter()
    for line in receipt.lines:
        came[line.sku] += line.quantity
    totals = _totals(line for line in lines.values() if line.sku in came) + came
    _share_out(draft, supply_id, totals, receipt.location)
    strays = tuple(line for line in receipt.lines if line.sku not in skus)
    if strays:
        draft.wait(replace(receipt, lines=strays), supply_stream(supply_id))


def tell_overdue(draft: Draft, supply_id: str) -> None:
    """A day that was over when it was said: what should have come is overdue at once."""
    now = draft.arrival.recorded_at
    for line_id, line in _lines(draft, supply_id).items():
        if line.due_until is not None and line.due_until <= now:
            supply_overdue(draft, (supply_id, line_id))


def supply_overdue(draft: Draft, key: LineKey) -> None:
    """The day is over and it has not all come: it is counted on no longer."""
    line = draft.state.supply_lines.get(key)
    if line is not None and line.incoming and not line.overdue and line.due is not None:
        draft.emit(SupplyOverdue(*draft.header, *key, line.incoming, line.due))


def _lines(draft: Draft, supply_id: str) -> Lines:
    """In the order of the words that count, and as each word has them."""
    supply = draft.state.supplies.get(supply_id)
    ids = () if supply is None else supply.line_ids
    lines = [(draft.state.supply_lines[(supply_id, line_id)], line_id) for line_id in ids]
    lines.sort(key=lambda entry: (entry[0].stamp, entry[0].place))
    return {line_id: line for line, line_id in lines}


def _totals(lines: Iterable[SupplyLineState]) -> Counter[str]:
    """What came, by sku."""
    totals: Counter[str] = Counter()
    for line in lines:
        totals[line.sku] += line.received
    return totals


def _share_again(draft: Draft, supply_id: str, before: Lines) -> tuple[ReceiveStock, ...]:
    """A word changed what is expected: what had come is counted on other lines, or on none."""
    totals = _totals(before.values())
    _share_out(draft, supply_id, totals, None)
    skus = {line.sku for line in _lines(draft, supply_id).values()}
    homeless = {
        line.sku: ReceiveStock(
            request_id=draft.arrival.request.request_id,
            occurred_at=draft.arrival.request.occurred_at,
            location=line.location,
            supply_id=supply_id,
            lines=(ReceiptLine(line_id=line_id, sku=line.sku, quantity=totals[line.sku]),),
        )
        for line_id, line in before.items()
        if totals[line.sku] > 0 and line.sku not in skus
    }
    return tuple(homeless.values())


def wait_again(draft: Draft, receipts: Iterable[ReceiveStock]) -> None:
    """What came waits for its supply to have it; its stock moved when it came."""
    for receipt in receipts:
        assert receipt.supply_id is not None, receipt
        draft.wait(receipt, supply_stream(receipt.supply_id))


def _share_out(
    draft: Draft, supply_id: str, totals: Mapping[str, int], location: str | None
) -> None:
    """Have the lines of these skus, and those that were of them, say what came of each."""
    by_sku: dict[str, Lines] = {}
    for line_id, line in _lines(draft, supply_id).items():
        by_sku.setdefault(line.sku, {})[line_id] = line
    for sku, lines in by_sku.items():
        if location is not None and sku not in totals:
            continue
        left = totals.get(sku, 0)
        last = next(reversed(lines))
        for line_id, line in lines.items():
            share = left if line_id == last else min(left, line.expected)
            left -= share
            _came(draft, (supply_id, line_id), share - line.received, location or line.location)


def _came(draft: Draft, key: LineKey, quantity: int, location: str) -> None:
    before = draft.state.supply_lines[key]
    if quantity != 0:
        draft.emit(SupplyReceived(*draft.header, *key, quantity, location))
        _incoming_changed(draft, key, before)
    _tell_excess(draft, key)


def _incoming_changed(draft: Draft, key: LineKey, before: SupplyLineState | None) -> None:
    """Tell the stock that waits for a line how much more, or less, is to come."""
    after = draft.state.supply_lines[key]
    changes: Counter[tuple[str, str]] = Counter()
    changes[(after.location, after.sku)] += after.incoming
    if before is not None:
        changes[(before.location, before.sku)] -= before.incoming
    for item, quantity in changes.items():
        if quantity != 0:
            draft.emit(StockExpected(*draft.header, *item, "supply", *key, quantity=quantity))


def _tell_excess(draft: Draft, key: LineKey) -> None:
    line = draft.state.supply_lines[key]
    about = About(line_id=key[1], subject=supply_stream(key[0]))
    beyond = line.received - line.expected
    if beyond > 0:
        detail = (
            f"line {key[1]!r} of supply {key[0]!r}: {line.received} of {line.sku!r} came, "
            f"{line.expected} were expected; say what is expected, or count the receipt"
        )
        draft.exception("over_received", detail, about, quantity=beyond)
    else:
        draft.resolve("over_received", about)
