"""Rule 13: order of arrival is not order of happening."""

from random import Random

import any_order
from any_request import (
    Sent,
    any_fact,
    any_word,
    fact_of_an_open_shop,
    several,
    standing_claims,
    two_orders,
    two_transfers,
)
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = 300
chances = st.randoms(use_true_random=False)


@settings(max_examples=EXAMPLES)
@given(several(any_fact), standing_claims, chances)
def test_facts_in_any_order_and_twice_end_in_the_same_quantities(
    facts: list[Sent], claims: list[Sent], chance: Random
) -> None:
    any_order.facts_commute(facts, claims, chance)


@settings(max_examples=EXAMPLES)
@given(several(fact_of_an_open_shop), two_orders, two_transfers, chances)
def test_facts_may_come_before_the_order_sale_or_transfer_that_they_are_about(
    facts: list[Sent],
    orders: tuple[Sent, ...],
    transfers: tuple[Sent, ...],
    chance: Random,
) -> None:
    any_order.facts_find_their_order(facts, (*orders, *transfers), chance)


@settings(max_examples=EXAMPLES)
@given(several(any_word), standing_claims, chances)
def test_of_two_words_on_one_thing_the_later_counts_whichever_came_first(
    words: list[Sent], claims: list[Sent], chance: Random
) -> None:
    any_order.facts_commute(words, claims, chance)
