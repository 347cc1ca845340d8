"""Transfers: stock on its way from one location to another (domain rule 10)."""

from ledger.domain.draft import Draft
from ledger.domain.events import TransferOverdue


def transfer_overdue(draft: Draft, transfer_id: str) -> None:
    """The day is over and it is not all there: people are told."""
    transfer = draft.state.transfers.get(transfer_id)
    if transfer is not None and transfer.due is not None:
        draft.emit(TransferOverdue(*draft.header, transfer_id, transfer.due))
