"""A ledger of millions of events: replayed, started upon from a snapshot, and merely read."""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Goal, Line, Samples, interleaved
from benchmarks.kafka.brokers import Kafka
from benchmarks.kafka.messages import Filled, Indexed, Replayed
from benchmarks.kafka.programs import program
from benchmarks.memory import is_measurable
from benchmarks.serving import following
from ledger.kafka.recorder import ReadOnlyRecorder

EVENTS, QUICK_EVENTS = 5_000_000, 100_000
ENTRIES, QUICK_ENTRIES = 1_000_000, 100_000
PAGE_EVENTS = 5_000
POLL_S = 1.0
WRITER = "bench"
NOTE = (
    "Replay: a ledger of {events:,} events of {requests:,} requests of a shop's days on"
    " {kafka}. Records alone: kafka-python's consumer gives the same records, which nobody"
    " decodes. A start is `onebook write` from its command line to the line that says it follows."
)


class Long(Struct, frozen=True):
    """A long ledger, and the data directory of the writer that wrote it."""

    network: str
    data: Path
    held: Filled


def lines(bench: Bench, kafka: Kafka) -> Iterator[Line]:
    """Reading, replaying and starting, each beside the next simpler thing."""
    wanted = QUICK_EVENTS if bench.quick else EVENTS
    bench.say(f"a ledger of {wanted:,} events to read and replay, {bench.repeats} times")
    long = _written(bench, kafka, wanted)
    replays: list[Replayed] = []
    taken = interleaved(
        bench.repeats,
        {
            "records alone": lambda: _records_per_s(kafka, long),
            "select_notifications": lambda: _selected_per_s(kafka, long),
            "replay": lambda: _replayed_per_s(kafka, long, replays),
            "start on an empty ledger": lambda: _start_s(bench, kafka, kafka.network(), None),
            "start from a snapshot": lambda: _start_s(bench, kafka, long.network, long.data),
        },
    )
    records, selected, replay, empty, start = taken.values()
    note = NOTE.format(events=long.held.events, requests=long.held.requests, kafka=kafka.name)
    yield Figure(selected, records, "events/s", Goal(200_000, "measured"), note)
    yield Figure(replay, selected, "events/s", Goal(200_000, "measured"))
    yield Figure(start, empty, "s", Goal(3, "measured", "at most"))
    yield from _memory(bench, long, replays)


def _memory(bench: Bench, long: Long, replays: list[Replayed]) -> Iterator[Line]:
    if not is_measurable():
        return
    before = Samples("a writer before it reads", tuple(one.before_mib for one in replays))
    millions = long.held.requests / 1e6
    grown = Samples(
        "a writer's memory, per million requests",
        tuple((one.after_mib - one.before_mib) / millions for one in replays),
    )
    yield Figure(grown, before, "MiB")
    entries = QUICK_ENTRIES if bench.quick else ENTRIES
    with program("indexing", entries) as indexing:
        entry = Samples("request index, an entry", (indexing.said(Indexed).entry_bytes,))
    yield Figure(entry, Samples("allowed", (64.0,)), "bytes", Goal(1, way="at most"))


def _written(bench: Bench, kafka: Kafka, events: int) -> Long:
    network, data = kafka.network(), bench.folder / f"long-{secrets.token_hex(4)}"
    folder = data / "writers" / f"{network}-{WRITER}"
    with program("filling", kafka.bootstrap, network, folder, events) as filling:
        return Long(network, data, filling.said(Filled))


def _records_per_s(kafka: Kafka, long: Long) -> float:
    reader = kafka.ledger(long.network).reader()
    end, reached = reader.end(), 0
    started = time.perf_counter()
    while reached < end:
        records = reader.poll(POLL_S)
        assert records, f"no record at {reached} of {end}"
        reached = records[-1].offset + 1
    took = time.perf_counter() - started
    reader.close()
    return long.held.events / took


def _selected_per_s(kafka: Kafka, long: Long) -> float:
    with ReadOnlyRecorder(kafka.ledger(long.network), long.network) as recorder:
        started, position = time.perf_counter(), 0
        while page := recorder.select_notifications(
            position, PAGE_EVENTS, inclusive_of_start=False
        ):
            position = page[-1].id
        took = time.perf_counter() - started
    assert position == long.held.events, (position, long.held)
    return position / took


def _replayed_per_s(kafka: Kafka, long: Long, replays: list[Replayed]) -> float:
    with program("replaying", kafka.bootstrap, long.network) as replaying:
        replayed = replaying.said(Replayed)
    assert replayed.events == long.held.events, (replayed, long.held)
    replays.append(replayed)
    return replayed.events / replayed.seconds


def _start_s(bench: Bench, kafka: Kafka, network: str, data: Path | None) -> float:
    where = data or bench.folder / f"empty-{secrets.token_hex(4)}"
    command = ("write", "--network", network, "--name", WRITER, "--data", str(where))
    started = time.perf_counter()
    with following(where.with_suffix(".log"), command, kafka.environment):
        return time.perf_counter() - started
