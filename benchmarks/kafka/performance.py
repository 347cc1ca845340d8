"""Kafka's own load generator, `ProducerPerformance`, on the cluster under test."""

import re
import subprocess

from benchmarks import shop
from benchmarks.bench import Bench
from benchmarks.kafka.brokers import Kafka
from cluster.broker import Java
from cluster.jars import kafka_jars
from ledger.kafka import topics
from ledger.kafka.settings import MAX_RECORD_BYTES

BYTES, QUICK_BYTES = 300 << 20, 50 << 20
LIMIT_S = 300.0
_SAID = re.compile(r"^(\d+) records sent, ([\d.]+) records/sec", re.MULTILINE)


class PerformanceFailed(Exception):
    """ProducerPerformance could not run, or said what is not understood here."""


def bytes_per_s(bench: Bench, kafka: Kafka, record_bytes: int) -> float:
    """Its rate with records of that size, acks=all and else its own defaults, on a new topic.

    The topic is kept as a ledger's is.
    """
    topic = topics.requests_topic(kafka.network(), shop.CHANNEL)
    records = max(1, (QUICK_BYTES if bench.quick else BYTES) // record_bytes)
    producer = {
        "bootstrap.servers": kafka.bootstrap,
        "acks": "all",
        "max.request.size": MAX_RECORD_BYTES,
    }
    command = Java(kafka_jars()).command(
        "org.apache.kafka.tools.ProducerPerformance",
        *("--topic", topic, "--num-records", str(records), "--record-size", str(record_bytes)),
        *("--throughput", "-1", "--producer-props"),
        *(f"{name}={value}" for name, value in producer.items()),
    )
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    said = _SAID.findall(ended.stdout)
    if ended.returncode != 0 or not said:
        raise PerformanceFailed((ended.stderr + ended.stdout)[-2000:])
    sent, rate = said[-1]
    assert int(sent) == records, ended.stdout
    return float(rate) * record_bytes
