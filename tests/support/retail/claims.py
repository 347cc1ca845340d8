"""What must hold of claims: they take what is there, and a refusal says the numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger.domain.decider import Arrival, State
from ledger.domain.events import (
    AnyEvent,
    ExceptionResolved,
    HoldPlaced,
    OrderLineSourced,
    OrderPlaced,
    RefusedLine,
    RequestRefused,
    ShortageFound,
    StockCommitted,
    StockReserved,
)
from ledger.domain.requests import ChangeOrder, Claim, ExtendHold, PlaceHold, PlaceOrder
from ledger.domain.words import Reason
from retail.accounts import Accounts, ItemKey
from retail.channels import may_sell

SHOWS_NUMBERS: Final = frozenset(
    {Reason.OUT_OF_STOCK, Reason.CHANNEL_LIMIT, Reason.BEYOND_QUANTITY, Reason.ALREADY_LEFT}
)


class Claims:
    """Looks at claims before and after their decision is booked."""

    def __init__(self, state: State, accounts: Accounts) -> None:
        self.state, self.accounts = state, accounts
        self._parcels: dict[tuple[str, date], set[str]] = {}
        self._places: dict[str, set[str]] = {}
        self._owners: set[str] = set()

    def took_what_was_there(self, events: Sequence[AnyEvent], before: dict[ItemKey, int]) -> None:
        """No claim takes what is not there. What had waited for it is nobody's claim."""
        if any(isinstance(event, ExceptionResolved) for event in events):
            return
        short = [event for event in events if isinstance(event, ShortageFound)]
        assert not short, f"a claim took what was promised: {short}"
        for key, was in before.items():
            available = self.accounts.item(key).available
            assert available >= min(0, was), f"{key}: {was} available, after a claim {available}"

    def limits(self, arrival: Arrival) -> dict[str, int]:
        """What its channel may sell of each sku that a new order or cart asks for."""
        request = arrival.request
        if not isinstance(request, PlaceOrder | PlaceHold) or self._names_holds(request):
            return {}
        selling = request.channel or arrival.channel
        skus = {line.sku for line in request.lines}
        limited = [sku for sku in skus if (selling, sku) in self.state.buffers]
        return {sku: may_sell(self.state, self.accounts, selling, sku) for sku in limited}

    def _names_holds(self, request: PlaceOrder | PlaceHold) -> bool:
        if isinstance(request, PlaceOrder):
            return request.hold_owner is not None
        return request.owner in self._owners

    def within_limits(self, events: Sequence[AnyEvent], limits: dict[str, int]) -> None:
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
        for sku, limit in limits.items():
            assert taken[sku] <= limit, f"{taken[sku]} of {sku} taken, {limit} may be sold"

    def refusal_names_numbers(self, arrival: Arrival, refused: RequestRefused) -> None:
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

    def capacities(self, events: Iterable[AnyEvent]) -> dict[str, int | None]:
        sourced = {event.location for event in events if isinstance(event, OrderLineSourced)}
        return {place: self.state.locations[place].daily_capacity for place in sourced}

    def within_capacity(
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
