"""What hold events change in the writer's knowledge; reservations change with stock."""

from msgspec.structs import replace

from ledger.domain.entries import Hold
from ledger.domain.events import HoldExtended, HoldPlaced
from ledger.domain.state import State


def placed(state: State, event: HoldPlaced) -> None:
    """A line of an owner's holds; `stock_reserved` says where."""
    key = (event.owner, event.line_id)
    lines = state.owners.get(event.owner, ())
    if key not in state.holds:
        state.owners[event.owner] = (*lines, event.line_id)
    state.holds[key] = Hold(event.sku, event.expires_at)
    state.set_deadline((event.expires_at, "hold", *key))


def extended(state: State, event: HoldExtended) -> None:
    """It ends at another time."""
    key = (event.owner, event.line_id)
    hold = state.holds[key]
    state.end_deadline((hold.expires_at, "hold", *key))
    state.holds[key] = replace(hold, expires_at=event.expires_at)
    state.set_deadline((event.expires_at, "hold", *key))
