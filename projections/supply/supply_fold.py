"""What becomes of supplies.

A line's state is the writer's own; what is still to come, and what counts of two words on one
thing, follow from it as they do there.
"""

from datetime import date

from msgspec import Struct
from msgspec.structs import astuple, replace

from ledger.domain.entries import SupplyLineState
from ledger.domain.events import (
    SupplyCancelled,
    SupplyEvent,
    SupplyExpected,
    SupplyOverdue,
    SupplyReceived,
    SupplyRescheduled,
)
from ledger.domain.requests import SupplyLine
from ledger.domain.stock.item import Stamp, effective_at, stamp_of
from projections.episodes import NEVER, Episode, closed, opened
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, GroupedRows, Rows
from projections.supply.supplies import (
    NAME,
    SUPPLIES,
    SUPPLY_LINES,
    SupplyLineRow,
    SupplyRow,
    SupplyState,
)
from projections.tables import Values

LineKey = tuple[str, str]


class LineState(Struct, frozen=True, gc=False):
    """A line, its place and its cost, and since when it is overdue."""

    number: int
    known: SupplyLineState
    unit_cost_minor: int | None = None
    currency: str | None = None
    overdue: Episode = NEVER


class Supplies(Projection):
    """Folds supplies as the writer does."""

    name = NAME
    comment = SUPPLIES.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.supplies: Rows[str, SupplyRow] = Rows(
            SUPPLIES.select_by(SUPPLIES.key),
            table=SUPPLIES,
            pack=lambda _, row: astuple(row),
            unpack=lambda values: (values[0], SupplyRow(*values)),
            limit=limit,
        )
        self.lines: GroupedRows[str, LineKey, LineState] = GroupedRows(
            SUPPLY_LINES.select_by(["supply_id"]),
            group_of=lambda key: key[0],
            table=SUPPLY_LINES,
            pack=_pack,
            unpack=_unpack,
            limit=limit,
        )
        self.kept = (self.supplies, self.lines)
        self._changed: dict[str, int] = {}
        self.folds = {
            SupplyExpected: self._expected,
            SupplyRescheduled: self._rescheduled,
            SupplyReceived: self._received,
            SupplyCancelled: self._cancelled,
            SupplyOverdue: self._overdue,
        }

    def ask(self, batch: Batch) -> None:
        """The supplies that events name, with all their lines."""
        named = {event.supply_id for _, event in batch if isinstance(event, SupplyEvent)}
        self.supplies.ask(named)
        self.lines.ask(named)

    def finish(self) -> None:
        """Give each supply that changed what follows from its lines."""
        changed, self._changed = self._changed, {}
        for supply_id, position in changed.items():
            row = self.supplies.get(supply_id)
            assert row is not None, f"supply {supply_id} changed, but it is not there"
            lines = [state.known for state in self.lines.group(supply_id)]
            coming = [line.due for line in lines if line.incoming and not line.overdue]
            after = replace(
                row,
                state=_state(lines),
                due=min((due for due in coming if due is not None), default=None),
                expected=sum(line.expected for line in lines),
                received=sum(line.received for line in lines),
                incoming=sum(line.incoming for line in lines),
                changed_position=position,
            )
            self.supplies.put(supply_id, after)

    def forget(self) -> None:
        """Remember nothing."""
        super().forget()
        self._changed.clear()

    def _expected(self, position: int, event: SupplyExpected) -> None:
        supply_id = event.supply_id
        if self.supplies.get(supply_id) is None:
            self.supplies.put(supply_id, _new(position, event))
        for line in event.lines:
            self._line_expected(position, event, line)
        self._changed[supply_id] = position

    def _line_expected(self, position: int, event: SupplyExpected, line: SupplyLine) -> None:
        key, stamp = (event.supply_id, line.line_id), stamp_of(event)
        state = self.lines.get(key)
        if state is None:
            known = SupplyLineState(line.sku, event.location, 0, stamp)
            state = LineState(self.lines.size(event.supply_id) + 1, known)
        if stamp >= state.known.stamp:
            known = replace(
                state.known,
                sku=line.sku,
                location=event.location,
                expected=line.quantity,
                stamp=stamp,
            )
            cost = line.unit_cost_minor
            state = replace(state, known=known, unit_cost_minor=cost, currency=event.currency)
        self._put(key, state, state.known, position, event)
        if event.due is not None:
            self._due(key, event.due, event, position)

    def _due(
        self, key: LineKey, due: date, event: SupplyExpected | SupplyRescheduled, position: int
    ) -> None:
        state = self._line(key)
        stamp = (effective_at(event), event.channel, event.request_id)
        if state.known.due_stamp is not None and stamp < state.known.due_stamp:
            return
        known = replace(
            state.known, due=due, due_until=event.due_until, due_stamp=stamp, overdue=False
        )
        self._put(key, state, known, position, event)

    def _rescheduled(self, position: int, event: SupplyRescheduled) -> None:
        for line_id in event.line_ids:
            self._due((event.supply_id, line_id), event.due, event, position)

    def _received(self, position: int, event: SupplyReceived) -> None:
        key = (event.supply_id, event.line_id)
        state = self._line(key)
        known = replace(state.known, received=state.known.received + event.quantity)
        self._put(key, state, known, position, event)

    def _cancelled(self, position: int, event: SupplyCancelled) -> None:
        for line_id in event.line_ids:
            key = (event.supply_id, line_id)
            state = self._line(key)
            self._put(key, state, replace(state.known, cancelled=True), position, event)

    def _overdue(self, position: int, event: SupplyOverdue) -> None:
        key = (event.supply_id, event.line_id)
        state = self._line(key)
        self._put(key, state, replace(state.known, overdue=True), position, event)

    def _line(self, key: LineKey) -> LineState:
        state = self.lines.get(key)
        assert state is not None, f"supply {key[0]} has no line {key[1]}"
        return state

    def _put(
        self,
        key: LineKey,
        state: LineState,
        known: SupplyLineState,
        position: int,
        event: SupplyEvent,
    ) -> None:
        change = opened if known.overdue and known.incoming else closed
        overdue = change(state.overdue, position, event)
        self.lines.put(key, replace(state, known=known, overdue=overdue))
        self._changed[key[0]] = position


