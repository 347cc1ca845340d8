"""What must hold after every request, of what it touched; and of everything, now and then."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from invariants import (
    backorders_agree,
    exceptions_agree,
    lines_are_whole,
    one_answer,
    promises_agree,
    reservations_agree,
)

from ledger.domain.decider import Arrival, State
from ledger.domain.events import (
    AnyEvent,
    OrderEvent,
    RequestRefused,
    StockCollected,
    StockCommitted,
    StockEvent,
    StockShipped,
    StockUncommitted,
)
from ledger.domain.requests import Claim
from ledger.domain.words import WRITER_CHANNEL
from retail.accounts import QUANTITIES, Accounts, ItemKey, LineKey
from retail.claims import Claims
from retail.waiting import Waiting

OVERALL_EVERY: Final = 150
"""Requests between two looks at everything."""
OF_LINES: Final = (OrderEvent, StockCollected, StockCommitted, StockShipped, StockUncommitted)


class Proofs:
    """The judge of a desk, whose state this is."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.accounts = Accounts()
        self.decisions = 0
        self._claims = Claims(state, self.accounts)
        self._waiting = Waiting(state, self.accounts)

    def decided(self, arrival: Arrival, events: Sequence[AnyEvent]) -> None:
        """Hold one decision against the books that are kept apart."""
        self.decisions += 1
        one_answer(events)
        items, lines = _touched(events)
        before = {key: self.accounts.item(key).available for key in items}
        refusal = events[0] if isinstance(events[0], RequestRefused) else None
        if refusal is not None:
            self._claims.refusal_names_numbers(arrival, refusal)
        capacities = self._claims.capacities(events)
        limits = self._claims.limits(arrival)
        self.accounts.take(arrival.request, events)
        own = (arrival.channel, arrival.request.request_id)
        assert self.accounts.answered[own] == 1, "answered twice"
        for key in items:
            self._item(key)
        for key in lines:
            self._line(key)
        if isinstance(arrival.request, Claim):
            self._claims.took_what_was_there(events, before)
            self._claims.within_limits(events, limits)
        self._claims.within_capacity(arrival, events, capacities)
        risen = [key for key in items if self.accounts.item(key).available > max(0, before[key])]
        self._waiting.nobody_waits(events, risen)
        self._waiting.in_order_of_filling(events, self.decisions)
        if arrival.channel != WRITER_CHANNEL:  # what passes together is decided one by one
            late = self.state.passed_deadline(arrival.recorded_at)
            assert late is None, f"stands, and has passed: {late}"
        if self.decisions % OVERALL_EVERY == 0:
            self.overall()

    def overall(self) -> None:
        """Everything, by the laws of single requests and by conservation of every sku."""
        for key in self.state.stock:
            self._item(key)
        assert set(self.state.stock) >= set(self.accounts.items) - self._never_moved()
        self._conserved()
        self._holds_say_what_is_reserved()
        lines_are_whole(self.state)
        promises_agree(self.state)
        reservations_agree(self.state)
        backorders_agree(self.state)
        exceptions_agree(self.state)

    def _holds_say_what_is_reserved(self) -> None:
        """What was placed less what was released and expired is what its stock says."""
        for (held_for, holder, line_id), reserved in self.accounts.reserved.items():
            if held_for == "hold":
                held = self.accounts.held[(holder, line_id)]
                assert held == reserved, f"{holder!r} {line_id!r} holds {held}, has {reserved}"

    def _never_moved(self) -> set[ItemKey]:
        return {
            key
            for key, item in self.accounts.items.items()
            if not any(getattr(item, name) for name in QUANTITIES)
        }

    def _conserved(self) -> None:
        """Of every sku: what is there and on the way is what came less what left."""
        there = self.accounts.on_hand()
        for (_, sku), item in self.state.stock.items():
            there[sku] -= item.on_hand
        for (transfer_id, line_id), line in self.state.transfer_lines.items():
            known = self.accounts.on_the_way[(transfer_id, line_id)]
            assert line.in_transit == known.in_transit, (transfer_id, line_id, line)
            assert line.lost == known.lost, (transfer_id, line_id, line)
            transfer = self.state.transfers[transfer_id]
            over = transfer.cancelled or transfer.closed
            to_send = 0 if over else max(0, line.requested - line.shipped)
            assert line.reserved <= to_send, f"left, and still reserved: {transfer_id} {line}"
            there[line.sku] -= line.in_transit
        assert not any(there.values()), f"not conserved: {there}"

    def _item(self, key: ItemKey) -> None:
        """An item is what its events sum to; what it lacks is what its lines are short."""
        item, booked = self.state.stock[key], self.accounts.item(key)
        for name in QUANTITIES:
            got, wanted = getattr(item, name), getattr(booked, name)
            assert got == wanted, f"{name} of {key} is {got}, its events say {wanted}"
        assert item.available == booked.available, (key, item)
        assert min(booked.committed, booked.reserved, booked.incoming) >= 0, (key, item)
        missing = max(0, booked.promised - booked.sellable)
        assert item.shortage == missing, (key, item)
        assert item.short == min(missing, booked.promised), f"short of {key} is not marked: {item}"
        assert not item.short or not booked.reserved, f"{key} is short, but reserved: {item}"

    def _line(self, key: LineKey) -> None:
        line = self.state.lines[key]
        parts = (line.cancelled, line.expired, line.backordered, line.committed, line.left)
        assert min(parts) >= 0, (key, line)
        assert sum(parts) == line.ordered, (key, line)
        if line.goods:
            booked = self.accounts.committed[key]
            assert line.committed == booked, f"{key} is promised {booked}: {line}"
            waits = self.state.orders[key[0]].allow_backorder
            assert not (line.short and waits), f"{key} is short, and may wait: {line}"


def _touched(events: Iterable[AnyEvent]) -> tuple[dict[ItemKey, None], dict[LineKey, None]]:
    """The items and the order lines that these events name."""
    items: dict[ItemKey, None] = {}
    lines: dict[LineKey, None] = {}
    for event in events:
        if isinstance(event, StockEvent):
            items[(event.location, event.sku)] = None
        if isinstance(event, OF_LINES):
            line_id: Any = getattr(event, "line_id", None)
            if line_id is not None:
                lines[(event.order_id, line_id)] = None
    return items, lines
