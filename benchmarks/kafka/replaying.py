"""A writer that reads its whole ledger, without a snapshot, and says how long and how large.

python -m benchmarks.kafka.replaying BOOTSTRAP NETWORK
"""

import sys
import time

from benchmarks.kafka.brokers import Kafka
from benchmarks.kafka.messages import Replayed
from benchmarks.kafka.programs import say
from benchmarks.memory import own_resident_mib
from consumers.kafka_node import KafkaWriter


def main(bootstrap: str, network: str) -> None:
    """Read it once."""
    before = own_resident_mib()
    started = time.perf_counter()
    with KafkaWriter(Kafka(bootstrap, 1).settings, network) as running:
        took = time.perf_counter() - started
        say(Replayed(running.writer.position, took, before, own_resident_mib()))


if __name__ == "__main__":
    main(*sys.argv[1:])
