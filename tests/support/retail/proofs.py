"""What must hold after every request, of what it touched; and of everything, now and then."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from invariants import (
    backorders_agree,
    exceptions_agree,
    lines_are_whole,
    one_answer,
    promises_agree,
    reservations_agree,
)

from ledger.domain.decider import Arrival, State
from ledger.domain.entries import Backorder
from ledger.domain.events import (
    AnyEvent,
    BackorderFilled,
    ExceptionResolved,
    HoldPlaced,
    LocationDescribed,
    OrderEvent,
    OrderLineBackordered,
    OrderLineSourced,
    OrderPlaced,
    RefusedLine,
    RequestRefused,
    ShortageFound,
    StockCollected,
    StockCommitted,
    StockEvent,
    StockReserved,
    StockShipped,
    StockUncommitted,
)
from ledger.domain.requests import ChangeOrder, Claim, ExtendHold, PlaceHold, PlaceOrder
from ledger.domain.words import WRITER_CHANNEL, Reason
from retail.accounts import QUANTITIES, Accounts, ItemKey

SHOWS_NUMBERS: Final = frozenset(
    {Reason.OUT_OF_STOCK, Reason.CHANNEL_LIMIT, Reason.BEYOND_QUANTITY, Reason.ALREADY_LEFT}
)
OVERALL_EVERY: Final = 150
"""Requests between two looks at everything."""
OF_LINES: Final = (OrderEvent, StockCollected, StockCommitted, StockShipped, StockUncommitted)
LineKey = tuple[str, str]
NEVER: Final = (date.min, 0)
"""Of a line that waits again since what left came back: nobody can be behind it."""


class Proofs:
    """The judge of a desk: `state` is set once the desk is there."""

    def __init__(self) -> None:
        self.accounts = Accounts()
        self.state = State()
        self.decisions = 0
        self._parcels: dict[tuple[str, date], set[str]] = {}
        self._places: dict[str, set[str]] = {}
        self._owners: set[str] = set()
        self._waiting: dict[LineKey, tuple[date, int]] = {}

    def decided(self, arrival: Arrival, events: Sequence[AnyEvent]) -> None:
        """Hold one decision against the books that are kept apart."""
        self.decisions += 1
        one_answer(events)
        items, lines = _touched(events)
        before = {key: self.accounts.item(key).available for key in items}
        refusal = events[0] if isinstance(events[0], RequestRefused) else None
        if refusal is not None:
            self._refusal_names_numbers(arrival, refusal)
        capacities = self._capacities(events)
        may_sell = self._limits(arrival)
        self.accounts.take(arrival.request, events)
        own = (arrival.channel, arrival.request.request_id)
        assert self.accounts.answered[own] == 1, "answered twice"
        for key in items:
            self._item(key)
        for key in lines:
            self._line(key)
        if isinstance(arrival.request, Claim):
            self._claimed_what_was_there(events, before)
            self._within_limits(events, may_sell)
        self._within_capacity(arrival, events, capacities)
        risen = [key for key in items if self.accounts.item(key).available > max(0, before[key])]
        self._nobody_waits(events, risen)
        self._in_order_of_filling(events)
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

    def _claimed_what_was_there(
        self, events: Sequence[AnyEvent], before: dict[ItemKey, int]
    ) -> None:
        """No claim takes what is not there. What had waited for it is nobody's claim."""
        if any(isinstance(event, ExceptionResolved) for event in events):
            return
        short = [event for event in events if isinstance(event, ShortageFound)]
        assert not short, f"a claim took what was promised: {short}"
        for key, was in before.items():
            available = self.accounts.item(key).available
            assert available >= min(0, was), f"{key}: {was} available, after a claim {available}"

    def _limits(self, arrival: Arrival) -> dict[str, int]:
        """What its channel may sell of each sku that a new order or cart asks for."""
        request = arrival.request
        if not isinstance(request, PlaceOrder | PlaceHold) or self._names_holds(request):
            return {}
        selling = request.channel or arrival.channel
        skus = {line.sku for line in request.lines}
        limited = [sku for sku in skus if (selling, sku) in self.state.buffers]
        return {sku: self._may_sell(selling, sku) for sku in limited}

    def _names_holds(self, request: PlaceOrder | PlaceHold) -> bool:
        if isinstance(request, PlaceOrder):
            return request.hold_owner is not None
        return request.owner in self._owners

    def _within_limits(self, events: Sequence[AnyEvent], may_sell: dict[str, int]) -> None:
        """A new order or cart takes no more than its channel may sell."""
        self._owners.update(event.owner for event in events if isinstance(event, HoldPlaced))
        if any(isinstance(event, ExceptionResolved) for event in events):
            return  # what had waited for it may move promises
        own = {e.order_id for e in events if isinstance(e, OrderPlaced)}
        own |= {e.owner for e in events if isinstance(e, HoldPlaced)}
        taken: Counter[str] = Counter()
        for event in events:
            if not isinstance(event, StockCommitted | StockReserved):
                continue
            holder = event.holder if isinstance(event, StockReserved) else event.order_id
            if holder in own:
                taken[event.sku] += event.quantity
        for sku, limit in may_sell.items():
            assert taken[sku] <= limit, f"{taken[sku]} of {sku} taken, {limit} may be sold"

    def _refusal_names_numbers(self, arrival: Arrival, refused: RequestRefused) -> None:
        """What it hits, and by how much; and it is so."""
        assert isinstance(arrival.request, Claim), "a fact is never refused"
        nothing_held = isinstance(arrival.request, ExtendHold) and not arrival.request.line_ids
        assert refused.details or nothing_held, refused
        for hit in refused.details:
            if refused.reason in SHOWS_NUMBERS:
                assert hit.asked is not None, refused
                assert hit.available is not None, refused
            if refused.reason in {Reason.OUT_OF_STOCK, Reason.CHANNEL_LIMIT}:
                in_one = hit.location is None and not self._may_split(arrival.request)
                assert in_one or int(hit.asked or 0) > int(hit.available or 0), refused
                self._is_so(arrival, hit, refused.reason)

    def _may_split(self, claim: Any) -> bool:
        """Of an order that may not, each line may be there, and all of it nowhere."""
        if isinstance(claim, ChangeOrder):
            return self.state.orders[claim.order_id].allow_split
        return bool(getattr(claim, "allow_split", True))

    def _is_so(self, arrival: Arrival, hit: RefusedLine, reason: Reason) -> None:
        """What a refusal calls available, the books do too; an owner's holds count as free."""
        names_holds = getattr(arrival.request, "hold_owner", None)
        may_free = names_holds or getattr(arrival.request, "owner", None)
        may_free = may_free or getattr(arrival.request, "cut", None)
        if may_free or hit.location is None or reason is Reason.CHANNEL_LIMIT:
            return
        booked = self.accounts.items.get((hit.location, str(hit.sku)))
        available = 0 if booked is None else booked.available
        assert hit.available == available, f"{hit} is refused, {available} are available"

    def _capacities(self, events: Iterable[AnyEvent]) -> dict[str, int | None]:
        sourced = {event.location for event in events if isinstance(event, OrderLineSourced)}
        return {place: self.state.locations[place].daily_capacity for place in sourced}

    def _within_capacity(
        self, arrival: Arrival, events: Sequence[AnyEvent], capacities: dict[str, int | None]
    ) -> None:
        """Parcels that the writer gave a location on one of its days; those of one order are one."""
        for event in events:
            if isinstance(event, OrderPlaced):
                named = {
                    line.location for line in event.lines if line.location and line.how == "ship"
                }
                self._places[event.order_id] = named
        for event in events:
            if isinstance(event, StockCommitted):
                self._places.setdefault(event.order_id, set()).add(event.location)
            elif isinstance(event, OrderLineSourced):
                self._sourced(arrival, event, capacities[event.location])

    def _sourced(self, arrival: Arrival, event: OrderLineSourced, capacity: int | None) -> None:
        policy = self.state.locations[event.location]
        assert policy.ships, event
        assert policy.active, event
        if capacity is None or event.location in self._places.get(event.order_id, ()):
            return
        zone = ZoneInfo(self.state.locations[event.location].time_zone)
        day = arrival.recorded_at.astimezone(zone).date()
        parcels = self._parcels.setdefault((event.location, day), set())
        parcels.add(event.order_id)
        assert len(parcels) <= capacity, f"{event.location} has {parcels}"

    def _nobody_waits(self, events: Sequence[AnyEvent], risen: Iterable[ItemKey]) -> None:
        """Nobody waits for what became available, and may serve him."""
        if not self.state.backorders:
            return
        for location, sku in risen:
            for entry in self.state.backorders.get(sku, ()):
                if self._could_be_filled(entry, location):
                    raise AssertionError(f"{entry} waits, {location} has some")
        if any(isinstance(event, LocationDescribed) for event in events):
            self.nobody_waits_anywhere()

    def nobody_waits_anywhere(self) -> None:
        """As above, of every item."""
        for sku, waiting in self.state.backorders.items():
            for location in self.state.stocked.get(sku, ()):
                if self.state.stock[(location, sku)].available > 0:
                    for entry in waiting:
                        assert not self._could_be_filled(entry, location), (entry, location)

    def _could_be_filled(self, entry: Backorder, location: str) -> bool:
        """Served by this place, for this channel, which may sell more: said anew, as in domain.md."""
        state = self.state
        line = state.lines[(entry.order_id, entry.line_id)]
        if not self._may_serve((entry.order_id, entry.line_id), location):
            return False
        selling = state.orders[entry.order_id].selling_channel
        buffer = state.buffers.get((selling, line.sku))
        if buffer is not None and buffer.cap is not None:
            return False  # one filling takes the cap at most, and leaves the rest waiting
        return self._may_sell(selling, line.sku) > 0

    def _may_serve(self, key: LineKey, location: str) -> bool:
        """Whether a place may serve a line that waits."""
        line = self.state.lines[key]
        policy = self.state.locations[location]
        channel = self.state.channels.get(self.state.orders[key[0]].selling_channel)
        served = None if channel is None else channel.locations
        if not policy.active or location in line.declined:
            return False
        if served is not None and location not in served:
            return False
        if line.location is not None and line.location != location:
            return False
        return policy.pickup if line.how == "pickup" else policy.ships

    def _may_sell(self, channel: str, sku: str) -> int:
        state = self.state
        known = state.channels.get(channel)
        served = None if known is None else known.locations
        there = sum(
            max(0, item.available)
            for (location, other), item in self.accounts.items.items()
            if other == sku
            and location in state.locations
            and state.locations[location].active
            and (served is None or location in served)
        )
        buffer = state.buffers.get((channel, sku))
        if buffer is None:
            return there
        to_sell = max(0, there - buffer.quantity)
        return to_sell if buffer.cap is None else min(to_sell, buffer.cap)

    def _in_order_of_filling(self, events: Sequence[AnyEvent]) -> None:
        """Who came first is filled first: nobody before him still waits for this place."""
        for event in events:
            if isinstance(event, OrderLineBackordered):
                key = (event.order_id, event.line_id)
                number = self._waiting[key][1] if key in self._waiting else self.decisions
                self._waiting[key] = (event.promise or date.max, number)
        for event in events:
            if isinstance(event, BackorderFilled) and not _is_reassigned(events):
                self._nobody_was_passed_over(event)
        done = [key for key in self._waiting if not self.state.lines[key].backordered]
        for key in done:
            del self._waiting[key]

    def _nobody_was_passed_over(self, event: BackorderFilled) -> None:
        key = (event.order_id, event.line_id)
        assert self._may_serve(key, event.location), f"may not serve it: {event}"
        mine, sku = self._waiting.get(key, NEVER), self.state.lines[key].sku
        for other, theirs in self._waiting.items():
            line = self.state.lines[other]
            if theirs < mine and line.sku == sku and line.backordered:
                limited = (self.state.orders[other[0]].selling_channel, sku) in self.state.buffers
                assert limited or not self._may_serve(other, event.location), (
                    f"{other} waits since {theirs}, {key} behind it was filled"
                )


def _is_reassigned(events: Sequence[AnyEvent]) -> bool:
    return getattr(events[0], "kind", "") == "reassign_line"


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
