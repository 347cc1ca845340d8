"""The ledger in a real Kafka: brokers, writers and clients as processes that share the cores."""

from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.figures import Line, Skipped
from benchmarks.kafka import brokers, http, replay, takeover, through
from cluster.jars import KafkaUnavailable, kafka_jars

NAME = "on Kafka"


def lines(bench: Bench) -> Iterator[Line]:
    """Everything that is measured on one broker, then on three."""
    try:
        kafka_jars()
    except KafkaUnavailable as unavailable:
        yield Skipped(NAME, str(unavailable))
        return
    with brokers.running(bench, 1) as kafka:
        yield from through.lines(bench, kafka)
        yield from through.compressed(bench, kafka)
        yield from http.lines(bench, kafka)
        yield from takeover.lines(bench, kafka)
        yield from replay.lines(bench, kafka)
    with brokers.running(bench, 3) as kafka:
        yield from through.replicated(bench, kafka)
