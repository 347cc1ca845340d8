"""Several processes fold a long stretch of the ledger, each some of the views."""

import pytest
from busy_days import busy_days
from given import Shop

from consumers.projecting import parallel
from consumers.projecting.parallel import LedgerAt, fold, shares
from projections.views import VIEWS

both = pytest.mark.parametrize("ledger", ["postgres", "kafka"], indirect=True)


@pytest.fixture(scope="module")
def days() -> Shop:
    return busy_days(300, seed=8)


def where(ledger):
    return LedgerAt(ledger.network, ledger.url, getattr(ledger, "settings", None))


def test_every_view_is_dealt_to_one_process():
    for processes in (1, 2, 3, 50):
        dealt = shares(VIEWS, processes)
        assert sorted(name for share in dealt for name in share) == sorted(VIEWS)
        assert len(dealt) == min(processes, len(VIEWS))


@both
def test_views_folded_by_several_processes_hold_what_the_ledger_says(ledger, days):
    ledger.tell(days)
    end = len(days.books.events)
    seen = []
    fold(
        where(ledger), VIEWS, end, processes=3, progress=lambda at, until: seen.append((at, until))
    )
    found = ledger.sql("SELECT DISTINCT position FROM projections")
    assert found == [{"position": end}]
    assert seen[-1] == (end, end)
    assert ledger.differences() == 0


def test_a_projector_that_is_far_behind_lets_several_processes_catch_up(
    ledger, days, monkeypatch, caplog
):
    monkeypatch.setattr("consumers.projector.WORTH_IT_EVENTS", 100)
    ledger.tell(days)
    with caplog.at_level("INFO"):
        assert ledger.project(ledger=where(ledger)) == len(days.books.events)
    assert "projector_catches_up_in_parallel" in caplog.text
    assert ledger.differences() == 0


def test_what_one_process_cannot_fold_is_left_and_told(ledger, days, caplog):
    ledger.tell(days, until=100)
    ledger.project()
    ledger.sql("DELETE FROM order_lines")
    ledger.tell(days)
    end = len(days.books.events)
    fold(where(ledger), VIEWS, end, processes=2)
    found = {row["view"]: row for row in ledger.sql("SELECT * FROM projections")}
    assert found["orders"]["stopped_at"] is not None
    assert {row["position"] for name, row in found.items() if name != "orders"} == {end}


def test_views_of_another_release_are_left_as_they_are_in_every_network(ledger, days):
    ledger.tell(days, until=100)
    ledger.project()
    ledger.sql(
        "INSERT INTO projections (network, view, position, head_hash, next_offset, trackings, "
        "definition, digest, generation) SELECT 'other', view, 5, '', 0, '{}', 'old', digest, 0 "
        "FROM projections"
    )
    ledger.sql("UPDATE projections SET definition = 'old' WHERE view = 'orders'")
    ledger.tell(days)
    fold(where(ledger), VIEWS, len(days.books.events), processes=2)
    found = ledger.sql("SELECT network, view, position, generation FROM projections")
    assert {row["generation"] for row in found} == {0}
    assert {row["position"] for row in found if row["network"] == "other"} == {5}
    own = {row["view"]: row["position"] for row in found if row["network"] == "main"}
    assert own == dict.fromkeys(VIEWS, len(days.books.events)) | {"orders": 100}


def test_processes_end_when_they_are_told_to(ledger, days, monkeypatch):
    monkeypatch.setattr(parallel, "LOOK_EVERY_S", 0.05)
    ledger.tell(days)
    fold(where(ledger), VIEWS, len(days.books.events), processes=2, stopping=lambda: True)
    assert ledger.project() == len(days.books.events)
    assert ledger.differences() == 0
