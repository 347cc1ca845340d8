"""What only the PostgreSQL adapter has: connections that break, locks, settings, its table."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from time import monotonic, sleep

import psycopg
import pytest
from eventsourcing.persistence import (
    InfrastructureFactory,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)

from ledger import postgres

PATIENCE_S = 20


@pytest.fixture
def factory(database_url: str) -> Iterator[postgres.Factory]:
    with InfrastructureFactory.construct(postgres.environment(database_url)) as made:
        yield made


@pytest.fixture
def server(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def sold(stream: str, version: int = 1) -> StoredEvent:
    return StoredEvent(f"stock/store-7/{stream}", version, "stock_sold.v1", b'{"quantity":1}')


@contextmanager
def appends_locked(server: psycopg.Connection) -> Iterator[None]:
    with server.transaction():
        server.execute("SELECT pg_advisory_xact_lock('stored_events'::regclass::oid::bigint)")
        yield


def kill_the_append_that_waits(server: psycopg.Connection) -> None:
    server.execute("SELECT pg_terminate_backend(%s)", (pid_of_the_append_that_waits(server),))


def pid_of_the_append_that_waits(server: psycopg.Connection) -> int:
    end = monotonic() + PATIENCE_S
    while monotonic() < end:
        waiting = server.execute(
            "SELECT pid FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
        ).fetchone()
        if waiting:
            return waiting[0]
        sleep(0.01)
    raise AssertionError("no append waits for the table's lock")


def test_an_append_whose_connection_is_killed_says_so_and_writes_nothing(factory, server):
    recorder = factory.process_recorder()
    recorder.insert_events([sold("mug")])
    with appends_locked(server):
        future = recorder.append(
            [sold("cup")], decided_on=recorder.head(), trackings=[Tracking("till", 5)]
        )
        kill_the_append_that_waits(server)
        assert isinstance(future.exception(timeout=PATIENCE_S), OperationalError)
    assert recorder.head().position == 1
    assert recorder.max_tracking_id("till") is None
    assert recorder.insert_events([sold("cup")], decided_on=recorder.head()) == [2]


def test_a_killed_insert_is_not_tried_again_behind_the_writers_back(factory, server):
    recorder = factory.process_recorder()
    with appends_locked(server):
        future = recorder.append([sold("cup")])
        kill_the_append_that_waits(server)
        assert isinstance(future.exception(timeout=PATIENCE_S), OperationalError)
    sleep(0.5)
    assert recorder.head().position == 0


def test_after_a_server_drops_everybody_one_append_fails_and_the_next_is_written(factory, server):
    recorder = factory.process_recorder()
    recorder.insert_events([sold("mug")])
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(OperationalError):
        recorder.insert_events([sold("cup")])
    assert recorder.insert_events([sold("bag")]) == [2]


def test_a_decision_sent_again_after_its_commit_is_refused_and_found_in_the_ledger(factory):
    recorder = factory.process_recorder()
    head = recorder.head()
    recorder.insert_events([sold("mug")], decided_on=head)
    with pytest.raises(IntegrityError, match="decided on"):
        recorder.insert_events([sold("mug")], decided_on=head)
    [event] = recorder.select_notifications(start=head.position + 1, limit=10)
    assert event.originator_id == "stock/store-7/mug"


def test_an_append_gives_up_waiting_after_the_lock_timeout(database_url, server):
    settings = postgres.environment(database_url) | {"POSTGRES_LOCK_TIMEOUT": "1"}
    with InfrastructureFactory.construct(settings) as factory:
        recorder = factory.process_recorder()
        with appends_locked(server), pytest.raises(OperationalError, match="lock"):
            recorder.insert_events([sold("mug")])
        assert recorder.insert_events([sold("mug")]) == [1]


def test_an_append_that_finds_no_room_waits_for_the_ones_before(factory, server):
    recorder, limit = factory.process_recorder(), postgres.MAX_WAITING_APPENDS
    one_more = Thread(target=lambda: recorder.append([sold("one-more")]))
    with appends_locked(server):
        futures = [recorder.append([sold(f"mug-{n}")]) for n in range(limit)]
        one_more.start()
        one_more.join(timeout=0.3)
        assert one_more.is_alive()
    assert [future.result(PATIENCE_S) for future in futures] == [[n + 1] for n in range(limit)]
    one_more.join(timeout=PATIENCE_S)
    assert recorder.append([]).result(PATIENCE_S) == []
    assert recorder.head().position == limit + 1


def test_the_table_is_the_librarys_but_for_the_sequence(factory, server):
    factory.process_recorder()
    columns = server.execute(
        "SELECT column_name, data_type, is_nullable, column_default "
        "FROM information_schema.columns "
        "WHERE table_name = 'stored_events' ORDER BY ordinal_position"
    ).fetchall()
    assert columns == [
        ("originator_id", "text", "NO", None),
        ("originator_version", "bigint", "NO", None),
        ("topic", "text", "YES", None),
        ("state", "bytea", "YES", None),
        ("notification_id", "bigint", "NO", None),
    ]
    assert server.execute("SELECT count(*) FROM pg_sequences").fetchone() == (0,)
    unique = server.execute(
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = 'stored_events'::regclass AND indisunique ORDER BY 1"
    ).fetchall()
    assert [index.split(" USING ")[1] for (index,) in unique] == [
        "btree (notification_id)",
        "btree (originator_id, originator_version)",
    ]


def test_another_application_of_the_library_reads_the_ledger(factory, database_url):
    factory.process_recorder().insert_events([sold("mug"), sold("mug", 2)])
    stock = postgres.environment(database_url) | {"PERSISTENCE_MODULE": "eventsourcing.postgres"}
    with InfrastructureFactory.construct(stock) as other:
        reader = other.application_recorder()
        assert [event.id for event in reader.select_notifications(start=1, limit=10)] == [1, 2]
        assert reader.select_events("stock/store-7/mug") == [sold("mug"), sold("mug", 2)]


def test_tables_that_are_there_already_are_used(factory):
    factory.process_recorder().insert_events([sold("mug")], trackings=[Tracking("till", 5)])
    again = factory.process_recorder()
    assert (again.head().position, again.max_tracking_id("till")) == (1, 5)


def test_tracking_without_a_tracking_table_is_an_error_and_not_ignored(factory):
    recorder = factory.application_recorder()
    with pytest.raises(ProgrammingError, match="process recorder"):
        recorder.insert_events([sold("mug")], tracking=Tracking("till", 5))
    assert recorder.head().position == 0


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("ORIGINATOR_ID_TYPE", "uuid"),
        ("POSTGRES_ENABLE_DB_FUNCTIONS", "yes"),
        ("SINGLE_ROW_TRACKING", "no"),
    ],
)
def test_a_setting_that_would_break_the_order_is_refused(database_url, setting, value):
    settings = postgres.environment(database_url) | {setting: value}
    with (
        InfrastructureFactory.construct(settings) as factory,
        pytest.raises(NotSupportedError, match=setting),
    ):
        factory.process_recorder()


def test_what_the_url_says_beyond_the_address_is_kept(database_url):
    settings = postgres.environment(f"{database_url}&application_name=till%20roll")
    with InfrastructureFactory.construct(settings) as factory, factory.datastore.cursor() as cursor:
        row = cursor.execute("SHOW application_name").fetchone()
    assert row == {"application_name": "till roll"}
