"""An API on a ledger in Kafka: beside a writer and a projector, or with those elsewhere."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from api.backend import Backend, Decider, Views
from api.commands.writing import snapshot_folder
from api.kafka_events import KafkaEvents
from api.settings import PREFIX, Settings, SettingsError
from consumers.kafka.producing import KafkaPublisher
from consumers.kafka_node import KafkaWriter
from consumers.projecting.parallel import LedgerAt
from consumers.projecting.views_watch import ViewsWatch
from consumers.projector import Projector
from consumers.proving.rebuilds import Rebuilds
from consumers.sources import source_of
from consumers.writing.answers_in_time import AnswersInTime
from consumers.writing.answers_view import PostgresAnswersView
from consumers.writing.asking import Asker
from ledger.kafka.chain import Checkpoint
from ledger.kafka.client import KafkaLog
from ledger.kafka.recorder import ReadOnlyRecorder
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import ledger_topic, refuse_if_dangerous
from ledger.log import get_logger
from projections import views
from projections.keeping import checkpoints
from projections.requests import NAME as ANSWERS_VIEW


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs beside the API. `name` and `place` are the writer's, as of `onebook write`."""

    writer: bool = True
    projector: bool = True
    name: str | None = None
    place: int = 0

    def check(self, settings: Settings) -> None:
        """Raise SettingsError if nobody else could do what is left out here."""
        if settings.kafka is None and not (self.writer and self.projector):
            raise SettingsError(
                f"--no-writer and --no-projector need {PREFIX}KAFKA_BOOTSTRAP: a ledger in "
                "PostgreSQL has its one writer and projector in this process"
            )
        if settings.database_url is None and not self.projector:
            raise SettingsError(
                f"--no-projector needs {PREFIX}DATABASE_URL: name the PostgreSQL whose views "
                "`onebook project` keeps"
            )


CONNECT_LIMIT_S: Final = 3
log = get_logger(__name__)

ALL: Final = Parts()
READING: Final = Parts(writer=False, projector=False)


@contextlib.contextmanager
def open_on_kafka(
    settings: Settings, kafka: KafkaSettings, database_url: str, parts: Parts
) -> Iterator[Backend]:
    """Run what belongs beside the API, until the end of the block. PostgreSQL may be away.

    Raises TopicsDangerous if the topics would lose what they are given, LogUnavailable, and what
    the ledger says of itself (LedgerTruncated, LedgerCorrupt).
    """
    network = settings.network
    refuse_if_dangerous(kafka, network, dev=settings.kafka_dev)
    answered_until = _prepared(database_url, network)
    recorder = ReadOnlyRecorder(KafkaLog(kafka, ledger_topic(network)), network)
    with contextlib.ExitStack() as running:
        running.callback(recorder.close)
        place = _Place(running, settings, kafka, database_url, parts)
        watched = place.views(recorder)
        writer = place.writer(watched, answered_until)
        yield Backend(
            network,
            database_url,
            writer,
            watched,
            place.rebuilds,
            lambda _: KafkaEvents(recorder.history, lambda: writer.position),
            lambda topics: source_of(recorder, database_url, topics=topics),
            writes_here=parts.writer,
        )


class _Place:
    """Where the parts of one process meet; each is stopped when `running` ends, the last first."""

    def __init__(
        self,
        running: contextlib.ExitStack,
        settings: Settings,
        kafka: KafkaSettings,
        database_url: str,
        parts: Parts,
    ) -> None:
        self._running = running
        self._settings, self._kafka, self._database_url = settings, kafka, database_url
        self._network, self._parts = settings.network, parts
        self._writer: Decider | None = None
        self.rebuilds: Rebuilds

    def views(self, recorder: ReadOnlyRecorder) -> Views:
        """The projector of this process, or how far the views of another one are."""
        where = LedgerAt(self._network, self._database_url, self._kafka)
        if self._parts.projector:
            projector = Projector(
                recorder,
                self._database_url,
                self._network,
                patient=True,
                ledger=where,
                verify_events_per_s=self._settings.verify_events_per_s,
            )
            projector.start()
            self._running.callback(projector.stop)
            assert projector.rebuilds is not None, "it knows where its ledger is"
            self.rebuilds = projector.rebuilds
            return projector
        self.rebuilds = Rebuilds(where)
        self._running.callback(self.rebuilds.stop)
        watch = ViewsWatch(
            self._database_url,
            self._network,
            self._position,
            on_connect=lambda conn: _stand_of_answers(conn, self._network),
        )
        watch.start()
        self._running.callback(watch.stop)
        return watch

    def writer(self, watched: Views, answered_until: Checkpoint | None) -> Decider:
        """The writer of this process, or what has requests decided by others."""
        self._writer = (
            self._own_writer() if self._parts.writer else self._asker(watched, answered_until)
        )
        return self._writer

    def _own_writer(self) -> Decider:
        name = self._parts.name or f"{socket.gethostname()}-api"
        beside = KafkaWriter(
            self._kafka,
            self._network,
            name=name,
            place=self._parts.place,
            folder=snapshot_folder(self._settings, name),
        )
        return self._running.enter_context(beside).writer

    def _asker(self, watched: Views, answered_until: Checkpoint | None) -> Decider:
        publisher = KafkaPublisher(self._kafka, self._network)
        self._running.callback(publisher.close)
        asker = Asker(
            KafkaLog(self._kafka, ledger_topic(self._network)),
            self._network,
            publisher,
            AnswersInTime(PostgresAnswersView(self._database_url, self._network)),
            lambda: watched.position((ANSWERS_VIEW,)),
            checkpoint=answered_until,
        )
        self._running.callback(asker.stop)
        asker.start()
        return asker

    def _position(self) -> int:
        return 0 if self._writer is None else self._writer.position


def _prepared(database_url: str, network: str) -> Checkpoint | None:
    """Where the view of answers stands; None at the beginning, and while PostgreSQL is away.

    From there on every answer is remembered: without the view, from the ledger's beginning.
    """
    try:
        with psycopg.connect(
            database_url, autocommit=True, connect_timeout=CONNECT_LIMIT_S
        ) as conn:
            return _stand_of_answers(conn, network)
    except psycopg.OperationalError as away:
        log.warning("answers_read_from_the_whole_ledger", error=str(away))
        return None


def _stand_of_answers(conn: psycopg.Connection[Any], network: str) -> Checkpoint | None:
    """Have the views' tables be there; where the view of answers stands, None at the beginning.

    Tables that are there are left alone: whoever serves them may be allowed to read only.
    """
    stand = _stands(conn, network).get(ANSWERS_VIEW)
    if stand is None:
        made = [view() for view in views.VIEWS.values()]
        views.create(conn, network, made, leave_outdated=True)
    return stand if stand is not None and stand.next_offset else None


def _stands(conn: psycopg.Connection[Any], network: str) -> dict[str, Checkpoint]:
    try:
        return checkpoints.stands(conn, network)
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        return {}
