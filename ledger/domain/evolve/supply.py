"""What supply events change in the writer's knowledge; `incoming` changes with stock."""

from datetime import datetime

from msgspec.structs import replace

from ledger.domain.entries import Source, Supply, SupplyLineState
from ledger.domain.events import (
    SupplyCancelled,
    SupplyExpected,
    SupplyOverdue,
    SupplyReceived,
    SupplyRescheduled,
)
from ledger.domain.requests import SupplyLine
from ledger.domain.state import State
from ledger.domain.stock.item import Stamp, effective_at, stamp_of

LineId = tuple[str, str]
"""(supply_id, line_id)."""


def expected(state: State, event: SupplyExpected) -> None:
    """Lines are expected; of two words on one line the latest counts."""
    supply_id = event.supply_id
    known = state.supplies.get(supply_id)
    before = () if known is None else known.line_ids
    new = (line.line_id for line in event.lines)
    added = tuple(i for i in new if (supply_id, i) not in state.supply_lines)
    location = event.location if known is None else known.location
    state.supplies[supply_id] = Supply(location, (*before, *added))
    for place, line in enumerate(event.lines):
        _line_expected(state, event, line, place)


def _line_expected(state: State, event: SupplyExpected, line: SupplyLine, place: int) -> None:
    key = (event.supply_id, line.line_id)
    before = state.supply_lines.get(key)
    after = line_expected(before, event, line, place)
    if after is not before:
        put_line(state, key, after, event.recorded_at)
    if event.due is not None:
        _due(state, key, event)


def line_expected(
    before: SupplyLineState | None, event: SupplyExpected, line: SupplyLine, place: int
) -> SupplyLineState:
    """The line after a word on how much of it is expected; the due date is another word."""
    stamp = stamp_of(event)
    if before is None:
        before = SupplyLineState(line.sku, event.location, 0, stamp)
    if stamp < before.stamp:
        return before
    return replace(
        before,
        sku=line.sku,
        location=event.location,
        expected=line.quantity,
        stamp=stamp,
        place=place,
    )


def _due(state: State, key: LineId, event: SupplyExpected | SupplyRescheduled) -> None:
    line = state.supply_lines[key]
    after = due_said(line, event)
    if after is not line:
        put_line(state, key, after, event.recorded_at)


def due_said(line: SupplyLineState, event: SupplyExpected | SupplyRescheduled) -> SupplyLineState:
    """The line after a word on its day."""
    stamp: Stamp = (effective_at(event), event.channel, event.request_id)
    if line.due_stamp is not None and stamp < line.due_stamp:
        return line
    return replace(line, due=event.due, due_until=event.due_until, due_stamp=stamp, overdue=False)


def rescheduled(state: State, event: SupplyRescheduled) -> None:
    """Lines come on another day."""
    for line_id in event.line_ids:
        _due(state, (event.supply_id, line_id), event)


def received(state: State, event: SupplyReceived) -> None:
    """So much of a line came."""
    key = (event.supply_id, event.line_id)
    line = state.supply_lines[key]
    after = replace(line, received=line.received + event.quantity)
    put_line(state, key, after, event.recorded_at)


def cancelled(state: State, event: SupplyCancelled) -> None:
    """What has not come will not come."""
    for line_id in event.line_ids:
        key = (event.supply_id, line_id)
        after = replace(state.supply_lines[key], cancelled=True)
        put_line(state, key, after, event.recorded_at)


def overdue(state: State, event: SupplyOverdue) -> None:
    """It is counted on no longer, until somebody says when it comes."""
    key = (event.supply_id, event.line_id)
    put_line(state, key, replace(state.supply_lines[key], overdue=True), event.recorded_at)


def put_line(state: State, key: LineId, after: SupplyLineState, recorded_at: datetime) -> None:
    """Keep the line, its place among what brings its sku, and its deadline while it is awaited."""
    before = state.supply_lines.get(key)
    state.supply_lines[key] = after
    source: Source = ("supply", *key)
    if before is not None and before.sku != after.sku:
        on_its_way(state, before.sku, source, coming=False)
    on_its_way(state, after.sku, source, coming=after.incoming > 0)
    awaited = after.incoming > 0 and not after.overdue
    until = None if before is None else before.due_until
    if until is not None and (until != after.due_until or not awaited):
        state.end_deadline((until, "supply", *key))
    if awaited and after.due_until is not None and after.due_until > recorded_at:
        state.set_deadline((after.due_until, "supply", *key))


def on_its_way(
    state: State,
    sku: str,
    source: Source,
    *,
    coming: bool,
) -> None:
    """Whether a line of a supply or transfer still brings some of its sku."""
    before = state.incoming.get(sku, ())
    if coming and source not in before:
        state.incoming[sku] = (*before, source)
    elif not coming and source in before:
        index = before.index(source)
        left = before[:index] + before[index + 1 :]
        if left:
            state.incoming[sku] = left
        else:
            del state.incoming[sku]
