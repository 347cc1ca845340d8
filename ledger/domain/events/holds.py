"""Holds: stock kept for an owner until a deadline."""

from datetime import datetime

from ledger.domain.events.base import Event
from ledger.domain.events.stock import ReleaseReason
from ledger.domain.words import part


class HoldEvent(Event, frozen=True):
    """An event of one line of an owner's holds."""

    owner: str
    line_id: str

    @property
    def stream(self) -> str:
        return f"hold/{part(self.owner)}"


class HoldPlaced(HoldEvent, frozen=True):
    """What it reserves, and where, follows as `stock_reserved`. `location`: the one it named."""

    sku: str
    quantity: int
    expires_at: datetime
    location: str | None = None


class HoldExtended(HoldEvent, frozen=True):
    expires_at: datetime


class HoldReleased(HoldEvent, frozen=True):
    """So much less is held."""

    quantity: int
    cause: ReleaseReason


class HoldExpired(HoldEvent, frozen=True):
    """Its deadline passed; so much was still held."""

    quantity: int


AnyHoldEvent = HoldPlaced | HoldExtended | HoldReleased | HoldExpired
