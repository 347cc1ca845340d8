"""Claims that hold stock for a while, and letting it go."""

from typing import Annotated

from msgspec import Meta

from ledger.domain.requests.base import Part, Request
from ledger.domain.requests.parts import LineCut, Place
from ledger.domain.words import ChannelId, LineId, Location, OccurredAt, Owner, Quantity, Sku

ExpiresAt = Annotated[OccurredAt, Meta(description="When the hold ends by itself.")]


class HoldLine(Part, frozen=True, kw_only=True):
    """So much of a sku; a hold is known by its owner and this line_id."""

    line_id: LineId
    sku: Sku
    quantity: Quantity


class PlaceHold(Request, frozen=True, kw_only=True, tag="place_hold"):
    """Claim: reserve these goods until a deadline; again for the same line: instead of before."""

    owner: Owner
    lines: tuple[HoldLine, ...]
    expires_at: ExpiresAt
    location: Location | None = None
    anywhere: Annotated[
        bool,
        Meta(description="The writer chooses locations instead, as for an order that may split."),
    ] = False
    channel: (
        Annotated[ChannelId, Meta(description="The selling channel; default: the sender.")] | None
    ) = None
    ship_to: Place | None = None


class ExtendHold(Request, frozen=True, kw_only=True, tag="extend_hold"):
    """Claim: hold on until another deadline."""

    owner: Owner
    expires_at: ExpiresAt
    line_ids: Annotated[tuple[str, ...], Meta(description="Absent: all of the owner's.")] = ()


class ReleaseHold(Request, frozen=True, kw_only=True, tag="release_hold"):
    """Fact: the owner needs it no longer. At most what is held; harmless when repeated."""

    owner: Owner
    lines: Annotated[tuple[LineCut, ...], Meta(description="Absent: all of the owner's.")] = ()
