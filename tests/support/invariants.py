"""What holds after every request, whatever was asked before.

Quantities are summed here from the events' own numbers, apart from the fold under test.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from books import Books
from moving_invariants import incoming_agrees, returns_agree, transfers_are_whole

from ledger.domain.events import (
    AnyEvent,
    ExceptionRaised,
    RequestAccepted,
    RequestRefused,
    StockAdjusted,
    StockArrived,
    StockCollected,
    StockCommitted,
    StockCounted,
    StockCountRevised,
    StockEvent,
    StockExpected,
    StockMoved,
    StockReceived,
    StockReleased,
    StockReserved,
    StockReturned,
    StockSaleVoided,
    StockSent,
    StockShipmentVoided,
    StockShipped,
    StockSold,
    StockUncommitted,
    StockWrittenOut,
)
from ledger.domain.state import About, State
from ledger.domain.supply import supply_stream

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


def _changes(event: StockEvent) -> tuple[tuple[str, int], ...]:  # noqa: C901 - a row an event
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
        case StockSaleVoided() | StockShipmentVoided():
            return (("on_hand", event.quantity),)
        case StockReserved():
            return (("reserved", event.quantity),)
        case StockReleased():
            return (("reserved", -event.quantity),)
        case StockSent():
            return (("on_hand", -event.quantity), ("reserved", -event.reserved))
        case StockArrived():
            return (("on_hand", event.quantity), ("damaged", event.damaged))
        case StockWrittenOut():
            return (("on_hand", -event.quantity), (event.state, -event.quantity))
        case StockExpected():
            return (("incoming", event.quantity),)
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
        promised = item.committed + item.reserved
        assert item.available == item.on_hand - unfit - promised - item.safety_stock, item
        assert item.shortage == max(0, promised - (item.on_hand - unfit)), item
        assert min(item.committed, item.reserved, item.incoming) >= 0, item
        for quantity in (
            "on_hand",
            "damaged",
            "quality_control",
            "committed",
            "reserved",
            "incoming",
        ):
            got = getattr(item, quantity)
            assert got == sums.pop((location, sku, quantity), 0), (location, sku, quantity, got)
    assert not any(sums.values()), f"stock that the state does not know: {sums}"


def lines_are_whole(state: State) -> None:
    """Per line: what was ordered divides into its parts, nothing below zero, no short too many."""
    for key, line in state.lines.items():
        parts = (line.cancelled, line.expired, line.backordered, line.committed, line.left)
        assert line.ordered == sum(parts), (key, line)
        sums = (line.excess, line.shipped, line.collected, line.returned, line.delivered)
        assert min(*parts, *sums, line.ready, line.picked, line.short) >= 0, (key, line)
        assert min(line.cancel_asked, line.expire_asked, line.backorder_asked) >= 0, (key, line)
        assert line.excess == max(0, line.shipped + line.collected - line.ordered), (key, line)
        if line.goods:
            committed = sum(there.committed for there in line.allocations)
            assert line.committed == committed, (key, line)
        for there in line.allocations:
            assert 0 <= there.short <= there.committed, (key, line)
            assert there.waiting_ready <= there.waiting_picked <= there.committed, (key, line)


def promises_agree(state: State) -> None:
    """What an item promised is what lines wait for; what it lacks is what lines are short."""
    committed: Counter[tuple[str, str]] = Counter()
    short: Counter[tuple[str, str]] = Counter()
    promises = 0
    for key, line in state.lines.items():
        for there in line.allocations if line.goods else ():
            item_key = (there.location, line.sku)
            committed[item_key] += there.committed
            short[item_key] += there.short
            assert (there.promise > 0) == (there.committed > 0), (key, line)
            if there.promise:
                promises += 1
                assert state.promises[(*item_key, there.promise)] == key
    assert len(state.promises) == promises
    made = sum(item.promises for item in state.stock.values())
    assert sum(state.promises_over.values()) == made - promises
    for item_key, item in state.stock.items():
        assert item.committed == committed.pop(item_key, 0), (item_key, item)
        assert item.short == short.pop(item_key, 0), (item_key, item)
        assert item.short == min(item.shortage, item.committed + item.reserved), (item_key, item)
    assert not any(committed.values()), f"promised by nobody: {committed}"
    assert not any(short.values()), f"short of nothing: {short}"


def reservations_agree(state: State) -> None:
    """What an item reserves is what holds and transfers have; every hold has a deadline."""
    reserved: Counter[tuple[str, str]] = Counter()
    standing = 0
    for (owner, line_id), hold in state.holds.items():
        assert line_id in state.owners[owner], (owner, line_id)
        assert hold.quantity > 0, (owner, hold)
        assert (hold.expires_at, "hold", owner, line_id) in state.deadlines, (owner, hold)
        for part in hold.parts:
            item_key = (part.location, hold.sku)
            reserved[item_key] += part.quantity
            standing += 1
            holder = ("hold", owner, line_id)
            assert state.reservations[(*item_key, part.number)] == holder, (owner, hold)
    for (transfer_id, line_id), line in state.transfer_lines.items():
        if line.reserved:
            item_key = (state.transfers[transfer_id].from_location, line.sku)
            reserved[item_key] += line.reserved
            standing += 1
            holder = ("transfer", transfer_id, line_id)
            assert state.reservations[(*item_key, line.number)] == holder, line
    assert sum(len(lines) for lines in state.owners.values()) == len(state.holds)
    assert len(state.reservations) == standing
    made = sum(item.reservations for item in state.stock.values())
    assert sum(state.reservations_over.values()) == made - standing
    for item_key, item in state.stock.items():
        assert item.reserved == reserved.pop(item_key, 0), (item_key, item)
    assert not any(reserved.values()), f"reserved for nobody: {reserved}"


def backorders_agree(state: State) -> None:
    """Who waits for stock stands in line for it once, in the order of filling."""
    waiting = {key: line.backordered for key, line in state.lines.items() if line.backordered > 0}
    for sku, entries in state.backorders.items():
        assert list(entries) == sorted(entries), sku
        for entry in entries:
            key = (entry.order_id, entry.line_id)
            assert state.lines[key].sku == sku, entry
            assert waiting.pop(key, 0) > 0, entry
    assert not waiting, f"waits, but not in line: {waiting}"
    waiting: Counter[str] = Counter()
    for line in state.lines.values():
        waiting[line.sku] += line.backordered
    assert dict(state.backordered) == {sku: much for sku, much in waiting.items() if much}


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
    for (supply_id, line_id), supply in state.supply_lines.items():
        if supply.received > supply.expected:
            about = About(line_id=line_id, subject=supply_stream(supply_id))
            wanted.add(("over_received", about))
    seen = {"discrepancy", "overshipped", "over_returned", "over_received"}
    standing = {key for key in state.exceptions if key[0] in seen}
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
    reservations_agree(books.state)
    backorders_agree(books.state)
    incoming_agrees(books.state)
    transfers_are_whole(books.state, books.events)
    returns_agree(books.state)
    exceptions_agree(books.state)
    streams_are_short(books)
