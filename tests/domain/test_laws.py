"""Laws that hold over any requests in any order, checked after each of them."""

from datetime import timedelta

import laws
import msgspec
from any_request import Sent, any_request, days
from books import START, Books, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from invariants import check, one_answer

from ledger import codec
from ledger.domain.evolve import evolve
from ledger.domain.state import State
from ledger.door import read_request

EXAMPLES = 400
DAYS = 60
STEPS = 40


@settings(max_examples=EXAMPLES)
@given(days())
def test_every_number_is_the_sum_of_what_happened_after_every_request(day: list[Sent]) -> None:
    laws.every_number_is_a_sum(day)


@settings(max_examples=EXAMPLES // 2)
@given(days())
def test_reading_the_ledger_again_gives_the_same_knowledge(day: list[Sent]) -> None:
    laws.reading_again_is_knowing_the_same(day)


@settings(max_examples=EXAMPLES // 2)
@given(days())
def test_deciding_on_a_block_in_flight_is_deciding_on_the_confirmed_state(day: list[Sent]) -> None:
    laws.a_block_in_flight_is_as_good_as_confirmed(day)


@settings(max_examples=EXAMPLES)
@given(days())
def test_no_request_and_no_deadline_can_make_the_writer_stop(day: list[Sent]) -> None:
    laws.nothing_stops_the_writer(day)


@settings(max_examples=EXAMPLES)
@given(any_request)
def test_the_requests_of_these_laws_are_such_as_the_door_lets_in(sent: Sent) -> None:
    assert read_request(msgspec.json.encode(sent.request)) == sent.request


class AnyShop(RuleBasedStateMachine):
    """A writer to which anything may be said at any time, and said again."""

    def __init__(self) -> None:
        super().__init__()
        self.books = Books()
        self.now = START
        self.asked: list[Sent] = []

    @rule(sent=any_request)
    def asks(self, sent: Sent) -> None:
        """Some channel says something; another of that id would be another content."""
        if (sent.channel, sent.request.request_id) not in self.books.answers:
            self.asked.append(sent)
            one_answer(self.books.take(sent.channel, sent.request, self.now))
            check(self.books)

    @rule(which=st.integers(0, 1_000))
    def asks_again(self, which: int) -> None:
        """The same once more changes nothing."""
        if self.asked:
            sent = self.asked[which % len(self.asked)]
            before = snapshot(self.books.state)
            self.books.take(sent.channel, sent.request, self.now)
            assert snapshot(self.books.state) == before

    @rule(minutes=st.sampled_from((1, 5, 60, 3_000)))
    def time_passes(self, minutes: int) -> None:
        """Deadlines pass, in their order, each once."""
        self.now += timedelta(minutes=minutes)
        laws.time_passes(self.books, self.now)
        check(self.books)

    def teardown(self) -> None:
        """In the end nothing is held, and who reads the ledger knows the same."""
        laws.everything_ends(self.books)
        again = State()
        for event in self.books.events:
            evolve(again, codec.decode(codec.TOPICS[type(event)], codec.encode(event)))
        assert snapshot(again) == snapshot(self.books.state)


test_anything_may_be_said_at_any_time = AnyShop.TestCase
AnyShop.TestCase.settings = settings(max_examples=DAYS, stateful_step_count=STEPS, deadline=None)
