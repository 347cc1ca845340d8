"""Laws that hold over any requests in any order, checked after each of them."""

import laws
import msgspec
from any_request import Sent, any_request, days
from hypothesis import given, settings

from ledger.door import read_request

EXAMPLES = 400


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
@given(any_request)
def test_the_requests_of_these_laws_are_such_as_the_door_lets_in(sent: Sent) -> None:
    assert read_request(msgspec.json.encode(sent.request)) == sent.request
