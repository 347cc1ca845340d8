"""Recorders on Kafka: group commit, the index of streams, subscriptions and who may only read."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from random import Random
from threading import Thread
from time import monotonic, sleep

import pytest
from eventsourcing.persistence import (
    DataError,
    InfrastructureFactory,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    StoredEvent,
    Tracking,
)
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from simulated_ledger import TOPIC, Written, event, written
from simulated_log import ACK_LOST, LATE, LOST, WELL, SimulatedKafka, troubled

from ledger import kafka as on_kafka
from ledger.head import Head
from ledger.kafka import recorder as module
from ledger.kafka.chain import Chain, Counted, LedgerTruncated
from ledger.kafka.commit import COMMIT_LIMIT_S, Commit, Insert, LastVersion
from ledger.kafka.log import LogUnavailable
from ledger.kafka.recorder import KafkaSubscription, ProcessRecorder, ReadOnlyRecorder
from ledger.kafka.settings import MAX_RECORD_BYTES, KafkaSettings
from ledger.kafka.streams import Streams
from ledger.kafka.tip import Tip
from ledger.kafka.topics import ledger_topic
from ledger.recorded import Recorded

PATIENCE_S = 30


def insert(*events: Recorded, decided_on: Head | None = None, **tracking: int) -> Insert:
    return Insert(events, decided_on, tracking, Future())


def stored(stream: str, version: int = 1, state: bytes = b'{"quantity":1}') -> StoredEvent:
    return StoredEvent(f"stock/{stream}", version, "stock_sold.v1", state)


class Committing:
    """One writer that commits groups in a simulated topic."""

    def __init__(self, kafka: SimulatedKafka, *, dense: bool = True) -> None:
        log = kafka.log(TOPIC, waits=True)
        self.kafka = kafka
        self.tip = Tip(log, "main", "w1", clock=kafka.now, ticks=kafka.ticks)
        self.streams = Streams(log, "main", clock=kafka.ticks)
        self.before_versions: Callable[[], None] = lambda: None
        self.commit = Commit(
            self.tip, self.versions, dense=dense, sleep=kafka.sleep, clock=kafka.ticks
        )

    def versions(self) -> LastVersion:
        self.before_versions()
        self.streams.read_on()
        return self.streams.last_version

    def write(self, *inserts: Insert) -> list[list[int] | str]:
        """The positions of each, or the name of what it was told."""
        self.commit.write(inserts)
        faults = [one.positions.exception(0) for one in inserts]
        return [
            type(fault).__name__ if fault else one.positions.result(0)
            for one, fault in zip(inserts, faults, strict=True)
        ]


def counted(kafka: SimulatedKafka) -> list[Counted]:
    chain = Chain("main", versions={})
    taken = (chain.take(offset, value) for offset, value in enumerate(kafka.values(TOPIC)))
    return [found for found in taken if found is not None]


# Group commit


def test_inserts_that_come_together_are_one_block():
    kafka = SimulatedKafka()
    group = insert(event("mug"), event("cup")), insert(), insert(event("hat"), till=3)
    assert Committing(kafka).write(*group) == [[1, 2], [], [3]]
    [block] = [found.block for found in counted(kafka)]
    assert [one.stream for one in block.events] == ["stock/mug", "stock/cup", "stock/hat"]
    assert block.tracking == {"till": 3}


def test_an_insert_with_a_conflict_fails_alone():
    kafka = SimulatedKafka()
    writer = Committing(kafka)
    writer.write(insert(event("mug"), till=3))
    group = [
        insert(event("cup"), web=1),
        insert(event("mug")),  # said already
        insert(event("hat"), till=3),  # consumed already
        insert(event("hat"), event("cup")),  # said by the first of the group
        insert(event("bag"), web=1),  # consumed by the first of the group
        insert(event("bag"), event("bag")),  # said twice by itself
        insert(event("far", 3)),  # leaves one out
        insert(event("mug", 2), event("mug", 3), till=4),
        insert(event("mug", 4)),
    ]
    refused = ["IntegrityError"] * 6
    assert writer.write(*group) == [[2], *refused, [3, 4], [5]]
    assert len(counted(kafka)) == 2
    assert counted(kafka)[-1].checkpoint.trackings == {"till": 4, "web": 1}


def test_of_a_group_that_is_refused_wholly_nothing_is_written():
    kafka = SimulatedKafka()
    writer = Committing(kafka)
    writer.write(insert(event("mug")))
    assert writer.write(insert(event("mug")), insert(event("mug"))) == ["IntegrityError"] * 2
    assert len(kafka.sent) == 1


def test_a_decision_on_an_older_head_is_told_what_the_head_is():
    writer = Committing(SimulatedKafka())
    writer.write(insert(event("mug")))
    late = insert(event("cup"), decided_on=Head(0, "genesis"))
    assert writer.write(late) == ["IntegrityError"]
    with pytest.raises(IntegrityError, match=r"decided on .* nothing was written"):
        late.positions.result(0)
    assert writer.write(insert(event("cup"), decided_on=writer.tip.head)) == [[2]]


def test_snapshots_may_leave_versions_out_but_not_go_back():
    writer = Committing(SimulatedKafka(), dense=False)
    assert writer.write(insert(event("mug", 7)), insert(event("mug", 20))) == [[1], [2]]
    assert (
        writer.write(insert(event("mug", 20)), insert(event("mug", 19))) == ["IntegrityError"] * 2
    )


TROUBLE = {
    "lost": [LOST],
    "lost twice": [LOST] * 2,
    "landed, not confirmed": [ACK_LOST],
    "landed late": [LATE],
    "late, then not confirmed": [LATE, ACK_LOST],
    "late, then lost, then late": [LATE, LOST, LATE],
    "all late together": [LATE, LATE._replace(lands_after_s=2.0), LATE],
    "doubled later": [ACK_LOST._replace(doubled_after_s=15.0), LATE],
}


@pytest.mark.parametrize("trouble", TROUBLE, ids=str)
def test_whatever_becomes_of_attempts_a_group_is_written_once(trouble):
    kafka = SimulatedKafka([WELL, *TROUBLE[trouble]])
    writer = Committing(kafka)
    writer.write(insert(event("mug")))
    assert writer.write(insert(event("cup"), till=1), insert(event("hat"))) == [[2], [3]]
    kafka.settle()
    assert writer.write(insert(event("bag"))) == [[4]]
    said = [one.stream for found in counted(kafka) for one in found.block.events]
    assert said == ["stock/mug", "stock/cup", "stock/hat", "stock/bag"]


def test_an_attempt_that_lands_while_the_index_is_read_is_not_taken_for_a_rival():
    """Otherwise its writer would be told `nothing was written` of what is in the ledger."""
    kafka = SimulatedKafka([LATE])
    writer = Committing(kafka)
    tries: list[int] = []

    def wait_for_it() -> None:
        tries.append(1)
        kafka.run_for(5.0 if len(tries) == 2 else 0.0)

    writer.before_versions = wait_for_it
    assert writer.write(insert(event("mug"), till=1), insert(event("cup"))) == [[1], [2]]
    assert (len(tries), len(kafka.sent)) == (2, 1)


def test_a_rival_that_overtakes_a_lost_attempt_is_a_conflict():
    kafka = SimulatedKafka([LOST])
    writer = Committing(kafka)
    rival = Written(kafka)
    kafka.at(5.0, lambda: rival.block(event("mug")))
    assert writer.write(insert(event("mug")), insert(event("cup"))) == ["IntegrityError", [2]]


def test_a_rival_that_is_in_the_index_only_is_a_conflict():
    kafka = SimulatedKafka()
    writer = Committing(kafka)
    rival = Written(kafka)
    writer.before_versions = lambda: rival.blocks or rival.block(event("mug"))
    assert writer.write(insert(event("mug")), insert(event("cup"))) == ["IntegrityError", [2]]
    assert len(counted(kafka)) == 2


def test_a_broker_that_stays_away_leaves_the_outcome_unknown_in_time():
    kafka = SimulatedKafka([LOST] * 100)
    writer = Committing(kafka)
    assert writer.write(insert(event("mug")), insert(event("cup"))) == ["OperationalError"] * 2
    assert COMMIT_LIMIT_S <= kafka.ticks() < 2 * COMMIT_LIMIT_S
    assert len(kafka.sent) < 10


def test_a_broker_that_answers_nobody_is_told_at_once():
    kafka = SimulatedKafka()
    kafka.go_away_for(60)
    assert Committing(kafka).write(insert(event("mug"))) == ["LogUnavailable"]
    assert issubclass(LogUnavailable, OperationalError)


def test_a_ledger_that_lost_blocks_takes_nothing_more():
    kafka = SimulatedKafka()
    writer = Committing(kafka)
    writer.write(insert(event("mug")))
    writer.write(insert(event("cup")))
    kafka.lose_from(TOPIC, 1)
    assert writer.write(insert(event("hat"))) == [LedgerTruncated.__name__]
    assert len(kafka.sent) == 2


@pytest.mark.parametrize("seed", range(40))
def test_two_writers_of_groups_in_any_trouble_write_each_insert_once_or_say_why_not(seed):
    random = Random(seed)
    kafka = SimulatedKafka(
        troubled(Random(seed), 0.5), hidden_for_s=lambda: random.choice([0.0, 0.0, 1.0, 5.0])
    )
    writers = [Committing(kafka), Committing(kafka)]
    for writer in writers:
        writer.before_versions = lambda: kafka.run_for(random.choice([0.0, 0.0, 4.0]))
    told: dict[str, list[int] | str] = {}
    for turn in range(25):
        names = [f"{turn}-{n}" for n in range(random.randint(1, 3))]
        shared = event("shared", random.randint(1, 8))
        group = [
            insert(event(name), *([shared] if random.random() < 0.3 else [])) for name in names
        ]
        told |= zip(names, random.choice(writers).write(*group), strict=True)
    kafka.settle()
    said: dict[str, int] = {}
    for found in counted(kafka):
        for position, one in enumerate(found.block.events, found.block.first):
            if one.stream != "stock/shared":
                assert one.stream not in said, "written twice"
                said[one.stream] = position
    for name, outcome in told.items():
        if outcome == "IntegrityError":
            assert f"stock/{name}" not in said, "told `nothing was written`, but it was"
        elif isinstance(outcome, list):
            assert said[f"stock/{name}"] == outcome[0]
        else:
            assert outcome in ("OperationalError", "LogUnavailable")
    assert sum(isinstance(outcome, list) for outcome in told.values()) > 10


# The index of streams


def test_a_streams_events_are_found_wherever_they_stand():
    ledger = Written(SimulatedKafka())
    for version in range(6):
        ledger.block(event("mug", version), event(f"cup-{version}"))
        ledger.dead(event("mug", version + 1))
    streams = Streams(ledger.kafka.log(TOPIC), "main", clock=ledger.kafka.ticks)
    streams.read_on()

    def versions(**asked: int | bool) -> list[int]:
        return [one.originator_version for one in streams.select("stock/mug", **asked)]

    assert streams.select("stock/mug", limit=1) == [StoredEvent(*event("mug", 0))]
    assert versions() == [0, 1, 2, 3, 4, 5]
    assert versions(gt=2) == [3, 4, 5]
    assert versions(lte=2) == [0, 1, 2]
    assert versions(gt=1, lte=4, limit=2) == [2, 3]
    assert versions(gt=1, lte=4, limit=2, desc=True) == [4, 3]
    assert versions(limit=0) == versions(gt=5) == []
    assert streams.select("stock/unknown") == []
    assert [streams.last_version(f"stock/{name}") for name in ("mug", "cup-3", "no")] == [
        5,
        1,
        None,
    ]
    ledger.block(event("mug", 6))
    streams.read_on()
    assert streams.last_version("stock/mug") == 6


def test_events_of_one_block_are_found_in_it():
    ledger = Written(SimulatedKafka())
    ledger.block(*(event("mug", n) for n in range(1, 50)))
    streams = Streams(ledger.kafka.log(TOPIC), "main", clock=ledger.kafka.ticks)
    streams.read_on()
    found = streams.select("stock/mug", gt=10, lte=12)
    assert [one.originator_version for one in found] == [11, 12]


# Who only reads


def test_who_only_reads_never_writes():
    ledger = written(SimulatedKafka())
    with ReadOnlyRecorder(ledger.kafka.log(TOPIC), "main") as recorder:
        with pytest.raises(NotSupportedError, match="only reads the ledger of main: 1 events"):
            recorder.insert_events([stored("mug")])
        with pytest.raises(NotSupportedError, match="tracking"):
            recorder.insert_events([], tracking=Tracking("till", 1))
        assert not hasattr(recorder, "append")
    assert ledger.kafka.sent == []


def test_who_only_reads_sees_what_is_written():
    ledger = written(SimulatedKafka())
    recorder = ReadOnlyRecorder(ledger.kafka.log(TOPIC), "main")
    assert (recorder.head(), recorder.max_notification_id()) == (ledger.chain.head, 8)
    ledger.block(event("new"), tracking={"till": 4})
    assert (recorder.head(), recorder.max_notification_id()) == (ledger.chain.head, 9)
    assert (recorder.max_tracking_id("till"), recorder.max_tracking_id("web")) == (4, None)
    assert [one.id for one in recorder.select_notifications(8, 5)] == [8, 9]
    assert [one.id for one in recorder.select_notifications(8, 5, inclusive_of_start=False)] == [9]
    assert recorder.select_events("stock/new") == [StoredEvent(*event("new"))]


def test_a_ledger_without_events_has_no_last_position():
    ledger = Written(SimulatedKafka())
    recorder = ReadOnlyRecorder(ledger.kafka.log(TOPIC), "main")
    assert recorder.max_notification_id() is None
    ledger.block(tracking={"till": 1})
    assert recorder.max_notification_id() is None


# Subscriptions


def heard(subscription: Iterator, count: int) -> list[int]:
    return [next(subscription).id for _ in range(count)]


def test_a_subscriber_hears_everything_once_in_order(monkeypatch):
    monkeypatch.setattr(module, "SUBSCRIPTION_PAGE", 3)
    ledger = written(SimulatedKafka())
    recorder = ReadOnlyRecorder(ledger.kafka.log(TOPIC), "main")
    with recorder.subscribe() as subscription:
        assert heard(subscription, 8) == list(range(1, 9))
        ledger.kafka.at(0.2, lambda: ledger.block(event("new"), event("newer")))
        assert heard(subscription, 2) == [9, 10]


def test_a_subscriber_begins_behind_a_position():
    ledger = written(SimulatedKafka())
    recorder = ReadOnlyRecorder(ledger.kafka.log(TOPIC), "main")
    with recorder.subscribe(gt=6) as subscription:
        assert heard(subscription, 2) == [7, 8]


def test_a_subscriber_may_begin_behind_what_is_yet_to_come():
    ledger = written(SimulatedKafka())
    recorder = ReadOnlyRecorder(ledger.kafka.log(TOPIC), "main")
    with recorder.subscribe(gt=10) as subscription:
        ledger.kafka.at(0.2, lambda: ledger.block(*(event(f"new-{n}") for n in range(4))))
        assert heard(subscription, 2) == [11, 12]


def test_a_subscriber_of_rare_events_does_not_read_the_others_again(monkeypatch):
    ledger = written(SimulatedKafka(), blocks=30)
    recorder = ReadOnlyRecorder(ledger.kafka.log(TOPIC), "main")
    with recorder.subscribe(topics=["rare.v1"]) as subscription:
        began: list[int] = []
        history = subscription._history
        select = history.select
        monkeypatch.setattr(
            history, "select", lambda after, *a, **k: began.append(after) or select(after, *a, **k)
        )
        for n in range(5):
            ledger.kafka.at(n + 0.2, lambda n=n: ledger.block(event(f"new-{n}")))
        ledger.kafka.at(9.0, lambda: ledger.block(event("rare", topic="rare.v1")))
        assert heard(subscription, 1) == [66]
        assert began == sorted(began)
        assert began[1] == 60


def test_a_subscription_that_is_stopped_ends():
    ledger = written(SimulatedKafka())
    subscription = KafkaSubscription(ReadOnlyRecorder(ledger.kafka.log(TOPIC), "main"))
    with subscription:
        assert heard(subscription, 1) == [1]
        subscription.stop()
        with pytest.raises(StopIteration):
            next(subscription)


# A writer that decides on the head


def process_recorder(kafka: SimulatedKafka) -> ProcessRecorder:
    return ProcessRecorder(kafka.log(TOPIC, waits=True), "main", "w1")


def test_a_decision_on_the_tips_head_is_sent_at_once_without_a_thread(monkeypatch):
    kafka = SimulatedKafka()
    with process_recorder(kafka) as recorder:
        recorder.tip.read_on(lambda _: None)
        monkeypatch.setattr(recorder._committing, "submit", pytest.fail)
        for n in range(3):
            head = recorder.tip.head
            assert recorder.append([stored(f"{n}")], decided_on=head).result(0) == [n + 1]
        again = recorder.append([], decided_on=recorder.tip.head)
        assert again.result(0) == []
    assert len(kafka.sent) == 3


@pytest.mark.parametrize("behind", [5, 4])
def test_an_input_that_does_not_move_on_is_not_sent(behind):
    kafka = SimulatedKafka()
    with process_recorder(kafka) as recorder:
        recorder.insert_events([stored("mug")], trackings=[Tracking("till", 5)])
        head = recorder.tip.head
        moved = recorder.append([stored("cup")], decided_on=head, tracking=Tracking("till", behind))
        assert isinstance(moved.exception(0), IntegrityError)
        assert len(kafka.sent) == 1


def test_a_decision_whose_outcome_is_unknown_is_told_so_and_found_in_the_log():
    kafka = SimulatedKafka([WELL, ACK_LOST])
    with process_recorder(kafka) as recorder:
        recorder.insert_events([stored("mug")])
        sent = recorder.append([stored("cup")], decided_on=recorder.tip.head)
        assert isinstance(sent.exception(0), LogUnavailable)
        found: list[Counted] = []
        recorder.tip.read_on(found.append)
        assert [one.block.events[0].stream for one in found] == ["stock/cup"]


# On a real broker


@pytest.fixture
def factory(kafka_bootstrap: str, network: str) -> Iterator[on_kafka.Factory]:
    settings = on_kafka.environment(KafkaSettings(bootstrap=kafka_bootstrap), network)
    with InfrastructureFactory.construct(settings) as made:
        yield made


def blocks_of(factory: on_kafka.Factory) -> list[Counted]:
    follower = module.Follower(factory._log(), factory.network)
    found = list(follower.to_the_end())
    follower.close()
    return found


def test_concurrent_inserts_share_blocks_and_one_with_a_conflict_fails_alone(factory):
    recorder = factory.process_recorder()
    recorder.insert_events([stored("taken")])

    def write(n: int) -> Sequence[int] | str:
        try:
            return recorder.insert_events([stored("taken" if n % 10 == 0 else f"mug-{n}")])
        except IntegrityError:
            return "refused"

    with ThreadPoolExecutor(50) as threads:
        outcomes = list(threads.map(write, range(300)))
    assert [n for n, outcome in enumerate(outcomes) if outcome == "refused"] == list(
        range(0, 300, 10)
    )
    assert sorted(one[0] for one in outcomes if one != "refused") == list(range(2, 272))
    assert len(blocks_of(factory)) < 200


def test_an_insert_too_large_for_a_record_says_so_at_once_and_the_next_is_written(factory):
    recorder = factory.process_recorder()
    large = stored("large", state=b'"' + b"x" * MAX_RECORD_BYTES + b'"')
    began = monotonic()
    with pytest.raises(DataError, match="too many for one record"):
        recorder.insert_events([large])
    assert monotonic() - began < COMMIT_LIMIT_S
    assert recorder.insert_events([stored("mug")]) == [1]


def test_nearly_as_large_as_a_record_may_be_is_written_and_read(factory):
    large = stored("large", state=b'"' + b"x" * (MAX_RECORD_BYTES - 10_000) + b'"')
    assert factory.process_recorder().insert_events([large, stored("mug")]) == [1, 2]
    reader = factory.read_only_recorder()
    assert [len(one.state) for one in reader.select_notifications(1, 5)] == [len(large.state), 14]
    assert reader.select_events("stock/large") == [large]


def test_records_deleted_in_a_real_topic_are_told_to_who_has_not_read_them(factory):
    recorder = factory.process_recorder()
    for n in range(6):
        recorder.insert_events([stored(f"mug-{n}")])
    behind = [found.checkpoint for found in blocks_of(factory)]
    partition = TopicPartition(ledger_topic(factory.network), 0)
    with closing(KafkaAdminClient(bootstrap_servers=factory.settings.bootstrap)) as admin:
        admin.delete_records({partition: 3})
    with pytest.raises(LedgerTruncated, match="begins at offset 3"):
        factory.read_only_recorder().head()
    with pytest.raises(LedgerTruncated, match="does not hold the record to be read next"):
        list(module.Follower(factory._log(), factory.network, behind[1]).to_the_end())
    rest = module.Follower(factory._log(), factory.network, behind[2])
    assert [found.checkpoint for found in rest.to_the_end()] == behind[3:]
    rest.close()


def test_a_far_position_is_found_in_a_real_topic(factory, monkeypatch):
    monkeypatch.setattr("ledger.kafka.history.SEARCH_ABOVE_EVENTS", 50)
    recorder = factory.process_recorder()
    for block in range(60):
        recorder.insert_events([stored(f"{block}-{n}") for n in range(10)])
    reader = factory.read_only_recorder()
    for start in (590, 5, 301, 600, 250):
        found = reader.select_notifications(start, 2)
        assert [one.id for one in found] == [start, start + 1][: 601 - start]
    assert found[0].originator_id == "stock/24-9"


@pytest.mark.timeout(60)  # it would wait for ever
def test_a_subscriber_that_waits_is_stopped_from_another_thread(factory):
    subscription = factory.read_only_recorder().subscribe()
    with subscription:
        stopping = Thread(target=lambda: (sleep(0.2), subscription.stop()))
        stopping.start()
        assert list(subscription) == []
        stopping.join(PATIENCE_S)
