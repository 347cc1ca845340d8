"""Rule 13: order of arrival is not order of happening. The same facts end in the same quantities."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
from any_request import MINUTES, Sent, deliveries
from books import START, Books
from hypothesis import note
from invariants import check

from ledger.domain.events import (
    AnyEvent,
    ChannelBufferSet,
    ChannelDescribed,
    ConsentGiven,
    ConsentWithdrawn,
    CustomerRegistered,
    CustomersMerged,
    CustomersUnmerged,
    Event,
    GuestOrdersClaimed,
    IdentityLinked,
    LocationDescribed,
    OrderPlaced,
    PaymentRecorded,
    ProductDescribed,
    TransferRequested,
)
from ledger.domain.orders.lines import Line
from ledger.domain.requests import PlaceOrder, RequestTransfer
from ledger.domain.state import State
from ledger.domain.stock.item import stamp_of

OPENED = START + timedelta(minutes=MINUTES)
"""Later than anything happened: nothing is ahead of our clock."""
PLENTY = 10_000


def outcome(state: State, events: Iterable[AnyEvent]) -> dict[str, Any]:
    """All that is promised to be the same; what an order of arrival may change is left out."""
    return {
        "stock": {
            key: there
            for key, item in state.stock.items()
            if any(there := (item.on_hand, item.damaged, item.quality_control, item.safety_stock))
        },
        "variances": {
            (key, anchor.stamp): anchor.variance
            for key in state.anchors
            for anchor in state.anchors_of(key)
            if anchor.variance
        },
        "lines": {key: _left(line) for key, line in state.lines.items()},
        "transfers": {
            key: (line.shipped, line.accepted, line.damaged, line.missing, line.in_transit)
            for key, line in state.transfer_lines.items()
        },
        "supplies": {
            key: (line.sku, line.expected, line.received)
            for key, line in state.supply_lines.items()
        },
        "locations": {key: known for key, known in state.locations.items() if known.stamp},
        "channels": dict(state.channels),
        "buffers": dict(state.buffers),
        "described": {sku for sku, described in state.products.items() if described},
        "said": latest(events),
    }


def _left(line: Line) -> tuple[int, int, int, int]:
    return (line.shipped, line.collected, line.delivered, line.returned)


Said = dict[tuple[str, ...], tuple[tuple[datetime, str, str], Any]]


def latest(events: Iterable[AnyEvent]) -> Said:
    """What the views keep of descriptions, payments, customers: the latest by effective time."""
    said: Said = {}
    for event in events:
        stamp = stamp_of(event)
        for key in subjects(event):
            if key not in said or stamp >= said[key][0]:
                said[key] = (stamp, event)
    return {key: (stamp, said_once(event)) for key, (stamp, event) in said.items()}


def said_once(event: Event) -> Any:
    """The event without when it was recorded."""
    return {f: getattr(event, f) for f in event.__struct_fields__ if f != "recorded_at"}


def subjects(event: Event) -> tuple[tuple[str, ...], ...]:  # noqa: C901 - one line a kind
    """What the event has the latest word on."""
    match event:
        case PaymentRecorded():
            return (("payment", event.payment_id),)
        case ProductDescribed():
            return (("product", event.sku),)
        case LocationDescribed():
            return (("location", event.location),)
        case ChannelDescribed():
            return (("channel", event.described),)
        case ChannelBufferSet():
            return (("buffer", event.described, event.sku),)
        case CustomerRegistered():
            return (("customer", event.customer_id),)
        case CustomersMerged() | CustomersUnmerged():
            return (("merged", event.customer_id),)
        case IdentityLinked():
            return (("identity", event.scheme, event.identity),)
        case ConsentGiven() | ConsentWithdrawn():
            return (("consent", event.customer_id, event.purpose),)
        case GuestOrdersClaimed():
            return tuple(("claimed", order_id) for order_id in event.order_ids)
        case _:
            return ()


def after(arrivals: list[Sent], first: list[Sent]) -> Books:
    """What is known when these have arrived, everything long after it happened."""
    books = Books()
    for step, sent in enumerate([*first, *arrivals]):
        books.take(sent.channel, sent.request, OPENED + timedelta(days=1, seconds=step))
    check(books)
    return books


def outcome_of(books: Books) -> dict[str, Any]:
    """As `outcome`, of all that was written."""
    return outcome(books.state, books.events)


def facts_commute(facts: list[Sent], claims: Sequence[Sent], chance: Random) -> None:
    """Once in one order, and each twice in another; the claims were granted before, from plenty."""
    opening = [*deliveries(PLENTY, minute=MINUTES), *claims]
    again = [*facts, *facts]
    chance.shuffle(again)
    tell(again)
    assert outcome_of(after(again, opening)) == outcome_of(after(facts, opening))


def facts_find_their_order(facts: list[Sent], claims: Sequence[Sent], chance: Random) -> None:
    """Facts may come before the order, sale or transfer that they are about, and join it then."""
    opening = deliveries(PLENTY, minute=MINUTES)
    early = [*claims, *facts]
    chance.shuffle(early)
    tell(early)
    one, other = after([*claims, *facts], opening), after(early, opening)
    assert outcome_of(other) == outcome_of(one)
    asked = [sent for sent in claims if isinstance(sent.request, PlaceOrder | RequestTransfer)]
    granted = [e for e in other.events if isinstance(e, OrderPlaced | TransferRequested)]
    assert len(granted) == len(asked), granted


def tell(arrivals: list[Sent]) -> None:
    for sent in arrivals:
        note(f"{sent.channel}: {msgspec.json.encode(sent.request).decode()}")
