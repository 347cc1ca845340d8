"""One writer's end of a ledger, against a broker that loses, delays and doubles."""

from concurrent.futures import Future
from datetime import timedelta
from random import Random

import pytest
from eventsourcing.persistence import IntegrityError
from simulated_log import (
    ACK_LOST,
    BEGAN,
    DOUBLED,
    DOUBLED_LATER,
    DOUBLED_TOLD_SECOND,
    LATE,
    LOST,
    OFFSET_UNKNOWN,
    SLOW,
    WELL,
    SimulatedKafka,
    Told,
    troubled,
)

from ledger.head import Head
from ledger.kafka.chain import EMPTY, Chain, Counted, LedgerTruncated
from ledger.kafka.log import LogUnavailable
from ledger.kafka.tip import Tip
from ledger.recorded import Recorded

TOPIC = "onebook.main.ledger"


def event(stream: str = "mug", version: int = 1) -> Recorded:
    return Recorded(f"stock/{stream}", version, "stock_sold.v1", b'{"quantity":1}')


def tip_of(kafka: SimulatedKafka, writer: str = "w1", ahead_s: float = 0.0, **given) -> Tip:
    clocks = {"clock": kafka.clock_of(ahead_s), "ticks": kafka.ticks}
    return Tip(kafka.log(TOPIC), "main", writer, **clocks, **given)


def reading_tip(kafka: SimulatedKafka, writer: str = "w1", **given) -> Tip:
    tip = tip_of(kafka, writer, **given)
    read(tip)
    return tip


def read(tip: Tip) -> list[Counted]:
    found: list[Counted] = []
    tip.read_on(found.append)
    return found


def outcome(kafka: SimulatedKafka, appended: Future[Counted]) -> Counted:
    """What an append came to; raises what its future holds."""
    while not appended.done():
        assert kafka.step(), "the append never comes to an end"
    return appended.result()


def append(kafka: SimulatedKafka, tip: Tip, *events: Recorded, **tracking: int) -> Counted:
    return outcome(kafka, tip.append(events or [event()], tip.head, tracking))


def counted(kafka: SimulatedKafka) -> list[Counted]:
    """The blocks that count in the topic, seen or not."""
    chain = Chain("main")
    taken = (chain.take(offset, value) for offset, value in enumerate(kafka.values(TOPIC)))
    return [found for found in taken if found is not None]


def test_a_block_on_the_head_at_the_next_offset_has_won():
    kafka = SimulatedKafka()
    tip = reading_tip(kafka)
    first = append(kafka, tip, event(), event("cup"), till=3)
    second = append(kafka, tip, event("hat"))
    assert [first, second] == counted(kafka)
    assert (tip.head.position, tip.ready, tip.checkpoint.trackings) == (3, True, {"till": 3})
    assert read(tip) == []


def test_a_block_says_who_wrote_it_when_and_what_was_consumed():
    kafka = SimulatedKafka()
    tip = reading_tip(kafka, "w1-6f0a")
    append(kafka, tip, event(), till=3)
    outcome(kafka, tip.append([], tip.head, {"web": 1}, BEGAN + timedelta(days=1)))
    first, second = (found.block for found in counted(kafka))
    assert (first.writer, first.network, first.tracking) == ("w1-6f0a", "main", {"till": 3})
    assert BEGAN <= first.recorded_at <= kafka.now()
    assert (second.recorded_at, second.events) == (BEGAN + timedelta(days=1), ())


UNCERTAIN = {
    "lost": LOST,
    "landed, not confirmed": ACK_LOST,
    "landed too late": LATE,
    "landed somewhere": OFFSET_UNKNOWN,
    "taken twice, place unknown": DOUBLED,
    "taken twice, the second told": DOUBLED_TOLD_SECOND,
}


@pytest.mark.parametrize("fate", UNCERTAIN, ids=str)
def test_after_any_doubt_nothing_is_sent_before_the_log_is_read(fate):
    kafka = SimulatedKafka([WELL, UNCERTAIN[fate]])
    tip = reading_tip(kafka)
    won = append(kafka, tip)
    with pytest.raises(LogUnavailable):
        append(kafka, tip, event("cup"))
    assert (tip.ready, tip.head) == (False, won.checkpoint.head)
    sent = len(kafka.sent)
    for _ in range(2):
        with pytest.raises(IntegrityError, match="read to its end"):
            append(kafka, tip, event("cup"))
    assert len(kafka.sent) == sent


