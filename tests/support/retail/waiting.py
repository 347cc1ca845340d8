"""What must hold of those who wait for stock: nobody waits for what is there, each in his turn."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from ledger.domain.decider import State
from ledger.domain.entries import Backorder
from ledger.domain.events import (
    AnyEvent,
    BackorderFilled,
    ChannelDescribed,
    CollectionVoided,
    LocationDescribed,
    OrderLineBackordered,
    ShipmentVoided,
)
from retail.accounts import Accounts, ItemKey, LineKey
from retail.channels import may_sell, may_serve

UNSURE: Final = 0
"""The place of a line of which something came back: it may wait anew, or have waited all along.

Nobody is behind it, and it is behind nobody.
"""


class Waiting:
    """Remembers who waits since when: by promise date, then by the decision that had him wait."""

    def __init__(self, state: State, accounts: Accounts) -> None:
        self.state, self.accounts = state, accounts
        self._since: dict[LineKey, tuple[date, int]] = {}

    def nobody_waits(self, events: Sequence[AnyEvent], risen: Iterable[ItemKey]) -> None:
        """Nobody waits for what became available, and may serve him."""
        if not self.state.backorders:
            return
        for location, sku in risen:
            for entry in self.state.backorders.get(sku, ()):
                if self._could_be_filled(entry, location):
                    raise AssertionError(f"{entry} waits, {location} has some")
        if any(isinstance(event, ChannelDescribed | LocationDescribed) for event in events):
            self.nobody_waits_anywhere()

    def nobody_waits_anywhere(self) -> None:
        """As above, of every item."""
        for sku, waiting in self.state.backorders.items():
            for location in self.state.stocked.get(sku, ()):
                if self.state.stock[(location, sku)].available > 0:
                    for entry in waiting:
                        assert not self._could_be_filled(entry, location), (entry, location)

    def _could_be_filled(self, entry: Backorder, location: str) -> bool:
        """Served by this place, for this channel, which may sell more: said anew."""
        state = self.state
        line = state.lines[(entry.order_id, entry.line_id)]
        if not may_serve(self.state, (entry.order_id, entry.line_id), location):
            return False
        selling = state.orders[entry.order_id].selling_channel
        buffer = state.buffers.get((selling, line.sku))
        if buffer is not None and buffer.cap is not None:
            return False  # one filling takes the cap at most, and leaves the rest waiting
        return may_sell(state, self.accounts, selling, line.sku) > 0

    def in_order_of_filling(self, events: Sequence[AnyEvent], decision: int) -> None:
        """Who came first is filled first: nobody before him still waits for this place."""
        if not self._since and not self.state.backorders:
            return
        for event in events:
            if isinstance(event, OrderLineBackordered):
                key = (event.order_id, event.line_id)
                promise, number = self._since.get(key, (date.max, decision))
                promise = promise if number == UNSURE else event.promise or date.max
                self._since[key] = (promise, number)
            elif isinstance(event, ShipmentVoided | CollectionVoided):
                self._since[(event.order_id, event.line_id)] = (date.min, UNSURE)
        for event in events:
            if isinstance(event, BackorderFilled) and not _is_reassigned(events):
                self._nobody_was_passed_over(event)
        done = [key for key in self._since if not self.state.lines[key].backordered]
        for key in done:
            del self._since[key]

    def _nobody_was_passed_over(self, event: BackorderFilled) -> None:
        key = (event.order_id, event.line_id)
        assert may_serve(self.state, key, event.location), f"may not serve it: {event}"
        mine, sku = self._since.get(key, (date.min, UNSURE)), self.state.lines[key].sku
        for other, theirs in self._since.items():
            line = self.state.lines[other]
            if theirs[1] == UNSURE or line.sku != sku or not line.backordered:
                continue
            if theirs < mine:
                limited = (self.state.orders[other[0]].selling_channel, sku) in self.state.buffers
                assert limited or not may_serve(self.state, other, event.location), (
                    f"{other} waits since {theirs}, {key} behind it was filled"
                )


def _is_reassigned(events: Sequence[AnyEvent]) -> bool:
    return getattr(events[0], "kind", "") == "reassign_line"
