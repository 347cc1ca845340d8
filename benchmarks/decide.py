"""Deciding alone: two-line orders on one core, without a log."""

import gc
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

from benchmarks import shop, sql_floor
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Goal, Line, interleaved
from consumers.projecting.garbage import GARBAGE_THRESHOLDS
from ledger.codec import recorded
from ledger.domain.decider import Arrival, State, decide
from ledger.domain.evolve import evolve
from ledger.domain.requests import AnyRequest
from ledger.fingerprint import fingerprint

ORDERS = 50_000
QUICK_ORDERS = 10_000
EVENTS_OF_AN_ORDER = 4
RECORDED_AT = shop.OPENED_AT + timedelta(days=1)
NOTE = (
    "Deciding: fingerprint, decide, evolve, stream versions and encoding of all four events of an"
    " order, in one thread, with no log. The SQL floor uses all cores, and a disk."
)


def lines(bench: Bench) -> Iterator[Line]:
    """Orders decided a second, beside the floor's spread rate."""
    orders = shop.orders(QUICK_ORDERS if bench.quick else ORDERS, sql_floor.SPREAD_ITEMS)
    bench.say(f"deciding {len(orders):,} orders alone, {bench.repeats} times")
    with bench.database() as url:
        taken = interleaved(
            bench.repeats,
            {
                "SQL floor, spread": lambda: sql_floor.orders_per_s(
                    url, sql_floor.SPREAD_ITEMS, bench.seconds
                ),
                "decide + evolve + encode, one core": lambda: decided_per_s(orders),
            },
        )
    floor, decided = taken.values()
    yield Figure(decided, floor, "orders/s", Goal(16), NOTE)


def decided_per_s(orders: Sequence[AnyRequest]) -> float:
    """Orders a second, from requests to bytes, on a state that holds only the opening stock."""
    gc.set_threshold(*GARBAGE_THRESHOLDS)  # as the writer runs in a node
    state = State()
    keep(state, shop.opening(sql_floor.SPREAD_ITEMS))
    started = time.perf_counter()
    written = sum(keep(state, order) for order in orders)
    took = time.perf_counter() - started
    assert written == EVENTS_OF_AN_ORDER * len(orders), (written, len(orders))
    return len(orders) / took


def keep(state: State, request: AnyRequest) -> int:
    """Decide and apply one request, and give its events the form in which they are kept."""
    own, *effects = decide(state, Arrival(shop.CHANNEL, RECORDED_AT, fingerprint(request), request))
    evolve(state, own)
    recorded(own, own.stream, 1)
    for event in effects:
        evolve(state, event)
        stream = event.stream
        recorded(event, stream, _next_version(state, stream))
    return 1 + len(effects)


def _next_version(state: State, stream: str) -> int:
    version = state.versions.get(stream, 0) + 1
    state.versions[stream] = version
    return version
