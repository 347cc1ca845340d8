"""A writer of one network on Kafka: where its ledger, inputs and answers meet."""

import gc
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

from consumers.data_directory import DataDirectoryError
from consumers.kafka.inputs import KafkaInputs
from consumers.kafka.producing import KafkaDeadLetters, KafkaPublisher
from consumers.ledgers import KafkaLedger
from consumers.projecting.garbage import GARBAGE_THRESHOLDS
from consumers.snapshot import Snapshot
from consumers.writing.takeover import TAKEOVER_S
from consumers.writing.writer import Writer
from ledger.kafka.client import KafkaLog
from ledger.kafka.recorder import ProcessRecorder
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import ledger_topic

COMPRESSION: Final = "lz4"
"""Of the ledger's blocks; docs/decisions/compression.md says why."""
INCARNATION_DIGITS: Final = 12


class KafkaWriter:
    """A context manager: entered, it has read the ledger, and decides or stands by.

    `name` is the writer's in its blocks, made unique by an incarnation; `place` orders the
    standbys. With a `folder` it keeps a snapshot there and begins from it. `on_append(position)`
    is called after each block, `progress(position)` while the ledger is read. Sets the garbage
    collector of this process to GARBAGE_THRESHOLDS.
    """

    writer: Writer
    recorder: ProcessRecorder

    def __init__(  # noqa: PLR0913 - which Kafka and network, who it is, and who is told
        self,
        settings: KafkaSettings,
        network: str,
        *,
        name: str = "writer",
        place: int = 0,
        takeover_s: float = TAKEOVER_S,
        folder: Path | None = None,
        compression: str | None = COMPRESSION,
        on_append: Callable[[int], None] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.settings, self.network = settings, network
        self.author = f"{name}-{uuid4().hex[:INCARNATION_DIGITS]}"
        self._place, self._takeover_s = place, takeover_s
        self._folder = folder
        self._compression = compression
        self._on_append, self._progress = on_append, progress
        self._parts = ExitStack()

    def __enter__(self) -> Self:
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        with ExitStack() as parts:
            snapshot = self._snapshot(parts)
            log = KafkaLog(self.settings, ledger_topic(self.network), self._compression)
            checkpoint = None if snapshot is None else snapshot.checkpoint
            self.recorder = ProcessRecorder(log, self.network, self.author, checkpoint=checkpoint)
            parts.callback(self.recorder.close)
            inputs = KafkaInputs(self.settings, self.network)
            letters = KafkaDeadLetters(self.settings, self.network)
            parts.callback(letters.close)
            publisher = KafkaPublisher(self.settings, self.network)
            parts.callback(publisher.close)
            self.writer = Writer(
                KafkaLedger(self.recorder),
                inputs=inputs,
                letters=letters,
                publisher=publisher,
                snapshot=snapshot,
                takeover_s=self._takeover_s,
                place=self._place,
                on_append=self._on_append,
            )
            inputs.on_arrival = self.writer.notify
            inputs.start()
            parts.callback(inputs.stop)
            self.writer.start(self._progress)
            parts.callback(self.writer.stop)
            self._parts = parts.pop_all()
        return self

    def __exit__(self, *fault: object) -> None:
        self._parts.close()

    def _snapshot(self, parts: ExitStack) -> Snapshot | None:
        if self._folder is None:
            return None
        try:
            snapshot = Snapshot.open(self._folder, self.network)
        except OSError as error:
            raise DataDirectoryError(
                f"{self._folder} cannot keep the writer's snapshot ({error.strerror or error}): "
                "name another place with --data"
            ) from error
        parts.callback(snapshot.close)
        return snapshot
