"""A writer that starts from its snapshot knows what one knows that has read the whole ledger."""

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from any_request import Sent, days
from books import START, Books
from busy_days import busy_days
from following import Decision, afresh, decisions, length, restored, write_on
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.snapshot import Snapshot, forms, lazy, saving
from ledger.domain.decider import Arrival, decide
from ledger.domain.evolve import evolve
from ledger.domain.requests import (
    CountLine,
    CountStock,
    ReceiptLine,
    ReceiveStock,
    SaleKey,
    VoidSale,
)
from ledger.domain.state import MAPPINGS
from ledger.fingerprint import fingerprint

LIMITS = {
    "read lazily, in short rows": {"EAGER_ENTRIES": 0, "CHUNK_MOVEMENTS": 2},
    "with limits as they are": {},
}


@pytest.fixture(params=LIMITS, autouse=True)
def limits(request, monkeypatch) -> None:
    """Small limits, which a few events meet, and those that are used."""
    for name, value in LIMITS[request.param].items():
        monkeypatch.setattr(lazy, name, value)
    monkeypatch.setattr(saving, "SLICE_PAUSE_S", 0.0)


@pytest.fixture(scope="module")
def busy() -> list[Decision]:
    return decisions(busy_days(300).books.events)


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "snapshot"


def test_every_mapping_of_the_state_is_saved() -> None:
    assert set(forms.FORMS) == set(MAPPINGS)


@settings(deadline=None, max_examples=25)
@given(days(), st.integers(1, 6), st.randoms(use_true_random=False))
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
    assert restored(place, decided) == length(decided[: half // every * every])


@pytest.mark.parametrize("starts", [1, 7])
def test_busy_days_go_on_after_every_restart(place, busy, starts) -> None:
    for start in range(starts):
        kept = Snapshot.open(place, "main")
        write_on(kept, busy[40 * start : 40 * start + 40], save_every=10)
        kept.close()
    saved = length(busy[: 40 * starts])
    assert restored(place, busy) == saved
    assert restored(place, busy) > saved, "what was decided since was saved too"


def test_a_save_beside_the_writer_holds_what_was_known_at_its_checkpoint(
    place, busy, monkeypatch
) -> None:
    """The writer goes on while it is written; nothing of what follows gets in."""
    monkeypatch.setattr(saving, "SLICE_PAUSE_S", 0.002)
    monkeypatch.setattr(saving, "SLICE_ENTRIES", 5)
    kept = Snapshot.open(place, "main")
    write_on(kept, busy[:100], save_every=1, wait=False)
    kept.close()
    saved = restored(place, busy)
    assert 0 < saved < length(busy[:100])


def test_ids_too_long_for_the_store_are_kept_whole(place) -> None:
    books, long = Books(), "ö" * 128
    for number, sku in enumerate((long, long[:-1] + "x", "short")):
        lines = (ReceiptLine(line_id="1", sku=sku, quantity=3),)
        request = ReceiveStock(
            request_id=f"{number}", occurred_at=START, location=long, lines=lines
        )
        books.take("dock", request, START)
    decided = decisions(books.events)
    kept = Snapshot.open(place, "main")
    write_on(kept, decided, save_every=1)
    kept.close()
    assert restored(place, decided) == length(decided)


def test_counts_and_voids_of_the_past_are_decided_as_without_a_restart(place, busy) -> None:
    kept = Snapshot.open(place, "main")
    write_on(kept, busy[:150], save_every=50)
    kept.close()
    kept, (fresh, _) = Snapshot.open(place, "main"), afresh(busy[:150])
    chance, now = Random(5), START + timedelta(days=2)
    for step in range(60):
        sent = _about_the_past(chance, step)
        arrival = Arrival(sent.channel, now, fingerprint(sent.request), sent.request)
        events = decide(kept.state(), arrival)
        assert events == decide(fresh, arrival)
        for event in events:
            evolve(kept.state(), event)
            evolve(fresh, event)
    kept.close()


def _about_the_past(chance: Random, step: int) -> Sent:
    when = START + timedelta(minutes=chance.randint(0, 300))
    if chance.random() < 0.3:
        sale = SaleKey(channel="till", request_id=f"n{chance.randint(0, 150)}")
        return Sent("till", VoidSale(request_id=f"void {step}", occurred_at=when, sale=sale))
    counted = CountStock(
        request_id=f"count {step}",
        occurred_at=when,
        location=chance.choice(["STORE", "DC 1"]),
        scope=chance.choice(["named", "location"]),
        lines=(CountLine(sku=chance.choice(["MUG", "TEA/POT"]), quantity=chance.randint(0, 20)),),
    )
    return Sent("till", counted)
