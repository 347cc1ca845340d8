"""What people must look at."""

from datetime import datetime
from typing import Literal

from ledger.domain.events.base import Event
from ledger.domain.requests import Fact
from ledger.domain.words import CountedState, part

ExceptionKind = Literal[
    "unlinked",
    "unknown_sku",
    "unknown_location",
    "overshipped",
    "over_returned",
    "over_received",
    "over_voided",
    "clock_ahead",
    "discrepancy",
    "payment_moved",
    "claimed_twice",
    "declined",
]


class ExceptionRaised(Event, frozen=True):
    """Known by its request and its `number` within it; `fact` is what waits to be joined.

    `subject` is the stream of what it is about, where that is no order, location or sku: such as
    `transfer/tr-1`. A fact that waits, waits for its `subject`, else for its `order_id`.

    A fact that had waited before keeps its own sender, `fact_channel`, and time, `effective_at`.
    """

    number: int
    kind: ExceptionKind
    detail: str
    order_id: str | None = None
    line_id: str | None = None
    location: str | None = None
    sku: str | None = None
    state: CountedState | None = None
    quantity: int | None = None
    fact: Fact | None = None
    fact_channel: str | None = None
    effective_at: datetime | None = None
    subject: str | None = None

    @property
    def stream(self) -> str:
        return f"exception/{self.channel}/{part(self.request_id)}/{self.number}"


class ExceptionResolved(Event, frozen=True):
    """Names the exception by the request that raised it and its number there."""

    raised_channel: str
    raised_request_id: str
    number: int
    kind: ExceptionKind
    order_id: str | None = None
    line_id: str | None = None
    location: str | None = None
    sku: str | None = None
    state: CountedState | None = None
    subject: str | None = None

    @property
    def stream(self) -> str:
        return f"exception/{self.raised_channel}/{part(self.raised_request_id)}/{self.number}"
