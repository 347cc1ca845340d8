"""No request or event type is forgotten by the tables that dispatch on it."""

from typing import get_args

from ledger.domain import decider, evolve
from ledger.domain.events import AnyEvent
from ledger.domain.requests import Claim, DeadlinePassed, Fact


def test_every_claim_has_a_handler() -> None:
    assert decider._CLAIM.keys() == set(get_args(Claim))


def test_every_fact_has_a_handler() -> None:
    assert decider._RECORD.keys() == {*get_args(Fact), DeadlinePassed}


def test_every_event_has_an_effect_on_what_is_known_or_is_said_to_have_none() -> None:
    assert evolve._EVOLVE.keys() == set(get_args(AnyEvent))
