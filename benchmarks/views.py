"""Folding a ledger into the views, and verifying them: the projector's and the auditor's work."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import psycopg

from benchmarks import shop
from benchmarks.bench import Bench, settle
from benchmarks.end_to_end import BATCHES, submit_all
from benchmarks.figures import Figure, Goal, Line, interleaved
from consumers.node import DEFAULT_NETWORK, Node
from consumers.projector import Projector
from consumers.proving.verify import verify
from ledger import postgres
from ledger.codec import decode
from ledger.opening import open_ledger
from ledger.postgres import ProcessRecorder
from projections.views import VIEWS

REQUESTS = 45_000
QUICK_REQUESTS = 5_000
"""About five events each."""
ITEMS = 1_000
PAGE_EVENTS = 5_000
READING = "reading and decoding alone"
FOLDING = "fold into all views"


def lines(bench: Bench) -> Iterator[Line]:
    """Events folded a second, beside the same events merely read and decoded."""
    with bench.database() as ledger_url:
        events = _write_ledger(bench, ledger_url)
        note = (
            f"Views: an existing ledger of {events:,} events of sales, returns, orders, shipments,"
            " cancellations, adjustments and counts, read from its first event. Each view is"
            " verified alone, its reading and decoding included."
        )
        with (
            open_ledger(postgres.environment(ledger_url), DEFAULT_NETWORK) as recorder,
            bench.database() as views_url,
        ):
            _caught_up(Projector(recorder, views_url, DEFAULT_NETWORK, listen=False), events)
            settle(views_url)
            taken = interleaved(
                bench.repeats,
                {
                    READING: partial(_rate, events, partial(_read, recorder)),
                    FOLDING: partial(_project, bench, recorder, events),
                }
                | {
                    f"verify {view}": partial(
                        _rate, events, partial(_verify, recorder, views_url, view)
                    )
                    for view in VIEWS
                },
            )
    reading, folding, *verified = taken.values()
    yield Figure(folding, reading, "events/s", Goal(40_000, "measured"), note)
    for view in verified:
        yield Figure(view, reading, "events/s", Goal(100_000, "measured"))


def _write_ledger(bench: Bench, url: str) -> int:
    count = QUICK_REQUESTS if bench.quick else REQUESTS
    bench.say(f"a ledger of {count:,} requests to fold and verify, {bench.repeats} times")
    with Node(url, project=False) as node:
        submit_all(node.writer, [shop.opening(ITEMS), *shop.days(count, ITEMS)], BATCHES)
        events = node.writer.position
    settle(url)
    return events


def _rate(events: int, work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return events / (time.perf_counter() - started)


def _read(recorder: ProcessRecorder) -> None:
    position = 0
    while page := recorder.select_notifications(position, PAGE_EVENTS, inclusive_of_start=False):
        for notification in page:
            decode(notification.topic, notification.state)
        position = page[-1].id


def _project(bench: Bench, recorder: ProcessRecorder, events: int) -> float:
    """Into tables made anew, so that every time is the first."""
    with bench.database() as url:
        projector = Projector(recorder, url, DEFAULT_NETWORK, listen=False)
        projector.catch_up(until=1)
        settle(url)
        return _rate(events - 1, lambda: _caught_up(projector, events))


def _caught_up(projector: Projector, events: int) -> None:
    reached = projector.catch_up()
    assert reached == events, (reached, events)


def _verify(recorder: ProcessRecorder, views_url: str, view: str) -> None:
    with psycopg.connect(views_url, autocommit=True) as connection:
        [found] = verify(recorder, connection, DEFAULT_NETWORK, [view])
    assert found.differences == 0, found
