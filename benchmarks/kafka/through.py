"""End to end through Kafka: requests published to their topic, answers standing in the ledger."""

import secrets
import time
from collections.abc import Iterator
from functools import partial

from kafka.codec import has_gzip, has_lz4, has_snappy, has_zstd
from msgspec import Struct

from benchmarks import sql_floor
from benchmarks.bench import Bench, settle
from benchmarks.figures import Figure, Goal, Line, Samples, Skipped, interleaved
from benchmarks.kafka.brokers import Kafka, Written, read_ledger
from benchmarks.kafka.messages import ORDERS_A_RECORD, WARM_UP_ORDERS, Published, Reached
from benchmarks.kafka.performance import bytes_per_s
from benchmarks.kafka.programs import program
from cluster.jars import VERSION
from consumers.kafka_node import COMPRESSION

ORDERS = 60_000
QUICK_ORDERS = 10_000
EVENTS_OF_AN_ORDER = 4
NOTE = (
    "Through Kafka: a client of its own process publishes arrays of {size} orders as fast as it"
    " can; the clock runs from its first record to the confirmation, by all in-sync replicas, of"
    " the block with the last answer. Client, writer and brokers (Apache Kafka {kafka}, a lean Java"
    " virtual machine each) share the cores, after a warm-up of {warm_up:,} orders. Afterwards the"
    " ledger is read: every order stands there as accepted."
)
CODECS = {"gzip": has_gzip, "lz4": has_lz4, "snappy": has_snappy, "zstd": has_zstd}
REFUSALS = {"request_refused.v1", "input_refused.v1"}
NONE = "none"
MIB = 1 << 20


class Passed(Struct, frozen=True):
    """What one load came to."""

    orders: int
    seconds: float
    ledger: Written
    stored_bytes: int
    """Of the ledger's topic, on one broker's disk."""

    @property
    def orders_per_s(self) -> float:
        """From the first record published to the last answer confirmed."""
        return self.orders / self.seconds

    @property
    def block_bytes(self) -> int:
        """Of a mean block."""
        return round(self.ledger.bytes / self.ledger.blocks)

    @property
    def bytes_per_s(self) -> float:
        """Of ledger, the warm-up's share left out."""
        part = self.orders / (self.orders + WARM_UP_ORDERS)
        return self.ledger.bytes * part / self.seconds


def lines(bench: Bench, kafka: Kafka) -> Iterator[Line]:
    """Orders a second through one broker, spread and hot, beside the floor."""
    bench.say(f"{_count(bench):,} orders through {kafka.name}, {bench.repeats} times each way")
    with bench.database() as url:
        floor = partial(sql_floor.orders_per_s, url, seconds=bench.seconds)
        taken = interleaved(
            bench.repeats,
            {
                "SQL floor, spread": partial(floor, sql_floor.SPREAD_ITEMS),
                "SQL floor, hot": partial(floor, sql_floor.HOT_ITEMS),
                f"through Kafka, {kafka.name}, spread": partial(
                    _orders_per_s, bench, kafka, sql_floor.SPREAD_ITEMS
                ),
                f"through Kafka, {kafka.name}, hot": partial(
                    _orders_per_s, bench, kafka, sql_floor.HOT_ITEMS
                ),
            },
        )
    floor_spread, floor_hot, spread, hot = taken.values()
    yield Figure(spread, floor_spread, "orders/s", Goal(10), _note())
    yield Figure(hot, floor_hot, "orders/s", Goal(30))
    yield Figure(hot, spread, "orders/s", Goal(0.9))


