"""The requests that the laws are tested with are such as channels may send, and are all of them."""

from typing import get_args

import msgspec
import pytest
from any_parts import Kind, Sent, times
from any_request import (
    ALL_KINDS,
    any_fact,
    any_request,
    fact_of_an_open_shop,
    standing_claims,
    two_transfers,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.requests import AnyRequest, Fact
from ledger.door import read_request

ANY_KIND = st.sampled_from(ALL_KINDS)


@pytest.mark.parametrize("request_type", get_args(AnyRequest), ids=lambda t: t.__name__)
def test_every_request_type_is_tested_by_the_laws(request_type: type[AnyRequest]) -> None:
    assert request_type in {kind.request_type for kind in ALL_KINDS}


@settings(max_examples=1_000)
@given(ANY_KIND, st.data())
def test_whatever_the_laws_say_in_a_request_the_door_lets_it_in(
    kind: Kind, data: st.DataObject
) -> None:
    said = data.draw(kind.fields)
    request = kind.request_type(request_id="r", occurred_at=data.draw(times), **said)
    assert read_request(msgspec.json.encode(request)) == request


@given(any_request, standing_claims, two_transfers)
def test_a_long_day_is_of_requests_that_the_door_lets_in(
    one: Sent, standing: list[Sent], transfers: tuple[Sent, ...]
) -> None:
    for sent in (one, *standing, *transfers):
        assert read_request(msgspec.json.encode(sent.request)) == sent.request


@given(any_fact, fact_of_an_open_shop)
def test_what_is_called_a_fact_is_one(one: Sent, other: Sent) -> None:
    assert isinstance(one.request, get_args(Fact))
    assert isinstance(other.request, get_args(Fact))
