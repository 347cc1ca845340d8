"""What left with a customer at once, and what was handed in without being authorised before."""

from ledger.domain.events.base import Event
from ledger.domain.requests import LineQuantity, ReturnLine, SaleLine
from ledger.domain.words import part


class SaleRecorded(Event, frozen=True):
    location: str
    selling_channel: str
    lines: tuple[SaleLine, ...]
    customer_id: str | None = None
    currency: str | None = None
    tender: str | None = None
    reference: str | None = None

    @property
    def stream(self) -> str:
        return f"sale/{self.channel}/{part(self.request_id)}"


class SaleVoided(Event, frozen=True):
    """`lines` are the quantities that were still there to be voided."""

    sale_channel: str
    sale_request_id: str
    lines: tuple[LineQuantity, ...]

    @property
    def stream(self) -> str:
        return f"sale/{self.sale_channel}/{part(self.sale_request_id)}"


class ReturnRecorded(Event, frozen=True):
    """`order_id` is the order's, or `sale:{channel}:{request_id}`, if one was named."""

    location: str
    selling_channel: str
    lines: tuple[ReturnLine, ...]
    order_id: str | None = None
    customer_id: str | None = None
    currency: str | None = None
    tender: str | None = None
    reference: str | None = None

    @property
    def stream(self) -> str:
        return f"return/{self.channel}/{part(self.request_id)}"
