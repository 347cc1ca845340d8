"""What is wrong with one view stops that view, and no other."""

import time

import psycopg
import pytest
from busy_days import busy_days
from given import Shop

from consumers.projecting.fold import ViewFold
from ledger.domain.events import StockReceived
from projections.projection import FoldFailed
from projections.stock.inventory import Inventory
from projections.views import VIEWS

LONG_S = 30
both = pytest.mark.parametrize("ledger", ["postgres", "kafka"], indirect=True)


@pytest.fixture(scope="module")
def days() -> Shop:
    return busy_days(300, seed=6)


def stands(ledger):
    found = ledger.sql("SELECT view, position, stopped_at, stopped_why FROM projections")
    return {row["view"]: row for row in found}


def poisoned(monkeypatch, at):
    """The inventory's fold fails at a position."""
    moved = Inventory._moved

    def fails(self, position, event):
        if position == at:
            raise ValueError("the shelf is upside down")
        moved(self, position, event)

    monkeypatch.setattr(Inventory, "_moved", fails)


def bad_position(days, after=40):
    events = enumerate(days.books.events, start=1)
    return next(at for at, event in events if at > after and isinstance(event, StockReceived))


@both
def test_a_view_that_cannot_take_in_an_event_stops_before_it_and_others_go_on(
    ledger, days, monkeypatch
):
    bad, end = bad_position(days), len(days.books.events)
    poisoned(monkeypatch, bad)
    ledger.tell(days)
    with pytest.raises(FoldFailed, match=rf"view inventory .* position {bad} .*upside down"):
        ledger.project()
    found = stands(ledger)
    inventory = found.pop("inventory")
    assert inventory["stopped_at"] == bad
    assert "upside down" in inventory["stopped_why"]
    assert {row["position"] for row in found.values()} == {end}
    in_one_block = 25 if hasattr(ledger, "settings") else 1
    assert bad - in_one_block <= inventory["position"] < bad


@both
def test_after_the_mend_it_goes_on_from_where_it_stopped(ledger, days, monkeypatch):
    bad, end = bad_position(days), len(days.books.events)
    ledger.tell(days)
    with monkeypatch.context() as broken:
        poisoned(broken, bad)
        with pytest.raises(FoldFailed):
            ledger.project()
    before = stands(ledger)["inventory"]["position"]
    assert before > 0
    assert ledger.project() == end
    found = stands(ledger)["inventory"]
    assert (found["position"], found["stopped_at"], found["stopped_why"]) == (end, None, None)
    assert ledger.differences() == 0


def test_a_view_whose_rows_somebody_deleted_stops_and_others_go_on(ledger, days):
    ledger.tell(days, until=100)
    ledger.project()
    ledger.sql("DELETE FROM order_lines")
    ledger.tell(days)
    projector = ledger.projector()
    projector.start()
    try:
        others = [name for name in VIEWS if name != "orders"]
        assert projector.wait_for(len(days.books.events), LONG_S, others)
        projector.check()
        assert list(projector.status().stopped) == ["orders"]
        # Who does not ask for this view does not wait for it.
        assert projector.wait_for(len(days.books.events), LONG_S)
        assert not projector.wait_for(len(days.books.events), 0.1, ["orders"])
    finally:
        projector.stop()


def test_a_view_whose_rows_cannot_be_read_stops_and_others_go_on(ledger, days):
    ledger.tell(days, until=100)
    ledger.project()
    ledger.sql("""UPDATE order_lines SET pickups = '{"until": "no list"}'""")
    ledger.tell(days)
    with pytest.raises(FoldFailed, match="view orders could not read its rows"):
        ledger.project()
    found = stands(ledger)
    assert found.pop("orders")["stopped_at"] is not None
    assert {row["position"] for row in found.values()} == {len(days.books.events)}


def test_a_view_that_somebody_else_has_locked_catches_up_when_it_is_free(ledger, days):
    ledger.tell(days, until=50)
    ledger.project()
    projector = ledger.projector()
    with psycopg.connect(ledger.url) as busy:
        busy.execute("SELECT FROM projections WHERE view = 'inventory' FOR UPDATE")
        projector.start()
        try:
            ledger.tell(days)
            end = len(days.books.events)
            assert projector.wait_for(end, LONG_S, ["orders", "requests"])
            assert projector.position(["inventory"]) == 50
            busy.rollback()
            assert projector.wait_for(end, LONG_S)
        finally:
            projector.stop()
    assert ledger.differences() == 0


def test_a_view_that_fails_while_somebody_has_locked_it_keeps_no_other_waiting(
    ledger, days, monkeypatch
):
    bad, end = bad_position(days), len(days.books.events)
    poisoned(monkeypatch, bad)
    ledger.tell(days)
    isolate = ViewFold._isolate
    projector = ledger.projector()
    with psycopg.connect(ledger.url) as busy:

        def when_it_is_locked(self, failed, last):
            busy.execute("SELECT FROM projections WHERE view = 'inventory' FOR UPDATE")
            isolate(self, failed, last)

        monkeypatch.setattr(ViewFold, "_isolate", when_it_is_locked)
        projector.start()
        try:
            others = [name for name in VIEWS if name != "inventory"]
            assert projector.wait_for(end, 10, others)
            monkeypatch.setattr(ViewFold, "_isolate", isolate)
            busy.rollback()
            assert projector.wait_for(end, LONG_S)
            assert list(projector.stopped()) == ["inventory"]
        finally:
            busy.rollback()
            projector.stop()


def test_rows_that_were_replaced_are_not_remembered(ledger, days):
    ledger.tell(days, until=100)
    with psycopg.connect(ledger.url, autocommit=True) as conn:
        projector = ledger.projector()
        projector.start()
        try:
            assert projector.wait_for(100, LONG_S)
            conn.execute("UPDATE inventory SET on_hand = on_hand + 1000")
            conn.execute(
                "UPDATE projections SET generation = generation + 1 WHERE view = 'inventory'"
            )
            ledger.tell(days)
            assert projector.wait_for(len(days.books.events), LONG_S)
        finally:
            projector.stop()
        found = ledger.sql("SELECT min(on_hand) AS least FROM inventory")
    assert found[0]["least"] > 500


def test_a_projector_says_that_it_lives(ledger, days, monkeypatch):
    monkeypatch.setattr("consumers.projector.BEAT_EVERY_S", 0.0)
    ledger.tell(days, until=10)
    projector = ledger.projector()
    projector.start()
    try:
        assert projector.wait_for(10, LONG_S)
        seen = [beaten(ledger)]
        deadline = time.monotonic() + LONG_S
        while beaten(ledger) == seen[0] and time.monotonic() < deadline:
            time.sleep(0.1)
        assert beaten(ledger) > seen[0]
    finally:
        projector.stop()


def beaten(ledger):
    return ledger.sql("SELECT min(heartbeat_at) AS at FROM projections")[0]["at"]
