"""Views are proven all the time; what somebody or something made wrong is found and named."""

import threading
import time

import psycopg
import pytest
from busy_days import busy_days
from given import Shop
from msgspec.structs import replace

from consumers.proving import narrowing, verifier
from consumers.proving.verifier import Stopped, Verifier
from ledger.domain.events import StockReceived
from projections import digests
from projections.keeping import upkeep
from projections.stock.inventory import Inventory
from projections.stock.stock_history import StockHistory
from projections.views import VIEWS

LONG_S = 60
FAST = 10_000_000
both = pytest.mark.parametrize("ledger", ["postgres", "kafka"], indirect=True)


@pytest.fixture(scope="module")
def days() -> Shop:
    return busy_days(300, seed=12)


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Digests are written down every 40 events."""
    monkeypatch.setattr("consumers.projecting.fold.MARK_EVERY", 40)


def look(ledger, **options):
    return Verifier(ledger.where, events_per_s=FAST, **options).look()


def proofs(ledger):
    with psycopg.connect(ledger.url) as conn:
        return upkeep.proofs(conn, ledger.network)


def project(ledger, days, until=None):
    """As a live server does: in small batches."""
    ledger.tell(days, until=until)
    ledger.project(max_batch_events=20)


@both
def test_views_that_are_right_are_verified_up_to_where_they_stand(ledger, days):
    project(ledger, days)
    assert look(ledger) == []
    end = len(days.books.events)
    found = proofs(ledger)
    assert set(found) == set(VIEWS)
    assert {proof.verified_position for proof in found.values()} == {end}
    assert {proof.rows_position for proof in found.values()} == {end}
    assert {proof.alarm for proof in found.values()} == {None}


def test_a_later_look_goes_on_where_the_last_one_ended(ledger, days, monkeypatch):
    project(ledger, days, until=300)
    watch = Verifier(ledger.where, events_per_s=FAST)
    assert watch.look() == []
    project(ledger, days)
    folded = []
    fold = verifier._Pass._fold

    def noted(self, copy, until):
        folded.append(copy.kept["orders"].position)
        fold(self, copy, until)

    monkeypatch.setattr(verifier._Pass, "_fold", noted)
    assert watch.look() == []
    assert min(folded) == 300
    assert {proof.verified_position for proof in proofs(ledger).values()} == {
        len(days.books.events)
    }


def test_a_row_that_somebody_changed_raises_an_alarm_that_names_it(ledger, days):
    project(ledger, days, until=200)
    assert look(ledger) == []
    project(ledger, days)
    end = len(days.books.events)
    [row] = ledger.sql("SELECT sku, location FROM inventory ORDER BY 1, 2 LIMIT 1")
    ledger.sql(
        "UPDATE inventory SET on_hand = on_hand + 3 "
        f"WHERE (sku, location) = ('{row['sku']}', '{row['location']}')"
    )
    [parted] = look(ledger)
    assert (parted.view, parted.after) == ("inventory", 200)
    alarm = proofs(ledger)["inventory"]
    assert "inventory" in alarm.alarm
    assert "onebook rebuild inventory" in alarm.alarm
    assert (alarm.alarm_after, alarm.alarm_rows) == (200, 1)
    assert 200 < alarm.alarm_position <= end
    [difference] = alarm.alarm_differences
    assert (difference.table, difference.key, difference.difference) == (
        "inventory",
        dict(row),
        "changed",
    )
    assert {name for name, proof in proofs(ledger).items() if proof.alarm} == {"inventory"}


@pytest.mark.parametrize("view", ["stock_history", "orders", "requests", "moments"])
def test_rows_that_are_only_appended_are_read_slowly_with_no_transaction_open(
    ledger, days, monkeypatch, view
):
    project(ledger, days, until=200)
    monkeypatch.setattr(digests, "CHUNK_ROWS", 7)
    monkeypatch.setattr(verifier, "SLOW_SNAPSHOT_S", 0.0)
    watch, seen = Verifier(ledger.where, [view], events_per_s=FAST), []

    def pause(events):
        if events and not seen:
            project(ledger, days)  # what comes meanwhile is read too
        if events:
            seen.extend(
                row["state"]
                for row in ledger.sql(
                    "SELECT state FROM pg_stat_activity "
                    "WHERE application_name = 'onebook-verify' AND datname = current_database()"
                )
            )

    monkeypatch.setattr(watch, "_pause", pause)
    monkeypatch.setattr(verifier._Pass, "check_fold", lambda *_: [])
    assert watch.look() == []
    assert set(seen) <= {"idle"}
    assert bool(seen) == bool(VIEWS[view]().appended)
    [proof] = proofs(ledger).values()
    assert proof.rows_position == (len(days.books.events) if seen else 200)


def test_an_appended_row_that_somebody_changed_raises_an_alarm(ledger, days, monkeypatch):
    project(ledger, days)
    monkeypatch.setattr(digests, "CHUNK_ROWS", 7)
    ledger.sql(
        "UPDATE stock_history SET on_hand = on_hand + 1 "
        "WHERE position = (SELECT max(position) FROM stock_history)"
    )
    assert [(parted.view, parted.by_an_event) for parted in look(ledger)] == [
        ("stock_history", False)
    ]


def test_an_alarm_stands_until_the_view_is_rebuilt(ledger, days):
    project(ledger, days)
    ledger.sql("UPDATE inventory SET on_hand = on_hand + 1")
    assert [parted.view for parted in look(ledger)] == ["inventory"]
    assert look(ledger) == []
    assert proofs(ledger)["inventory"].alarm is not None
    ledger.rebuild("inventory")
    assert look(ledger) == []
    assert proofs(ledger)["inventory"].alarm is None
    assert proofs(ledger)["inventory"].verified_position == len(days.books.events)


def received_late(days, after):
    """A receipt of a sku and location that nothing else of its stretch of 40 touches."""
    events = days.books.events
    for at, event in enumerate(events, start=1):
        if at <= after or not isinstance(event, StockReceived):
            continue
        first = (at - 1) // 40 * 40
        before = events[first : at - 1]
        if not any(touches(each, event) for each in before):
            return at, event
    raise AssertionError("these days have no such receipt")


def touches(one, other):
    return (getattr(one, "sku", None), getattr(one, "location", None)) == (
        other.sku,
        other.location,
    )


@both
def test_a_fold_that_went_wrong_once_is_found_at_the_event_where_it_did(ledger, days, monkeypatch):
    bad, event = received_late(days, after=200)
    moved = Inventory._moved

    def wrong(self, position, each):
        moved(self, position, each)
        if position >= bad and touches(each, event):
            key = (each.location, each.sku)
            item, at, episode = self.items.get(key)
            self.items.put(key, (replace(item, on_hand=item.on_hand + 1), at, episode))

    with monkeypatch.context() as broken:
        broken.setattr(Inventory, "_moved", wrong)
        project(ledger, days)
    [parted] = look(ledger)
    before, after = (bad - 1) // 40 * 40, bad // 40 * 40 + 60
    assert (parted.view, parted.at) == ("inventory", bad)
    alarm = proofs(ledger)["inventory"]
    assert before <= alarm.alarm_after < bad <= after
    assert alarm.alarm_position == bad
    assert [each.key for each in alarm.alarm_differences] == [
        {"location": event.location, "sku": event.sku}
    ]
    assert proofs(ledger)["orders"].alarm is None
    assert ledger.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'onebook_narrow%'") == []


def test_what_was_folded_and_not_compared_is_not_taken_for_right(ledger, days, monkeypatch):
    monkeypatch.setattr(verifier, "BATCH_EVENTS", 7)
    bad, _ = received_late(days, after=200)
    moved = Inventory._moved

    def skips(self, position, event):
        if position != bad:
            moved(self, position, event)

    with monkeypatch.context() as broken:
        broken.setattr(Inventory, "_moved", skips)
        project(ledger, days)
    stopped = Verifier(ledger.where, events_per_s=FAST)
    monkeypatch.setattr(verifier._Pass, "check_rows", lambda _: [])

    def pause(_events):
        [row] = ledger.sql(
            "SELECT position FROM onebook_verify_main.projections WHERE view = 'inventory'"
        )
        if row["position"] >= bad:
            raise Stopped

    monkeypatch.setattr(stopped, "_pause", pause)
    with pytest.raises(Stopped):
        stopped.look()
    [parted] = look(ledger)
    assert (parted.view, parted.at) == ("inventory", bad)
    assert parted.after < bad


def test_an_event_that_was_left_out_of_a_list_is_found(ledger, days, monkeypatch):
    bad, _ = received_late(days, after=150)
    folds = StockHistory.__init__

    def forgetful(self, limit=None):
        folds(self, limit)
        take = self.folds[StockReceived]

        def skips(position, event):
            take(position, event)
            if position == bad:
                self.appended[0].rows.pop()

        self.folds[StockReceived] = skips

    with monkeypatch.context() as broken:
        broken.setattr(StockHistory, "__init__", forgetful)
        project(ledger, days)
    found = {parted.view: parted.at for parted in look(ledger)}
    assert found == {"stock_history": bad}


def test_a_view_that_is_rebuilt_meanwhile_raises_no_alarm(ledger, days, monkeypatch):
    project(ledger, days)
    ledger.sql("UPDATE view_digests SET digest = repeat('0', 32) WHERE view = 'inventory'")
    differ = verifier._Pass._differ

    def rebuilds_first(self, *given):
        monkeypatch.setattr(verifier._Pass, "_differ", differ)
        ledger.rebuild("inventory", max_batch_events=20)
        return differ(self, *given)

    monkeypatch.setattr(verifier._Pass, "_differ", rebuilds_first)
    assert look(ledger) == []
    assert look(ledger) == []
    assert proofs(ledger)["inventory"].alarm is None


def test_two_processes_do_not_verify_the_same_views_at_once(ledger, days, monkeypatch):
    project(ledger, days, until=100)
    begun, go_on = threading.Event(), threading.Event()
    check = verifier._Pass.check_fold

    def waits(self, deadline):
        begun.set()
        assert go_on.wait(LONG_S)
        return check(self, deadline)

    monkeypatch.setattr(verifier._Pass, "check_fold", waits)
    first = threading.Thread(target=look, args=(ledger,))
    first.start()
    assert begun.wait(LONG_S)
    monkeypatch.setattr(verifier._Pass, "check_fold", lambda *_: ["folded"])
    assert look(ledger) == []
    go_on.set()
    first.join()
    assert look(ledger) == ["folded"]


def test_it_folds_no_more_events_a_second_than_it_may(ledger, days):
    project(ledger, days)
    slow = Verifier(ledger.where, events_per_s=100)
    waited = []

    def wait(seconds):
        waited.append(seconds)
        return False

    slow._stopping.wait = wait  # type: ignore[method-assign]
    assert slow.look() == []
    assert sum(waited) >= len(days.books.events) / 100


def test_a_long_fold_is_interrupted_to_read_the_rows_and_gone_on_with(ledger, days, monkeypatch):
    project(ledger, days)
    monkeypatch.setattr(verifier, "ROWS_EVERY_S", 0.0)
    watch = Verifier(ledger.where, events_per_s=FAST)
    seen = []
    for _ in range(len(days.books.events)):
        assert watch.look() == []
        seen.append(min(proof.verified_position for proof in proofs(ledger).values()))
        if seen[-1] == len(days.books.events):
            break
    assert len(seen) > 5
    assert seen == sorted(set(seen))


def test_the_whole_ledger_is_folded_again_now_and_then(ledger, days, monkeypatch):
    project(ledger, days)
    watch = Verifier(ledger.where, events_per_s=FAST)
    assert watch.look() == []
    ledger.sql("UPDATE view_digests SET digest = repeat('0', 32) WHERE view = 'inventory'")
    assert watch.look() == []
    monkeypatch.setattr(verifier, "ANEW_EVERY_S", 0.0)
    assert [parted.view for parted in watch.look()] == ["inventory"]


def test_it_ends_when_it_is_told_to(ledger, days):
    project(ledger, days)
    slow = Verifier(ledger.where, events_per_s=1)
    slow._stopping.set()
    with pytest.raises(Stopped):
        slow.look()


def test_a_running_projector_is_verified_while_it_works(ledger, days, monkeypatch):
    monkeypatch.setattr(verifier, "FIRST_AFTER_S", 0.1)
    monkeypatch.setattr(verifier, "EVERY_S", 0.1)
    end = len(days.books.events)
    projector = ledger.projector(ledger=ledger.where, verify_events_per_s=FAST)
    ledger.connect_apart()
    projector.start()
    try:
        for until in range(0, end + 50, 50):
            ledger.tell(days, until=until)
            time.sleep(0.05)
        deadline = time.monotonic() + LONG_S
        while {proof.verified_position for proof in proofs(ledger).values()} != {end}:
            assert time.monotonic() < deadline, proofs(ledger)
            time.sleep(0.1)
    finally:
        projector.stop()
    assert {proof.alarm for proof in proofs(ledger).values()} == {None}


def test_rows_are_looked_for_by_their_keys_whatever_their_types(ledger, days):
    project(ledger, days)
    with psycopg.connect(ledger.url) as conn:
        for view in VIEWS.values():
            for table in view().tables:
                names = ", ".join(f"'{name}', {name}" for name in table.key)
                found = conn.execute(
                    f"SELECT jsonb_build_object({names}) FROM {table.name} LIMIT 3"
                ).fetchall()
                differences = [upkeep.RowDifference(table.name, key, "changed") for (key,) in found]
                watched = narrowing._Watched(table, differences, ledger.network)
                assert len(watched.rows(conn)) == len(found)
