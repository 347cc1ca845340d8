"""Which kind of source a recorder's ledger is."""

from collections.abc import Collection

from eventsourcing.persistence import ApplicationRecorder

from consumers.kafka.source import KafkaSource
from consumers.projecting.source import PostgresSource, Source
from ledger.kafka.recorder import ReadOnlyRecorder


def source_of(
    recorder: ApplicationRecorder,
    database_url: str,
    *,
    listen: bool = True,
    topics: Collection[str] | None = None,
) -> Source:
    """The ledger that the recorder reads, for the views in this PostgreSQL.

    `listen`: be woken by the notifications that a recorder in PostgreSQL sends through it.
    `topics`: decode only events of these types.
    """
    if isinstance(recorder, ReadOnlyRecorder):
        return KafkaSource(recorder, topics=topics)
    channel = getattr(recorder, "channel_name", None) if listen else None
    return PostgresSource(recorder, database_url, channel, topics)
