"""Supplies: goods expected from outside, by a date or not."""

from ledger.domain.draft import Draft
from ledger.domain.events import SupplyOverdue


def supply_overdue(draft: Draft, key: tuple[str, str]) -> None:
    """The day is over and it has not all come: it is counted on no longer."""
    line = draft.state.supply_lines.get(key)
    if line is not None and line.incoming and line.due is not None:
        draft.emit(SupplyOverdue(*draft.header, *key, line.incoming, line.due))
