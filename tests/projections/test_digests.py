"""The digest of a view is kept up with its rows, and says the same however they came to be."""

import itertools

import psycopg
import pytest
from busy_days import busy_days
from given import Shop

from projections import digests, views
from projections.keeping import checkpoints
from projections.stock.inventory import INVENTORY
from projections.views import VIEWS

both = pytest.mark.parametrize("ledger", ["postgres", "kafka"], indirect=True)


@pytest.fixture(scope="module")
def days() -> Shop:
    return busy_days(300, seed=5)


def stored(ledger):
    return {
        row["view"]: row["digest"] for row in ledger.sql("SELECT view, digest FROM projections")
    }


def anew(ledger):
    """The digests of the rows that stand in the tables now."""
    found = {}
    with psycopg.connect(ledger.url) as conn:
        views.configure(conn)
        for name, view in VIEWS.items():
            digest = digests.of_stored(conn, ledger.network, view().tables)
            found[name] = digests.text(digest)
    return found


@both
def test_the_digest_that_is_kept_is_that_of_the_rows_that_stand_there(ledger, days):
    for until in range(0, len(days.books.events), 37):
        ledger.tell(days, until=until)
        ledger.project(max_batch_events=50)
    ledger.tell(days)
    ledger.project()
    kept = stored(ledger)
    assert kept == anew(ledger)
    assert sum(digest != digests.NO_ROWS for digest in kept.values()) > len(VIEWS) / 2


def test_views_of_the_same_events_have_the_same_digest_however_they_were_batched(ledger, days):
    ledger.tell(days)
    found = []
    for size in (1, 7, 10_000):
        ledger.rebuild(max_batch_events=size, max_rows_in_memory=5 * size)
        found.append(stored(ledger))
    assert found[0] == found[1] == found[2]


def test_a_row_that_somebody_changed_is_not_the_digest_that_is_kept(ledger, days):
    ledger.tell(days)
    ledger.project()
    before = stored(ledger)
    ledger.sql("UPDATE inventory SET on_hand = on_hand + 1 WHERE sku = 'TEA/POT'")
    now = anew(ledger)
    assert {name for name in VIEWS if now[name] != before[name]} == {"inventory"}


def test_rows_that_only_change_places_change_the_digest():
    one = [("CUP", "STORE", 1), ("CUP", "DC", 2)]
    other = [("CUP", "STORE", 2), ("CUP", "DC", 1)]
    assert digests.sum_of(INVENTORY, one) == digests.sum_of(INVENTORY, one[::-1])
    assert digests.sum_of(INVENTORY, one) != digests.sum_of(INVENTORY, other)


def test_what_digests_were_is_written_down_every_some_thousand_events(ledger, days, monkeypatch):
    monkeypatch.setattr("consumers.projecting.fold.MARK_EVERY", 100)
    ledger.tell(days)
    ledger.project(max_batch_events=30)
    with psycopg.connect(ledger.url) as conn:
        marks = checkpoints.marks(conn, ledger.network, "inventory")
    end = len(days.books.events)
    batches = [0, *range(30, end, 30), end]
    assert list(marks) == [
        position
        for before, position in itertools.pairwise(batches)
        if position // 100 > before // 100
    ]
    ledger.rebuild("inventory", max_batch_events=30)
    with psycopg.connect(ledger.url) as conn:
        assert checkpoints.marks(conn, ledger.network, "inventory") == marks
