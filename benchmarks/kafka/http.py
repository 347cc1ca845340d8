"""Over HTTP with the ledger in Kafka: beside the active writer, and with all parts apart."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from statistics import median

from msgspec import Struct

from benchmarks import sql_floor, wrk
from benchmarks.bench import Bench, settle
from benchmarks.figures import Figure, Goal, Line, Samples, Skipped
from benchmarks.kafka.brokers import Kafka
from benchmarks.over_http import post_orders, take_stock
from benchmarks.serving import following, serving
from ledger.kafka.client import KafkaAppender, KafkaReader

FEW_CONNECTIONS = 16
BLOCK_BYTES = 1_024
POLL_S = 1.0
ARRIVES_WITHIN_S = 10.0
NOTE = (
    "HTTP on Kafka: split mode is API, writer and projector as three processes, requests going"
    " through their channel's topic. The round trip is one append of {size} bytes and their"
    " arrival at a consumer that waits for them, one after another, with the ledger's clients."
)

Serving = Callable[[Bench, Kafka, str], AbstractContextManager[str]]


class Posted(Struct, frozen=True):
    """Orders a second from many connections, and the median answer's time with few."""

    rate: float
    few_median_ms: float


def lines(bench: Bench, kafka: Kafka) -> Iterator[Line]:
    """Orders a second and how long one waits, beside the floor and one round trip."""
    if not wrk.is_installed():
        yield Skipped("HTTP on Kafka", wrk.MISSING)
        return
    bench.say(f"orders over HTTP on {kafka.name}, {bench.repeats} times each way")
    floors, beside, split, trips = [], [], [], []
    with bench.database() as url:
        for _ in range(bench.repeats):
            floors.append(sql_floor.orders_per_s(url, sql_floor.HOT_ITEMS, bench.seconds))
            beside.append(_posted(bench, kafka, _beside))
            split.append(_posted(bench, kafka, _split))
            trips.append(_round_trip_ms(bench, kafka))
    floor = Samples("SQL floor, hot", tuple(floors))
    trip = Samples("append and consume", tuple(trips))
    note = NOTE.format(size=BLOCK_BYTES)
    for name, posted, goals in (
        ("beside the writer", beside, (Goal(2), Goal(4, way="at most"))),
        ("split mode", split, (None, None)),
    ):
        rate = Samples(f"HTTP on Kafka, {name}", tuple(one.rate for one in posted))
        few = Samples(
            f"HTTP on Kafka, {name}: p50 of {FEW_CONNECTIONS} connections",
            tuple(one.few_median_ms for one in posted),
        )
        yield Figure(rate, floor, "orders/s", goals[0], note)
        yield Figure(few, trip, "ms", goals[1])


def _posted(bench: Bench, kafka: Kafka, serve: Serving) -> Posted:
    with bench.database() as url, serve(bench, kafka, url) as address:
        take_stock(address)
        settle(url)
        post_orders(bench, address)  # connections stand, the brokers' code is compiled
        few = post_orders(bench, address, FEW_CONNECTIONS)
        many = post_orders(bench, address)
    return Posted(many.rate, few.median_ms)


@contextmanager
def _beside(bench: Bench, kafka: Kafka, url: str) -> Iterator[str]:
    data = bench.folder / f"beside-{secrets.token_hex(4)}"
    options = ("--network", kafka.network())
    with serving(data, url, options, kafka.environment) as (_, address):
        yield address


@contextmanager
def _split(bench: Bench, kafka: Kafka, url: str) -> Iterator[str]:
    data = bench.folder / f"split-{secrets.token_hex(4)}"
    network = ("--network", kafka.network())
    settings = {**kafka.environment, "ONEBOOK_DATABASE_URL": url}
    with ExitStack() as parts:
        for name, *command in (("write", "--data", str(data)), ("project",)):
            log = data.with_name(f"{data.name}-{name}.log")
            parts.enter_context(following(log, (name, *network, *command), settings))
        options = (*network, "--no-writer", "--no-projector")
        _, address = parts.enter_context(serving(data, url, options, settings))
        yield address


def _round_trip_ms(bench: Bench, kafka: Kafka) -> float:
    """The median of one append and its arrival at a consumer, on a topic kept as a ledger is."""
    log = kafka.requests(kafka.network())
    appender, reader = log.appender(), log.reader()
    try:
        _round_trip(appender, reader)  # both are connected
        took: list[float] = []
        until = time.monotonic() + bench.seconds
        while time.monotonic() < until:
            started = time.perf_counter()
            _round_trip(appender, reader)
            took.append(time.perf_counter() - started)
    finally:
        appender.close()
        reader.close()
    return 1_000 * median(took)


def _round_trip(appender: KafkaAppender, reader: KafkaReader) -> None:
    appended = appender.send(b"x" * BLOCK_BYTES)
    assert reader.poll(POLL_S), "what was appended does not arrive"
    appended.result(ARRIVES_WITHIN_S)
