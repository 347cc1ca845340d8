"""One writer as its own process, which says when it has confirmed a position.

    python -m benchmarks.kafka.writing BOOTSTRAP NETWORK FOLDER COMPRESSION

COMPRESSION is a codec of Kafka's, or none. Told a position, it waits until the ledger has it.
"""

import sys
import threading
import time
from pathlib import Path

from benchmarks.kafka.brokers import Kafka
from benchmarks.kafka.messages import Reached
from benchmarks.kafka.programs import say, told
from consumers.kafka_node import KafkaWriter

CONFIRMED_WITHIN_S = 300.0


class _Progress:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._reached = Reached(0, 0.0)

    def __call__(self, position: int) -> None:
        with self._changed:
            self._reached = Reached(position, time.monotonic())
            self._changed.notify_all()

    def wait_for(self, position: int) -> Reached:
        """The first block at or behind that position."""
        with self._changed:
            done = self._changed.wait_for(
                lambda: self._reached.position >= position, CONFIRMED_WITHIN_S
            )
            assert done, f"{self._reached.position} confirmed of {position}"
            return self._reached


def main(bootstrap: str, network: str, folder: str, compression: str) -> None:
    """Decide what stands in the channels' topics."""
    progress = _Progress()
    codec = None if compression == "none" else compression
    with KafkaWriter(
        Kafka(bootstrap, 1).settings,
        network,
        folder=Path(folder),
        compression=codec,
        on_append=progress,
    ) as running:
        say(Reached(running.writer.position, time.monotonic()))
        for line in told():
            say(progress.wait_for(int(line)))


if __name__ == "__main__":
    main(*sys.argv[1:])
