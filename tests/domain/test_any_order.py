"""Rule 13: order of arrival is not order of happening."""

from random import Random

import any_order
from any_request import Sent, any_fact, fact_of_an_open_shop, several, two_orders
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = 300
chances = st.randoms(use_true_random=False)


@settings(max_examples=EXAMPLES)
@given(several(any_fact), two_orders, chances)
def test_facts_in_any_order_and_twice_end_in_the_same_quantities(
    facts: list[Sent], orders: tuple[Sent, ...], chance: Random
) -> None:
    any_order.facts_commute(facts, orders, chance)


@settings(max_examples=EXAMPLES)
@given(several(fact_of_an_open_shop), two_orders, chances)
def test_facts_may_come_before_the_order_or_sale_that_they_are_about(
    facts: list[Sent], orders: tuple[Sent, ...], chance: Random
) -> None:
    any_order.facts_find_their_order(facts, orders, chance)
