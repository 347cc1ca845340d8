"""Views are folded afresh beside those that are read, and nobody who reads or writes notices."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from busy_days import busy_days
from given import Shop
from msgspec import structs

from consumers.projecting.fold import ViewFold
from consumers.projector import Projector
from consumers.proving import rebuild as rebuilding
from consumers.proving.rebuild import Rebuild, RebuildFailed, RebuildInterrupted, RebuildRuns
from projections import digests, views
from projections.keeping import upkeep
from projections.stock.inventory import INVENTORY, Inventory
from projections.stock.stock_history import STOCK_HISTORY
from projections.supply.transfer_fold import Transfers
from projections.views import VIEWS

LONG_S = 60
KILLS = 6
both = pytest.mark.parametrize("ledger", ["postgres", "kafka"], indirect=True)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def days() -> Shop:
    return busy_days(300, seed=11)


@contextmanager
def running(ledger, **options) -> Iterator[Projector]:
    projector = ledger.projector(ledger=ledger.where, **options)
    projector.start()
    try:
        yield projector
    finally:
        projector.stop()


def stands(ledger):
    found = ledger.sql("SELECT view, position, digest, generation, definition FROM projections")
    return {row["view"]: row for row in found}


def rows_of(ledger, name):
    return {
        table.name: ledger.sql(f"SELECT * FROM {table.name} ORDER BY {', '.join(table.key)}")
        for table in VIEWS[name]().tables
    }


def anew(ledger, name):
    with psycopg.connect(ledger.url) as conn:
        views.configure(conn)
        return digests.text(digests.of_stored(conn, ledger.network, VIEWS[name]().tables))


def left_behind(ledger):
    return ledger.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'onebook_%'")


@both
def test_a_rebuild_proves_that_the_rows_were_right_and_changes_none(ledger, days):
    ledger.tell(days)
    ledger.project()
    before = stands(ledger)
    rebuilt = ledger.rebuild()
    assert [each.view for each in rebuilt] == list(VIEWS)
    assert all(each.proven and not each.different_rows for each in rebuilt)
    after = stands(ledger)
    assert {name: row["digest"] for name, row in after.items()} == {
        name: row["digest"] for name, row in before.items()
    }
    assert {row["generation"] for row in after.values()} == {1}
    assert left_behind(ledger) == []
    assert ledger.differences() == 0


def test_wrong_missing_and_extra_rows_are_mended_and_named_and_no_others_are_written(ledger, days):
    ledger.tell(days)
    ledger.project()
    whole = rows_of(ledger, "inventory")
    ledger.sql("CREATE VIEW mine AS SELECT sku, on_hand FROM inventory")
    [changed, gone, kept] = ledger.sql("SELECT sku, location FROM inventory ORDER BY 2, 1 LIMIT 3")
    where = "(sku, location) = ('{sku}', '{location}')"
    ledger.sql(f"UPDATE inventory SET on_hand = on_hand + 7 WHERE {where.format(**changed)}")
    ledger.sql(f"DELETE FROM inventory WHERE {where.format(**gone)}")
    ledger.sql(
        "CREATE TEMP TABLE one AS SELECT * FROM inventory LIMIT 1; "
        "UPDATE one SET sku = 'NEVER'; INSERT INTO inventory SELECT * FROM one"
    )
    place = f"SELECT ctid FROM inventory WHERE {where.format(**kept)}"
    untouched = ledger.sql(place)
    [rebuilt] = ledger.rebuild("inventory")
    assert (rebuilt.proven, rebuilt.different_rows) == (False, 3)
    named = {(each.key["sku"], each.difference) for each in rebuilt.differences}
    assert named == {(changed["sku"], "changed"), (gone["sku"], "missing"), ("NEVER", "extra")}
    assert rows_of(ledger, "inventory") == whole
    assert ledger.sql(place) == untouched
    assert len(ledger.sql("SELECT * FROM mine")) == len(whole["inventory"])
    assert ledger.differences() == 0
    [row] = ledger.sql("SELECT * FROM view_rebuilds")
    assert (row["state"], row["different_rows"], row["proven"]) == ("done", 3, False)


@both
def test_reads_and_writes_go_on_while_all_views_are_rebuilt_under_load(ledger, days):
    events = len(days.books.events)
    ledger.tell(days, until=events // 3)
    ledger.connect_apart()
    with running(ledger) as projector, reading(ledger) as seen:
        assert projector.wait_for(events // 3, LONG_S)
        writing = threading.Thread(target=write_slowly, args=(ledger, days))
        writing.start()
        rounds = 0
        while writing.is_alive() or not rounds:
            rebuilt = ledger.rebuild(max_batch_events=50)
            assert all(each.proven for each in rebuilt), rebuilt
            rounds += 1
        writing.join()
        assert projector.wait_for(events, LONG_S)
        projector.check()
    assert seen.faults == []
    assert seen.reads > rounds
    assert ledger.differences() == 0
    assert {name: row["digest"] for name, row in stands(ledger).items()} == {
        name: anew(ledger, name) for name in VIEWS
    }


def write_slowly(ledger, days):
    for until in range(ledger.written, len(days.books.events) + 30, 30):
        ledger.tell(days, until=until)
        time.sleep(0.1)


class Seen:
    def __init__(self) -> None:
        self.reads = 0
        self.faults: list[str] = []


@contextmanager
def reading(ledger) -> Iterator[Seen]:
    """Somebody reads all the time: what was there stays there, and positions never fall."""
    seen, ended = Seen(), threading.Event()

    def read() -> None:
        last: dict[str, tuple[int, int]] = {}
        with psycopg.connect(ledger.url, autocommit=True) as conn:
            while not ended.is_set():
                for name in ("inventory", "orders", "requests", "stock_history"):
                    now = conn.execute(
                        "SELECT position, (SELECT count(*) FROM " + name + ") FROM projections "
                        "WHERE view = %s",
                        [name],
                    ).fetchone()
                    before = last.get(name, now)
                    if now[0] < before[0] or now[1] < before[1]:
                        seen.faults.append(f"{name} went back from {before} to {now}")
                    last[name] = now
                    seen.reads += 1

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def test_readers_never_wait_for_a_rebuild(ledger, days):
    ledger.tell(days)
    ledger.project()
    ledger.sql("UPDATE inventory SET on_hand = on_hand + 1")
    with psycopg.connect(ledger.url) as reader:
        reader.execute("SELECT * FROM inventory").fetchall()  # and its transaction stays open
        [rebuilt] = ledger.rebuild("inventory")
        assert rebuilt.different_rows > 0


def killed(ledger, tmp_path, after_s):
    """A rebuild by a process that is killed after a while; whether it was done before."""
    code = (
        "import sys\n"
        "from consumers.projecting.parallel import LedgerAt\n"
        "from consumers.proving.rebuild import rebuild\n"
        "sys.stdout.write('begun\\n'); sys.stdout.flush()\n"
        f"rebuild(LedgerAt({ledger.network!r}, {ledger.url!r}), max_batch_events=10)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=env) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            return child.wait(after_s) == 0
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
            return False


def test_a_rebuild_that_is_killed_at_any_moment_changes_nothing_and_is_gone_on_with(
    ledger, days, tmp_path
):
    ledger.tell(days)
    ledger.project()
    before = {name: rows_of(ledger, name) for name in VIEWS}
    chance = random.Random(7)
    ended = [killed(ledger, tmp_path, chance.uniform(0.05, 2.5)) for _ in range(KILLS)]
    assert not all(ended)
    assert {name: rows_of(ledger, name) for name in VIEWS} == before
    assert ledger.differences() == 0
    rebuilt = ledger.rebuild()
    assert all(each.proven for each in rebuilt)
    assert left_behind(ledger) == []


def test_the_next_rebuild_goes_on_where_the_last_one_was_interrupted(ledger, days, monkeypatch):
    ledger.tell(days)
    ledger.project()
    interrupt(ledger, "orders", after_batches=5)
    copied = ledger.sql("SELECT position FROM onebook_rebuild_main.projections")
    assert copied == [{"position": 50}]
    [row] = ledger.sql("SELECT state FROM view_rebuilds")
    assert row["state"] == "interrupted"
    first = folded_first(monkeypatch)
    [rebuilt] = ledger.rebuild("orders")
    assert first == [51]
    assert rebuilt.proven


def test_what_was_interrupted_outlives_the_rebuild_of_another_view(ledger, days, monkeypatch):
    ledger.tell(days)
    ledger.project()
    interrupt(ledger, "orders", after_batches=5)
    [rebuilt] = ledger.rebuild("inventory")
    assert rebuilt.proven
    first = folded_first(monkeypatch)
    [rebuilt] = ledger.rebuild("orders")
    assert first == [51]
    assert rebuilt.proven
    assert left_behind(ledger) == []


def test_a_rebuild_that_says_nothing_for_long_is_under_way_until_its_process_ends(ledger, days):
    ledger.tell(days, until=20)
    ledger.project()
    with Rebuild(ledger.where, ["orders"]) as begun:
        ledger.sql("UPDATE view_rebuilds SET told_at = told_at - interval '1 hour'")
        assert states(ledger) == {"orders": "running"}
        begun._conn.close()  # as a process does that is killed
        until(lambda: states(ledger) == {"orders": "interrupted"})


def states(ledger):
    with psycopg.connect(ledger.url) as conn:
        return {each.view: each.state for each in upkeep.rebuilds(conn, ledger.network)}


def test_a_copy_that_is_not_what_its_checkpoint_says_is_not_gone_on_with(ledger, days, monkeypatch):
    ledger.tell(days)
    ledger.project()
    interrupt(ledger, "orders", after_batches=5)
    ledger.sql("UPDATE onebook_rebuild_main.orders SET total_minor = 1")
    first = folded_first(monkeypatch)
    [rebuilt] = ledger.rebuild("orders")
    assert first == [1]
    assert rebuilt.proven


def interrupt(ledger, name, after_batches):
    asked = iter(range(10_000))
    with (
        Rebuild(
            ledger.where,
            [name],
            stopping=lambda: next(asked) >= after_batches,
            max_batch_events=10,
        ) as begun,
        pytest.raises(RebuildInterrupted),
    ):
        begun.run()


def folded_first(monkeypatch):
    """The first position that is folded from now on."""
    first = []
    fold = ViewFold._fold

    def noted(self, conn, behind, batch):
        if not first:
            first.append(batch[0][0])
        return fold(self, conn, behind, batch)

    monkeypatch.setattr(ViewFold, "_fold", noted)
    return first


def test_one_rebuild_runs_at_a_time(ledger, days):
    ledger.tell(days, until=20)
    ledger.project()
    with Rebuild(ledger.where, ["orders"]), pytest.raises(RebuildRuns, match="under way"):
        ledger.rebuild("inventory")
    [rebuilt] = ledger.rebuild("inventory")
    assert rebuilt.proven


@both
def test_a_view_that_stopped_goes_on_after_its_rebuild(ledger, days):
    ledger.tell(days, until=100)
    ledger.project()
    ledger.sql("DELETE FROM order_lines")
    with running(ledger) as projector:
        ledger.tell(days)
        end = len(days.books.events)
        assert projector.wait_for(end, LONG_S)
        assert list(projector.stopped()) == ["orders"]
        [rebuilt] = ledger.rebuild("orders")
        assert (rebuilt.position, rebuilt.proven) == (end, None)
        deadline = time.monotonic() + LONG_S
        while projector.stopped() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert projector.stopped() == {}
    assert ledger.differences() == 0


def test_a_view_whose_fresh_fold_fails_stays_as_it_is(ledger, days, monkeypatch):
    ledger.tell(days)
    ledger.project()
    before = stands(ledger)

    def fails(self, position, event):
        raise ValueError("the shelf is upside down")

    monkeypatch.setattr(Inventory, "_moved", fails)
    with pytest.raises(RebuildFailed, match=r"inventory.*upside down"):
        ledger.rebuild("inventory", "orders")
    after = stands(ledger)
    assert after["inventory"] == before["inventory"]
    assert after["orders"]["generation"] == 1
    found = {row["view"]: row for row in ledger.sql("SELECT * FROM view_rebuilds")}
    assert (found["inventory"]["state"], found["orders"]["state"]) == ("failed", "done")
    assert "upside down" in found["inventory"]["why"]


def test_what_the_projector_remembered_of_wrong_rows_is_forgotten(ledger, days, monkeypatch):
    moved, broken = Inventory._moved, threading.Event()

    def wrong(self, position, event):
        moved(self, position, event)
        if broken.is_set():
            key = (event.location, event.sku)
            item, at, episode = self.items.get(key)
            self.items.put(key, (structs.replace(item, on_hand=item.on_hand + 1), at, episode))

    monkeypatch.setattr(Inventory, "_moved", wrong)
    half, end = len(days.books.events) // 2, len(days.books.events)
    broken.set()
    ledger.tell(days, until=half)
    ledger.connect_apart()
    with running(ledger) as projector:
        assert projector.wait_for(half, LONG_S)
        broken.clear()
        [rebuilt] = ledger.rebuild("inventory")
        assert not rebuilt.proven
        ledger.tell(days)
        assert projector.wait_for(end, LONG_S)
    assert ledger.differences() == 0


@both
def test_a_new_version_is_folded_beside_while_the_old_rows_are_read(ledger, days, monkeypatch):
    ledger.tell(days)
    ledger.project()
    end = len(days.books.events)
    ledger.sql("UPDATE inventory SET on_hand = 1")  # what the earlier release had made of it
    monkeypatch.setattr(Inventory, "version", Inventory.version + 1)
    held = threading.Event()
    swap = Rebuild._rebuild

    def waits(self, source, view):
        assert held.wait(LONG_S)
        return swap(self, source, view)

    monkeypatch.setattr(Rebuild, "_rebuild", waits)
    with running(ledger) as projector:
        try:
            assert projector.wait_for(end, LONG_S)
            assert projector.unreadable() == frozenset()
            assert ledger.sql("SELECT DISTINCT on_hand FROM inventory") == [{"on_hand": 1}]
            assert stands(ledger)["inventory"]["definition"] != Inventory().definition
        finally:
            held.set()
        until(lambda: stands(ledger)["inventory"]["definition"] == Inventory().definition)
        until(lambda: not projector._fold.outdated)
        assert projector.wait_for(end, LONG_S, ["inventory"])
    assert ledger.differences() == 0


def until(holds):
    deadline = time.monotonic() + LONG_S
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def test_a_view_of_another_shape_is_not_read_until_its_copy_has_taken_its_place(
    ledger, days, monkeypatch
):
    ledger.tell(days)
    ledger.project()
    ledger.sql("ALTER TABLE inventory DROP COLUMN reserved CASCADE")
    ledger.sql("UPDATE projections SET definition = 'old' WHERE view = 'inventory'")
    ledger.sql(
        "INSERT INTO projections (network, view, position, head_hash, next_offset, trackings, "
        "definition, digest, generation) SELECT 'other', view, 5, '', 0, '{}', definition, digest, "
        "0 FROM projections"
    )
    held, swap = threading.Event(), Rebuild._rebuild

    def waits(self, source, view):
        assert held.wait(LONG_S)
        return swap(self, source, view)

    monkeypatch.setattr(Rebuild, "_rebuild", waits)
    with running(ledger) as projector:
        try:
            until(lambda: projector.unreadable() == {"inventory"})
            assert projector.unreadable(["orders"]) == frozenset()
            until(lambda: ledger.sql("SELECT readable FROM view_rebuilds") == [{"readable": False}])
        finally:
            held.set()
        until(lambda: projector.unreadable() == frozenset())
    assert ledger.differences() == 0
    assert ledger.sql("SELECT * FROM channel_availability")
    assert len(indexes_of(ledger, "public", "inventory")) == len(INVENTORY.indexes) + 1
    others = ledger.sql("SELECT view, position FROM projections WHERE network = 'other'")
    assert {row["view"]: row["position"] for row in others} == {
        name: 0 if name == "inventory" else 5 for name in VIEWS
    }


def indexes_of(ledger, schema, table):
    found = ledger.sql(
        f"SELECT indexdef FROM pg_indexes WHERE (schemaname, tablename) = ('{schema}', '{table}')"
    )
    return [row["indexdef"] for row in found]


def test_a_copy_has_the_indexes_of_its_fold_and_none_of_readers(ledger, days):
    ledger.tell(days)
    ledger.project()
    before = indexes_of(ledger, "public", "stock_history")
    interrupt(ledger, "stock_history", after_batches=1)
    copied = indexes_of(ledger, "onebook_rebuild_main", "stock_history")
    assert len(copied) == 1 + len(STOCK_HISTORY.folding)
    [rebuilt] = ledger.rebuild("stock_history")
    assert rebuilt.proven
    assert indexes_of(ledger, "public", "stock_history") == before
    assert len(before) == 1 + len(STOCK_HISTORY.indexes)


def test_another_comment_or_index_is_made_without_touching_a_row(ledger, days, monkeypatch):
    ledger.tell(days)
    ledger.project()
    ledger.sql("CREATE VIEW mine AS SELECT * FROM transfers")
    [table, *_] = Transfers().tables
    monkeypatch.setattr(table, "comment", "Transfers, said otherwise.")
    monkeypatch.setattr(table, "indexes", (*table.indexes, "(network, state)"))
    monkeypatch.delitem(vars(table), "definition")
    with running(ledger):
        until(lambda: stands(ledger)["transfers"]["definition"] == Transfers().definition)
    [said] = ledger.sql("SELECT obj_description('transfers'::regclass) AS comment")
    assert said["comment"] == "Transfers, said otherwise."
    found = ledger.sql("SELECT indexdef FROM pg_indexes WHERE tablename = 'transfers'")
    assert any("(network, state)" in row["indexdef"] for row in found)
    assert ledger.sql("SELECT count(*) FROM mine")
    vars(table).pop("definition")


def test_how_far_a_rebuild_is_is_told_beside_the_views(ledger, days, monkeypatch):
    monkeypatch.setattr(rebuilding, "TELL_EVERY_S", 0.0)
    ledger.tell(days)
    ledger.project()
    told = []

    def note(done, total):
        with psycopg.connect(ledger.url) as conn:
            [row] = upkeep.rebuilds(conn, ledger.network)
        told.append((done, total, row.state, row.position, row.until))

    rebuilding.rebuild(ledger.where, ["orders"], progress=note, max_batch_events=100)
    end = len(days.books.events)
    assert told[0][:4] == (100, end, "running", 100)
    assert [done for done, *_ in told] == sorted(done for done, *_ in told)
    assert told[-1][0] == end
