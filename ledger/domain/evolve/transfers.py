"""What transfer events change in the writer's knowledge; stock changes by itself."""

from datetime import datetime

from msgspec.structs import replace

from ledger.domain.entries import Transfer, TransferLineState
from ledger.domain.events import (
    TransferCancelled,
    TransferClosed,
    TransferOverdue,
    TransferReceived,
    TransferRequested,
    TransferShipped,
)
from ledger.domain.evolve.supply import on_its_way
from ledger.domain.state import State


def requested(state: State, event: TransferRequested) -> None:
    """A transfer is known; `stock_reserved` says what its source holds."""
    line_ids = tuple(line.line_id for line in event.lines)
    ends = (event.from_location, event.to_location)
    transfer_id = event.transfer_id
    state.transfers[transfer_id] = Transfer(*ends, line_ids, event.due, event.due_until)
    for line in event.lines:
        key = (transfer_id, line.line_id)
        state.transfer_lines[key] = TransferLineState(line.sku, line.quantity)
    _awaited(state, transfer_id, event.due_until, event.recorded_at)


def _awaited(
    state: State, transfer_id: str, due_until: datetime | None, recorded_at: datetime
) -> None:
    if due_until is not None and due_until > recorded_at:
        state.set_deadline((due_until, "transfer", transfer_id, ""))


def shipped(state: State, event: TransferShipped) -> None:
    """Goods left their source: they are awaited, though the transfer had been cancelled."""
    key = (event.transfer_id, event.line_id)
    line = state.transfer_lines[key]
    _put_line(state, key, replace(line, shipped=line.shipped + event.quantity))
    transfer = state.transfers[event.transfer_id]
    if transfer.cancelled and not transfer.closed:
        _awaited(state, event.transfer_id, transfer.due_until, event.recorded_at)


def received(state: State, event: TransferReceived) -> None:
    """Goods arrived, or are missing."""
    key = (event.transfer_id, event.line_id)
    line = state.transfer_lines[key]
    after = replace(
        line,
        accepted=line.accepted + event.accepted,
        damaged=line.damaged + event.damaged,
        missing=line.missing + event.missing,
    )
    _put_line(state, key, after)


def closed(state: State, event: TransferClosed) -> None:
    """Nothing is on its way any more."""
    transfer = state.transfers[event.transfer_id]
    _ended(state, event.transfer_id, replace(transfer, closed=True))
    for line_id in transfer.line_ids:
        key = (event.transfer_id, line_id)
        _put_line(state, key, replace(state.transfer_lines[key], closed=True))


def cancelled(state: State, event: TransferCancelled) -> None:
    """Nothing will be shipped; what is shipped all the same is on its way."""
    transfer = state.transfers[event.transfer_id]
    _ended(state, event.transfer_id, replace(transfer, cancelled=True))


def overdue(state: State, event: TransferOverdue) -> None:
    """It is counted on no longer."""
    transfer = state.transfers[event.transfer_id]
    state.transfers[event.transfer_id] = replace(transfer, overdue=True)


def _ended(state: State, transfer_id: str, after: Transfer) -> None:
    state.transfers[transfer_id] = after
    if after.due_until is not None:
        state.end_deadline((after.due_until, "transfer", transfer_id, ""))


def _put_line(state: State, key: tuple[str, str], after: TransferLineState) -> None:
    state.transfer_lines[key] = after
    on_its_way(state, after.sku, ("transfer", *key), coming=after.in_transit > 0)
