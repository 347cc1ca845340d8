"""What supply events change in the writer's knowledge; `incoming` changes with stock."""

from datetime import date, datetime

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
from ledger.domain.stock import Stamp, stamp_of

LineId = tuple[str, str]
"""(supply_id, line_id)."""


def expected(state: State, event: SupplyExpected) -> None:
    """Lines are expected; of two words on one line the latest counts."""
    known = state.supplies.get(event.supply_id)
    before = () if known is None else known.line_ids
    new = tuple(line.line_id for line in event.lines if line.line_id not in before)
    location = event.location if known is None else known.location
    state.supplies[event.supply_id] = Supply(location, (*before, *new))
    for line in event.lines:
        _line_expected(state, event, line)


def _line_expected(state: State, event: SupplyExpected, line: SupplyLine) -> None:
    key = (event.supply_id, line.line_id)
    stamp = stamp_of(event)
    before = state.supply_lines.get(key)
    if before is None:
        before = SupplyLineState(line.sku, event.location, 0, stamp)
        state.supply_lines[key] = before
    if stamp >= before.stamp:
        put_line(state, key, replace(before, expected=line.quantity, stamp=stamp))
    if event.due is not None:
        _due(state, key, event.due, event.due_until, stamp, event.recorded_at)


def _due(  # noqa: PLR0913, PLR0917 - a word on a date
    state: State,
    key: LineId,
    due: date,
    due_until: datetime | None,
    stamp: Stamp,
    recorded_at: datetime,
) -> None:
    line = state.supply_lines[key]
    if line.due_stamp is not None and stamp < line.due_stamp:
        return
    if line.due_until is not None:
        state.end_deadline((line.due_until, "supply", *key))
    passed = due_until is not None and due_until <= recorded_at
    after = replace(line, due=due, due_until=due_until, due_stamp=stamp, overdue=False)
    put_line(state, key, after)
    if due_until is not None and not passed and after.incoming > 0:
        state.set_deadline((due_until, "supply", *key))


def rescheduled(state: State, event: SupplyRescheduled) -> None:
    """Lines come on another day."""
    stamp = stamp_of(event)
    for line_id in event.line_ids:
        key = (event.supply_id, line_id)
        _due(state, key, event.due, event.due_until, stamp, event.recorded_at)


def received(state: State, event: SupplyReceived) -> None:
    """So much of a line came."""
    key = (event.supply_id, event.line_id)
    line = state.supply_lines[key]
    put_line(state, key, replace(line, received=line.received + event.quantity))


def cancelled(state: State, event: SupplyCancelled) -> None:
    """What has not come will not come."""
    for line_id in event.line_ids:
        key = (event.supply_id, line_id)
        put_line(state, key, replace(state.supply_lines[key], cancelled=True))


def overdue(state: State, event: SupplyOverdue) -> None:
    """It is counted on no longer, until somebody says when it comes."""
    key = (event.supply_id, event.line_id)
    put_line(state, key, replace(state.supply_lines[key], overdue=True))


def put_line(state: State, key: LineId, after: SupplyLineState) -> None:
    """Keep the line, its place among what brings its sku, and its deadline while it is open."""
    state.supply_lines[key] = after
    on_its_way(state, after.sku, ("supply", *key), coming=after.incoming > 0)
    if after.incoming == 0 and after.due_until is not None:
        state.end_deadline((after.due_until, "supply", *key))


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
        left = tuple(other for other in before if other != source)
        if left:
            state.incoming[sku] = left
        else:
            del state.incoming[sku]
