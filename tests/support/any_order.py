"""Rule 13: order of arrival is not order of happening. The same facts end in the same quantities."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
from any_request import MINUTES, Sent, deliveries
from books import START, Books
from hypothesis import note
from invariants import check

from ledger.domain.events import (
    ChannelDescribed,
    CustomerRegistered,
    Event,
    LocationDescribed,
    OrderPlaced,
    PaymentRecorded,
    ProductDescribed,
)
from ledger.domain.stock import stamp_of

OPENED = START + timedelta(minutes=MINUTES)
"""Later than anything happened: nothing is ahead of our clock."""
PLENTY = 10_000


def outcome(books: Books) -> dict[str, Any]:
    """All that is promised to be the same; what an order of arrival may change is left out."""
    state = books.state
    return {
        "stock": {
            key: (item.on_hand, item.damaged, item.quality_control, item.safety_stock)
            for key, item in state.stock.items()
        },
        "variances": {
            (key, anchor.stamp): anchor.variance
            for key in state.anchors
            for anchor in state.anchors_of(key)
            if anchor.variance
        },
        "lines": {
            key: (line.shipped, line.collected, line.returned) for key, line in state.lines.items()
        },
        "locations": {key: known for key, known in state.locations.items() if known.stamp},
        "channels": dict(state.channels),
        "described": {sku for sku, described in state.products.items() if described},
        "said": latest(books),
    }


def latest(books: Books) -> dict[tuple[str, str], tuple[tuple[datetime, str, str], Event]]:
    """What the views keep of descriptions and payments: the latest by effective time."""
    said: dict[tuple[str, str], tuple[tuple[datetime, str, str], Event]] = {}
    for event in books.events:
        if (key := subject(event)) is not None:
            stamp = stamp_of(event)
            if key not in said or stamp >= said[key][0]:
                said[key] = (stamp, event)
    return {key: (stamp, said_once(event)) for key, (stamp, event) in said.items()}


def said_once(event: Event) -> Any:
    """The event without when it was recorded."""
    return {f: getattr(event, f) for f in event.__struct_fields__ if f != "recorded_at"}


def subject(event: Event) -> tuple[str, str] | None:
    match event:
        case PaymentRecorded():
            return ("payment", event.payment_id)
        case ProductDescribed():
            return ("product", event.sku)
        case LocationDescribed():
            return ("location", event.location)
        case ChannelDescribed():
            return ("channel", event.described)
        case CustomerRegistered():
            return ("customer", event.customer_id)
        case _:
            return None


def after(arrivals: list[Sent], first: list[Sent]) -> Books:
    """What is known when these have arrived, everything long after it happened."""
    books = Books()
    for step, sent in enumerate([*first, *arrivals]):
        books.take(sent.channel, sent.request, OPENED + timedelta(days=1, seconds=step))
    check(books)
    return books


def facts_commute(facts: list[Sent], orders: Sequence[Sent], chance: Random) -> None:
    """Once in one order, and each twice in another; the orders were placed before, from plenty."""
    opening = [*deliveries(PLENTY, minute=MINUTES), *orders]
    again = [*facts, *facts]
    chance.shuffle(again)
    tell(again)
    assert outcome(after(again, opening)) == outcome(after(facts, opening))


def facts_find_their_order(facts: list[Sent], orders: Sequence[Sent], chance: Random) -> None:
    """Facts may come before the order or sale that they are about, and join it when it appears."""
    opening = deliveries(PLENTY, minute=MINUTES)
    early = [*orders, *facts]
    chance.shuffle(early)
    tell(early)
    one, other = after([*orders, *facts], opening), after(early, opening)
    assert outcome(other) == outcome(one)
    placed = [event.order_id for event in other.events if isinstance(event, OrderPlaced)]
    assert len(placed) == len(orders), placed


def tell(arrivals: list[Sent]) -> None:
    for sent in arrivals:
        note(f"{sent.channel}: {msgspec.json.encode(sent.request).decode()}")
