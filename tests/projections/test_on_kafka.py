"""Views of a ledger in Kafka stand on its chain of blocks, and go on after whatever passes."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import psycopg
import pytest
from busy_days import busy_days
from given import Shop
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from msgspec.structs import replace
from remade_topic import make_anew, values_of

from consumers.kafka import source
from consumers.projecting import fold
from consumers.projecting.source import ViewsAheadOfLedger
from consumers.projector import ProjectorStopped
from consumers.proving.verify import prove
from ledger.kafka.block import Block, decode, encode, hash_of
from ledger.kafka.chain import LedgerCorrupt, LedgerTruncated
from ledger.kafka.follower import Follower
from ledger.kafka.log import LogUnavailable
from ledger.kafka.recorder import ReadOnlyRecorder
from projections.keeping import checkpoints

LONG_S = 20

pytestmark = pytest.mark.parametrize("ledger", ["kafka"], indirect=True)


@pytest.fixture(scope="module")
def days() -> Shop:
    return busy_days(50, seed=5)


@contextmanager
def running(ledger, **options):
    projector = ledger.projector(**options)
    projector.start()
    try:
        yield projector
    finally:
        projector.stop()


def stands(ledger):
    with psycopg.connect(ledger.url) as conn:
        return checkpoints.stands(conn, ledger.network)


def chain(ledger):
    follower = Follower(ledger.log, ledger.network)
    found = [counted.checkpoint for counted in follower.to_the_end()]
    follower.close()
    return found


def proven(ledger):
    with psycopg.connect(ledger.url, autocommit=True) as conn:
        return prove(ledger.recorder, conn, ledger.network)


def test_a_batch_ends_where_a_block_does_and_views_keep_the_whole_checkpoint(ledger, days):
    ledger.tell(days, until=110)
    assert ledger.projector(max_batch_events=7).catch_up(until=30) == 50
    [stand] = set(map(repr, stands(ledger).values()))
    assert stand in map(repr, chain(ledger))
    assert "position=50" in stand and f"'onebook.{ledger.network}.requests.web': 2" in stand
    ledger.project()
    [stand] = set(map(repr, stands(ledger).values()))
    assert stand == repr(chain(ledger)[-1])
    assert ledger.differences() == 0


def test_views_go_on_from_their_block_alone_though_older_ones_were_deleted(ledger, days):
    ledger.tell(days, until=110)
    ledger.projector().catch_up(until=50)
    before = min(stand.next_offset for stand in stands(ledger).values())
    ledger.tell(days)
    admin = KafkaAdminClient(**ledger.settings.client_options())
    admin.delete_records({TopicPartition(ledger.log.topic, 0): before})
    admin.close()
    assert ledger.project() == len(days.books.events)
    with pytest.raises(LedgerTruncated, match="its first blocks are gone"):
        ledger.rebuild()


def test_views_of_another_ledger_are_not_gone_on_with(ledger, days):
    ledger.tell(days)
    ledger.project()
    seen = ledger.sql("SELECT count(*) FROM orders")
    others = [replace(block, writer="other") for block in map(decode, values_of(ledger.log))]
    ledger.close()
    make_anew(ledger.settings, ledger.log, rechained(others))
    ledger.recorder = ReadOnlyRecorder(ledger.log, ledger.network)
    for use in (ledger.project, ledger.verify, lambda: ledger.rebuild("orders")):
        with pytest.raises(ViewsAheadOfLedger, match=r"another block at offset .*onebook rebuild"):
            use()
    assert ledger.sql("SELECT count(*) FROM orders") == seen
    assert {each.position for each in ledger.rebuild()} == {len(days.books.events)}
    assert ledger.differences() == 0


def rechained(blocks: list[Block]) -> list[bytes]:
    values: list[bytes] = []
    for block in blocks:
        prev = hash_of(values[-1]) if values else "genesis"
        values.append(encode(replace(block, prev=prev)))
    return values


def test_views_of_a_ledger_in_postgresql_are_not_gone_on_with(ledger, days):
    ledger.tell(days, until=25)
    ledger.project()
    ledger.sql("UPDATE projections SET next_offset = 0, head_hash = ''")
    with pytest.raises(ViewsAheadOfLedger, match=r"from a ledger in PostgreSQL.*onebook rebuild"):
        ledger.project()


def test_a_ledger_that_loses_blocks_under_a_projector_stops_it(ledger, days):
    ledger.tell(days)
    with running(ledger, patient=True) as projector:
        assert projector.wait_for(len(days.books.events), LONG_S)
        ledger.lose_after(50)
        assert not projector.wait_for(len(days.books.events) + 1, 2 * LONG_S)
        with pytest.raises(ProjectorStopped, match="lost blocks after position 50"):
            projector.check()


class Broken:
    """A topic whose brokers are away while `away` is set."""

    def __init__(self, log):
        self.log, self.topic, self.away = log, log.topic, threading.Event()
        self.refused = threading.Event()

    def reader(self, **options):
        self.refuse()
        return BrokenReader(self, self.log.reader(**options))

    def refuse(self):
        if self.away.is_set():
            self.refused.set()
            raise LogUnavailable("no broker answers")


class BrokenReader:
    """Whoever polls is not told that nobody answers."""

    def __init__(self, log, reader):
        self.log, self.reader, self.close = log, reader, reader.close

    def poll(self, timeout_s):
        if self.log.away.wait(0):
            threading.Event().wait(timeout_s)
            return []
        return self.reader.poll(timeout_s)

    def __getattr__(self, name):
        self.log.refuse()
        return getattr(self.reader, name)


def test_views_go_on_when_brokers_were_away(ledger, days, monkeypatch):
    monkeypatch.setattr(source, "LOOK_AGAIN_S", 0.1)
    ledger.tell(days, until=50)
    log = Broken(ledger.log)
    ledger.recorder = ReadOnlyRecorder(log, ledger.network)
    with running(ledger, patient=True) as projector:
        assert projector.wait_for(50, LONG_S)
        log.away.set()
        ledger.tell(days)
        assert log.refused.wait(LONG_S)
        projector.check()
        log.away.clear()
        assert projector.wait_for(len(days.books.events), LONG_S)
    assert ledger.differences() == 0


def test_a_patient_projector_may_start_before_the_brokers_do(ledger, days):
    ledger.tell(days)
    log = Broken(ledger.log)
    log.away.set()
    ledger.recorder = ReadOnlyRecorder(log, ledger.network)
    with pytest.raises(LogUnavailable):
        ledger.projector().start()
    with running(ledger, patient=True) as projector:
        assert not projector.caught_up.wait(0.1)
        log.away.clear()
        assert projector.caught_up.wait(LONG_S)
        assert projector.position() == len(days.books.events)


def test_one_of_two_projectors_stands_by_and_sees_what_the_other_does(ledger, days, monkeypatch):
    monkeypatch.setattr(fold, "STAND_BY_S", 60.0)  # only what it hears lets it move
    ledger.tell(days, until=25)
    ledger.project()
    standby = ledger.projector()
    standing = threading.Thread(target=standby._fold.stand_by, args=(standby._stopping.is_set,))
    standby._fold.open()
    standing.start()
    with running(ledger) as active:
        ledger.tell(days)
        assert active.wait_for(len(days.books.events), LONG_S)
        assert standby.wait_for(len(days.books.events), LONG_S)
        standby._stopping.set()
        with psycopg.connect(ledger.url, autocommit=True) as conn:
            conn.execute("SELECT pg_notify(%s, '')", [checkpoints.channel_name(ledger.network)])
        standing.join(LONG_S)
        assert not standing.is_alive()
    standby.stop()


def test_a_projector_that_stands_by_takes_over_from_one_that_holds_the_views(
    ledger, days, monkeypatch
):
    monkeypatch.setattr(fold, "STAND_BY_S", 0.1)
    ledger.tell(days, until=25)
    ledger.project()
    ledger.tell(days)
    with psycopg.connect(ledger.url) as stuck:
        stuck.execute("SELECT FROM projections FOR UPDATE")
        with running(ledger) as projector:
            assert projector.caught_up.wait(LONG_S)  # it stands by
            assert projector.position() == 25
            stuck.rollback()
            assert projector.wait_for(len(days.books.events), LONG_S)
    assert ledger.differences() == 0


def test_verify_walks_the_chain_and_counts_what_does_not_count(ledger, days):
    ledger.tell(days)
    ledger.project()
    report = proven(ledger).chain
    walked = chain(ledger)
    assert (report.blocks, report.skipped) == (len(walked), 0)
    assert (report.position, report.head_hash) == (len(days.books.events), walked[-1].head.hash)
    assert report.streams == len({event.stream for event in days.books.events})
    append(ledger, b"no block", values_of(ledger.log)[3])
    report = proven(ledger).chain
    assert (report.blocks, report.skipped) == (len(walked), 2)


def append(ledger, *values: bytes) -> None:
    appender = ledger.log.appender()
    for value in values:
        appender.send(value).result()
    appender.close()


def test_verify_finds_a_version_that_does_not_follow(ledger, days):
    ledger.tell(days)
    ledger.project()
    last = values_of(ledger.log)[-1]
    head = chain(ledger)[-1].head
    block = decode(last)
    again = replace(block, prev=head.hash, first=head.position + 1, tracking={})
    append(ledger, encode(again))
    with pytest.raises(LedgerCorrupt, match=r"says version \d+ of .*, whose last is"):
        proven(ledger)


@pytest.mark.parametrize("tampering", ["""trackings = '{"x": 1}'""", "position = position - 1"])
def test_verify_finds_a_view_that_stands_nowhere_on_the_chain(ledger, days, tampering):
    ledger.tell(days)
    ledger.project()
    ledger.sql(f"UPDATE projections SET {tampering} WHERE view = 'orders'")
    with pytest.raises(ViewsAheadOfLedger, match=r"view orders says that .*onebook rebuild"):
        proven(ledger)


def test_the_command_follows_until_it_is_told_to_stop(ledger, days):
    ledger.tell(days)
    with subprocess.Popen(
        [sys.executable, "-m", "api.cli", "project", "--network", ledger.network, "--json"],
        env=os.environ
        | {
            "ONEBOOK_KAFKA_BOOTSTRAP": ledger.settings.bootstrap,
            "ONEBOOK_KAFKA_DEV": "true",
            "ONEBOOK_DATABASE_URL": ledger.url,
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert json.loads(process.stdout.readline()) == {"position": len(days.books.events)}
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG_S) == 0
    assert ledger.differences() == 0
