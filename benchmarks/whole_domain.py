"""What the wealth of the domain costs: the hot path beside an earlier commit, sourcing, replay."""

import gc
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from benchmarks import shop, sql_floor, week
from benchmarks.bench import Bench, child_environment
from benchmarks.decide import EVENTS_OF_AN_ORDER, decided_per_s, keep
from benchmarks.figures import Figure, Goal, Line, Skipped, interleaved
from consumers.projecting.garbage import GARBAGE_THRESHOLDS
from ledger import codec
from ledger.domain.deadlines import request_of
from ledger.domain.decider import Arrival, State, decide
from ledger.domain.evolve import evolve
from ledger.domain.requests import AnyRequest, DescribeLocation, OrderLine, PlaceOrder
from ledger.domain.words import WRITER_CHANNEL
from ledger.fingerprint import fingerprint

BEFORE = "abc7cc2"
"""The last commit without holds, sourcing, transfers and backorders (ONEBOOK_BENCH_BEFORE)."""
ORDERS, QUICK_ORDERS = 30_000, 5_000
LOCATIONS, SOURCED_SKUS = 300, 20
VISITS_A_DAY, QUICK_VISITS = 4_000, 400
PROGRAM = (
    "from benchmarks import shop, sql_floor; from benchmarks.decide import decided_per_s; "
    "print(decided_per_s(shop.orders({orders}, sql_floor.SPREAD_ITEMS)))"
)
ROOT = Path(__file__).parent.parent
HOT = (
    "The hot path: two-line orders at named locations, deciding alone, each commit in a process of"
    " its own, in turn."
)
SOURCED = (
    "Sourced: two-line orders that name no location, going to places of their own, over 300"
    " locations with coordinates that all have both; decide + evolve + encode."
)
REPLAY = (
    "Replay: a week of 100 stores and 3 warehouses (sales, sourced orders, pickups, holds,"
    " transfers, supplies, counts, returns), from bytes to the writer's state."
)


def lines(bench: Bench) -> Iterator[Line]:
    """The three figures."""
    yield _hot_path(bench)
    yield _sourced(bench)
    yield _replayed(bench)


def _hot_path(bench: Bench) -> Line:
    before = os.environ.get("ONEBOOK_BENCH_BEFORE", BEFORE)
    folder = bench.folder / "before"
    name = "orders at named locations, decided"
    archived = subprocess.run(
        ["git", "archive", before], cwd=ROOT, capture_output=True, check=False
    )
    if archived.returncode != 0:
        because = f"commit {before} is not here; measure in a clone with its history"
        return Skipped(name, because)
    with tarfile.open(fileobj=BytesIO(archived.stdout)) as tar:
        tar.extractall(folder, filter="data")
    orders = QUICK_ORDERS if bench.quick else ORDERS
    bench.say(f"deciding {orders:,} orders by this commit and by {before}")
    taken = interleaved(
        bench.repeats,
        {
            name: lambda: _decided_in(ROOT, orders),
            f"the same, at commit {before}": lambda: _decided_in(folder, orders),
        },
    )
    now, earlier = taken.values()
    return Figure(now, earlier, "orders/s", Goal(0.85), HOT)


def _decided_in(tree: Path, orders: int) -> float:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(orders=orders)],
        cwd=tree,
        env=child_environment() | {"PYTHONPATH": str(tree)},
        capture_output=True,
        check=True,
        text=True,
    )
    return float(run.stdout)


def _sourced(bench: Bench) -> Line:
    count = QUICK_ORDERS if bench.quick else ORDERS
    bench.say(f"sourcing {count:,} orders over {LOCATIONS} locations")
    orders = sourced_orders(count)
    named = shop.orders(count, sql_floor.SPREAD_ITEMS)
    taken = interleaved(
        bench.repeats,
        {
            f"orders sourced over {LOCATIONS} locations": lambda: sourced_per_s(orders),
            "orders at named locations": lambda: decided_per_s(named),
        },
    )
    by_writer, by_name = taken.values()
    return Figure(by_writer, by_name, "orders/s", Goal(10_000, of="measured"), SOURCED)


def sourced_orders(count: int) -> list[AnyRequest]:
    """Two-line orders without locations, each going elsewhere."""
    told = week.Week(1, seed=11)
    skus = shop.skus(SOURCED_SKUS)
    return [
        PlaceOrder(
            request_id=str(n),
            occurred_at=shop.OPENED_AT,
            order_id=f"o-{n}",
            ship_to=told.somewhere(),
            lines=tuple(
                OrderLine(line_id=str(i), sku=sku, quantity=1, how="ship")
                for i, sku in enumerate(told.chance.sample(skus, 2))
            ),
        )
        for n in range(count)
    ]


def sourced_per_s(orders: Sequence[AnyRequest]) -> float:
    """Orders a second, on a state with 300 locations that have plenty of everything."""
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    state = State()
    told = week.Week(1, seed=5)
    for n in range(LOCATIONS):
        where = told.somewhere()
        described = DescribeLocation(
            request_id=f"l-{n}",
            occurred_at=shop.OPENED_AT,
            location=f"store-{n:03d}",
            kind="store",
            latitude_udeg=where.latitude_udeg,
            longitude_udeg=where.longitude_udeg,
        )
        keep(state, described)
        keep(state, shop.opening(SOURCED_SKUS, location=f"store-{n:03d}", request_id=f"o-{n}"))
    started = time.perf_counter()
    written = sum(keep(state, order) for order in orders)
    took = time.perf_counter() - started
    assert written == (EVENTS_OF_AN_ORDER + 2) * len(orders), (written, len(orders))
    return len(orders) / took


def _replayed(bench: Bench) -> Line:
    visits = QUICK_VISITS if bench.quick else VISITS_A_DAY
    bench.say(f"telling a week of 100 stores, {visits:,} visits a day")
    kept = told_week(visits)
    bench.say(f"replaying its {len(kept):,} events")
    taken = interleaved(
        bench.repeats,
        {
            "a week of 100 stores, replayed": lambda: _events_per_s(kept, evolving=True),
            "decoding its events alone": lambda: _events_per_s(kept, evolving=False),
        },
    )
    replayed, decoded = taken.values()
    return Figure(replayed, decoded, "events/s", Goal(150_000, of="measured"), REPLAY)


def told_week(visits: int) -> list[tuple[str, bytes]]:
    """The week's events as they are kept: (topic, bytes). Deadlines pass as in a writer."""
    state = State()
    kept: list[tuple[str, bytes]] = []
    for channel, request in week.requests(visits):
        now = request.occurred_at
        while (key := state.next_deadline()) is not None and key[0] <= now:
            _take(state, Arrival(WRITER_CHANNEL, now, "", request_of(key)), kept)
        _take(state, Arrival(channel, now, fingerprint(request), request), kept)
    return kept


def _take(state: State, arrival: Arrival, kept: list[tuple[str, bytes]]) -> None:
    for event in decide(state, arrival):
        evolve(state, event)
        kept.append((codec.TOPICS[type(event)], codec.encode(event)))


def _events_per_s(kept: Sequence[tuple[str, bytes]], *, evolving: bool) -> float:
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    gc.collect()
    state = State()
    started = time.perf_counter()
    for topic, raw in kept:
        event = codec.decode(topic, raw)
        if evolving:
            evolve(state, event)
    return len(kept) / (time.perf_counter() - started)
