"""What people must look at: exceptions that stand, and facts that wait."""

from typing import Final

from ledger.domain.entries import About, ExceptionRef, Waiting
from ledger.domain.events import ExceptionRaised, ExceptionResolved
from ledger.domain.events.orders import order_stream
from ledger.domain.state import State
from ledger.domain.stock.item import effective_at

STANDING: Final = frozenset(
    {
        "unknown_sku",
        "unknown_location",
        "discrepancy",
        "overshipped",
        "over_returned",
        "over_received",
        "declined",
    }
)
"""Exceptions that stand as long as what they say is so; `unlinked` ends by a join; the others say
what was so once."""


def about(event: ExceptionRaised | ExceptionResolved) -> About:
    """What the exception is about; of one kind at most one stands about a thing."""
    return About(
        event.order_id, event.line_id, event.location, event.sku, event.state, event.subject
    )


def subject_of(event: ExceptionRaised | ExceptionResolved) -> str:
    """The stream of what a fact waits for."""
    if event.subject is not None:
        return event.subject
    assert event.order_id is not None, event
    return order_stream(event.order_id)


def exception_raised(state: State, event: ExceptionRaised) -> None:
    """Keep a fact that waits, or what stands; what a fact has named is known from then on."""
    if event.kind == "unknown_location" and event.location is not None:
        state.learn_location(event.location)
    elif event.kind == "unknown_sku" and event.sku is not None:
        state.products.setdefault(event.sku, False)
    ref = ExceptionRef(event.channel, event.request_id, event.number)
    if event.fact is not None:
        waits_for = subject_of(event)
        channel = event.fact_channel or event.channel
        waiting = Waiting(event.fact, channel, effective_at(event), ref)
        before = state.waiting.get(waits_for, ())
        state.waiting[waits_for] = (*before, waiting)
    elif event.kind in STANDING:
        state.exceptions[(event.kind, about(event))] = ref


def exception_resolved(state: State, event: ExceptionResolved) -> None:
    """It stands, or waits, no longer."""
    if event.kind in STANDING:
        state.exceptions.pop((event.kind, about(event)), None)
        return
    ref = ExceptionRef(event.raised_channel, event.raised_request_id, event.number)
    waits_for = subject_of(event)
    left = tuple(w for w in state.waiting.get(waits_for, ()) if w.exception != ref)
    if left:
        state.waiting[waits_for] = left
    else:
        state.waiting.pop(waits_for, None)
