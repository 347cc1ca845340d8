"""Laws of answers: one for each request, the one acknowledged, in the order that clients saw."""

from collections.abc import Iterator
from heapq import merge
from itertools import pairwise

from msgspec import to_builtins

from chaos.diary import Answered, Key
from chaos.evidence import Decision, Evidence, Violation
from ledger.domain.events import RequestRefused


def named(key: Key) -> str:
    return "/".join(key)


def chain_follows(evidence: Evidence) -> Iterator[Violation]:
    """Positions, versions and offsets are dense, trackings rise, first and prev follow."""
    for fault in evidence.ledger.corrupt:
        yield Violation("the chain", fault)
    yield from evidence.disorder


def time_goes_on(evidence: Evidence) -> Iterator[Violation]:
    """recorded_at never goes back, from block to block and from event to event."""
    blocks = evidence.ledger.blocks
    for before, after in pairwise(blocks):
        if after.recorded_at < before.recorded_at:
            yield Violation("recorded_at", f"goes back in the block at offset {after.offset}")
    for one, other in pairwise(evidence.decisions):
        if other.own.recorded_at < one.own.recorded_at:
            yield Violation("recorded_at", f"goes back at {other.position}", (named(other.key),))


def answered_once(evidence: Evidence) -> Iterator[Violation]:
    """Each request that was sent has one answer in the ledger, and nothing else has one.

    But for what a writer does by the clock, which `deadlines` looks at.
    """
    for decision in evidence.decisions:
        first = evidence.by_key[decision.key]
        if first is not decision:
            says = f"answered at position {first.position} and again at {decision.position}"
            yield Violation("answered once", says, (named(decision.key),))
        if decision.key not in evidence.diaries.asked and not decision.by_the_clock:
            says = f"position {decision.position} answers what nobody sent"
            yield Violation("answered once", says, (named(decision.key),))
    for key in evidence.diaries.asked.keys() - evidence.by_key.keys():
        yield Violation("answered once", "has no answer in the ledger", (named(key),))


def clients_were_served(evidence: Evidence) -> Iterator[Violation]:
    """No client got a reply that none should get, or waited beyond its patience."""
    for entry in evidence.diaries.unexpected:
        yield Violation("replies", entry.says, (named((entry.channel, entry.request_id)),))
    acknowledged = {(entry.channel, entry.request_id) for entry in evidence.diaries.answered}
    for key in evidence.diaries.asked.keys() - acknowledged:
        yield Violation("replies", "was never acknowledged to its client", (named(key),))


def acknowledged_stays(evidence: Evidence) -> Iterator[Violation]:
    """Every acknowledged answer is in the ledger, and is the same there."""
    for entry in evidence.diaries.answered:
        key = (entry.channel, entry.request_id)
        decision = evidence.by_key.get(key)
        if decision is None:
            says = f"acknowledged at position {entry.position}, and not in the ledger"
            yield Violation("acknowledged answers", says, (named(key),))
        elif said(entry) != (recorded := answer_of(decision)):
            says = f"acknowledged as {said(entry)}, recorded as {recorded}"
            yield Violation("acknowledged answers", says, (named(key),))


def said(entry: Answered) -> tuple[object, ...]:
    return (entry.outcome, entry.position, entry.events, entry.reason, entry.details)


def answer_of(decision: Decision) -> tuple[object, ...]:
    own = decision.own
    if isinstance(own, RequestRefused):
        details = to_builtins(own.details)
        return ("refused", decision.position, 1, str(own.reason), list(details))
    return ("accepted", decision.position, 1 + own.effects, None, [])


def order_of_the_world(evidence: Evidence) -> Iterator[Violation]:
    """If A was answered before B was sent, then A stands before B."""
    positions = {key: decision.position for key, decision in evidence.by_key.items()}
    answered = (
        (entry.at, True, (entry.channel, entry.request_id)) for entry in evidence.diaries.answered
    )
    sent = ((at, False, key) for key, at in evidence.diaries.first_sent.items())
    latest: tuple[int, Key] = (0, ("", ""))
    for _, is_answer, key in merge(answered, sorted(sent)):
        position = positions.get(key)
        if position is None:
            continue
        if is_answer:
            latest = max(latest, (position, key))
        elif position < latest[0]:
            says = f"A stands at {latest[0]}, B at {position}, though A was answered before"
            yield Violation("order of the world", says, (named(latest[1]), named(key)))
