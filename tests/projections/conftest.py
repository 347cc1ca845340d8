"""A real ledger in PostgreSQL or Kafka, written from a shop's events, and its views."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import ApplicationRecorder, StoredEvent, Tracking
from given import Shop
from psycopg.rows import dict_row
from remade_topic import remake

from consumers.projecting.parallel import LedgerAt
from consumers.projector import Projector
from consumers.proving.rebuild import Rebuilt, rebuild
from consumers.proving.verify import ViewReport, verify
from ledger import postgres
from ledger.codec import recorded
from ledger.domain.events import AnyEvent
from ledger.kafka.client import KafkaLog
from ledger.kafka.recorder import ProcessRecorder, ReadOnlyRecorder
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import ledger_topic, requests_topic
from ledger.opening import open_ledger
from projections import views
from projections.reading import configure

NETWORK = "main"
APPEND_EVENTS = 25
"""So many are written at a time: on Kafka, one block."""


class Ledger(ABC):
    """What happened in a shop. `recorder` is the reader of the ledger that projectors use."""

    recorder: ApplicationRecorder
    network: str

    def __init__(self, database_url: str) -> None:
        self.url = database_url
        self._versions: dict[str, int] = {}
        self.written = 0

    @abstractmethod
    def append(self, events: Sequence[StoredEvent]) -> None:
        """Write events, all at once."""

    @abstractmethod
    def lose_after(self, position: int) -> None:
        """Lose the last events, as a server does that comes up with an older disk."""

    def connect_apart(self) -> None:  # noqa: B027 - a writer on Kafka has no connection to PostgreSQL
        """Write by connections that nobody has cut."""

    def tell(self, shop: Shop, until: int | None = None) -> None:
        """Write the shop's events that are not written yet."""
        for_now = shop.books.events[self.written : until]
        stored = [StoredEvent(*recorded(e, e.stream, self._next(e))) for e in for_now]
        for first in range(0, len(stored), APPEND_EVENTS):
            self.append(stored[first : first + APPEND_EVENTS])
        self.written += len(for_now)

    def _next(self, event: AnyEvent) -> int:
        self._versions[event.stream] = self._versions.get(event.stream, 0) + 1
        return self._versions[event.stream]

    def project(self, **options: Any) -> int:
        """Bring the views up to date, as a process that was started only for that."""
        projector = self.projector(**options)
        try:
            return projector.catch_up()
        finally:
            projector.stop()

    @property
    def where(self) -> LedgerAt:
        """How another process finds it."""
        return LedgerAt(self.network, self.url, getattr(self, "settings", None))

    def rebuild(self, *names: str, **options: Any) -> list[Rebuilt]:
        """Fold views afresh, as a process that was started only for that."""
        return rebuild(self.where, names or tuple(views.VIEWS), **options)

    def projector(self, **options: Any) -> Projector:
        return Projector(self.recorder, self.url, self.network, **options)

    def sql(self, statement: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as conn:
            views.configure(conn)
            cursor = conn.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def read(self, function: Callable[..., Any], *args: Any, **filters: Any) -> Any:
        async def run() -> Any:
            async with await psycopg.AsyncConnection.connect(self.url) as conn:
                await configure(conn)
                return await function(conn, self.network, *args, **filters)

        return asyncio.run(run())

    def verify(self, *names: str) -> list[ViewReport]:
        with psycopg.connect(self.url, autocommit=True) as conn:
            return verify(self.recorder, conn, self.network, names or tuple(views.VIEWS))

    def digests(self) -> dict[str, str]:
        return {report.view: report.view_digest for report in self.verify()}

    def differences(self) -> int:
        return sum(report.differences for report in self.verify())


class InPostgres(Ledger):
    """In PostgreSQL, beside its views."""

    def __init__(self, database_url: str, recorder: postgres.ProcessRecorder) -> None:
        super().__init__(database_url)
        self.recorder = recorder
        self.network = NETWORK
        self._writer = recorder
        self._parts = ExitStack()

    def append(self, events: Sequence[StoredEvent]) -> None:
        self._writer.insert_events(events)

    def connect_apart(self) -> None:
        opened = open_ledger(postgres.environment(self.url), NETWORK)
        self._writer = self._parts.enter_context(opened)

    def close(self) -> None:
        self._parts.close()

    def lose_after(self, position: int) -> None:
        self.sql(f"DELETE FROM {self.network}_events WHERE notification_id > {position}")


class InKafka(Ledger):
    """In a topic of its own, with a block that only moves an input before every other one."""

    def __init__(self, database_url: str, settings: KafkaSettings, network: str) -> None:
        super().__init__(database_url)
        self.network = network
        self.settings = settings
        self.log = KafkaLog(settings, ledger_topic(network))
        self.recorder: ReadOnlyRecorder = ReadOnlyRecorder(self.log, network)
        self._writer: ProcessRecorder | None = None
        self._input = requests_topic(network, "web")
        self._consumed = 0

    def append(self, events: Sequence[StoredEvent]) -> None:
        if self._writer is None:
            self._writer = ProcessRecorder(self.log, self.network, "till-1")
        self._consumed += 1
        tracking = Tracking(self._input, self._consumed)
        if self._consumed % 2:
            self._writer.insert_events([], tracking=tracking)
            self._writer.insert_events(events)
        else:
            self._writer.insert_events(events, tracking=tracking)

    def lose_after(self, position: int) -> None:
        remake(self.settings, self.log, lambda block: block.last <= position)
        self.close()
        self.recorder = ReadOnlyRecorder(self.log, self.network)

    def close(self) -> None:
        self.recorder.close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None


@pytest.fixture
def ledger(request: pytest.FixtureRequest, database_url: str) -> Iterator[Ledger]:
    if getattr(request, "param", "postgres") == "postgres":
        with open_ledger(postgres.environment(database_url), NETWORK) as recorder:
            in_postgres = InPostgres(database_url, recorder)
            yield in_postgres
            in_postgres.close()
        return
    settings = KafkaSettings(bootstrap=request.getfixturevalue("kafka_bootstrap"))
    kept = InKafka(database_url, settings, request.getfixturevalue("network"))
    yield kept
    kept.close()


@pytest.fixture
def told(ledger: Ledger) -> Callable[[Shop], Ledger]:
    """The ledger of a shop, with its views up to date."""

    def tell(shop: Shop) -> Ledger:
        ledger.tell(shop)
        ledger.project()
        return ledger

    return tell
