"""What return events change in the writer's knowledge."""

from msgspec.structs import replace

from ledger.domain.entries import AuthorisedLine, AuthorisedReturn
from ledger.domain.events import ReturnAuthorised, ReturnReceived
from ledger.domain.state import State


def authorised(state: State, event: ReturnAuthorised) -> None:
    """So much of an order's lines may come back."""
    line_ids = tuple(dict.fromkeys(line.line_id for line in event.lines))
    state.returns[event.return_id] = AuthorisedReturn(event.order_id, line_ids)
    for line in event.lines:
        key = (event.return_id, line.line_id)
        before = state.return_lines.get(key)
        quantity = line.quantity + (0 if before is None else before.quantity)
        state.return_lines[key] = AuthorisedLine(quantity)
        _open(state, (event.order_id, line.line_id), line.quantity)


def received(state: State, event: ReturnReceived) -> None:
    """So much of it came; what was missing came back to nobody."""
    order_id = state.returns[event.return_id].order_id
    for line in event.lines:
        key = (event.return_id, line.line_id)
        before = state.return_lines.get(key)
        if before is None or line.disposition == "missing":
            continue
        after = replace(before, received=before.received + line.quantity)
        state.return_lines[key] = after
        _open(state, (order_id, line.line_id), after.open - before.open)


def _open(state: State, key: tuple[str, str], quantity: int) -> None:
    line = state.lines[key]
    state.lines[key] = replace(line, authorised=line.authorised + quantity)
