"""Quotes: what could be promised, from where and by when, without promising anything.

A quote is the answer that `place_order` would get: the same decision is made on the same knowledge,
told, and forgotten.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from ledger.domain.draft import Arrival
from ledger.domain.events import (
    AnyEvent,
    OrderLineBackordered,
    OrderLineCancelled,
    OrderLineSourced,
    RefusedLine,
    StockCommitted,
)
from ledger.domain.events.orders import SourcingRule
from ledger.domain.orders.placing import place_order
from ledger.domain.refusal import Refusal
from ledger.domain.requests import OrderLine, Part, Place, PlaceOrder
from ledger.domain.sourcing.channels import available_to_sell
from ledger.domain.state import State
from ledger.domain.words import ChannelId, Currency, LineId, Location, Reason, Sku


class AskQuote(Part, frozen=True, kw_only=True):
    """What could be promised of these goods? The fields mean what they mean in `place_order`."""

    lines: Annotated[tuple[OrderLine, ...], Meta(description="As of an order.")]
    channel: (
        Annotated[ChannelId, Meta(description="The selling channel; default: the sender.")] | None
    ) = None
    currency: Currency | None = None
    ship_to: Annotated[Place, Meta(description="Where it would go.")] | None = None
    allow_split: Annotated[
        bool, Meta(description="What names no location may come in several parcels.")
    ] = False
    allow_backorder: Annotated[
        bool, Meta(description="What is not there may be promised from what comes in.")
    ] = False
    allow_part: Annotated[bool, Meta(description="What is not there may be left out.")] = False


class QuotedPart(Struct, frozen=True, gc=False):
    """So much of a line could be promised at a location."""

    location: Location
    quantity: Annotated[int, Meta(description="How much.")]
    rule: Annotated[
        SourcingRule | None,
        Meta(description="What decided for this location; null: the line names it."),
    ] = None
    distance_m: Annotated[
        int | None, Meta(description="Metres to `ship_to`; null where coordinates are missing.")
    ] = None


class QuotedLine(Struct, frozen=True):
    """What could be promised of a line of goods: quantity = parts + backordered + missing."""

    line_id: LineId
    sku: Sku
    quantity: Annotated[int, Meta(description="Asked for.")]
    parts: Annotated[tuple[QuotedPart, ...], Meta(description="There now.")] = ()
    backordered: Annotated[int, Meta(description="Promised from what comes in.")] = 0
    promise: Annotated[
        date | None,
        Meta(description="By when what is backordered would be promised; null: nobody knows."),
    ] = None
    missing: Annotated[int, Meta(description="Could not be promised.")] = 0


class Sellable(Struct, frozen=True, gc=False):
    """What the channel may sell of a sku, to anybody."""

    sku: Sku
    available_to_sell: Annotated[int, Meta(description="By now, over all its locations.")]


class Quote(Struct, frozen=True):
    """What an order would be answered; refused, nothing of it would be promised."""

    channel: ChannelId
    accepted: Annotated[bool, Meta(description="Whether it would be accepted.")]
    reason: Annotated[Reason | None, Meta(description="Why it would be refused.")]
    details: Annotated[tuple[RefusedLine, ...], Meta(description="The lines this hits.")]
    lines: Annotated[tuple[QuotedLine, ...], Meta(description="Lines of goods, as asked.")]
    available: Annotated[tuple[Sellable, ...], Meta(description="Of every sku, once.")]


def quote(state: State, channel: str, request: PlaceOrder, now: datetime) -> Quote:
    """What `place_order` would be answered at this instant; `channel` sends it."""
    outcome = place_order(state, Arrival(channel, now, "", request), request)
    selling = request.channel or channel
    goods = [line for line in request.lines if line.kind == "goods"]
    refused = isinstance(outcome, Refusal)
    return Quote(
        selling,
        not refused,
        outcome.reason if isinstance(outcome, Refusal) else None,
        outcome.details if isinstance(outcome, Refusal) else (),
        _lines(goods, () if isinstance(outcome, Refusal) else outcome, refused=refused),
        tuple(
            Sellable(sku, available_to_sell(state, selling, sku))
            for sku in dict.fromkeys(line.sku for line in goods)
        ),
    )


def _lines(
    goods: Iterable[OrderLine], events: Iterable[AnyEvent], *, refused: bool
) -> tuple[QuotedLine, ...]:
    lines = {
        line.line_id: QuotedLine(
            line.line_id, line.sku, line.quantity, missing=line.quantity if refused else 0
        )
        for line in goods
    }
    sourced: dict[tuple[str, str], OrderLineSourced] = {}
    for event in events:
        if isinstance(event, OrderLineSourced):
            sourced[(event.line_id, event.location)] = event
        elif isinstance(event, StockCommitted):
            part = _part(event, sourced.get((event.line_id, event.location)))
            line = lines[event.line_id]
            lines[event.line_id] = replace(line, parts=(*line.parts, part))
        elif isinstance(event, OrderLineBackordered):
            said = {"backordered": event.quantity, "promise": event.promise}
            lines[event.line_id] = replace(lines[event.line_id], **said)
        elif isinstance(event, OrderLineCancelled):
            lines[event.line_id] = replace(lines[event.line_id], missing=event.quantity)
    return tuple(lines.values())


def _part(event: StockCommitted, why: OrderLineSourced | None) -> QuotedPart:
    if why is None:
        return QuotedPart(event.location, event.quantity)
    return QuotedPart(event.location, event.quantity, why.rule, why.distance_m)