@pytest.mark.parametrize("fate", UNCERTAIN, ids=str)
def test_after_any_doubt_the_log_is_believed(fate):
    kafka = SimulatedKafka([WELL, UNCERTAIN[fate]])
    tip = reading_tip(kafka)
    append(kafka, tip)
    with pytest.raises(LogUnavailable):
        append(kafka, tip, event("cup"))
    kafka.settle()
    landed = [found.block.events for found in read(tip)]
    assert landed == ([] if fate == "lost" else [(event("cup"),)])
    assert tip.ready
    append(kafka, tip, event("hat"))
    assert [found.block.first for found in counted(kafka)] == list(range(1, len(landed) + 3))


@pytest.mark.parametrize("fate", UNCERTAIN, ids=str)
def test_after_any_doubt_the_appender_is_discarded_before_reading(fate):
    kafka = SimulatedKafka([UNCERTAIN[fate]])
    tip = reading_tip(kafka)
    with pytest.raises(LogUnavailable):
        append(kafka, tip)
    assert kafka.discards == 0
    read(tip)
    assert kafka.discards == 1
    read(tip)
    assert kafka.discards == 1


def test_without_doubt_the_appender_is_kept():
    kafka = SimulatedKafka()
    tip = reading_tip(kafka)
    for _ in range(3):
        append(kafka, tip)
        read(tip)
    assert kafka.discards == 0


def test_an_append_that_lands_when_it_was_given_up_is_a_dead_record_behind_the_next():
    kafka = SimulatedKafka([WELL, LATE])
    tip = reading_tip(kafka)
    append(kafka, tip)
    with pytest.raises(LogUnavailable):
        append(kafka, tip, event("late"))
    read(tip)
    append(kafka, tip, event("hat"))
    kafka.settle()
    assert len(kafka.values(TOPIC)) == 3
    assert [found.block.events for found in counted(kafka)] == [(event(),), (event("hat"),)]
    with pytest.raises(LogUnavailable, match="others have written"):
        append(kafka, tip, event("cup"))
    assert [found.block.events for found in read(tip)] == [(event("cup"),)]
    assert tip.skipped == 1


def test_an_append_that_lands_between_reading_and_the_next_append_wins():
    kafka = SimulatedKafka([LATE, LATE._replace(lands_after_s=5.0, told=Told.OFFSET)])
    tip = reading_tip(kafka)
    with pytest.raises(LogUnavailable):
        append(kafka, tip, event("late"))
    read(tip)
    with pytest.raises(LogUnavailable, match="others have written"):
        append(kafka, tip, event("again"))
    assert [found.block.events for found in read(tip)] == [(event("late"),)]


def test_a_block_that_the_broker_doubles_later_counts_once():
    kafka = SimulatedKafka([DOUBLED_LATER])
    tip = reading_tip(kafka)
    append(kafka, tip)
    kafka.settle()
    with pytest.raises(LogUnavailable, match="others have written"):
        append(kafka, tip, event("cup"))
    assert [found.block.first for found in read(tip)] == [2]
    assert tip.skipped == 1


def test_of_two_writers_on_one_head_the_first_in_the_log_wins():
    kafka = SimulatedKafka([SLOW, WELL])
    slow, quick = reading_tip(kafka, "slow"), reading_tip(kafka, "quick")
    overtaken = slow.append([event()], EMPTY, {})
    won = append(kafka, quick, event())
    with pytest.raises(LogUnavailable, match="at offset 1, not at 0"):
        outcome(kafka, overtaken)
    assert read(slow) == [won] == counted(kafka)
    assert slow.head == quick.head
    assert slow.skipped == 1


def test_a_writer_goes_on_behind_what_another_has_written():
    kafka = SimulatedKafka()
    tips = [reading_tip(kafka, "w1"), reading_tip(kafka, "w2")]
    for turn in range(6):
        read(tips[turn % 2])
        append(kafka, tips[turn % 2], event(f"mug-{turn}"))
    assert [found.block.writer for found in counted(kafka)] == ["w1", "w2"] * 3


def test_garbage_before_an_append_is_a_doubt_too():
    kafka = SimulatedKafka()
    tip = reading_tip(kafka)
    append(kafka, tip)
    kafka.put(TOPIC, b"garbage")
    with pytest.raises(LogUnavailable, match="at offset 2, not at 1"):
        append(kafka, tip, event("cup"))
    assert [found.block.first for found in read(tip)] == [2]


def test_a_writer_whose_block_takes_the_place_of_a_lost_one_stops_and_does_not_go_on_behind_it():
    kafka = SimulatedKafka()
    tip = reading_tip(kafka)
    append(kafka, tip)
    kafka.lose_from(TOPIC, 0)  # as long as before, once the next block is there
    with pytest.raises(LedgerTruncated, match=r"lost blocks .* at offset 0 of .* up to 1"):
        append(kafka, tip, event("cup"))
    assert counted(kafka) == []


