"""The laws themselves: over one day's requests in order of arrival, checked after each of them."""

from collections import Counter
from datetime import timedelta

import msgspec
from any_request import Sent
from books import START, Books, snapshot
from hypothesis import note
from invariants import check, one_answer

from ledger import codec
from ledger.domain.decider import Arrival, State, decide
from ledger.domain.events import AnyEvent, RequestAccepted, RequestRefused, StockCommitted
from ledger.domain.evolve import evolve
from ledger.domain.requests import OrderLine, PlaceOrder
from ledger.domain.stock import NOTHING
from ledger.domain.words import Reason
from ledger.fingerprint import fingerprint

STEP = timedelta(seconds=30)
"""Between two arrivals: the first few of a day happen ahead of our clock."""


def every_number_is_a_sum(day: list[Sent]) -> None:
    """Take every request; what holds, holds after each."""
    books = Books()
    for step, sent in enumerate(day):
        note(f"{sent.channel}: {msgspec.json.encode(sent.request).decode()}")
        recorded_at = START + step * STEP
        before = snapshot(books.state)
        decided = books.decided(sent.channel, sent.request, recorded_at)
        assert snapshot(books.state) == before, "deciding changed the state"
        if isinstance(sent.request, PlaceOrder):
            claimed_what_was_there(books.state, sent.request, decided)
        assert books.take(sent.channel, sent.request, recorded_at) == decided
        one_answer(decided)
        check(books)


def claimed_what_was_there(state: State, request: PlaceOrder, events: tuple[AnyEvent, ...]) -> None:
    """An order takes at most what is available; refused for stock, it asked for more."""
    goods = [line for line in request.lines if line.kind == "goods"]
    promised: Counter[tuple[str, str]] = Counter()
    for event in events:
        if isinstance(event, StockCommitted):
            promised[(event.location, event.sku)] += event.quantity
    for (location, sku), quantity in promised.items():
        assert quantity <= state.stock.get((location, sku), NOTHING).available
    if isinstance(events[0], RequestAccepted) and not request.allow_part:
        assert promised == asked_by(goods)
    if isinstance(events[0], RequestRefused) and events[0].reason is Reason.OUT_OF_STOCK:
        asked_beyond(state, request, goods)


def asked_by(goods: list[OrderLine]) -> Counter[tuple[str, str]]:
    asked: Counter[tuple[str, str]] = Counter()
    for line in goods:
        asked[(str(line.location), line.sku)] += line.quantity
    return asked


def asked_beyond(state: State, request: PlaceOrder, goods: list[OrderLine]) -> None:
    available = {item: state.stock.get(item, NOTHING).available for item in asked_by(goods)}
    beyond = [item for item, quantity in asked_by(goods).items() if quantity > available[item]]
    assert beyond
    if request.allow_part:
        assert max(available.values()) <= 0


def reading_again_is_knowing_the_same(day: list[Sent]) -> None:
    """Through the bytes of every event, as a restarted writer reads them."""
    books, again = Books(), State()
    for step, sent in enumerate(day):
        for event in books.take(sent.channel, sent.request, START + step * STEP):
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
