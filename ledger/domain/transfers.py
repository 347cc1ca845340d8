"""Transfers: stock on its way from one location to another (domain rule 10).

Here is what happens to a transfer that was asked for; `transfer_claims` asks for one. Shipment,
receipt and close may come in any order, and before the transfer is known.
"""

from collections.abc import Iterator
from typing import TypeVar

from msgspec.structs import replace

from ledger.domain.draft import Draft
from ledger.domain.entries import Transfer, TransferLineState
from ledger.domain.events import (
    StockArrived,
    StockExpected,
    StockReleased,
    StockSent,
    TransferClosed,
    TransferOverdue,
    TransferReceived,
    TransferShipped,
)
from ledger.domain.requests import (
    ArrivedLine,
    CloseTransfer,
    LineQuantity,
    ReceiveTransfer,
    ShipTransfer,
)
from ledger.domain.words import part

LineKey = tuple[str, str]
"""(transfer_id, line_id)."""
Named = TypeVar("Named", LineQuantity, ArrivedLine)


def transfer_stream(transfer_id: str) -> str:
    """What waits for a transfer waits for this."""
    return f"transfer/{part(transfer_id)}"


def ship_transfer(draft: Draft, request: ShipTransfer) -> None:
    """Goods left their source, and took along what was reserved of them."""
    asked_of_all = False
    for line, transfer, before in _known(draft, request, request.lines):
        key = (request.transfer_id, line.line_id)
        sent = StockSent(
            *draft.header,
            transfer.from_location,
            before.sku,
            *key,
            quantity=line.quantity,
            reserved=min(line.quantity, before.reserved),
            effective_at=draft.at,
        )
        draft.stock(sent)
        draft.emit(TransferShipped(*draft.header, *key, line.quantity))
        _on_its_way(draft, key, transfer, before)
        if transfer.due_until is not None and transfer.due_until <= draft.arrival.recorded_at:
            transfer_overdue(draft, request.transfer_id, line.line_id if asked_of_all else None)
            asked_of_all = True


def receive_transfer(draft: Draft, request: ReceiveTransfer) -> None:
    """Goods arrived, fit for sale or damaged; what is missing moves no stock."""
    for line, transfer, before in _known(draft, request, request.lines):
        key = (request.transfer_id, line.line_id)
        if line.accepted + line.damaged > 0:
            arrived = StockArrived(
                *draft.header,
                transfer.to_location,
                before.sku,
                *key,
                quantity=line.accepted + line.damaged,
                damaged=line.damaged,
                effective_at=draft.at,
            )
            draft.stock(arrived)
        received = TransferReceived(*draft.header, *key, line.accepted, line.damaged, line.missing)
        draft.emit(received)
        _on_its_way(draft, key, transfer, before)


def close_transfer(draft: Draft, request: CloseTransfer) -> None:
    """Nothing more will come: what is on its way is lost, what is still reserved is free."""
    transfer_id = request.transfer_id
    transfer = draft.state.transfers.get(transfer_id)
    if transfer is None:
        draft.wait(request, transfer_stream(transfer_id))
        return
    if transfer.closed:
        return
    release(draft, transfer_id, transfer)
    before = {i: draft.state.transfer_lines[(transfer_id, i)] for i in transfer.line_ids}
    draft.emit(TransferClosed(*draft.header, transfer_id))
    for line_id, line in before.items():
        _on_its_way(draft, (transfer_id, line_id), transfer, line)


def release(draft: Draft, transfer_id: str, transfer: Transfer) -> None:
    """Give back all that its source still reserves."""
    for line_id in transfer.line_ids:
        line = draft.state.transfer_lines[(transfer_id, line_id)]
        if line.reserved > 0:
            released = StockReleased(
                *draft.header,
                transfer.from_location,
                line.sku,
                "transfer",
                transfer_id,
                line_id,
                line.reserved,
                "cancelled",
            )
            draft.stock(released)


def transfer_overdue(draft: Draft, transfer_id: str, line_id: str | None = None) -> None:
    """The day is over and it is not all there: people are told.

    With a line it is asked of that one only: nothing else has changed since all were looked at.
    """
    transfer = draft.state.transfers.get(transfer_id)
    if transfer is None or transfer.due is None or transfer.overdue:
        return
    line_ids = transfer.line_ids if line_id is None else (line_id,)
    if _is_awaited(draft, transfer_id, transfer, line_ids):
        draft.emit(TransferOverdue(*draft.header, transfer_id, transfer.due))


def _is_awaited(
    draft: Draft, transfer_id: str, transfer: Transfer, line_ids: tuple[str, ...]
) -> bool:
    """Whether something of these lines is on its way, or is still to be sent."""
    for line_id in line_ids:
        line = draft.state.transfer_lines[(transfer_id, line_id)]
        arrived = line.accepted + line.damaged + line.missing
        to_come = 0 if transfer.cancelled or transfer.closed else line.requested - arrived
        if line.in_transit > 0 or to_come > 0:
            return True
    return False


def _known(
    draft: Draft, request: ShipTransfer | ReceiveTransfer, lines: tuple[Named, ...]
) -> Iterator[tuple[Named, Transfer, TransferLineState]]:
    """The lines that are known, each as it is by then; the others wait."""
    transfer = draft.state.transfers.get(request.transfer_id)
    if transfer is None:
        draft.wait(request, transfer_stream(request.transfer_id))
        return
    unknown = []
    for line in lines:
        known = draft.state.transfer_lines.get((request.transfer_id, line.line_id))
        if known is None:
            unknown.append(line)
        else:
            yield line, transfer, known
    if unknown:
        waits = replace(request, lines=tuple(unknown))
        draft.wait(waits, transfer_stream(request.transfer_id))


def _on_its_way(draft: Draft, key: LineKey, transfer: Transfer, before: TransferLineState) -> None:
    """Tell its destination how much more, or less, is on its way."""
    change = draft.state.transfer_lines[key].in_transit - before.in_transit
    if change != 0:
        expected = StockExpected(
            *draft.header,
            transfer.to_location,
            before.sku,
            "transfer",
            *key,
            quantity=change,
        )
        draft.emit(expected)