@pytest.mark.parametrize("decided_on", [EMPTY, Head(1, "c0ffee"), Head(2, "")], ids=str)
def test_what_was_decided_on_another_head_is_not_sent(decided_on):
    kafka = SimulatedKafka()
    tip = reading_tip(kafka)
    append(kafka, tip)
    with pytest.raises(IntegrityError, match="decided on"):
        outcome(kafka, tip.append([event("cup")], decided_on, {}))
    assert (len(kafka.sent), tip.ready) == (1, True)


def test_nothing_is_sent_while_an_append_is_under_way():
    kafka = SimulatedKafka([SLOW])
    tip = reading_tip(kafka)
    first = tip.append([event()], EMPTY, {})
    assert not tip.ready
    with pytest.raises(IntegrityError, match="under way"):
        outcome(kafka, tip.append([event("cup")], EMPTY, {}))
    assert outcome(kafka, first).block.first == 1
    assert len(kafka.sent) == 1


def test_nothing_is_sent_before_the_log_was_read_for_the_first_time():
    kafka = SimulatedKafka()
    with pytest.raises(IntegrityError, match="read to its end"):
        append(kafka, tip_of(kafka))
    assert kafka.sent == []


def test_who_waits_for_others_must_read_to_the_end_before_appending():
    kafka = SimulatedKafka()
    standby, writer = reading_tip(kafka, "standby"), reading_tip(kafka)
    won = append(kafka, writer)
    heard: list[Counted] = []
    assert standby.wait(1.0, heard.append)
    assert not standby.wait(1.0, heard.append)
    assert heard == [won]
    with pytest.raises(IntegrityError, match="read to its end"):
        append(kafka, standby, event("cup"))
    read(standby)
    append(kafka, standby, event("cup"))


def test_nothing_is_sent_after_reading_has_failed():
    kafka = SimulatedKafka()
    tip = reading_tip(kafka)
    kafka.go_away_for(60)
    with pytest.raises(LogUnavailable):
        read(tip)
    kafka.run_for(60)
    with pytest.raises(IntegrityError, match="read to its end"):
        append(kafka, tip)
    read(tip)
    append(kafka, tip)


def test_a_broker_that_is_away_leaves_an_append_in_doubt():
    kafka = SimulatedKafka()
    tip = reading_tip(kafka)
    append(kafka, tip)
    kafka.go_away_for(60)
    with pytest.raises(LogUnavailable):
        append(kafka, tip, event("cup"))
    assert not tip.ready
    kafka.run_for(60)
    assert read(tip) == []
    append(kafka, tip, event("cup"))


def test_no_appender_can_be_had_is_told_in_the_future():
    kafka = SimulatedKafka()
    tip = reading_tip(kafka)
    append(kafka, tip)
    kafka.put(TOPIC, b"garbage")
    with pytest.raises(LogUnavailable):
        append(kafka, tip)
    read(tip)  # the appender is discarded
    kafka.go_away_for(60)
    assert isinstance(tip.append([event("cup")], tip.head, {}).exception(0), LogUnavailable)
    assert not tip.ready


def test_a_first_block_is_written_to_a_topic_that_never_held_a_record_only():
    kafka = SimulatedKafka()
    kafka.put(TOPIC, b"garbage")
    tip = reading_tip(kafka)
    with pytest.raises(LogUnavailable, match="empty topic only"):
        append(kafka, tip)
    assert kafka.sent == []


def test_a_first_block_is_not_written_where_a_ledger_was_deleted():
    kafka = SimulatedKafka()
    tip = reading_tip(kafka)
    kafka.put(TOPIC, b"the old ledger")
    kafka.delete_before(TOPIC, 1)
    with pytest.raises(LogUnavailable, match="empty topic only"):
        append(kafka, tip)
    assert kafka.sent == []


def test_the_second_of_two_first_blocks_is_dead():
    kafka = SimulatedKafka([SLOW, SLOW])
    tips = [reading_tip(kafka, "w1"), reading_tip(kafka, "w2")]
    both = [tip.append([event()], EMPTY, {}) for tip in tips]
    kafka.settle()
    assert [one.exception() is None for one in both] == [True, False]
    assert len(counted(kafka)) == 1


