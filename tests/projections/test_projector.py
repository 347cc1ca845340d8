"""Views take in every event exactly once: in any batches, after any failure, from anywhere."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from asks import order, received, shipped, sold
from busy_days import busy_days
from eventsourcing.persistence import StoredEvent
from given import Shop, given

from consumers.projecting import fold
from consumers.projecting.parallel import LedgerAt
from consumers.projecting.source import ViewsAheadOfLedger
from consumers.projector import PASSING_FAULTS, Projector, ProjectorStopped
from consumers.proving.rebuild import rebuild
from ledger import postgres
from ledger.domain.events import OrderPlaced, StockCommitted
from ledger.kafka import follower
from ledger.opening import open_ledger
from projections.keeping import checkpoints
from projections.projection import FoldFailed
from projections.stock import inventory
from projections.tables import Table
from projections.views import VIEWS, UnknownView

LONG_S = 20
APPEND_EVENTS = 25
both = pytest.mark.parametrize("ledger", ["postgres", "kafka"], indirect=True)
"""For what must hold wherever the ledger is."""


@pytest.fixture(scope="module")
def days() -> Shop:
    return busy_days(300, seed=2)


@contextmanager
def running(ledger, **options) -> Iterator[Projector]:
    projector = ledger.projector(**options)
    projector.start()
    try:
        yield projector
    finally:
        projector.stop()


def contents(ledger):
    return {
        table.name: ledger.sql(f"SELECT * FROM {table.name} ORDER BY {', '.join(table.key)}")
        for view in VIEWS.values()
        for table in view().tables
    }


@both
def test_views_are_the_same_in_batches_of_any_size_and_with_hardly_any_memory(ledger, days):
    ledger.tell(days)
    ledger.project()
    assert ledger.differences() == 0
    before = contents(ledger)
    for options in (
        {"max_batch_events": 1, "max_rows_in_memory": 3},
        {"max_batch_events": 7},
    ):
        assert all(each.proven for each in ledger.rebuild(**options))
        assert ledger.differences() == 0
        assert contents(ledger) == before


@both
def test_views_go_on_where_the_last_process_ended(ledger, days):
    ledger.tell(days, until=len(days.books.events) // 2)
    ledger.project()
    ledger.tell(days)
    assert ledger.project() == len(days.books.events)
    assert ledger.differences() == 0


@pytest.mark.parametrize(
    ("ledger", "table"),
    [
        ("postgres", "inventory"),
        ("postgres", "order_lines"),
        ("postgres", "requests"),
        ("kafka", "order_lines"),
    ],
    indirect=["ledger"],
)
def test_a_batch_that_fails_half_way_changes_nothing_and_is_taken_in_later(
    ledger, days, table, monkeypatch
):
    ledger.tell(days, until=200)
    ledger.project()
    before, checkpoints = contents(ledger), ledger.sql("SELECT * FROM projections ORDER BY view")
    ledger.tell(days)
    projector = ledger.projector()
    with monkeypatch.context() as broken:
        for written in (Table.insert, Table.update):

            def fails(self, conn, network, rows, *, written=written):
                written(self, conn, network, rows)
                if self.name == table:
                    raise OSError("no space left on device")

            broken.setattr(Table, written.__name__, fails)
        with pytest.raises(OSError, match="no space"):
            projector.catch_up()
    assert contents(ledger) == before
    assert ledger.sql("SELECT * FROM projections ORDER BY view") == checkpoints
    assert projector.catch_up() == len(days.books.events)
    projector.stop()
    assert ledger.differences() == 0


@both
def test_a_view_that_was_rebuilt_alone_catches_up_with_the_others(ledger, days):
    ledger.tell(days, until=150)
    ledger.project()
    before = contents(ledger)
    ledger.sql("DELETE FROM orders")
    [rebuilt] = ledger.rebuild("orders")
    assert rebuilt.position == 150
    assert contents(ledger) == before
    with psycopg.connect(ledger.url) as conn:
        checkpoints.reset(conn, ledger.network, "orders")
        for table in VIEWS["orders"]().tables:
            table.delete(conn, ledger.network)
    ledger.tell(days)
    assert ledger.project() == len(days.books.events)
    assert ledger.differences() == 0


def test_a_rebuild_leaves_another_network_alone(ledger, days):
    ledger.tell(days, until=20)
    ledger.project()
    settings = postgres.environment(ledger.url)
    with open_ledger(settings, "other") as recorder:
        recorder.insert_events(ledger.recorder.select_notifications(1, 10))
        other = Projector(recorder, ledger.url, "other")
        assert other.catch_up() == 10
        other.stop()
        assert {each.position for each in rebuild(LedgerAt("other", ledger.url))} == {10}
    counts = ledger.sql("SELECT network, count(*) FROM requests GROUP BY network ORDER BY network")
    assert [row["network"] for row in counts] == ["main", "other"]
    assert ledger.differences() == 0


def test_only_views_that_exist_can_be_rebuilt(ledger):
    with pytest.raises(UnknownView, match="no view sales; there are: inventory, "):
        ledger.rebuild("sales")


@both
def test_a_view_that_has_seen_more_than_the_ledger_holds_is_not_used(ledger, days, monkeypatch):
    monkeypatch.setattr(follower, "READ_LIMIT_S", 0.5)  # waits for what does not come
    ledger.tell(days)
    ledger.project()
    ledger.lose_after(100)
    for use in (lambda: ledger.projector().start(), ledger.project, ledger.verify):
        with pytest.raises(ViewsAheadOfLedger, match=r"100.*onebook rebuild"):
            use()
    assert {each.position for each in ledger.rebuild()} == {100}
    assert ledger.differences() == 0


@both
def test_readers_wait_until_the_views_are_where_they_need_them(ledger):
    shop = given(received("MUG", "STORE", 5))
    with running(ledger) as projector:
        end = len(shop.books.events)
        assert not projector.wait_for(end, 0.05)
        telling = threading.Thread(target=ledger.tell, args=(shop,))
        telling.start()
        assert projector.wait_for(end, LONG_S)
        telling.join()
        assert ledger.read(inventory.for_sku, "MUG")[1] == end
        assert asyncio.run(projector.reached(end, 0))
        assert not asyncio.run(projector.reached(end + 1, 0.05))

        async def reached_later() -> bool:
            there = asyncio.create_task(projector.reached(end + 1, LONG_S))
            await asyncio.sleep(0.05)
            assert not there.done()
            await asyncio.to_thread(ledger.tell, shop.when(sold("MUG", "STORE", 1)))
            return await there

        assert asyncio.run(reached_later())
        status = projector.status()
        assert (status.running, status.error, status.lag_events) == (True, None, 0)


def test_a_projector_that_does_not_listen_is_woken_by_the_writer_beside_it(ledger):
    with running(ledger, listen=False) as projector:
        time.sleep(0.3)  # until it has looked, and waits
        ledger.tell(given(received("MUG", "STORE", 5)))
        assert not projector.wait_for(1, 0.2)
        projector.notify()
        assert projector.wait_for(2, LONG_S)


@both
def test_stopping_ends_every_wait(ledger):
    with running(ledger) as projector:
        ended = []
        waiting = threading.Thread(target=lambda: ended.append(projector.wait_for(9, LONG_S)))
        waiting.start()
        started = time.monotonic()
    waiting.join(LONG_S)
    assert ended == [False]
    assert time.monotonic() - started < LONG_S / 2
    with pytest.raises(ProjectorStopped, match="stand still at 0"):
        projector.check()


@both
def test_an_event_that_cannot_be_read_stops_the_views_and_is_named(ledger):
    shop = given(received("MUG", "STORE", 5))
    ledger.tell(shop)
    ledger.append([StoredEvent("stock/STORE/CUP", 1, "stock_melted.v1", b"{}")])
    bad = len(shop.books.events) + 1
    with running(ledger) as projector:
        assert not projector.wait_for(bad, LONG_S)
        with pytest.raises(
            ProjectorStopped, match=rf"position {bad} \(stock_melted.v1 of stock/STORE/CUP\)"
        ):
            projector.check()
        assert not projector.status().running
    assert ledger.sql("SELECT DISTINCT position FROM projections") == [{"position": 0}]


def test_an_event_that_does_not_fit_stops_the_views_and_is_named(ledger):
    shop = given(received("SKU", "STORE", 5), order("A"), shipped("A"))
    events = [event for event in shop.books.events if not isinstance(event, OrderPlaced)]
    shop.books.events = events
    ledger.tell(shop)
    [bad] = [place for place, event in enumerate(events, 1) if isinstance(event, StockCommitted)]
    with pytest.raises(
        FoldFailed, match=f"view orders .* at position {bad} .*order A has no line 1"
    ):
        ledger.project()


@both
def test_two_projectors_of_the_same_views_take_in_each_event_once(ledger, days):
    with running(ledger, max_batch_events=3) as one, running(ledger, max_batch_events=5) as other:
        for until in range(0, len(days.books.events), 40):
            ledger.tell(days, until=until)
        ledger.tell(days)
        end = len(days.books.events)
        assert one.wait_for(end, LONG_S)
        assert other.wait_for(end, LONG_S)
        one.check()
        other.check()
    assert ledger.differences() == 0


@both
def test_a_projector_whose_connections_are_cut_connects_again(ledger, days):
    with running(ledger) as projector:
        ledger.tell(days, until=100)
        assert projector.wait_for(100, LONG_S)
        ledger.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        time.sleep(0.1)
        ledger.connect_apart()
        ledger.tell(days)
        assert projector.wait_for(len(days.books.events), LONG_S)
        projector.check()
    assert ledger.differences() == 0


@both
def test_every_batch_is_told_to_who_listens_in_another_process(ledger, days):
    ledger.tell(days, until=75)
    with psycopg.connect(ledger.url, autocommit=True) as conn:
        conn.execute(f'LISTEN "onebook_views_{ledger.network}"')
        ledger.project(max_batch_events=APPEND_EVENTS)
        assert [told.payload for told in conn.notifies(timeout=LONG_S, stop_after=3)] == [""] * 3


def test_checkpoints_of_an_earlier_release_are_gone_on_with(ledger, days):
    ledger.tell(days, until=100)
    ledger.project()
    ledger.sql("ALTER TABLE projections DROP COLUMN next_offset, DROP COLUMN trackings")
    ledger.tell(days)
    assert ledger.project() == len(days.books.events)
    assert ledger.differences() == 0


def test_views_of_a_ledger_in_kafka_are_not_gone_on_with(ledger, days):
    ledger.tell(days, until=20)
    ledger.project()
    ledger.sql("UPDATE projections SET next_offset = 3 WHERE view = 'orders'")
    with pytest.raises(ViewsAheadOfLedger, match=r"orders .* in Kafka.*onebook rebuild"):
        ledger.project()


@both
def test_a_projector_that_stops_within_a_batch_does_not_hold_the_views_for_ever(
    ledger, days, monkeypatch
):
    monkeypatch.setattr(fold, "MAX_IDLE_IN_TRANSACTION_MS", 200)
    ledger.tell(days, until=100)
    stuck = ledger.projector()
    stuck._fold.open()
    with stuck._fold._conn.transaction():
        stuck._fold._conn.execute("SELECT FROM projections FOR UPDATE")
        with running(ledger) as projector:
            assert projector.wait_for(100, LONG_S)
        with pytest.raises(PASSING_FAULTS):
            stuck._fold._conn.execute("SELECT 1")
    stuck.stop()
