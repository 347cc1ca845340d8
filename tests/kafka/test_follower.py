"""Reading a ledger on: every block that counts once, and loud where the topic lost something."""

from random import Random

import pytest
from simulated_ledger import TOPIC, Written, event, written
from simulated_log import SimulatedKafka

from ledger.head import Head
from ledger.kafka.chain import Checkpoint, LedgerCorrupt, LedgerTruncated
from ledger.kafka.follower import READ_LIMIT_S
from ledger.kafka.log import LogUnavailable


@pytest.fixture
def kafka() -> SimulatedKafka:
    return SimulatedKafka()


@pytest.mark.parametrize("records_a_poll", [1, 3, 5_000])
@pytest.mark.parametrize("begin", range(5))
def test_a_reader_gets_each_block_behind_its_checkpoint_once(records_a_poll, begin):
    ledger = written(SimulatedKafka(records_a_poll=records_a_poll))
    follower = ledger.follower(ledger.checkpoint(begin))
    assert list(follower.to_the_end()) == ledger.blocks[begin:]
    assert follower.checkpoint == ledger.checkpoint(4)
    assert list(follower.to_the_end()) == []
    ledger.block(event("new"))
    assert list(follower.to_the_end()) == ledger.blocks[4:]


def test_what_does_not_count_is_read_over(kafka):
    ledger = Written(kafka)
    for n in range(3):
        ledger.block(event(f"mug-{n}"))
        ledger.dead(event(f"dead-{n}"))
        kafka.put(TOPIC, b"garbage")
    follower = ledger.follower()
    assert list(follower.to_the_end()) == ledger.blocks
    assert (follower.skipped, follower.next_offset) == (6, 9)
    assert follower.checkpoint.next_offset == 7


def test_a_reader_waits_so_long_for_the_next_record_and_no_longer(kafka):
    ledger = written(kafka)
    follower = ledger.follower(ledger.checkpoint(4))
    assert follower.poll(2.0) == []
    assert kafka.ticks() == 2.0
    kafka.at(1.0, lambda: ledger.block(event("late")))
    assert follower.poll(2.0) == ledger.blocks[4:]
    assert kafka.ticks() == 3.0


def test_reading_goes_on_after_the_connection_was_given_up(kafka):
    ledger = written(kafka)
    follower = ledger.follower()
    assert list(follower.to_the_end()) == ledger.blocks
    follower.close()
    ledger.block(event("new"))
    assert list(follower.to_the_end()) == ledger.blocks[4:]


# What is lost is told


def test_a_topic_that_does_not_begin_at_0_is_refused_without_a_checkpoint(kafka):
    ledger = written(kafka)
    kafka.delete_before(TOPIC, 1)
    with pytest.raises(LedgerTruncated, match="begins at offset 1"):
        ledger.follower().poll(0)


def test_a_topic_whose_every_record_was_deleted_is_refused_without_a_checkpoint(kafka):
    ledger = written(kafka)
    kafka.delete_before(TOPIC, 4)
    with pytest.raises(LedgerTruncated, match="begins at offset 4"):
        ledger.follower().is_empty()


@pytest.mark.parametrize(("deleted", "read"), [(1, 2), (2, 2), (0, 2)])
def test_what_was_read_long_ago_may_be_deleted(kafka, deleted, read):
    ledger = written(kafka)
    kafka.delete_before(TOPIC, deleted)
    follower = ledger.follower(ledger.checkpoint(read))
    assert list(follower.to_the_end()) == ledger.blocks[read:]


def test_what_was_not_read_yet_may_not_be_deleted(kafka):
    ledger = written(kafka)
    kafka.delete_before(TOPIC, 3)
    with pytest.raises(LedgerTruncated, match="does not hold offset 2"):
        list(ledger.follower(ledger.checkpoint(2)).to_the_end())


@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_topic_that_ends_before_the_checkpoint_lost_blocks(kafka, left):
    ledger = written(kafka)
    kafka.lose_from(TOPIC, left)
    held = f"position {2 * left}" if left else "any position"
    with pytest.raises(LedgerTruncated, match=f"lost blocks after {held}: .* position 8 was read"):
        ledger.follower(ledger.checkpoint(4)).poll(0)


def test_a_topic_that_loses_blocks_while_it_is_read_is_told(kafka):
    ledger = written(kafka)
    follower = ledger.follower()
    list(follower.to_the_end())
    kafka.lose_from(TOPIC, 2)
    for _ in range(2):
        with pytest.raises(LedgerTruncated, match="lost"):
            list(follower.to_the_end())
        with pytest.raises(LedgerTruncated, match="lost"):
            follower.poll(0)


def test_another_block_at_the_checkpoints_place_is_told(kafka):
    ledger = written(kafka)
    kafka.lose_from(TOPIC, 3)
    kafka.put(TOPIC, ledger.value(event("other"), prev=ledger.checkpoint(3).head.hash, first=7))
    kafka.put(TOPIC, b"more")
    with pytest.raises(LedgerTruncated, match="another block at offset 3"):
        ledger.follower(ledger.checkpoint(4)).poll(0)


@pytest.mark.parametrize("value", [None, b"", b"garbage"])
def test_no_block_at_the_checkpoints_place_is_told(kafka, value):
    ledger = written(kafka)
    kafka.replace(TOPIC, 3, value)
    with pytest.raises(LedgerTruncated):
        ledger.follower(ledger.checkpoint(4)).poll(0)


