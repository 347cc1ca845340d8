"""Stock on its way from one location to another."""

from datetime import date, datetime

from msgspec import field

from ledger.domain.events.base import Event
from ledger.domain.requests import TransferLine
from ledger.domain.words import part


class TransferEvent(Event, frozen=True):
    """An event of one transfer."""

    transfer_id: str

    @property
    def stream(self) -> str:
        return f"transfer/{part(self.transfer_id)}"


class TransferRequested(TransferEvent, frozen=True):
    """`due_until` is when the day it is due is over, at its destination."""

    from_location: str = field(name="from")
    to_location: str = field(name="to")
    lines: tuple[TransferLine, ...]
    due: date | None = None
    due_until: datetime | None = None


class TransferShipped(TransferEvent, frozen=True):
    line_id: str
    quantity: int


class TransferReceived(TransferEvent, frozen=True):
    line_id: str
    accepted: int
    damaged: int = 0
    missing: int = 0


class TransferClosed(TransferEvent, frozen=True):
    """Nothing more will come: what is on its way is lost."""


class TransferCancelled(TransferEvent, frozen=True):
    """Nothing of it was shipped; nothing is reserved any more."""


class TransferOverdue(TransferEvent, frozen=True):
    """The day it was due has passed, and it is not all there."""

    due: date


AnyTransferEvent = (
    TransferRequested
    | TransferShipped
    | TransferReceived
    | TransferClosed
    | TransferCancelled
    | TransferOverdue
)
