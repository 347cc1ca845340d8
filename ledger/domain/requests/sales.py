"""Facts about goods that left with a customer, or came back."""

from typing import Annotated

from msgspec import Meta

from ledger.domain.requests.base import Request
from ledger.domain.requests.parts import LineCut, OrderLineKey, SaleKey, SoldLine
from ledger.domain.words import (
    ChannelId,
    Currency,
    CustomerId,
    LineId,
    Location,
    OrderId,
    Owner,
    StockState,
)


class SaleLine(SoldLine, frozen=True, kw_only=True):
    """A line of a sale; goods may fulfil a line of an order placed before."""

    fulfils: (
        Annotated[OrderLineKey, Meta(description="The order line that these goods fulfil.")] | None
    ) = None


class ReturnLine(SoldLine, frozen=True, kw_only=True):
    """Goods handed in, or a service refunded; goods enter on_hand in a state."""

    state: StockState = "available"
    of_line_id: (
        Annotated[
            LineId,
            Meta(description="The line they came from; absent: the lines of this sku, in order."),
        ]
        | None
    ) = None


class RecordSale(Request, frozen=True, kw_only=True, tag="record_sale"):
    """Goods left with the customer."""

    location: Location
    lines: tuple[SaleLine, ...]
    channel: (
        Annotated[ChannelId, Meta(description="The selling channel; default: the sender.")] | None
    ) = None
    customer_id: CustomerId | None = None
    currency: Currency | None = None
    tender: Annotated[str, Meta(description="How it was paid: cash, card, …")] | None = None
    hold_owner: (
        Annotated[Owner, Meta(description="Whose holds it takes; the rest of them is released.")]
        | None
    ) = None


class VoidSale(Request, frozen=True, kw_only=True, tag="void_sale"):
    """The sale, or lines of it, never happened."""

    sale: SaleKey
    lines: Annotated[tuple[LineCut, ...], Meta(description="Absent: the whole sale.")] = ()


class RecordReturn(Request, frozen=True, kw_only=True, tag="record_return"):
    """Goods were handed in, at any location, with or without what they came from."""

    location: Location
    lines: tuple[ReturnLine, ...]
    sale: SaleKey | None = None
    order_id: OrderId | None = None
    channel: (
        Annotated[ChannelId, Meta(description="The channel taking it back; default: the sender.")]
        | None
    ) = None
    customer_id: CustomerId | None = None
    currency: Currency | None = None
    tender: Annotated[str, Meta(description="How it was refunded.")] | None = None
