"""Makes the recorders of this package from the `eventsourcing` library's settings."""

from typing import Final, TypeVar, cast
from uuid import uuid4

from eventsourcing.persistence import InfrastructureFactory, InfrastructureFactoryError
from eventsourcing.utils import Environment, EnvType, resolve_topic

from ledger.kafka.client import KafkaLog
from ledger.kafka.recorder import (
    AggregateRecorder,
    ApplicationRecorder,
    ProcessRecorder,
    ReadOnlyRecorder,
    TrackingRecorder,
)
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import ledger_topic

R = TypeVar("R", bound=ReadOnlyRecorder)

DEFAULT_NETWORK: Final = "main"
EVENTS: Final = "events"


def environment(settings: KafkaSettings, network: str) -> dict[str, str]:
    """Return the settings that make the library keep a network's events in this Kafka."""
    return {
        InfrastructureFactory.PERSISTENCE_MODULE: __package__,
        "ORIGINATOR_ID_TYPE": "text",
        Factory.KAFKA_NETWORK: network,
        **settings.to_environment(),
    }


class Factory(InfrastructureFactory[TrackingRecorder]):
    """Recorders on Kafka, chosen by PERSISTENCE_MODULE=ledger.kafka.

    Settings: KAFKA_BOOTSTRAP and those of `KafkaSettings`; KAFKA_NETWORK (default: the
    application's name in lower case, or `main`), KAFKA_WRITER (a writer's name in its blocks),
    KAFKA_COMPRESSION (none, gzip, lz4, zstd). The topics must be there: `onebook topics create`.
    """

    KAFKA_NETWORK = "KAFKA_NETWORK"
    KAFKA_WRITER = "KAFKA_WRITER"
    KAFKA_COMPRESSION = "KAFKA_COMPRESSION"

    def __init__(self, env: Environment | EnvType | None = None) -> None:
        super().__init__(env)
        try:
            self.settings = KafkaSettings.from_environment(
                {name: value for name in _names() if (value := self.env.get(name)) is not None}
            )
        except ValueError as error:
            raise InfrastructureFactoryError(str(error)) from error
        self.network = self.env.get(self.KAFKA_NETWORK) or self.env.name.lower() or DEFAULT_NETWORK
        name = self.env.get(self.KAFKA_WRITER) or "application"
        self.writer = f"{name}-{uuid4().hex[:12]}"
        self._open: list[ReadOnlyRecorder] = []

    def aggregate_recorder(self, purpose: str = EVENTS) -> AggregateRecorder:
        """Return a recorder of `onebook.{network}.ledger`, or of a topic named by the purpose."""
        dense = purpose == EVENTS
        log = self._log(None if dense else f"onebook.{self.network}.{purpose}")
        return self._kept(AggregateRecorder(log, self.network, self.writer, dense=dense))

    def application_recorder(self) -> ApplicationRecorder:
        """Return a recorder that appends events."""
        return self._kept(ApplicationRecorder(self._log(), self.network, self.writer))

    def tracking_recorder(
        self, tracking_recorder_class: type[TrackingRecorder] | None = None
    ) -> TrackingRecorder:
        """Return a recorder of trackings alone."""
        chosen = tracking_recorder_class
        if chosen is None and (topic := self.env.get(self.TRACKING_RECORDER_TOPIC)):
            chosen = cast("type[TrackingRecorder]", resolve_topic(topic))
        chosen = chosen or TrackingRecorder
        assert issubclass(chosen, TrackingRecorder), chosen
        return self._kept(chosen(self._log(), self.network, self.writer))

    def process_recorder(self) -> ProcessRecorder:
        """Return a recorder that appends events together with trackings."""
        return self._kept(ProcessRecorder(self._log(), self.network, self.writer))

    def read_only_recorder(self) -> ReadOnlyRecorder:
        """Return a recorder that never writes."""
        return self._kept(ReadOnlyRecorder(self._log(), self.network))

    def close(self) -> None:
        """Close every recorder that this factory made."""
        while self._open:
            self._open.pop().close()

    def __exit__(self, *fault: object) -> None:
        super().__exit__(*fault)  # type: ignore[arg-type] # whatever it was
        self.close()

    def _log(self, topic: str | None = None) -> KafkaLog:
        compression = self.env.get(self.KAFKA_COMPRESSION) or None
        compression = None if compression == "none" else compression
        return KafkaLog(self.settings, topic or ledger_topic(self.network), compression)

    def _kept(self, recorder: R) -> R:
        self._open.append(recorder)
        return recorder


def _names() -> list[str]:
    return [f"KAFKA_{name.upper()}" for name in KafkaSettings.__struct_fields__]