def replicated(bench: Bench, kafka: Kafka) -> Iterator[Line]:
    """Orders and bytes a second, every block on all replicas before it is answered."""
    bench.say(f"{_count(bench):,} orders through {kafka.name}, {bench.repeats} times")
    floors, passed, stock = [], [], []
    with bench.database() as url:
        for _ in range(bench.repeats):
            floors.append(sql_floor.orders_per_s(url, sql_floor.SPREAD_ITEMS, bench.seconds))
            settle(url)
            passed.append(pass_through(bench, kafka, sql_floor.SPREAD_ITEMS))
            stock.append(bytes_per_s(bench, kafka, passed[-1].block_bytes) / MIB)
    floor = Samples("SQL floor, spread", tuple(floors))
    name = f"through Kafka, {kafka.name}, spread"
    orders = Samples(name, tuple(one.orders_per_s for one in passed))
    ledger = Samples(f"{name}: ledger", tuple(one.bytes_per_s / MIB for one in passed))
    size = f"records of {passed[-1].block_bytes:,} bytes"
    stocks = Samples(f"ProducerPerformance, {size}", tuple(stock))
    yield Figure(orders, floor, "orders/s", Goal(7))
    yield Figure(ledger, stocks, "MiB/s", Goal(0.5))


def compressed(bench: Bench, kafka: Kafka) -> Iterator[Line]:
    """What each codec makes of the rate, and of the topic's size on disk."""
    there = [codec for codec, here in CODECS.items() if here()]
    bench.say(f"{_count(bench):,} orders through {kafka.name} with {len(there)} codecs and none")
    passed: dict[str, list[Passed]] = {codec: [] for codec in (NONE, *there)}
    for _ in range(bench.repeats):
        for codec, passes in passed.items():
            passes.append(pass_through(bench, kafka, sql_floor.SPREAD_ITEMS, codec))
    plain = passed.pop(NONE)
    for codec, passes in passed.items():
        rate = f"through Kafka, {codec}, spread"
        yield Figure(_rates(rate, passes), _rates("not compressed", plain), "orders/s")
        yield Figure(_stored(f"{rate}: on disk", passes), _stored("as it is", plain), "bytes/order")
    for codec in [codec for codec in CODECS if codec not in passed]:
        yield Skipped(f"through Kafka, {codec}", f"kafka-python finds no package for {codec}")


def _note() -> str:
    return NOTE.format(size=ORDERS_A_RECORD, kafka=VERSION, warm_up=WARM_UP_ORDERS)


def _rates(name: str, passes: list[Passed]) -> Samples:
    return Samples(name, tuple(one.orders_per_s for one in passes))


def _stored(name: str, passes: list[Passed]) -> Samples:
    return Samples(name, tuple(one.stored_bytes / (one.orders + WARM_UP_ORDERS) for one in passes))


def pass_through(
    bench: Bench, kafka: Kafka, items: int, compression: str = COMPRESSION or NONE
) -> Passed:
    """Have a fresh network's writer answer all that a client publishes; all of it is accepted."""
    network, count = kafka.network(), _count(bench)
    folder = bench.folder / f"writer-{secrets.token_hex(4)}"
    opened = _opening_events(items) + EVENTS_OF_AN_ORDER * WARM_UP_ORDERS
    with (
        program("writing", kafka.bootstrap, network, folder, compression) as writer,
        program("client", kafka.bootstrap, network, count, items) as client,
    ):
        writer.said(Reached)
        client.said(Published)
        writer.tell(opened)
        writer.said(Reached)
        writer.tell(opened + EVENTS_OF_AN_ORDER * count)
        started = time.monotonic()
        client.tell("go")
        done = writer.said(Reached)
    ledger = _all_accepted(kafka, network, count)
    return Passed(count, done.at_s - started, ledger, kafka.stored_bytes(network))


def _opening_events(items: int) -> int:
    """Its own, one of the location and two of each item: nothing of it was known before."""
    return 2 + 2 * items


def _all_accepted(kafka: Kafka, network: str, count: int) -> Written:
    """The ledger, in which the opening stock, the warm-up and every order stand as accepted."""
    ledger = read_ledger(kafka, network)
    asked = 1 + WARM_UP_ORDERS + count
    assert ledger.events["request_accepted.v1"] == asked, (asked, ledger.events)
    assert not ledger.events.keys() & REFUSALS, ledger.events
    return ledger


def _count(bench: Bench) -> int:
    return QUICK_ORDERS if bench.quick else ORDERS


def _orders_per_s(bench: Bench, kafka: Kafka, items: int) -> float:
    return pass_through(bench, kafka, items).orders_per_s
