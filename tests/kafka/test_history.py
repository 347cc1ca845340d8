"""Any part of a ledger by position, however long it is and whatever dead blocks lie between."""

from random import Random

import pytest
from eventsourcing.persistence import Notification
from simulated_ledger import TOPIC, Written, event, written
from simulated_log import SimulatedKafka, SimulatedLog, SimulatedReader

from ledger.kafka import history as module
from ledger.kafka.chain import LedgerCorrupt, LedgerTruncated
from ledger.kafka.history import History

READ_LIMIT = 10_000


class CountingLog(SimulatedLog):
    """Counts the records that its readers are given."""

    read = 0

    def reader(self, *, few: bool = False) -> SimulatedReader:
        reader = super().reader(few=few)
        poll = reader.poll

        def counted(timeout_s: float):
            records = poll(timeout_s)
            self.read += len(records)
            return records

        reader.poll = counted
        return reader


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty events are far already, and every ten a place is kept."""
    monkeypatch.setattr(module, "MARK_EVERY_EVENTS", 10)
    monkeypatch.setattr(module, "SEARCH_ABOVE_EVENTS", 20)


def long_ledger(seed: int, records: int = 300, records_a_poll: int = 1) -> Written:
    """A ledger with blocks of none to five events, and as many dead records between."""
    random = Random(seed)
    kafka = SimulatedKafka(records_a_poll=records_a_poll)
    ledger = Written(kafka)
    for n in range(records):
        match random.randrange(4):
            case 0:
                ledger.dead(event(f"dead-{n}"))
            case 1:
                kafka.put(TOPIC, random.choice([None, b"{}", *kafka.values(TOPIC)[-3:]]))
            case _:
                count = random.randrange(6)
                ledger.block(*(event(f"mug-{n}-{i}", topic=f"t{i}") for i in range(count)))
    return ledger


def history_of(ledger: Written, log: SimulatedLog | None = None, begin: int = 0) -> History:
    log = log or ledger.kafka.log(TOPIC)
    return History(log, "main", ledger.checkpoint(begin), clock=ledger.kafka.ticks)


def all_of(ledger: Written) -> list[Notification]:
    events = [one for counted in ledger.blocks for one in counted.block.events]
    return [Notification(*one, position) for position, one in enumerate(events, 1)]


def test_events_come_with_their_positions_and_all_they_say():
    ledger = written(SimulatedKafka(), 2)
    assert history_of(ledger).select(0, 10) == all_of(ledger)
    first = history_of(ledger).select(0, 1)[0]
    assert (first.originator_id, first.originator_version, first.topic, first.state, first.id) == (
        *event("mug-0-0"),
        1,
    )


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1_000])
def test_a_ledger_is_read_page_by_page_each_record_once(limit):
    ledger = long_ledger(1)
    log = CountingLog(ledger.kafka, TOPIC)
    history, found = history_of(ledger, log), []
    while page := history.select(len(found), limit):
        assert len(page) <= limit
        found += page
    assert found == all_of(ledger)
    assert log.read == len(ledger.kafka.values(TOPIC))


@pytest.mark.parametrize("records_a_poll", [1, 5_000])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.usefixtures("near")
def test_any_part_is_found_in_any_order(seed, records_a_poll):
    ledger = long_ledger(seed, records_a_poll=records_a_poll)
    history, events, random = history_of(ledger), all_of(ledger), Random(seed)
    for _ in range(150):
        after, limit = random.randrange(-1, len(events) + 5), random.choice([1, 3, 50, 1_000])
        after = max(after, 0)
        stop = random.choice([None, after, after + 1, after + 30])
        assert history.select(after, limit, stop) == events[after:stop][:limit]


@pytest.mark.usefixtures("near")
def test_reading_backward_page_by_page_gives_the_same():
    ledger = long_ledger(2)
    history, events = history_of(ledger), all_of(ledger)
    for after in range(len(events), -1, -7):
        assert history.select(after, 7) == events[after : after + 7]


@pytest.mark.usefixtures("near")
def test_topics_are_chosen_before_the_limit_counts():
    ledger = long_ledger(3)
    history, events = history_of(ledger), all_of(ledger)
    wanted = [one for one in events if one.topic in ("t1", "t4")]
    assert history.select(0, READ_LIMIT, topics=["t1", "t4"]) == wanted
    assert history.select(0, 5, topics=("t1", "t4")) == wanted[:5]
    middle = wanted[30].id
    assert history.select(middle, 3, topics=["t4", "t1"]) == wanted[31:34]
    assert history.select(0, 10, topics=["t9"]) == []


@pytest.mark.parametrize(
    ("after", "limit", "stop"), [(0, 0, None), (5, -1, 9), (5, 9, 5), (5, 9, 2)]
)
def test_nothing_is_read_when_nothing_is_asked(after, limit, stop):
    ledger = written(SimulatedKafka())
    log = CountingLog(ledger.kafka, TOPIC)
    assert history_of(ledger, log).select(after, limit, stop) == []
    assert log.read == 0


def test_behind_the_end_there_is_nothing_yet():
    ledger = written(SimulatedKafka())
    history = history_of(ledger)
    assert history.select(8, 10) == history.select(1_000_000, 10) == []
    ledger.block(event("new"))
    assert [one.id for one in history.select(8, 10)] == [9]


@pytest.mark.usefixtures("near")
def test_a_far_position_is_found_without_reading_all_before_it():
    ledger = long_ledger(4, records=4_000)
    events = all_of(ledger)
    log = CountingLog(ledger.kafka, TOPIC)
    after = len(events) * 9 // 10
    assert history_of(ledger, log).select(after, 1) == events[after : after + 1]
    assert log.read < 400


@pytest.mark.usefixtures("near")
def test_what_was_passed_once_is_near_the_next_time():
    ledger = long_ledger(4, records=2_000)
    log = CountingLog(ledger.kafka, TOPIC)
    history = history_of(ledger, log)
    events = history.select(0, READ_LIMIT)
    before = log.read
    assert history.select(500, 1) == events[500:501]
    assert log.read - before < 30


@pytest.mark.usefixtures("near")
@pytest.mark.parametrize("seed", range(6))
def test_copies_of_several_old_blocks_do_not_mislead_the_search(seed):
    kafka = SimulatedKafka(records_a_poll=3)
    ledger, random = Written(kafka), Random(seed)
    for n in range(12):
        for i in range(8):
            ledger.block(*[event(f"mug-{n}-{i}-{k}") for k in range(3)])
        overtaken = kafka.values(TOPIC)[-random.randrange(1, 6) :]
        for _ in range(random.randrange(60)):
            kafka.put(TOPIC, random.choice([b"garbage", *overtaken]))
    for n in range(30):
        ledger.block(event(f"cup-{n}"))
    events = all_of(ledger)
    for after in range(0, len(events), 11):
        assert history_of(ledger).select(after, 2) == events[after : after + 2]


@pytest.mark.usefixtures("near")
def test_dead_blocks_of_an_overtaken_writer_are_not_taken_for_the_ledger():
    """Each slot was lost by somebody; what he wrote stands before and behind the winner."""
    kafka = SimulatedKafka()
    ledger = Written(kafka)
    for n in range(100):
        loser = ledger.value(event(f"loser-{n}"), event(f"loser-too-{n}"), writer="w2")
        ledger.block(event(f"mug-{n}"))
        for _ in range(n % 3):
            kafka.put(TOPIC, loser)
    events = all_of(ledger)
    for after in (97, 3, 60, 99, 40):
        assert history_of(ledger).select(after, 5) == events[after : after + 5]


def test_what_comes_is_heard_of_when_everything_was_read():
    ledger = written(SimulatedKafka())
    history = history_of(ledger)
    assert history.wait(1.0)
    assert history.wait(1.0)
    assert len(history.select(0, 100)) == 8
    assert not history.wait(1.0)
    ledger.dead(event("dead"))
    assert not history.wait(1.0)
    ledger.block(event("new"))
    assert history.wait(1.0)
    assert [one.id for one in history.select(8, 100)] == [9]
    assert history.checkpoint == ledger.blocks[-1].checkpoint


def test_a_reader_from_a_checkpoint_reads_on_from_there_without_what_was_before():
    ledger = written(SimulatedKafka(), 6)
    history = history_of(ledger, begin=3)
    ledger.kafka.delete_before(TOPIC, 2)
    assert history.select(6, 100) == all_of(ledger)[6:]
    with pytest.raises(LedgerTruncated, match="begins at offset 2"):
        history.select(0, 100)


def test_a_reader_from_a_checkpoint_goes_back_where_the_ledger_is_whole():
    ledger = written(SimulatedKafka(), 6)
    history = history_of(ledger, begin=3)
    assert history.select(0, 100) == all_of(ledger)


def test_a_corrupt_block_stops_every_page_behind_it():
    ledger = written(SimulatedKafka(records_a_poll=1))
    history = history_of(ledger)
    ledger.kafka.put(TOPIC, ledger.value(event("far"), first=99))
    assert history.select(0, 8) == all_of(ledger)
    for _ in range(2):
        with pytest.raises(LedgerCorrupt):
            history.select(8, 1)


@pytest.mark.usefixtures("near")
def test_blocks_that_were_lost_are_told_to_who_reads_on():
    ledger = long_ledger(5)
    history = history_of(ledger)
    events = history.select(0, READ_LIMIT)
    ledger.kafka.lose_from(TOPIC, 100)
    with pytest.raises(LedgerTruncated):
        history.select(len(events), 1)


@pytest.mark.usefixtures("near")
def test_copies_of_old_blocks_at_the_end_do_not_make_a_search_read_everything():
    ledger = written(SimulatedKafka(records_a_poll=1), blocks=400)
    for value in ledger.kafka.values(TOPIC)[5:55]:
        ledger.kafka.put(TOPIC, value)
    log = CountingLog(ledger.kafka, TOPIC)
    assert [one.id for one in history_of(ledger, log).select(794, 2)] == [795, 796]
    assert log.read < 200


@pytest.mark.usefixtures("near")
def test_a_search_does_not_hide_that_the_beginning_was_deleted():
    ledger = written(SimulatedKafka(), blocks=100)
    ledger.kafka.delete_before(TOPIC, 1)
    with pytest.raises(LedgerTruncated, match="begins at offset 1"):
        history_of(ledger).select(150, 2)