def test_a_writer_from_a_checkpoint_reads_what_came_since_and_goes_on():
    kafka = SimulatedKafka()
    writer = reading_tip(kafka)
    checkpoints = [append(kafka, writer, event(f"mug-{n}")).checkpoint for n in range(4)]
    other = tip_of(kafka, "w2", checkpoint=checkpoints[1])
    assert [found.block.first for found in read(other)] == [3, 4]
    assert append(kafka, other, event("cup")).block.first == 5


def test_a_writer_with_a_checkpoint_of_blocks_that_are_lost_stops():
    kafka = SimulatedKafka()
    writer = reading_tip(kafka)
    checkpoints = [append(kafka, writer, event(f"mug-{n}")).checkpoint for n in range(4)]
    kafka.lose_from(TOPIC, 2)
    with pytest.raises(LedgerTruncated, match="lost blocks after position 2"):
        read(writer)
    with pytest.raises(LedgerTruncated, match="lost blocks after position 2"):
        read(tip_of(kafka, "w2", checkpoint=checkpoints[3]))


def test_a_decision_that_would_corrupt_the_ledger_is_never_sent():
    kafka = SimulatedKafka()
    tip = reading_tip(kafka)
    append(kafka, tip, till=5)
    sent = len(kafka.sent)
    with pytest.raises(IntegrityError, match="till to 5"):
        append(kafka, tip, till=5)
    assert len(kafka.sent) == sent
    append(kafka, tip, till=6)


def test_what_cannot_be_said_in_a_block_is_told_to_who_waits():
    kafka = SimulatedKafka()
    tip = reading_tip(kafka)
    with pytest.raises(UnicodeEncodeError):
        append(kafka, tip, event("\ud800"))
    assert kafka.sent == []
    read(tip)
    append(kafka, tip)


@pytest.mark.parametrize(("ahead_s", "least", "most"), [(0, 0, 0.1), (7, 6.9, 7), (-7, -7, -6.9)])
def test_a_clock_that_differs_from_the_brokers_is_seen_on_the_first_append(ahead_s, least, most):
    kafka = SimulatedKafka()
    tip = reading_tip(kafka, ahead_s=ahead_s)
    append(kafka, tip)
    assert least <= tip.clock_ahead_s <= most


def test_a_slow_append_does_not_make_a_clock_wrong():
    kafka = SimulatedKafka([SLOW._replace(told_after_s=4.0)])
    tip = reading_tip(kafka)
    append(kafka, tip)
    assert tip.clock_ahead_s == 0


def test_a_broker_that_stamps_nothing_says_nothing_of_the_clock():
    kafka = SimulatedKafka(stamps=False)
    tip = reading_tip(kafka, ahead_s=60)
    append(kafka, tip)
    assert tip.clock_ahead_s == 0


def test_an_end_that_lags_behind_the_acknowledged_is_waited_for():
    kafka = SimulatedKafka(hidden_for_s=lambda: 3.0)
    tip = reading_tip(kafka)
    won = append(kafka, tip)
    assert read(tip) == []
    assert tip.head == won.checkpoint.head
    assert append(kafka, tip, event("cup")).block.first == 2


@pytest.mark.parametrize("seed", range(60))
def test_whatever_brokers_do_no_acknowledged_block_is_lost_and_none_counts_twice(seed):
    """Three writers, each deciding on what it knows, at random; half of the appends have trouble."""
    random = Random(seed)
    kafka = SimulatedKafka(
        troubled(Random(seed), 0.5),
        hidden_for_s=lambda: random.choice([0.0, 0.0, 0.01, 2.0]),
        records_a_poll=random.randint(1, 4),
    )
    tips = [tip_of(kafka, f"w{n}") for n in range(3)]
    known: list[list[Counted]] = [[], [], []]
    for turn in range(120):
        place = random.randrange(3)
        tip, mine = tips[place], known[place]
        if tip.ready and random.random() < 0.7:
            tip.append([event(f"{turn}")], tip.head, {}).add_done_callback(
                lambda done, mine=mine: done.exception() or mine.append(done.result())
            )
        elif tip._sent is None:
            tip.read_on(mine.append)
        for _ in range(random.randrange(4)):
            kafka.step()
        if kafka.values(TOPIC) and random.random() < 0.05:
            kafka.put(TOPIC, random.choice([None, b"garbage", *kafka.sent]))
    kafka.settle()
    blocks = counted(kafka)
    assert len(blocks) >= 5
    for tip, mine in zip(tips, known, strict=True):
        tip.read_on(mine.append)
        assert mine == blocks, "each writer has heard of each block that counts, once, in order"
        assert tip.checkpoint == blocks[-1].checkpoint
