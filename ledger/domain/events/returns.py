"""Returns that are authorised, received and inspected."""

from ledger.domain.events.base import Event
from ledger.domain.requests import InspectedLine, ReceivedLine, ReturnedLine
from ledger.domain.words import part


class ReturnEvent(Event, frozen=True):
    """An event of one authorised return."""

    return_id: str

    @property
    def stream(self) -> str:
        return f"return/{part(self.return_id)}"


class ReturnAuthorised(ReturnEvent, frozen=True):
    """`order_id` is the order's, or `sale:{channel}:{request_id}`."""

    order_id: str
    lines: tuple[ReturnedLine, ...]


class ReturnReceived(ReturnEvent, frozen=True):
    location: str
    lines: tuple[ReceivedLine, ...]


class ReturnInspected(ReturnEvent, frozen=True):
    location: str
    lines: tuple[InspectedLine, ...]


AnyReturnEvent = ReturnAuthorised | ReturnReceived | ReturnInspected
