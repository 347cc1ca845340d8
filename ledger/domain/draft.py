"""A decision in the making: effects are emitted one by one, each seeing those before it."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from ledger.domain.entries import About, ExceptionRef, ItemKey, LineKey, Waiting
from ledger.domain.events import (
    AnyEvent,
    AnyStockEvent,
    ExceptionKind,
    ExceptionRaised,
    ExceptionResolved,
    StockCountRevised,
)
from ledger.domain.evolve import evolve
from ledger.domain.requests import Decided, Fact
from ledger.domain.sourcing.sending import Sending
from ledger.domain.state import State
from ledger.domain.stock.counts import Anchor, CountedKey, seen_by
from ledger.domain.stock.item import effective_at, effects_of
from ledger.domain.words import CountedState

Header = tuple[str, str, datetime, datetime]
"""What every event of one decision begins with: channel, request_id, occurred_at, recorded_at."""

PARTS: Final[tuple[CountedState, ...]] = ("damaged", "quality_control")
"""Parts of on_hand that cannot be sold."""


class Arrival(Struct, frozen=True, gc=False):
    """A request as it reached the writer: from whom, when, and its fingerprint."""

    channel: str
    recorded_at: datetime
    fingerprint: str
    request: Decided

    @property
    def header(self) -> Header:
        """The first fields of every event of this decision."""
        request = self.request
        return (self.channel, request.request_id, request.occurred_at, self.recorded_at)


class Draft:
    """The effects of one request so far, on a state of its own on top of the given one."""

    def __init__(self, state: State, arrival: Arrival) -> None:
        self.before = state
        self.state = state.on_top(planned=False)
        self.arrival = arrival
        self.header = arrival.header
        self.effective = min(arrival.request.occurred_at, arrival.recorded_at)
        self.events: list[AnyEvent] = []
        # The fact that takes effect only now, since it had waited; None outside a join.
        self.joining: Waiting | None = None
        self.items: dict[ItemKey, None] = {}
        self.lines: dict[LineKey, None] = {}
        self.sending = Sending()
        # Orders that could not move from a location as a whole, by `sending.changes` of then.
        self.moved_in_vain: dict[tuple[str, str], int] = {}
        self._raised = 0

    def emit(self, event: AnyEvent) -> None:
        """Add an effect; what follows sees it."""
        evolve(self.state, event)
        self.events.append(event)

    def stock(self, event: AnyStockEvent) -> None:
        """Add an effect on stock; counts that had seen it are revised (domain rule 6)."""
        self.emit(event)
        self.items[(event.location, event.sku)] = None
        time = effective_at(event)
        for counted, delta in effects_of(event):
            key = (event.location, event.sku, counted)
            until = self.state.counted_until(key)
            if until is not None and time <= until:
                anchor = seen_by(self.state.anchors_of(key), time)
                assert anchor is not None, key
                self.revise(key, anchor, -delta)

    def revise(self, key: CountedKey, anchor: Anchor, quantity: int) -> None:
        """Change the variance of a count, and the quantity with it."""
        location, sku, counted = key
        at, channel, request_id = anchor.stamp
        revised = StockCountRevised(
            *self.header,
            location,
            sku,
            count_channel=channel,
            count_request_id=request_id,
            counted_at=at,
            quantity=quantity,
            variance=anchor.variance + quantity,
            state=counted,
        )
        self.emit(revised)

    def touch_item(self, key: ItemKey) -> None:
        """Have this item's shortage and discrepancies looked at when the decision is done."""
        self.items[key] = None

    def touch_line(self, key: LineKey) -> None:
        """Have this line's excess looked at when the decision is done."""
        self.lines[key] = None

    def names(self, location: str | None, sku: str | None = None) -> None:
        """A fact names these: what was never heard of before is something to look at."""
        if location is not None and location not in self.state.locations:
            detail = f"location {location!r} was never described; describe it or correct the sender"
            self.exception("unknown_location", detail, About(location=location))
        if sku is not None and sku not in self.state.products:
            detail = f"sku {sku!r} was never described; describe it or correct the sender"
            self.exception("unknown_sku", detail, About(sku=sku))

    def exception(
        self,
        kind: ExceptionKind,
        detail: str,
        about: About,
        *,
        quantity: int | None = None,
        fact: Fact | None = None,
    ) -> None:
        """Add what people must look at; one that stands already is not raised again."""
        if (kind, about) in self.state.exceptions:
            return
        self._raised += 1
        again = self.joining if fact is not None else None
        raised = ExceptionRaised(
            *self.header,
            self._raised,
            kind,
            detail,
            about.order_id,
            about.line_id,
            about.location,
            about.sku,
            about.state,
            quantity,
            fact,
            None if again is None else again.channel,
            None if again is None else again.effective_at,
            about.subject,
        )
        self.emit(raised)

    def wait(self, fact: Fact, subject: str, *, order_id: str | None = None) -> None:
        """Keep a fact until what it names appears: the stream `subject`, or the order's."""
        named = order_id or subject
        detail = f"{named!r}, or a line of it, is not known yet; the fact waits for it"
        about = About(order_id=order_id) if order_id is not None else About(subject=subject)
        self.exception("unlinked", detail, about, fact=fact)

    @property
    def at(self) -> datetime | None:
        """The effective time of a fact that takes effect only now; None for any other."""
        return None if self.joining is None else self.joining.effective_at

    def resolve(self, kind: ExceptionKind, about: About) -> None:
        """End a standing exception, if it stands."""
        ref = self.state.exceptions.get((kind, about))
        if ref is not None:
            self._resolved(ref, kind, about)

    def _resolved(self, ref: ExceptionRef, kind: ExceptionKind, about: About) -> None:
        resolved = ExceptionResolved(
            *self.header,
            ref.channel,
            ref.request_id,
            ref.number,
            kind,
            about.order_id,
            about.line_id,
            about.location,
            about.sku,
            about.state,
            about.subject,
        )
        self.emit(resolved)

    def joined(self, waiting: Waiting, about: About) -> None:
        """End the waiting of a fact whose subject has appeared."""
        self._resolved(waiting.exception, "unlinked", about)
