"""The laws themselves: over one day's requests in order of arrival, checked after each of them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from any_request import Sent
from books import START, Books, snapshot
from hypothesis import note
from invariants import check, one_answer

from ledger import codec
from ledger.domain.deadlines import request_of
from ledger.domain.decider import Arrival, State, decide
from ledger.domain.events import (
    AnyEvent,
    ExceptionResolved,
    OrderLineBackordered,
    OrderLineCancelled,
    RequestAccepted,
    RequestRefused,
    ShortageFound,
    StockCommitted,
    StockEvent,
)
from ledger.domain.evolve import evolve
from ledger.domain.requests import AnyRequest, Claim, PlaceOrder
from ledger.domain.stock.item import NOTHING
from ledger.domain.words import WRITER_CHANNEL, Reason
from ledger.fingerprint import fingerprint

STEP = timedelta(seconds=30)
"""Between two arrivals: the first few of a day happen ahead of our clock."""
LEAP = timedelta(hours=5)
"""Between two arrivals of days on which deadlines pass."""
LONG_AFTER = timedelta(days=400)
"""No deadline lies further ahead."""


def time_passes(books: Books, now: datetime) -> None:
    """Deadlines that have passed are decided, each once."""
    while (key := books.state.passed_deadline(now)) is not None:
        books.take(WRITER_CHANNEL, request_of(key), now)
        assert key not in books.state.deadlines, f"decided, and stands: {key}"


def everything_ends(books: Books) -> None:
    """When all deadlines have passed, nothing is held for anybody's cart."""
    time_passes(books, START + LONG_AFTER)
    check(books)
    assert not books.state.holds, books.state.holds
    assert not books.state.deadlines, books.state.deadlines


def nothing_stops_the_writer(day: list[Sent]) -> None:
    """Whatever is asked, and whenever: there is an answer."""
    books = Books()
    for step, sent in enumerate(day):
        now = START + step * LEAP
        time_passes(books, now)
        one_answer(books.take(sent.channel, sent.request, now))
    everything_ends(books)


def every_number_is_a_sum(day: list[Sent]) -> None:
    """Take every request; what holds, holds after each."""
    books = Books()
    for step, sent in enumerate(day):
        note(f"{sent.channel}: {msgspec.json.encode(sent.request).decode()}")
        recorded_at = START + step * STEP
        time_passes(books, recorded_at)
        before = snapshot(books.state)
        decided = books.decided(sent.channel, sent.request, recorded_at)
        assert snapshot(books.state) == before, "deciding changed the state"
        if isinstance(sent.request, Claim):
            claimed_what_was_there(books.state, sent.request, decided)
        assert books.take(sent.channel, sent.request, recorded_at) == decided
        one_answer(decided)
        check(books)


def in_no_one_parcel(state: State, claim: AnyRequest) -> bool:
    """Whether it is an order that may not be split, and no one location has all of it."""
    if not isinstance(claim, PlaceOrder) or claim.allow_split:
        return False
    needs: Counter[str] = Counter()
    for line in claim.lines:
        if line.kind == "goods" and line.location is None:
            needs[line.sku] += line.quantity
    locations = {location for location, _ in state.stock}
    return not any(
        all(
            state.stock.get((location, sku), NOTHING).available >= quantity
            for sku, quantity in needs.items()
        )
        for location in locations
    )


def claimed_what_was_there(state: State, claim: AnyRequest, events: tuple[AnyEvent, ...]) -> None:
    """A claim takes at most what is available; refused for stock, it asked for more."""
    answer, *effects = events
    if any(isinstance(event, ExceptionResolved) for event in effects):
        return  # a fact had waited for it: what left beyond the promise is nobody's claim
    after = state.on_top(planned=False)
    for event in effects:
        evolve(after, event)
    assert not [e for e in effects if isinstance(e, ShortageFound)], claim
    for event in effects:
        if isinstance(event, StockEvent):
            item = (event.location, event.sku)
            before = state.stock.get(item, NOTHING).available
            assert after.stock[item].available >= min(0, before), (item, claim)
    if isinstance(answer, RequestRefused) and answer.reason is Reason.OUT_OF_STOCK:
        assert answer.details
        beyond = all(int(hit.asked or 0) > int(hit.available or 0) for hit in answer.details)
        assert beyond or in_no_one_parcel(state, claim), answer
    if isinstance(claim, PlaceOrder) and isinstance(answer, RequestAccepted):
        promised_what_was_asked(claim, effects)


def promised_what_was_asked(claim: PlaceOrder, effects: Sequence[AnyEvent]) -> None:
    """All of it, unless the order allows a part, or to wait."""
    asked = sum(line.quantity for line in claim.lines if line.kind == "goods")
    own = [e for e in effects if getattr(e, "order_id", None) == claim.order_id]
    promised = sum(e.quantity for e in own if isinstance(e, StockCommitted))
    waits = sum(e.quantity for e in own if isinstance(e, OrderLineBackordered))
    cancelled = sum(e.quantity for e in own if isinstance(e, OrderLineCancelled))
    assert waits == 0 or claim.allow_backorder, claim
    assert cancelled == 0 or claim.allow_part, claim
    assert promised + waits + cancelled >= asked, claim


def reading_again_is_knowing_the_same(day: list[Sent]) -> None:
    """Through the bytes of every event, as a restarted writer reads them."""
    books, again = Books(), State()
    for step, sent in enumerate(day):
        time_passes(books, START + step * STEP)
        books.take(sent.channel, sent.request, START + step * STEP)
    for event in books.events:
        evolve(again, codec.decode(codec.TOPICS[type(event)], codec.encode(event)))
    assert snapshot(again) == snapshot(books.state)


def a_block_in_flight_is_as_good_as_confirmed(day: list[Sent]) -> None:
    """As the writer does it: one block stands on another, which is then confirmed below it."""
    plain, confirmed = Books(), State()
    flying = confirmed.on_top()
    block = flying.on_top()
    for step, sent in enumerate(day):
        now = START + step * STEP
        arrival = Arrival(sent.channel, now, fingerprint(sent.request), sent.request)
        events = decide(block, arrival)
        assert events == plain.take(sent.channel, sent.request, now)
        for event in events:
            evolve(block, event)
        if step % 3 == 2:
            flying.merge()
            block.put_on(confirmed)
            flying, block = block, block.on_top()
    flying.merge()
    block.put_on(confirmed)
    block.merge()
    assert snapshot(confirmed) == snapshot(plain.state)
