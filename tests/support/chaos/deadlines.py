"""Laws of what writers do by the clock: each deadline once, in order, before any later request.

Told from the events alone, apart from the fold and the agenda under test.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from chaos.answers import named
from chaos.evidence import Decision, Evidence, Violation
from ledger.domain.deadlines import key_of
from ledger.domain.entries import DeadlineKey
from ledger.domain.events import (
    AnyEvent,
    HoldExpired,
    HoldExtended,
    HoldPlaced,
    StockReleased,
    StockReserved,
)

Line = tuple[str, str]
"""An owner, and a line of its holds."""


class Held(Struct):
    """A line of an owner's holds: until when, and how much is reserved for it."""

    until: datetime
    quantity: int = 0


def passed_in_order(evidence: Evidence) -> Iterator[Violation]:
    """Nothing is done by the clock before its deadline, and what is done at a time is in order."""
    before: DeadlineKey | None = None
    for decision in evidence.decisions:
        own = decision.own
        if not decision.by_the_clock:
            before = None
            continue
        if own.recorded_at < own.occurred_at:
            says = f"was decided at {own.recorded_at}, before its deadline"
            yield Violation("deadlines", says, (named(decision.key),))
        this = key_of(own.request_id, own.occurred_at)
        if before is not None and this <= before:
            yield Violation("deadlines", f"was decided after {before}", (named(decision.key),))
        before = this


def holds_end_once(evidence: Evidence) -> Iterator[Violation]:
    """Every hold that is not used or released before ends at its deadline, once.

    No later request is decided while one stands whose deadline has passed by then.
    """
    held: dict[Line, Held] = {}
    for decision in evidence.decisions:
        if not decision.by_the_clock:
            yield from _none_has_passed(held, decision)
        for event in decision.events:
            yield from _took(held, decision, event)


def _none_has_passed(held: dict[Line, Held], decision: Decision) -> Iterator[Violation]:
    for line, hold in held.items():
        if hold.until <= decision.own.recorded_at:
            says = f"stood at {decision.position}, {decision.own.recorded_at}; over at {hold.until}"
            yield Violation("holds", says, line)


def _took(held: dict[Line, Held], decision: Decision, event: AnyEvent) -> Iterator[Violation]:
    match event:
        case HoldPlaced():
            held[(event.owner, event.line_id)] = Held(event.expires_at)
        case HoldExtended():
            held[(event.owner, event.line_id)].until = event.expires_at
        case HoldExpired():
            yield from _expired(held, decision, event)
        case StockReserved() if event.held_for == "hold":
            held[(event.holder, event.line_id)].quantity += event.quantity
        case StockReleased() if event.held_for == "hold":
            line = (event.holder, event.line_id)
            held[line].quantity -= event.quantity
            if held[line].quantity == 0:
                del held[line]
        case _:
            pass


def _expired(held: dict[Line, Held], decision: Decision, event: HoldExpired) -> Iterator[Violation]:
    line = (event.owner, event.line_id)
    hold = held.get(line)
    where = f"expired at {decision.position}"
    if hold is None:
        yield Violation("holds", f"{where}, and was not held", line)
        held[line] = Held(event.occurred_at, event.quantity)
    elif not decision.by_the_clock or event.occurred_at != hold.until:
        yield Violation("holds", f"{where}, at {event.occurred_at}; held until {hold.until}", line)
    elif event.quantity != hold.quantity:
        yield Violation("holds", f"{where}: {event.quantity} of {hold.quantity}", line)
