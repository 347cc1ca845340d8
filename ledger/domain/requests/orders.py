"""Claims on orders, and what is said about them."""

from typing import Annotated

from msgspec import Meta

from ledger.domain.requests.base import Request
from ledger.domain.requests.parts import LineCut, Place, SoldLine
from ledger.domain.words import (
    ChannelId,
    Currency,
    CustomerId,
    DeclineCause,
    How,
    Location,
    OrderId,
    Owner,
    PaymentId,
    PaymentState,
)


class OrderLine(SoldLine, frozen=True, kw_only=True):
    """A line of an order: how it is handed over, and from where."""

    how: How | None = None
    location: Location | None = None


class PlaceOrder(Request, frozen=True, kw_only=True, tag="place_order"):
    """Claim: promise these goods to a customer.

    A line is served from the location it names; the writer chooses for those to be shipped that
    name none.
    """

    order_id: OrderId
    lines: tuple[OrderLine, ...]
    channel: (
        Annotated[ChannelId, Meta(description="The selling channel; default: the sender.")] | None
    ) = None
    customer_id: CustomerId | None = None
    currency: Currency | None = None
    ship_to: Place | None = None
    allow_split: Annotated[
        bool,
        Meta(description="What names no location may be served from several, in several parcels."),
    ] = False
    allow_backorder: Annotated[
        bool, Meta(description="What is not there is promised from what comes in.")
    ] = False
    allow_part: Annotated[
        bool, Meta(description="What is not there is cancelled at once instead of refusing all.")
    ] = False
    hold_owner: (
        Annotated[
            Owner, Meta(description="Whose holds it takes first; the rest of them is released.")
        ]
        | None
    ) = None


class CancelOrder(Request, frozen=True, kw_only=True, tag="cancel_order"):
    """Claim: cancel lines of an order, or without lines all that has not left."""

    order_id: OrderId
    lines: tuple[LineCut, ...] = ()


class RecordPayment(Request, frozen=True, kw_only=True, tag="record_payment"):
    """Fact: what a payment provider said. Independent of stock."""

    payment_id: PaymentId
    order_id: OrderId
    state: Annotated[PaymentState, Meta(description="The latest state, by occurred_at, counts.")]
    amount_minor: Annotated[int, Meta(description="Amount in minor units: 0 or more.")]
    currency: Currency
    provider_reference: Annotated[str, Meta(description="The provider's own id.")] | None = None
    lines: Annotated[tuple[str, ...], Meta(description="The lines paid for; absent: all.")] = ()


class ChangeOrder(Request, frozen=True, kw_only=True, tag="change_order"):
    """Claim: add lines, cut quantities, cancel lines; all of it or nothing."""

    order_id: OrderId
    add: Annotated[tuple[OrderLine, ...], Meta(description="Lines with new ids.")] = ()
    cut: Annotated[
        tuple[LineCut, ...],
        Meta(description="How much less; without a quantity: all that is left."),
    ] = ()


class ReassignLine(Request, frozen=True, kw_only=True, tag="reassign_line"):
    """Claim: another location serves these lines, or so much of them."""

    order_id: OrderId
    location: Location
    lines: tuple[LineCut, ...]


class DeclineLine(Request, frozen=True, kw_only=True, tag="decline_line"):
    """Fact: a location cannot serve these lines; it is not asked again for them."""

    order_id: OrderId
    location: Location
    cause: DeclineCause
    lines: tuple[LineCut, ...]
