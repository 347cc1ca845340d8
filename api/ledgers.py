"""Which ledger the settings name, for commands that only read it."""

from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.persistence import ApplicationRecorder

from api.compose import open_beside
from api.settings import Settings
from ledger import postgres
from ledger.kafka.client import KafkaLog
from ledger.kafka.recorder import ReadOnlyRecorder
from ledger.kafka.topics import ledger_topic
from ledger.opening import open_ledger


@contextmanager
def open_to_read(settings: Settings, database_url: str) -> Iterator[ApplicationRecorder]:
    """The ledger of the settings' network: in their Kafka, else in this PostgreSQL."""
    if settings.kafka is None:
        environment = postgres.environment(database_url)
        with open_ledger(environment, settings.network) as recorder:
            yield recorder
        return
    log = KafkaLog(settings.kafka, ledger_topic(settings.network))
    with ReadOnlyRecorder(log, settings.network) as reader:
        yield reader


@contextmanager
def open_views(settings: Settings) -> Iterator[str]:
    """The URL of the PostgreSQL that holds the views, beside whoever writes them.

    With a ledger in Kafka a given one is nobody's alone. Raises as `open_beside`.
    """
    if settings.kafka is not None and settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with open_beside(settings) as url:
        yield url
