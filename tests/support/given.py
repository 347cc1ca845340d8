"""Tests as sentences: `given(…).when(…).then(…)`; every invariant is checked after every request."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from asks import Ask, clock_time
from books import START, Books, snapshot
from invariants import check, one_answer

from ledger.domain.deadlines import request_of
from ledger.domain.events import (
    AnyEvent,
    ExceptionRaised,
    ExceptionResolved,
    RequestAccepted,
    RequestRefused,
)
from ledger.domain.orders.lines import Label, Line, label
from ledger.domain.stock.item import NOTHING, StockItem
from ledger.domain.words import WRITER_CHANNEL, Reason


class Shop:
    """A ledger told by requests: a minute passes with each, from eight in the morning."""

    def __init__(self, *, checked: bool = True) -> None:
        self.books = Books()
        self.checked = checked
        self.clock = START
        self.before = 0
        self.named: dict[str, AnyEvent] = {}

    def when(self, *asks: Ask) -> "Shop":
        """Send requests in this order; `then` looks at what these, and passing time, led to."""
        self.before = len(self.books.events)
        for asked in asks:
            self.send(asked)
        return self

    def then(self, *checks: "Check") -> "Shop":
        """What must be so now."""
        for holds in checks:
            holds(self)
        return self

    def send(self, asked: Ask) -> tuple[AnyEvent, ...]:
        """Send one request; deciding it must leave the state as it was."""
        self.clock += timedelta(minutes=1)
        if asked.arrives is not None:
            self.clock = max(self.clock, clock_time(asked.arrives))
        occurred_at = self.clock if asked.at is None else clock_time(asked.at)
        if asked.arrives is None:
            self.clock = max(self.clock, occurred_at)
        self._time_passes()
        name = asked.name or f"request {len(self.books.answers) + 1}"
        request = asked.type(request_id=name, occurred_at=occurred_at, **asked.fields)
        events = self._take(asked.channel, request)
        self.named[name] = events[0]
        return events

    def wait_until(self, time: str) -> "Shop":
        """Nobody asks anything until then; the writer does what it does by the clock."""
        self.before = len(self.books.events)
        self.clock = max(self.clock, clock_time(time))
        self._time_passes()
        return self

    def _time_passes(self) -> None:
        """Deadlines that have passed are decided before the next request, in their order."""
        state = self.books.state
        while (key := state.next_deadline()) is not None and key[0] <= self.clock:
            self._take(WRITER_CHANNEL, request_of(key))
            assert key not in state.deadlines, key

    def _take(self, channel: str, request: Any) -> tuple[AnyEvent, ...]:
        if not self.checked:
            return self.books.take(channel, request, self.clock)
        before = snapshot(self.books.state)
        self.books.decided(channel, request, self.clock)
        assert snapshot(self.books.state) == before, f"deciding changed the state: {request}"
        events = self.books.take(channel, request, self.clock)
        one_answer(events)
        check(self.books)
        return events

    @property
    def news(self) -> list[AnyEvent]:
        """The events of the last `when`."""
        return self.books.events[self.before :]


Check = Callable[[Shop], None]


def given(*asks: Ask) -> Shop:
    """A shop in which this has happened."""
    return Shop().when(*asks)


def accepted(name: str) -> Check:
    """The request of this name was accepted."""

    def holds(shop: Shop) -> None:
        assert isinstance(shop.named[name], RequestAccepted), shop.named[name]

    return holds


def refused(name: str, reason: Reason, *details: dict[str, Any]) -> Check:
    """It was refused for this reason; with `details`, hitting just these lines and numbers."""

    def holds(shop: Shop) -> None:
        answer = shop.named[name]
        assert isinstance(answer, RequestRefused), answer
        assert answer.reason is reason, answer
        if details:
            assert len(answer.details) == len(details), answer
            for hit, wanted in zip(answer.details, details, strict=True):
                assert wanted == {key: getattr(hit, key) for key in wanted}, hit

    return holds


def item(shop: Shop, sku: str, location: str = "STORE") -> StockItem:
    return shop.books.state.stock.get((location, sku), NOTHING)


def stock(sku: str, location: str, **quantities: int) -> Check:
    """Quantities of an item: on_hand, committed, available, damaged, shortage …"""

    def holds(shop: Shop) -> None:
        got = {name: getattr(item(shop, sku, location), name) for name in quantities}
        assert got == quantities, (sku, location)

    return holds


def order_line(order_id: str, line_id: str = "1", **quantities: Any) -> Check:
    """Quantities of a line; a sale's order_id is `sale:till:{name}`."""

    def holds(shop: Shop) -> None:
        found = shop.books.state.lines[(order_id, line_id)]
        assert {name: getattr(found, name) for name in quantities} == quantities, found

    return holds


def labelled(order_id: str, wanted: Label) -> Check:
    """The order's derived state."""

    def holds(shop: Shop) -> None:
        state = shop.books.state
        known = state.orders[order_id]
        lines: list[Line] = [state.lines[(order_id, i)] for i in known.line_ids]
        assert label(known.kind, lines) == wanted, lines

    return holds


def variance(location: str, sku: str, at: str, wanted: int, *, state: str = "on_hand") -> Check:
    """The variance, by now, of the count that was made at this time."""

    def holds(shop: Shop) -> None:
        anchors = shop.books.state.anchors_of((location, sku, state))  # type: ignore[arg-type]
        assert {a.at: a.variance for a in anchors}[clock_time(at)] == wanted, anchors

    return holds


def _of(shop: Shop, event_type: type, fields: dict[str, Any]) -> list[AnyEvent]:
    return [
        event
        for event in shop.news
        if isinstance(event, event_type)
        and fields == {name: getattr(event, name) for name in fields}
    ]


def happened(event_type: type, times: int = 1, **fields: Any) -> Check:
    """So many events of this type, with these fields, came of the last requests."""

    def holds(shop: Shop) -> None:
        assert len(_of(shop, event_type, fields)) == times, shop.news

    return holds


def raised(kind: str, times: int = 1, **about: Any) -> Check:
    """The last requests raised this exception."""
    return happened(ExceptionRaised, times, kind=kind, **about)


def resolved(kind: str, times: int = 1, **about: Any) -> Check:
    """The last requests resolved this exception."""
    return happened(ExceptionResolved, times, kind=kind, **about)


def nothing_raised() -> Check:
    """The last requests raised no exception."""
    return happened(ExceptionRaised, 0)
