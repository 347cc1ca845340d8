"""A writer that fills a ledger with a shop's days, and leaves a snapshot of it.

python -m benchmarks.kafka.filling BOOTSTRAP NETWORK FOLDER EVENTS
"""

import sys
from itertools import islice
from pathlib import Path

from benchmarks import shop
from benchmarks.end_to_end import BATCHES, submit_all
from benchmarks.kafka.brokers import Kafka
from benchmarks.kafka.messages import Filled
from benchmarks.kafka.programs import say
from consumers.kafka_node import KafkaWriter

ITEMS = 1_000
EVENTS_A_REQUEST = 4
"""At the least, on average: so many requests are enough for the events that are asked for."""
AT_ONCE = 20_000


def main(bootstrap: str, network: str, folder: str, events: str) -> None:
    """Write at least so many events."""
    requests = 1
    days = shop.days(int(events) // EVENTS_A_REQUEST, ITEMS)
    with KafkaWriter(Kafka(bootstrap, 1).settings, network, folder=Path(folder)) as running:
        writer = running.writer
        submit_all(writer, [shop.opening(ITEMS)], BATCHES)
        while writer.position < int(events):
            some = list(islice(days, AT_ONCE))
            submit_all(writer, some, BATCHES)
            requests += len(some)
        position = writer.position
    say(Filled(requests, position))


if __name__ == "__main__":
    main(*sys.argv[1:])
