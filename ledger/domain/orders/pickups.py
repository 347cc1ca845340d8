"""Goods that were prepared and not collected in time (domain rule 9)."""

from datetime import datetime

from ledger.domain.draft import Draft
from ledger.domain.entries import LineKey
from ledger.domain.events import PickupExpired
from ledger.domain.orders.allocating import uncommit
from ledger.domain.orders.lines import Line


def expire_passed(draft: Draft, key: LineKey, until: datetime) -> None:
    """What was to be collected by then and was not is available again, and the order says so."""
    line = draft.state.lines[key]
    for location in dict.fromkeys(pickup.location for pickup in line.pickups):
        quantity = _expiring(line, location, until)
        if quantity > 0:
            uncommit(draft, key, location, quantity, "expired")
            draft.emit(PickupExpired(*draft.header, *key, quantity, location, until))


def _expiring(line: Line, location: str, until: datetime) -> int:
    """What waits there, less what may wait longer: prepared for later, or without a deadline."""
    there = line.allocation(location)
    assert there is not None, (line, location)
    timed = sum(pickup.quantity for pickup in line.pickups if pickup.location == location)
    later = sum(
        pickup.quantity
        for pickup in line.pickups
        if pickup.location == location and pickup.until > until
    )
    return max(0, there.waiting_ready - later - max(0, there.prepared - timed))
