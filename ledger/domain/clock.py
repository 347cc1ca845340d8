"""What the writer does when a deadline has passed (docs/decisions/deadlines.md)."""

from ledger.domain.draft import Draft
from ledger.domain.holds import expire_hold
from ledger.domain.orders.pickups import expire_passed
from ledger.domain.requests import DeadlinePassed
from ledger.domain.sourcing import backorders
from ledger.domain.supply import supply_overdue
from ledger.domain.transfers import transfer_overdue


def pass_deadline(draft: Draft, request: DeadlinePassed) -> None:
    """Holds and pickups expire; of supply, transfers and backorders people are told."""
    key = (request.id, request.line_id)
    match request.kind:
        case "hold":
            expire_hold(draft, *key)
        case "pickup":
            if key in draft.state.lines:
                expire_passed(draft, key, request.occurred_at)
        case "supply":
            supply_overdue(draft, key)
        case "transfer":
            transfer_overdue(draft, request.id)
        case "backorder":
            backorders.overdue(draft, key)
