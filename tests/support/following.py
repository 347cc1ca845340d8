"""A writer without a ledger that keeps a snapshot: it follows decisions, block upon block."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from books import START

from consumers.snapshot import Snapshot
from consumers.snapshot.request_index import RequestIndex, key_of
from ledger.domain.events import AnyEvent, RequestAccepted, RequestRefused
from ledger.domain.evolve import evolve
from ledger.domain.state import MAPPINGS, State
from ledger.head import Head
from ledger.kafka.chain import Checkpoint

Decision = Sequence[AnyEvent]
Known = tuple[State, RequestIndex]


def decisions(events: Sequence[AnyEvent]) -> list[Decision]:
    """The events of one request after those of another."""
    found: list[list[AnyEvent]] = []
    for event in events:
        if isinstance(event, RequestAccepted | RequestRefused):
            found.append([])
        found[-1].append(event)
    return found


def length(decided: Sequence[Decision]) -> int:
    """How many events these are: the position behind them."""
    return sum(map(len, decided))


def follow(known: Known, position: int, decision: Decision) -> int:
    """Take one decision as a writer does; the position behind it."""
    state, index = known
    own = decision[0]
    assert isinstance(own, RequestAccepted | RequestRefused)
    index.add(key_of(own.channel, own.request_id), own, position + 1)
    for event in decision:
        evolve(state, event)
        if event is not own:
            state.versions[event.stream] = state.versions.get(event.stream, 0) + 1
    return position + len(decision)


def standing(position: int) -> tuple[Checkpoint, datetime]:
    """The checkpoint at a position, and what was recorded last there."""
    checkpoint = Checkpoint(position, Head(position, f"hash {position}"), {"topic": position})
    return checkpoint, START + timedelta(seconds=position)


def reached(kept: Snapshot) -> int:
    """The position up to which the snapshot was saved."""
    return 0 if kept.checkpoint is None else kept.checkpoint.head.position


def write_on(
    kept: Snapshot, decided: Sequence[Decision], *, save_every: int = 5, wait: bool = True
) -> None:
    """Go on from the checkpoint: each decision a block, the next decided on top of it."""
    position, state, index = reached(kept), kept.state(), kept.index()
    flying = state.on_top()
    block = flying.on_top()
    for number, decision in enumerate(decided, 1):
        position = follow((flying, index), position, decision)
        kept.note(flying.changes())
        flying.merge()
        block.put_on(state)
        flying, block = block, block.on_top()
        if number % save_every == 0:
            kept.save(*standing(position), wait=wait)


def afresh(decided: Sequence[Decision]) -> Known:
    """What decisions lead to without any snapshot."""
    known, position = (State(), RequestIndex()), 0
    for decision in decided:
        position = follow(known, position, decision)
    return known


def up_to(decided: Sequence[Decision], position: int) -> Sequence[Decision]:
    """The decisions before a position, which lies between two of them."""
    taken, left = 0, position
    while left > 0:
        left -= len(decided[taken])
        taken += 1
    assert left == 0, f"{position} lies within a decision"
    return decided[:taken]


def same(found: Known, wanted: Known, keys: set[bytes]) -> None:
    """All mappings, every sum of the journal, and the index for these keys."""
    (state, index), (fresh, whole) = found, wanted
    for name in MAPPINGS:
        assert dict(getattr(state, name)) == dict(getattr(fresh, name)), name
        assert len(getattr(state, name)) == len(getattr(fresh, name)), name
    for key, time_us, _ in fresh.journal:
        before = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=time_us - 1)
        for when in (before, before + timedelta(microseconds=1)):
            assert state.journal.sum_after(key, when) == fresh.journal.sum_after(key, when), key
    assert {key: index.get(key) for key in keys} == {key: whole.get(key) for key in keys}
    assert len(index) == len(whole)


def restored(place: Path, decided: Sequence[Decision]) -> int:
    """Start from the snapshot in this folder: it is right where it stands, and after the rest.

    The position at which it stood.
    """
    keys = {key_of(own.channel, own.request_id) for own, *_ in decided}
    kept = Snapshot.open(place, "main")
    try:
        position = reached(kept)
        if kept.checkpoint is not None:
            assert (kept.checkpoint, kept.recorded_at) == standing(position)
        before, known = up_to(decided, position), (kept.state(), kept.index())
        same(known, afresh(before), keys)
        write_on(kept, decided[len(before) :], save_every=7)
        same(known, afresh(decided), keys)
    finally:
        kept.close()
    return position
