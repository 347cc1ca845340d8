"""What every request and every part of one is."""

from typing import Annotated

from msgspec import Meta, Struct

from ledger.domain.words import OccurredAt, RequestId


class Part(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """A part of a request: strict about unknown fields, silent about defaults."""


class Request(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """What every request carries."""

    request_id: RequestId
    occurred_at: OccurredAt
    actor: Annotated[str, Meta(description="Who did it: a cashier, a robot, a job.")] | None = None
    reason: Annotated[str, Meta(description="Why, in the channel's words.")] | None = None
    reference: (
        Annotated[str, Meta(description="What it belongs to: a basket, a ticket.")] | None
    ) = None