def _new(position: int, event: SupplyExpected) -> SupplyRow:
    return SupplyRow(
        event.supply_id,
        event.location,
        "expected",
        None,
        0,
        0,
        0,
        event.channel,
        event.request_id,
        event.occurred_at,
        event.recorded_at,
        position,
        position,
    )


def _state(lines: list[SupplyLineState]) -> SupplyState:
    received = any(line.received for line in lines)
    if not received and all(line.cancelled for line in lines):
        return "cancelled"
    if not any(line.incoming for line in lines):
        return "received"
    if any(line.incoming and line.overdue for line in lines):
        return "overdue"
    return "partly_received" if received else "expected"


def _pack(key: LineKey, state: LineState) -> Values:
    known = state.known
    return (
        key[1],
        known.sku,
        known.location,
        known.expected,
        known.received,
        known.incoming,
        known.due,
        known.overdue,
        known.cancelled,
        state.unit_cost_minor,
        state.currency,
        key[0],
        state.number,
        known.due_until,
        *known.stamp,
        *(known.due_stamp or (None, None, None)),
        *astuple(state.overdue),
    )


def _unpack(values: Values) -> tuple[LineKey, LineState]:
    row = SupplyLineRow(*values)
    due_stamp: Stamp | None = None
    if row.due_said_at is not None:
        assert row.due_said_by is not None, row
        assert row.due_said_in is not None, row
        due_stamp = (row.due_said_at, row.due_said_by, row.due_said_in)
    known = SupplyLineState(
        row.sku,
        row.location,
        row.expected,
        (row.said_at, row.said_by, row.said_in),
        row.received,
        row.due,
        row.due_until,
        due_stamp,
        row.cancelled,
        row.overdue,
    )
    overdue = Episode(
        row.overdue_since_position,
        row.overdue_since,
        row.overdue_until_position,
        row.overdue_until,
    )
    state = LineState(row.number, known, row.unit_cost_minor, row.currency, overdue)
    return (row.supply_id, row.line_id), state
