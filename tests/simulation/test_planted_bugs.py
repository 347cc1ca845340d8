"""The model can fail: each of these bugs, planted one at a time, is found within a few seeds."""

import logging
from collections.abc import Callable, Iterator

import pytest
from plant import plant
from simulation.machine import Machine
from simulation.proofs import prove
from simulation.world import World

from consumers.blocks import Block
from consumers.engine import Engine
from consumers.inputs import Inputs
from consumers.ledgers import KafkaLedger
from consumers.takeover import Standing
from consumers.writer import Writer
from ledger.kafka.chain import Chain, Counted
from ledger.kafka.follower import Follower
from ledger.kafka.tip import Tip

SEEDS = 60
"""At most; most bugs are caught by one of the first ten."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What the writers say of their troubles is of no interest here."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Plants one: `bug(where, said, says)`."""
    return lambda where, said, says: plant(monkeypatch, where, said, says)


def caught_by(on_start: Callable[[Machine], None] | None = None) -> set[str]:
    """The laws that the bug breaks in the first run in which it does."""
    for seed in range(SEEDS):
        world = World(seed, on_start)
        world.run()
        if violations := prove(world):
            print(seed, *violations[:4], sep="\n   ")
            return {violation.law for violation in violations}
    raise AssertionError(f"the bug lives through {SEEDS} runs")


def test_the_model_catches_an_answer_before_the_acknowledgement(bug) -> None:
    bug(
        Writer._decide,
        "engine.hand_over().add_done_callback(self._wake)",
        "(sent := engine.hand_over()).add_done_callback(self._wake); "
        "[asked.answer(self._ledger.head.position + 1) for asked in engine.in_flight.block.asked.values()]",
    )
    caught_by()


class Gullible(Chain):
    """Takes a block for one that counts if its position follows."""

    def take(self, offset: int, value: bytes | None) -> Counted | None: ...


def test_the_model_catches_a_reader_without_the_rule(bug) -> None:
    bug(Chain.take, "block.prev != self.head.hash", "block.first != self.head.position + 1")
    caught_by()


def test_the_model_catches_prev_taken_newer_than_the_state(bug) -> None:
    bug(
        KafkaLedger.append,
        "positions: Future[list[int]] = Future()",
        "positions: Future[list[int]] = Future(); self._tip.read_on(lambda _: None); decided_on = self._tip.head",
    )
    caught_by()


def test_the_model_catches_a_tracking_outside_its_block(monkeypatch) -> None:
    from consumers.blocks import InFlight

    hand_over = Engine.hand_over

    def in_two(self: Engine):
        block = self.block
        if not (block.tracking and block.events):
            return hand_over(self)
        first = Block(self.state)
        first.tracking, block.tracking = block.tracking, {}
        future = self.ledger.append([], self.ledger.head, first.tracking, self._recorded_at)
        self.in_flight = InFlight(first, future)
        return future

    monkeypatch.setattr(Engine, "hand_over", in_two)
    caught_by()


def test_the_model_catches_an_overlay_that_is_not_dropped(bug) -> None:
    bug(Engine.drop, "self.block = Block(self.state)", "self.block = Block(self.block.state)")
    caught_by()


def test_the_model_catches_input_that_is_not_taken_again_after_a_loss(bug) -> None:
    bug(Writer._catch_up, "self._engine.rewind()", "pass")
    caught_by()


def test_the_model_catches_an_acknowledged_offset_that_is_not_looked_at(bug) -> None:
    bug(Tip._won, "if offset != self._follower.next_offset:", "if offset < 0:")
    bug(Tip._landed, "self._won(sent, *done.result())", "self._won(sent, self._follower.next_offset, done.result().timestamp_ms)")
    caught_by()


def test_the_model_catches_an_index_that_forgets_old_requests(bug) -> None:
    forget = "known = self.index.get(key); known = known if known and known.position > self.ledger.head.position - 60 else None"
    bug(Engine.answered_before, "known = self.index.get(key)", forget)
    bug(Engine._said_before, "known = self.index.get(key)", forget)
    caught_by()


def test_the_model_catches_a_repeat_answered_while_the_first_is_in_flight(bug) -> None:
    bug(
        Engine._decide_queued,
        "asked.waiters.append(waiter)",
        "tell(waiter, asked.event, self.ledger.head.position + 1 + asked.offset, replayed=True)",
    )
    caught_by()


def test_the_model_catches_a_record_passed_when_half_of_it_is_decided(bug) -> None:
    bug(
        Engine._decide_input,
        "if opened.index >= len(opened.items):\n        block.tracking",
        "if opened.index >= len(opened.items):\n        self._open = None\n    if opened.index == min(1, len(opened.items)):\n        block.tracking",
    )
    bug(Engine._decide_input, "+ 1\n            self._open = None\n        return", "+ 1\n        return")
    caught_by()


def test_the_model_catches_recorded_at_going_back(bug) -> None:
    bug(Engine._now, "max(self._clock(), self._recorded_at)", "self._clock()")
    caught_by()


def test_the_model_catches_a_standby_that_answers_from_its_own_decision(bug) -> None:
    bug(
        Writer._publish_what_is_queued,
        "waiters.setdefault(waiter[0].channel, []).append(waiter)",
        "self._engine.queue.appendleft(waiter); block = Block(self._engine.state); "
        "self._engine._decide_queued(block); "
        "[asked.answer(self.position + 1) for asked in block.asked.values()]; "
        "waiters.setdefault(waiter[0].channel, []).append(waiter)",
    )
    caught_by()


def test_the_model_catches_a_version_that_does_not_see_the_block_in_flight(bug) -> None:
    bug(Block.add, "versions.get(stream, 0) + 1", "max(versions._own.get(stream, 0), self._confirmed.versions.get(stream, 0)) + 1")
    bug(Block.__init__, "self.state = below.on_top()", "self.state = below.on_top(); self._confirmed = below._below or below")
    caught_by()


def test_the_model_catches_a_late_landing_taken_for_lost(bug) -> None:
    bug(Writer._recover, "self._behind, self._pause_s = True, 0.0", "self._engine.rewind()")
    bug(Tip._give_up, "self._uncertain, self._sent = True, None", "self._sent = None; self._discard()")
    caught_by()


def test_the_model_catches_a_dead_letter_that_nobody_waits_for(bug) -> None:
    bug(Engine.hand_over, "letter.result(LETTER_LIMIT_S)", "pass")
    caught_by()
