"""The model can fail: each of these bugs, planted one at a time, is found within a few seeds."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from msgspec.structs import replace
from plant import plant
from simulation.machine import Machine, Running
from simulation.proofs import prove
from simulation.world import OnStart, World

from consumers.ledgers import KafkaLedger
from consumers.snapshot import Snapshot
from consumers.writing.blocks import Block, InFlight
from consumers.writing.engine import Engine
from consumers.writing.handing_on import HandingOn
from consumers.writing.writer import Writer
from ledger.domain.deadlines import Agenda
from ledger.domain.state import State
from ledger.kafka import follower
from ledger.kafka.block import decode, encode
from ledger.kafka.chain import Chain, Counted
from ledger.kafka.follower import Follower
from ledger.kafka.tip import Tip

SEEDS = 100
"""At most; most bugs are caught by one of the first ten."""

Bug = Callable[..., None]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What writers say of their troubles is of no interest here."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> Bug:
    """Plants one: `bug(where, (said, says), …)`, all exchanges of one function in one call."""

    def planted(where: Callable[..., object], *exchanges: tuple[str, str]) -> None:
        first, *more = exchanges
        plant(monkeypatch, where, *first, *more)

    return planted


def caught(law: str, on_start: OnStart | None = None, **setting: Any) -> None:
    """A run of the model finds this law broken; `setting` may say what the bug needs."""
    broken: list[str] = []
    for seed in range(SEEDS):
        with World(seed, on_start, **setting) as world:
            broken = [violation.law for violation in prove(world)]
        if law in broken:
            return
    raise AssertionError(f"{law!r} holds in {SEEDS} runs; the last broke {broken}")


def test_the_model_catches_an_answer_before_the_acknowledgement(bug: Bug) -> None:
    bug(
        Writer._hand_over,
        (
            "future.add_done_callback(self._wake)",
            """future.add_done_callback(self._wake)
        for asked in self._engine.in_flight.block.asked.values():
            asked.answer(self._engine.ledger.head.position + 1)""",
        ),
    )
    caught("acknowledged answers")


class Gullible(Chain):
    """Takes every block whose position follows, whatever it was decided on."""

    def take(self, offset: int, value: bytes | None) -> Counted | None:
        block = decode(value)
        if block is not None and block.first == self.head.position + 1:
            value = encode(replace(block, prev=self.head.hash))
        return super().take(offset, value)


def test_the_model_catches_one_reader_without_the_rule() -> None:
    def gullible(machine: Machine, running: Running) -> None:
        if machine.name == "w0":
            running.tip._follower._chain.__class__ = Gullible

    caught("writers", gullible)


def test_the_model_catches_a_rule_by_position_instead_of_hash(bug: Bug) -> None:
    bug(
        Chain.take,
        ("block.prev != self.head.hash", "block.first != self.head.position + 1"),
    )
    caught("writers")


def test_the_model_catches_prev_taken_newer_than_the_state(bug: Bug) -> None:
    bug(
        KafkaLedger.append,
        (
            "positions: Future[list[int]] = Future()",
            "positions = Future(); self._tip.read_on(lambda _: None); decided_on = self.head",
        ),
    )
    caught("the chain")


def test_the_model_catches_a_tracking_outside_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    in_one = Engine.hand_over

    def in_two(self: Engine) -> Future[list[int]]:
        block = self.block
        if not (block.tracking and block.events):
            return in_one(self)
        moved = Block(self.state)
        moved.tracking, block.tracking = block.tracking, {}
        future = self.ledger.append([], self.ledger.head, moved.tracking, self._recorded_at)
        self.in_flight = InFlight(moved, future)
        return future

    monkeypatch.setattr(Engine, "hand_over", in_two)
    caught("inputs")


def test_the_model_catches_an_overlay_that_is_not_dropped(bug: Bug) -> None:
    bug(Engine.drop, ("self.block = Block(self.state)", "self.block = Block(self.block.state)"))
    caught("the chain")


def test_the_model_catches_input_that_is_not_taken_again_after_a_loss(bug: Bug) -> None:
    bug(Writer._catch_up, ("self._engine.rewind()", "pass"))
    caught("inputs")


def test_the_model_catches_a_first_block_over_a_truncated_log(bug: Bug) -> None:
    bug(Follower.is_empty, ("reader.start() == 0 and reader.end() == 0", "True"))
    caught("first block", emptied=True)


def test_the_model_catches_an_acknowledged_offset_that_is_not_looked_at(bug: Bug) -> None:
    bug(
        Tip._won,
        (
            "if offset != self._follower.next_offset:",
            "offset = self._follower.next_offset\n        if False:",
        ),
    )
    caught("acknowledged answers")


def test_the_model_catches_an_index_that_forgets_old_requests(bug: Bug) -> None:
    window = (
        "known = self.index.get(key)",
        """known = self.index.get(key)
    if known is not None and known.position < self.ledger.head.position - 60:
        known = None""",
    )
    bug(Engine.answered_before, window)
    bug(Engine._said_before, window)
    caught("the chain")


def test_the_model_catches_a_repeat_answered_while_the_first_is_in_flight(bug: Bug) -> None:
    bug(
        Engine._decide_queued,
        (
            "asked.waiters.append(waiter)",
            "tell(waiter, asked.event, self.ledger.head.position + 1 + asked.offset, replayed=True)",
        ),
    )
    caught("acknowledged answers")


def test_the_model_catches_a_record_passed_when_half_of_it_is_decided(bug: Bug) -> None:
    bug(
        Engine._decide_input,
        (
            "if opened.index >= len(opened.items):\n        block.tracking",
            "if opened.index == min(1, len(opened.items)):\n        block.tracking",
        ),
        (
            "        self._open = None\n    return True",
            "    if opened.index >= len(opened.items):\n        self._open = None\n    return True",
        ),
    )
    caught("inputs")


def test_the_model_catches_recorded_at_going_back(bug: Bug) -> None:
    bug(Engine._now, ("max(self._clock(), self._recorded_at)", "self._clock()"))
    caught("recorded_at")


def test_the_model_catches_a_time_of_record_that_only_events_hand_on(bug: Bug) -> None:
    bug(Engine.read, ("if page.recorded_at is not None:", "if False:"))
    caught("recorded_at", machines=3, ahead_s=(4.0, -4.0, 0.0), within_s=25.0)


def test_the_model_catches_a_standby_that_answers_from_its_own_decision(bug: Bug) -> None:
    bug(
        HandingOn.publish_what_is_queued,
        (
            "if not self._engine.answered_before(waiter):",
            """if not self._engine.answered_before(waiter):
            alone = type(self._engine.block)(self._engine.state)
            self._engine.queue.appendleft(waiter)
            self._engine._decide_queued(alone)
            for asked in alone.asked.values():
                asked.answer(self._engine.ledger.head.position + 1)""",
        ),
    )
    caught("acknowledged answers")


def test_the_model_catches_a_version_that_does_not_see_the_block_in_flight(bug: Bug) -> None:
    bug(
        Block.add,
        (
            "versions.get(stream, 0) + 1",
            "max(versions._own.get(stream, 0), below.versions.get(stream, 0)) + 1",
        ),
        (
            "versions = self.state.versions",
            "versions = self.state.versions; below = self.state._below; below = below._below or below",
        ),
    )
    caught("the chain")


def test_the_model_catches_a_late_landing_taken_for_lost(bug: Bug) -> None:
    bug(Writer._recover, ("self._behind, self._pause_s = True, 0.0", "self._engine.rewind()"))
    bug(
        Tip._give_up,
        ("self._uncertain, self._sent = True, None", "self._sent = None; self._discard()"),
    )
    caught("in time")


def test_the_model_catches_a_dead_letter_that_nobody_waits_for(bug: Bug) -> None:
    bug(Engine.hand_over, ("letter.result(LETTER_LIMIT_S)", "pass"))
    caught("dead letters", letters_lost=0.3)


def test_the_model_catches_a_block_in_flight_that_is_dropped_before_it_lands(bug: Bug) -> None:
    bug(Writer._fill, ("self._unfilled = fault", "raise"))
    caught("the chain", trouble=0.0, letters_lost=0.3)


def test_the_model_catches_blocks_lost_because_nobody_hears_of_them(bug: Bug) -> None:
    bug(Writer._tell_appended, ("except Exception as fault:", "except ValueError as fault:"))
    caught("the chain")


def test_the_model_catches_a_snapshot_behind_its_checkpoint(bug: Bug) -> None:
    bug(
        Engine.read,
        ("self._save_if_due(page.checkpoint)", "self._save_if_due(self.ledger.checkpoint)"),
    )
    caught("what a writer knows", snapshots=True)


def test_the_model_catches_other_content_answered_as_the_same(bug: Bug) -> None:
    bug(Engine._again, ("if not known.same(fingerprint(request)):", "if False:"))
    caught("content")


def test_the_model_catches_a_start_that_takes_a_slow_broker_for_a_loss(bug: Bug) -> None:
    bug(
        follower._prove,
        ("end = _end(reader, checkpoint.next_offset, clock)", "end = reader.end()"),
    )
    caught("writers", snapshots=True, hidden_s=1.0)


def test_the_model_catches_a_deadline_that_two_writers_decide(bug: Bug) -> None:
    """What one of them has written ends it for no other."""
    bug(State.end_deadline, ("self.deadlines.pop(key, None)", "pass"))
    bug(Engine._decide_deadline, ("self._said_before(block, key, own)", "None"))
    caught("answered once")


def test_the_model_catches_deadlines_that_do_not_come_back_after_a_loss(bug: Bug) -> None:
    """With one writer: another one would decide them after it."""
    bug(Agenda.settle, ("if key in confirmed:", "if False:"))
    caught("in time", machines=1, trouble=0.6)


def test_the_model_catches_deadlines_that_wait_for_requests(bug: Bug) -> None:
    bug(
        Engine.fill,
        ("if passed is not None:", "if passed is not None and not self.queue:"),
    )
    caught("holds")


def test_the_model_catches_deadlines_without_order(bug: Bug) -> None:
    bug(
        Agenda.passed,
        (
            "while heap and heap[0][0] <= now:",
            """standing_first = [key for key in reversed(heap) if key in standing and key[0] <= now]
    if standing_first:
        return standing_first[0]
    while heap and heap[0][0] <= now:""",
        ),
    )
    caught("deadlines")


def test_the_model_catches_a_writer_that_no_deadline_wakes(bug: Bug) -> None:
    bug(Writer._something_to_decide, (" or self._deadline_passed()", ""))
    caught("in time")


def test_the_model_catches_standbys_that_look_at_no_deadline(bug: Bug) -> None:
    bug(Writer._stand_by, ("due = self._engine.due", "due = None"))
    caught("in time")


def test_the_model_catches_a_snapshot_that_forgets_what_is_due(bug: Bug) -> None:
    bug(Snapshot._fill, ("Agenda(self._state.deadlines)", "Agenda()"))
    caught("in time", snapshots=True)
