"""Returns that are authorised, received and inspected; exchanges."""

from typing import Annotated

from msgspec import Meta, field

from ledger.domain.requests.base import Part, Request
from ledger.domain.requests.orders import OrderLine
from ledger.domain.requests.parts import Place, SaleKey
from ledger.domain.words import (
    ChannelId,
    Currency,
    CustomerId,
    Disposition,
    LineId,
    Location,
    OrderId,
    Owner,
    Quantity,
    ReturnId,
    Sku,
)


class ReturnedLine(Part, frozen=True, kw_only=True):
    """So much of an order's line is to come back."""

    line_id: LineId
    quantity: Quantity
    reason: Annotated[str, Meta(description="Why, in the customer's words.")] | None = None


class ReceivedLine(Part, frozen=True, kw_only=True):
    """Goods of an authorised return that were handed in, by the order's line."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    disposition: Disposition = "quality_control"


class InspectedLine(Part, frozen=True, kw_only=True):
    """What was decided about goods of a return; it may be decided again."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    to: Disposition
    from_disposition: Disposition = field(name="from", default="quality_control")


class AuthoriseReturn(Request, frozen=True, kw_only=True, tag="authorise_return"):
    """Claim: goods of an order, or of a recorded sale, may come back."""

    return_id: ReturnId
    lines: tuple[ReturnedLine, ...]
    order_id: OrderId | None = None
    sale: SaleKey | None = None


class ReceiveReturn(Request, frozen=True, kw_only=True, tag="receive_return"):
    """Fact: goods of an authorised return were handed in, at any location."""

    return_id: ReturnId
    location: Location
    lines: tuple[ReceivedLine, ...]


class InspectReturn(Request, frozen=True, kw_only=True, tag="inspect_return"):
    """Fact: what is done with returned goods that lie at a location."""

    return_id: ReturnId
    location: Location
    lines: tuple[InspectedLine, ...]


class Exchange(Request, frozen=True, kw_only=True, tag="exchange"):
    """Claim: goods may come back and others are promised, both or neither.

    `returned` are lines of `of_order_id` or `of_sale`; the rest is the new order.
    """

    return_id: ReturnId
    returned: tuple[ReturnedLine, ...]
    order_id: OrderId
    lines: tuple[OrderLine, ...]
    of_order_id: OrderId | None = None
    of_sale: SaleKey | None = None
    channel: (
        Annotated[ChannelId, Meta(description="The selling channel; default: the sender.")] | None
    ) = None
    customer_id: CustomerId | None = None
    currency: Currency | None = None
    ship_to: Place | None = None
    allow_split: Annotated[bool, Meta(description="As for place_order.")] = False
    allow_backorder: Annotated[bool, Meta(description="As for place_order.")] = False
    allow_part: Annotated[bool, Meta(description="As for place_order.")] = False
    hold_owner: Annotated[Owner, Meta(description="As for place_order.")] | None = None
