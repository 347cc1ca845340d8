"""Deciding the whole ledger again, request by request, in a process that no fault has touched."""

from collections.abc import Iterator
from itertools import count

from books import Books
from invariants import check, summed

from chaos.answers import named
from chaos.evidence import Decision, Evidence, Violation
from ledger import codec
from ledger.domain.deadlines import key_of, request_of
from ledger.domain.requests import Decided
from ledger.door import read_request

MAX_SHOWN = 400
STATES = ("on_hand", "damaged", "quality_control", "committed")


def replayed(evidence: Evidence) -> Iterator[Violation]:
    """Deciding the requests in ledger order gives the recorded events, byte for byte.

    Then the state that is reached is held against the laws of the domain, and what the views show
    of the stock against the sums of the events' own numbers.
    """
    books = Books()
    for decision in evidence.decisions:
        request = _request_of(evidence, decision)
        if request is not None:
            yield from _decided_again(books, decision, request)
        try:
            for event in decision.events:
                books.keep(event)
        except Exception as fault:  # noqa: BLE001 - no state can be reached by such events
            yield Violation("replay", f"cannot be folded: {fault!r}", (named(decision.key),))
            return
    yield from _lawful(books)
    yield from _conserved(evidence, books)


def _request_of(evidence: Evidence, decision: Decision) -> Decided | None:
    """What was asked, if anybody asked it; what a writer does by the clock says itself what it is."""
    own = decision.own
    if decision.by_the_clock:
        return request_of(key_of(own.request_id, own.occurred_at))
    asked = evidence.diaries.asked.get(decision.key)
    return None if asked is None else read_request(asked.body.encode())


def _decided_again(books: Books, decision: Decision, request: Decided) -> Iterator[Violation]:
    own = decision.own
    try:
        expected = books.decided(own.channel, request, own.recorded_at)
    except Exception as fault:  # noqa: BLE001 - what is recorded cannot have been decided
        yield Violation("replay", f"cannot be decided: {fault!r}", (named(decision.key),))
        return
    wanted = [(event.stream, codec.TOPICS[type(event)], codec.encode(event)) for event in expected]
    found = [(event.stream, event.type, event.state) for event in decision.raw]
    if wanted != found:
        at = next(n for n in count() if wanted[n : n + 1] != found[n : n + 1])
        says = f"recorded {_shown(found, at)}, decided again {_shown(wanted, at)}"
        where = f"at position {decision.position + at}: "
        yield Violation("replay", where + says, (named(decision.key),))


def _shown(events: list[tuple[str, str, bytes]], at: int) -> str:
    if at >= len(events):
        return "nothing"
    _, kind, state = events[at]
    return f"{kind} {state.decode(errors='replace')}"[:MAX_SHOWN]


def _lawful(books: Books) -> Iterator[Violation]:
    try:
        check(books)
    except AssertionError as broken:
        yield Violation("laws of the domain", str(broken))


def _conserved(evidence: Evidence, books: Books) -> Iterator[Violation]:
    sums = summed(evidence.events)
    for (location, sku), item in books.state.stock.items():
        for state in STATES:
            key = (location, sku, state)
            if getattr(item, state) != sums[key]:
                says = f"events sum to {sums[key]} {state}, the fold has {getattr(item, state)}"
                yield Violation("conservation", says, (location, sku))
    if evidence.views is None:
        return
    shown = evidence.views.stock
    for key in sorted(sums.keys() | shown.keys()):
        if sums[key] != shown.get(key, 0):
            location, sku, state = key
            says = f"events sum to {sums[key]} {state}, the view shows {shown.get(key, 0)}"
            yield Violation("conservation", says, (location, sku))
