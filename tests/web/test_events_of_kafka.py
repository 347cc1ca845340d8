"""Pages of a ledger that has no index: bounded work a call, and nothing left out."""

import asyncio
from collections.abc import Callable

import pytest
from simulated_ledger import TOPIC, Written, event
from simulated_log import SimulatedKafka

from api import kafka_events
from api.events import Read
from api.kafka_events import KafkaEvents
from api.problems import Problem
from ledger.kafka.history import History

Reader = Callable[..., Read]


@pytest.fixture
def ledger() -> Written:
    """Ten blocks of ten events; every tenth event is a receipt."""
    ledger = Written(SimulatedKafka())
    for block in range(10):
        sold = [event(f"mug-{block}-{n}") for n in range(9)]
        ledger.block(*sold, event(f"mug-{block}", topic="stock_received.v1"))
    return ledger


@pytest.fixture
def events(ledger: Written) -> KafkaEvents:
    def history() -> History:
        return History(ledger.kafka.log(TOPIC), "main", clock=ledger.kafka.ticks)

    return KafkaEvents(history, lambda: ledger.chain.head.position)


def page(events: KafkaEvents, after: int, limit: int, **wanted: object) -> tuple[list[int], object]:
    found = asyncio.run(events.page(after, limit, **wanted))
    return [each.position for each in found.events], found.following


@pytest.mark.parametrize("recent", [0, 1_000])
def test_pages_follow_one_another_without_gaps(events, monkeypatch, recent):
    monkeypatch.setattr(kafka_events, "RECENT_EVENTS", recent)
    positions: list[int] = []
    after: object = 0
    while after is not None:
        found, after = page(events, int(str(after)), 7)
        positions += found
    assert positions == list(range(1, 101))


@pytest.mark.parametrize("recent", [0, 15, 1_000])
def test_a_filter_finds_all_there_are_though_one_call_looks_through_a_part(
    events, monkeypatch, recent
):
    monkeypatch.setattr(kafka_events, "RECENT_EVENTS", recent)
    monkeypatch.setattr(kafka_events, "MAX_LOOKED_AT", 12)
    positions: list[int] = []
    after: object = 0
    while after is not None:
        found, after = page(events, int(str(after)), 3, topics=["stock_received.v1"])
        positions += found
    assert positions == list(range(10, 101, 10))


def test_one_call_looks_through_no_more_than_it_may_and_says_where_to_go_on(events, monkeypatch):
    monkeypatch.setattr(kafka_events, "RECENT_EVENTS", 0)
    monkeypatch.setattr(kafka_events, "MAX_LOOKED_AT", 25)
    assert page(events, 0, 100, stream="stock/mug-9") == ([], 25)
    assert page(events, 80, 100, stream="stock/mug-9") == ([100], None)


def test_what_is_recorded_later_is_read_on(events, ledger):
    assert page(events, 95, 100) == ([96, 97, 98, 99, 100], None)
    ledger.block(event("new"))
    assert page(events, 99, 100) == ([100, 101], None)
    assert page(events, 101, 100) == ([], None)
    assert page(events, 3, 2) == ([4, 5], 5)


def test_memory_of_the_last_events_is_bounded(events, ledger, monkeypatch):
    monkeypatch.setattr(kafka_events, "RECENT_EVENTS", 20)
    page(events, 85, 100)
    for _ in range(5):
        ledger.block(*(event(f"new-{n}") for n in range(10)))
        assert len(page(events, ledger.chain.head.position - 10, 100)[0]) == 10
    assert len(events._recent._events) <= 20
    monkeypatch.setattr(kafka_events, "RECENT_BYTES", 5 * len(event().state))
    ledger.block(event("last"))
    page(events, ledger.chain.head.position - 1, 100)
    assert len(events._recent._events) == 5


def test_a_ledger_that_cannot_be_read_now_is_503_and_read_again_later(events, ledger):
    ledger.kafka.go_away_for(30.0)
    with pytest.raises(Problem) as told:
        page(events, 0, 10)
    assert told.value.kind.status == 503
    ledger.kafka.run_for(31.0)
    assert page(events, 0, 2) == ([1, 2], 2)