def test_a_checkpoint_of_another_ledger_is_told(kafka):
    ledger = written(kafka)
    other = Checkpoint(2, Head(4, "c0ffee"))
    with pytest.raises(LedgerTruncated, match="another ledger"):
        ledger.follower(other).poll(0)


def test_a_topic_made_anew_is_told(kafka):
    ledger = written(kafka)
    new = SimulatedKafka()
    with pytest.raises(LedgerTruncated, match="lost blocks after any position"):
        Written(new).follower(ledger.checkpoint(4)).poll(0)


def test_a_proof_is_made_again_after_the_connection_was_given_up(kafka):
    ledger = written(kafka)
    follower = ledger.follower()
    list(follower.to_the_end())
    follower.close()
    kafka.lose_from(TOPIC, 2)
    with pytest.raises(LedgerTruncated, match="lost blocks"):
        follower.poll(0)


# What is corrupt is told, again and again


@pytest.mark.parametrize("records_a_poll", [1, 2, 5_000])
def test_blocks_before_a_corrupt_one_are_given_and_nobody_passes_it(records_a_poll):
    kafka = SimulatedKafka(records_a_poll=records_a_poll)
    ledger = written(kafka, 3)
    broken = kafka.put(TOPIC, ledger.value(event("far"), first=99))
    kafka.put(TOPIC, ledger.value(event("next")))
    follower, found = ledger.follower(), []
    for _ in range(3):
        with pytest.raises(LedgerCorrupt, match=f"offset {broken} begins at 99, not 7"):
            found.extend(follower.to_the_end())
    assert found == ledger.blocks
    assert (follower.next_offset, follower.checkpoint) == (broken, ledger.checkpoint(3))


# What is not there yet is waited for


def test_an_end_that_lags_behind_what_was_read_is_waited_for(kafka):
    ledger = written(kafka)
    follower = ledger.follower()
    list(follower.to_the_end())
    found = ledger.value(event("own"))
    offset = kafka.put(TOPIC, found, hidden_for_s=4.0)
    own = ledger.chain.take(offset, found)
    follower.won(offset, own.block, own.checkpoint.head.hash)
    assert follower.end() == 5
    assert kafka.ticks() >= 4.0


def test_what_comes_while_a_lagging_end_is_waited_for_is_not_missed(kafka):
    ledger = written(kafka)
    follower = ledger.follower()
    list(follower.to_the_end())
    follower.poll(0)
    kafka.hide_from(TOPIC, 2, 3.0)
    for n in range(3):
        kafka.at(1.0, lambda n=n: ledger.block(event(f"rival-{n}")))
    assert list(follower.to_the_end()) == ledger.blocks[4:]
    assert len(ledger.blocks) == 7


def test_an_end_that_stays_behind_what_was_read_is_a_loss(kafka):
    ledger = written(kafka)
    follower = ledger.follower()
    list(follower.to_the_end())
    own = ledger.block(event("own"), hidden_for_s=60.0)
    follower.won(4, own.block, own.checkpoint.head.hash)
    with pytest.raises(LedgerTruncated, match="lost blocks after position 8"):
        follower.end()


def test_records_that_do_not_come_are_not_waited_for_without_end(kafka):
    ledger = written(kafka)
    follower = ledger.follower()
    list(follower.to_the_end())
    began = kafka.ticks()
    with pytest.raises(LogUnavailable, match="is a broker away"):
        follower.more(follower.next_offset + 1)
    assert READ_LIMIT_S < kafka.ticks() - began < 2 * READ_LIMIT_S


def test_a_broker_that_is_away_is_told_and_reading_goes_on_when_it_is_back(kafka):
    ledger = written(kafka)
    follower = ledger.follower()
    first = follower.poll(0)
    kafka.go_away_for(30)
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            follower.poll(1.0)
    kafka.run_for(30)
    ledger.block(event("new"))
    assert [*first, *follower.to_the_end()] == ledger.blocks


def test_a_topic_without_a_record_is_empty(kafka):
    ledger = Written(kafka)
    assert ledger.follower().is_empty()
    assert list(ledger.follower().to_the_end()) == []
    kafka.put(TOPIC, b"garbage")
    assert not ledger.follower().is_empty()


@pytest.mark.parametrize("seed", range(20))
def test_readers_that_begin_anywhere_agree_however_the_records_come(seed):
    random = Random(seed)
    kafka = SimulatedKafka(records_a_poll=random.randint(1, 5))
    ledger = Written(kafka)
    for n in range(40):
        hidden_s = random.choice([0, 0, 0.2, 3.0])
        if random.random() < 0.6:
            ledger.block(event(f"mug-{n}"), hidden_for_s=hidden_s, tracking={"till": n})
        else:
            kafka.put(
                TOPIC, random.choice([None, b"{}", *kafka.values(TOPIC)]), hidden_for_s=hidden_s
            )
    for begin in range(0, len(ledger.blocks), 4):
        follower, found = ledger.follower(ledger.checkpoint(begin)), []
        while follower.next_offset < 40:
            found += follower.poll(random.choice([0, 0.1, 5]))
            if random.random() < 0.2:
                follower.close()
        assert found == ledger.blocks[begin:]
