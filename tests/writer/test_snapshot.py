"""A writer that starts from its snapshot knows what one knows that has read the whole ledger."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import lmdb
import pytest
from any_request import Sent, days
from books import START, Books, snapshot
from busy_days import busy_days
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import integers

from consumers import snapshot as snapshots
from consumers.request_index import RequestIndex, key_of
from consumers.snapshot import Snapshot, SnapshotBusy, SnapshotDamaged, folder, forms, lazy, saving
from consumers.snapshot.store import DATA_FILE, Writing
from ledger.domain.decider import Arrival, decide
from ledger.domain.events import AnyEvent, RequestAccepted, RequestRefused
from ledger.domain.evolve import evolve
from ledger.domain.requests import ReceiptLine, ReceiveStock
from ledger.domain.state import MAPPINGS, State
from ledger.domain.words import sale_id
from ledger.fingerprint import fingerprint
from ledger.head import Head
from ledger.kafka.chain import Checkpoint

Decision = Sequence[AnyEvent]
Known = tuple[State, RequestIndex]

TINY = {
    "lazy, rows of two movements": {"EAGER_ENTRIES": 0, "CHUNK_MOVEMENTS": 2},
    "as it is": {},
}


@pytest.fixture(params=TINY, autouse=True)
def sizes(request, monkeypatch) -> None:
    """Small limits, so that few events meet them; and the ones that are used."""
    for name, value in TINY[request.param].items():
        monkeypatch.setattr(lazy, name, value)
    monkeypatch.setattr(saving, "SLICE_PAUSE_S", 0.0)


def decisions(events: Sequence[AnyEvent]) -> list[Decision]:
    """The events of one request after those of another."""
    found: list[list[AnyEvent]] = []
    for event in events:
        if isinstance(event, RequestAccepted | RequestRefused):
            found.append([])
        found[-1].append(event)
    return found


def follow(known: Known, position: int, decision: Decision) -> int:
    """Take one decision as a writer does; the position behind it."""
    state, index = known
    own = decision[0]
    index.add(key_of(own.channel, own.request_id), own, position + 1)
    for event in decision:
        evolve(state, event)
        if event is not own:
            state.versions[event.stream] = state.versions.get(event.stream, 0) + 1
    return position + len(decision)


def standing(position: int) -> tuple[Checkpoint, datetime]:
    return Checkpoint(position, Head(position, f"hash {position}"), {"t": position}), at(position)


def at(position: int) -> datetime:
    return START + timedelta(seconds=position)


def write_on(
    kept: Snapshot, decided: Sequence[Decision], *, save_every: int = 5, wait: bool = True
) -> None:
    """Follow decisions from the checkpoint on, block by block, on two overlays as the writer has."""
    position = 0 if kept.checkpoint is None else kept.checkpoint.head.position
    state, index = kept.state(), kept.index()
    flying = state.on_top()
    block = flying.on_top()
    for number, decision in enumerate(decided, 1):
        flying_to = follow((flying, index), position, decision)
        kept.note(flying.changes())
        flying.merge()
        block.put_on(state)
        flying, block = block, block.on_top()
        position = flying_to
        if number % save_every == 0:
            kept.save(*standing(position), wait=wait)


def afresh(decided: Sequence[Decision], position: int) -> Known:
    """What the first decisions up to a position lead to."""
    state, index, reached = State(), RequestIndex(), 0
    for decision in decided:
        if reached == position:
            break
        reached = follow((state, index), reached, decision)
    assert reached == position
    return state, index


def keys_in(decided: Sequence[Decision]) -> set[bytes]:
    return {key_of(made[0].channel, made[0].request_id) for made in decided}


def same(found: Known, wanted: Known, keys: set[bytes]) -> None:
    """All mappings, every sum of the journal, the whole index."""
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
    """Start from the snapshot: it is right at its checkpoint, and after the rest; the checkpoint."""
    kept = Snapshot.open(place, "main")
    try:
        position = 0 if kept.checkpoint is None else kept.checkpoint.head.position
        if kept.checkpoint is not None:
            assert (kept.checkpoint, kept.recorded_at) == standing(position)
        keys, known = keys_in(decided), (kept.state(), kept.index())
        done = len(decisions_up_to(decided, position))
        same(known, afresh(decided, position), keys)
        write_on(kept, decided[done:], save_every=7)
        same(known, afresh(decided, sum(map(len, decided))), keys)
    finally:
        kept.close()
    return position


def decisions_up_to(decided: Sequence[Decision], position: int) -> list[Decision]:
    found: list[Decision] = []
    while position > 0:
        found.append(decided[len(found)])
        position -= len(found[-1])
    assert position == 0
    return found


@pytest.fixture(scope="module")
def busy() -> list[Decision]:
    return decisions(busy_days(300).books.events)


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "snapshot"


@pytest.fixture
def saved(place, busy) -> int:
    """A snapshot of the first half; its position."""
    kept = Snapshot.open(place, "main")
    write_on(kept, busy[:150])
    kept.close()
    return sum(map(len, busy[:150]))


@settings(deadline=None, max_examples=25)
@given(days(), integers(1, 6), st.randoms(use_true_random=False))
def test_any_day_goes_on_from_any_save(tmp_path_factory, day: list[Sent], every, chance) -> None:
    books = Books()
    for step, sent in enumerate(day):
        books.take(sent.channel, sent.request, START + step * timedelta(seconds=30))
    decided = decisions(books.events)
    half = chance.randint(0, len(decided))
    place = tmp_path_factory.mktemp("day")
    kept = Snapshot.open(place, "main")
    write_on(kept, decided[:half], save_every=every)
    kept.close()
    saves = half // every * every
    assert restored(place, decided) == sum(map(len, decided[:saves]))


@pytest.mark.parametrize("starts", [1, 7])
def test_busy_days_go_on_after_every_restart(place, busy, starts) -> None:
    done = 0
    for _ in range(starts):
        kept = Snapshot.open(place, "main")
        write_on(kept, busy[done : done + 40], save_every=10)
        kept.close()
        done += 40
    assert restored(place, busy) == sum(map(len, busy[:done]))
    assert restored(place, busy) > sum(map(len, busy[:done])), "what was decided since was saved"


def test_a_save_beside_the_writer_holds_the_state_of_its_checkpoint(place, busy, monkeypatch) -> None:
    """The writer goes on while its block is written; nothing of what follows gets in."""
    monkeypatch.setattr(saving, "SLICE_PAUSE_S", 0.003)
    monkeypatch.setattr(saving, "SLICE_ENTRIES", 5)
    kept = Snapshot.open(place, "main")
    write_on(kept, busy, save_every=20, wait=False)
    kept.close()
    position = restored(place, busy)
    assert 0 < position <= sum(map(len, busy))


def test_a_state_evolved_without_notes_is_saved_whole(place, busy) -> None:
    kept, position = Snapshot.open(place, "main"), 0
    for decision in busy[:100]:
        position = follow((kept.state(), kept.index()), position, decision)
    kept.note_all()
    kept.save(*standing(position), wait=True)
    kept.close()
    assert restored(place, busy) == position


def test_ids_too_long_for_the_store_are_kept_whole(place) -> None:
    books, long = Books(), "ö" * 128
    for number, sku in enumerate((long, long[:-1] + "x", "short")):
        lines = (ReceiptLine(line_id="1", sku=sku, quantity=3),)
        request = ReceiveStock(request_id=f"{number}", occurred_at=START, location=long, lines=lines)
        books.take("dock", request, START)
    decided = decisions(books.events)
    kept = Snapshot.open(place, "main")
    write_on(kept, decided, save_every=1)
    kept.close()
    assert restored(place, decided) == len(books.events)


def test_a_count_after_a_restart_sees_what_moved_before(place, busy, saved) -> None:
    """Deciding goes on as if there had been no restart, counts of the past included."""
    fresh, _ = afresh(busy, saved)
    kept = Snapshot.open(place, "main")
    shop = busy_days(400, seed=1).books
    rest = [event for event in shop.events if isinstance(event, RequestAccepted)]
    assert len(rest) > 100
    chance = Random(5)
    for step in range(60):
        sent = any_of(chance, step)
        arrival = Arrival(sent.channel, at(10**6 + step), fingerprint(sent.request), sent.request)
        told, wanted = decide(kept.state(), arrival), decide(fresh, arrival)
        assert told == wanted
        for event in told:
            evolve(kept.state(), event)
            evolve(fresh, event)
    kept.close()


def any_of(chance: Random, step: int) -> Sent:
    from ledger.domain.requests import CountLine, CountStock, VoidSale, SaleKey  # noqa: PLC0415
    sku = chance.choice(["MUG", "TEA/POT", "BÖX\\1"])
    when = START + timedelta(minutes=chance.randint(0, 300))
    if chance.random() < 0.3:
        sale = SaleKey(channel="till", request_id=f"n{chance.randint(0, 150)}")
        return Sent("till", VoidSale(request_id=f"void {step}", occurred_at=when, sale=sale))
    lines = (CountLine(sku=sku, quantity=chance.randint(0, 20)),)
    scope = chance.choice(["named", "location"])
    location = chance.choice(["STORE", "DC 1"])
    return Sent("till", CountStock(request_id=f"count {step}", occurred_at=when, location=location, scope=scope, lines=lines))  # fmt: skip
