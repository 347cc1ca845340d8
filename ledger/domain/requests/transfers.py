"""Stock on its way from one location to another."""

from typing import Annotated

from msgspec import Meta, field

from ledger.domain.requests.base import Part, Request
from ledger.domain.requests.parts import LineQuantity
from ledger.domain.words import DueDate, LineId, Location, Quantity, Sku, TransferId


class TransferLine(Part, frozen=True, kw_only=True):
    """So much of a sku."""

    line_id: LineId
    sku: Sku
    quantity: Quantity


class ArrivedLine(Part, frozen=True, kw_only=True):
    """What came of a transfer's line: at least one of the three is above 0."""

    line_id: LineId
    accepted: Annotated[int, Meta(description="Fit for sale: 0 or more.")] = 0
    damaged: Annotated[int, Meta(description="Damaged on the way: 0 or more.")] = 0
    missing: Annotated[
        int, Meta(description="Sent, said the papers, and not there: 0 or more.")
    ] = 0


class RequestTransfer(Request, frozen=True, kw_only=True, tag="request_transfer"):
    """Claim: reserve stock at its source until it is shipped, cancelled or closed."""

    transfer_id: TransferId
    from_location: Location = field(name="from")
    to_location: Location = field(name="to")
    lines: tuple[TransferLine, ...]
    due: DueDate | None = None


class CancelTransfer(Request, frozen=True, kw_only=True, tag="cancel_transfer"):
    """Claim: it is not needed; refused once anything was shipped."""

    transfer_id: TransferId


class ShipTransfer(Request, frozen=True, kw_only=True, tag="ship_transfer"):
    """Fact: goods left their source."""

    transfer_id: TransferId
    lines: tuple[LineQuantity, ...]


class ReceiveTransfer(Request, frozen=True, kw_only=True, tag="receive_transfer"):
    """Fact: goods arrived, damaged or not, or are missing."""

    transfer_id: TransferId
    lines: tuple[ArrivedLine, ...]


class CloseTransfer(Request, frozen=True, kw_only=True, tag="close_transfer"):
    """Fact: nothing more will come; what is still on its way is lost."""

    transfer_id: TransferId
