"""A day told once more: through bytes, in blocks on top of each other, and in another order."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final

from any_order import outcome
from books import snapshot

from ledger import codec
from ledger.domain.deadlines import request_of
from ledger.domain.decider import Arrival, State, decide
from ledger.domain.events import RequestAccepted, RequestRefused
from ledger.domain.evolve import evolve
from ledger.domain.requests import (
    Claim,
    Decided,
    DeclineLine,
    Deliver,
    FailDelivery,
    LineCut,
    VoidShipment,
)
from ledger.domain.words import WRITER_CHANNEL
from ledger.fingerprint import fingerprint
from retail.desk import Desk
from retail.world import Sent

KNOWN_SHARE: Final = 0.6
"""So much of a day has been told before its facts come in another order."""
LONG_AFTER: Final = timedelta(hours=3)
BLOCK: Final = 7
"""Requests of a block, and of one in flight below it."""


def reading_again_is_knowing_the_same(desk: Desk) -> None:
    """Through the bytes of every event, as a restarted writer reads them."""
    again = State()
    for event in desk.events:
        evolve(again, codec.decode(codec.TOPICS[type(event)], codec.encode(event)))
    assert snapshot(again) == snapshot(desk.state), "reading again is knowing another thing"


def blocks_in_flight_are_as_good(desk: Desk) -> None:
    """As the writer does it: each block stands on one that is not yet confirmed."""
    confirmed = State()
    flying = confirmed.on_top()
    block = flying.on_top()
    written = iter(desk.events)
    for step, arrival in enumerate(_decided(desk)):
        for event in decide(block, arrival):
            assert event == next(written), f"decided otherwise in a block: {event}"
            evolve(block, event)
        if step % BLOCK == 0:
            flying.merge()
            block.put_on(confirmed)
            flying, block = block, block.on_top()
    flying.merge()
    block.put_on(confirmed)
    block.merge()
    assert snapshot(confirmed) == snapshot(desk.state), "blocks led to another state"


def _decided(desk: Desk) -> list[Arrival]:
    """What was decided, in its order: requests, each once, and deadlines between them."""
    told = {(sent.channel, sent.request.request_id): sent.request for sent in reversed(desk.taken)}
    found = []
    for event in desk.events:
        if isinstance(event, RequestAccepted | RequestRefused):
            request = _request(desk, told, event)
            found.append(Arrival(event.channel, event.recorded_at, fingerprint(request), request))
    return found


def _request(
    desk: Desk,
    told: Mapping[tuple[str, str], Decided],
    event: RequestAccepted | RequestRefused,
) -> Decided:
    if event.channel != WRITER_CHANNEL:
        return told[(event.channel, event.request_id)]
    return request_of(desk.passed[event.request_id])


def order_of_arrival_does_not_matter(desk: Desk) -> None:
    """The rest of a day's facts, in order and once; then mixed up, each twice: the same outcome.

    Both times its claims come first, so that both grant the same. Facts that say all of it are
    left out: how much that is, the writer knows when they arrive.
    """
    known = int(len(desk.taken) * KNOWN_SHARE)
    before, rest = desk.taken[:known], desk.taken[known:]
    claims = [sent for sent in rest if isinstance(sent.request, Claim)]
    facts = [sent for sent in rest if not isinstance(sent.request, Claim) and says_how_much(sent)]
    mixed = [*facts, *facts]
    Random(len(facts)).shuffle(mixed)
    told = (*before, *claims)
    later = max(sent.arrives for sent in desk.taken) + LONG_AFTER
    one, other = _told(told, facts, later), _told(told, mixed, later)
    wanted, got = outcome(one.state, one.events), outcome(other.state, other.events)
    apart = {
        name: _apart(values, got[name]) for name, values in wanted.items() if got[name] != values
    }
    assert not apart, f"the order of arrival matters: {apart}"


def _apart(one: object, other: object) -> object:
    """Where two mappings differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
        return [(key, one.get(key), other.get(key)) for key in keys[:3]]
    return (one, other)


def _told(before: Sequence[Sent], facts: Sequence[Sent], later: datetime) -> Desk:
    """All these facts come long after they happened."""
    desk = Desk()
    for sent in before:
        desk.tell(sent)
    for step, sent in enumerate(facts):
        desk.tell(sent._replace(arrives=later + timedelta(seconds=step)))
    return desk


def says_how_much(sent: Sent) -> bool:
    """Whether a fact says its quantities, rather than: all of it."""
    match sent.request:
        case VoidShipment(lines=lines) | Deliver(lines=lines) | FailDelivery(lines=lines):
            return bool(lines) and _have_quantities(lines)
        case DeclineLine(lines=lines):
            return _have_quantities(lines)
        case _:
            return True


def _have_quantities(lines: Sequence[object]) -> bool:
    return all(line.quantity is not None for line in lines if isinstance(line, LineCut))
