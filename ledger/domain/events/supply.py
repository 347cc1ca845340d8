"""Goods that are expected from outside."""

from datetime import date, datetime

from ledger.domain.events.base import Event
from ledger.domain.requests import SupplyLine
from ledger.domain.words import part


class SupplyEvent(Event, frozen=True):
    """An event of one supply."""

    supply_id: str

    @property
    def stream(self) -> str:
        return f"supply/{part(self.supply_id)}"


class SupplyExpected(SupplyEvent, frozen=True):
    """`due_until` is when the day it is due is over, at the location."""

    location: str
    lines: tuple[SupplyLine, ...]
    due: date | None = None
    due_until: datetime | None = None
    currency: str | None = None


class SupplyRescheduled(SupplyEvent, frozen=True):
    line_ids: tuple[str, ...]
    due: date
    due_until: datetime
    effective_at: datetime | None = None


class SupplyReceived(SupplyEvent, frozen=True):
    """So much of a line came, wherever it was received.

    Below zero: so much is counted elsewhere, since a later word changed what is expected.
    """

    line_id: str
    quantity: int
    location: str


class SupplyCancelled(SupplyEvent, frozen=True):
    line_ids: tuple[str, ...]


class SupplyOverdue(SupplyEvent, frozen=True):
    """The day has passed and so much of the line has not come; it is no longer counted on."""

    line_id: str
    quantity: int
    due: date


AnySupplyEvent = (
    SupplyExpected | SupplyRescheduled | SupplyReceived | SupplyCancelled | SupplyOverdue
)
