"""What holds after every request, whatever was asked before.

Quantities are summed here from the events' own numbers, apart from the fold under test.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from books import Books

from ledger.domain.events import (
    AnyEvent,
    ExceptionRaised,
    RequestAccepted,
    RequestRefused,
    StockAdjusted,
    StockCollected,
    StockCommitted,
    StockCounted,
    StockCountRevised,
    StockEvent,
    StockMoved,
    StockReceived,
    StockReturned,
    StockSaleVoided,
    StockShipped,
    StockSold,
    StockUncommitted,
)
from ledger.domain.state import About, State

Sums = Counter[tuple[str, str, str]]
"""Quantities by (location, sku, state)."""


def summed(events: Iterable[AnyEvent]) -> Sums:
    """on_hand, damaged, quality_control and committed of every item, as the events say."""
    sums: Sums = Counter()
    for event in events:
        if isinstance(event, StockEvent):
            for state, change in _changes(event):
                if state != "available":
                    sums[(event.location, event.sku, state)] += change
    return sums


def _changes(event: StockEvent) -> tuple[tuple[str, int], ...]:
    match event:
        case StockReceived() | StockAdjusted() | StockReturned():
            return (("on_hand", event.quantity), (event.state, event.quantity))
        case StockCounted():
            return ((event.state, event.variance),)
        case StockCountRevised():
            return ((event.state, event.quantity),)
        case StockMoved():
            return ((event.from_state, -event.quantity), (event.to_state, event.quantity))
        case StockSold() | StockShipped() | StockCollected():
            return (("on_hand", -event.quantity), ("committed", -event.committed))
        case StockSaleVoided():
            return (("on_hand", event.quantity),)
        case StockCommitted():
            return (("committed", event.quantity),)
        case StockUncommitted():
            return (("committed", -event.quantity),)
        case _:
            return ()


def stock_is_what_events_sum_to(state: State, events: Iterable[AnyEvent]) -> None:
    """Conservation, by location and by sku: nothing is made, lost, clamped or edited."""
    sums = summed(events)
    for (location, sku), item in state.stock.items():
        unfit = max(0, item.damaged) + max(0, item.quality_control)
        assert item.available == item.on_hand - unfit - item.committed - item.safety_stock, item
        assert item.shortage == max(0, item.committed - (item.on_hand - unfit)), item
        for quantity in ("on_hand", "damaged", "quality_control", "committed"):
            got = getattr(item, quantity)
            assert got == sums.pop((location, sku, quantity), 0), (location, sku, quantity, got)
    assert not any(sums.values()), f"stock that the state does not know: {sums}"


def lines_are_whole(state: State) -> None:
    """Per line: ordered = cancelled + committed + left, nothing below zero, no short too many."""
    for key, line in state.lines.items():
        assert line.ordered == line.cancelled + line.committed + line.left, (key, line)
        parts = (line.cancelled, line.committed, line.left, line.excess, line.shipped)
        assert min(*parts, line.collected, line.returned, line.ready, line.short) >= 0, (key, line)
        assert line.excess == max(0, line.shipped + line.collected - line.ordered), (key, line)
        assert line.short <= line.committed, (key, line)
        assert line.ready <= line.committed, (key, line)


def promises_agree(state: State) -> None:
    """What an item promised is what lines wait for; what it lacks is what lines are short."""
    committed: Counter[tuple[str | None, str]] = Counter()
    short: Counter[tuple[str | None, str]] = Counter()
    for key, line in state.lines.items():
        if line.goods:
            committed[(line.location, line.sku)] += line.committed
            short[(line.location, line.sku)] += line.short
        promised = line.goods and line.committed > 0
        assert (line.promise > 0) == promised, (key, line)
        if promised:
            assert state.promises[(str(line.location), line.sku, line.promise)] == key
    assert len(state.promises) == sum(1 for line in state.lines.values() if line.promise)
    made = sum(item.promises for item in state.stock.values())
    assert sum(state.promises_over.values()) == made - len(state.promises)
    for item_key, item in state.stock.items():
        assert item.committed == committed.pop(item_key, 0) >= 0, (item_key, item)
        assert item.short == short.pop(item_key, 0), (item_key, item)
        assert item.short == min(item.shortage, item.committed), (item_key, item)
    assert not any(committed.values()), f"promised by nobody: {committed}"
    assert not any(short.values()), f"short of nothing: {short}"


def exceptions_agree(state: State) -> None:
    """An exception stands as long as what it says is so, and no longer."""
    wanted: set[tuple[str, About]] = set()
    for (location, sku), item in state.stock.items():
        if item.damaged < 0:
            wanted.add(("discrepancy", About(location=location, sku=sku, state="damaged")))
        if item.quality_control < 0:
            wanted.add(("discrepancy", About(location=location, sku=sku, state="quality_control")))
    for (order_id, line_id), line in state.lines.items():
        about = About(order_id=order_id, line_id=line_id)
        if line.goods and line.excess > 0:
            wanted.add(("overshipped", about))
        if line.goods and line.over_returned > 0:
            wanted.add(("over_returned", about))
    standing = {key for key in state.exceptions if not key[0].startswith("unknown")}
    assert standing == wanted, standing ^ wanted


def one_answer(events: Sequence[AnyEvent]) -> None:
    """A request's own event comes first and says how many follow; exceptions are numbered."""
    first, *effects = events
    assert isinstance(first, RequestAccepted | RequestRefused), first
    assert (first.effects if isinstance(first, RequestAccepted) else 0) == len(effects), first
    assert not any(isinstance(effect, RequestAccepted | RequestRefused) for effect in effects)
    header = (first.channel, first.request_id, first.occurred_at, first.recorded_at)
    for event in effects:
        assert (event.channel, event.request_id, event.occurred_at, event.recorded_at) == header
    raised = [event.number for event in effects if isinstance(event, ExceptionRaised)]
    assert raised == list(range(1, len(raised) + 1)), raised


def streams_are_short(books: Books) -> None:
    """A request is answered once, an exception raised once and resolved at most once."""
    for stream, version in books.versions.items():
        most = {"request": 1, "exception": 2}.get(stream.split("/")[0])
        assert most is None or version <= most, (stream, version)


def check(books: Books) -> None:
    """Everything above but one request's answer."""
    stock_is_what_events_sum_to(books.state, books.events)
    lines_are_whole(books.state)
    promises_agree(books.state)
    exceptions_agree(books.state)
    streams_are_short(books)
