"""A real ledger in PostgreSQL, written from a shop's events, and its views."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from given import Shop
from psycopg.rows import dict_row

from consumers.projector import Projector
from consumers.verify import ViewReport, verify
from ledger import postgres
from eventsourcing.persistence import StoredEvent
from ledger.codec import recorded
from ledger.domain.events import AnyEvent
from ledger.opening import open_ledger
from projections import views
from projections.reading import configure

NETWORK = "main"


class Ledger:
    """What happened in a shop, in PostgreSQL."""

    def __init__(self, database_url: str, recorder: postgres.ProcessRecorder) -> None:
        self.url, self.recorder = database_url, recorder
        self._versions: dict[str, int] = {}
        self.written = 0

    def tell(self, shop: Shop, until: int | None = None) -> None:
        """Write the shop's events that are not written yet."""
        for_now = shop.books.events[self.written : until]
        self.recorder.insert_events(
            [StoredEvent(*recorded(event, event.stream, self._next(event))) for event in for_now]
        )
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

    def projector(self, **options: Any) -> Projector:
        return Projector(self.recorder, self.url, NETWORK, **options)

    def sql(self, statement: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as conn:
            views.configure(conn)
            cursor = conn.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def read(self, function: Callable[..., Any], *args: Any, **filters: Any) -> Any:
        async def run() -> Any:
            async with await psycopg.AsyncConnection.connect(self.url) as conn:
                await configure(conn)
                return await function(conn, NETWORK, *args, **filters)

        return asyncio.run(run())

    def verify(self, *names: str) -> list[ViewReport]:
        with psycopg.connect(self.url, autocommit=True) as conn:
            return verify(self.recorder, conn, NETWORK, names or tuple(views.VIEWS))

    def digests(self) -> dict[str, str]:
        return {report.view: report.view_digest for report in self.verify()}

    def differences(self) -> int:
        return sum(report.differences for report in self.verify())


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with open_ledger(postgres.environment(database_url), NETWORK) as recorder:
        yield Ledger(database_url, recorder)


@pytest.fixture
def told(ledger: Ledger) -> Callable[[Shop], Ledger]:
    """The ledger of a shop, with its views up to date."""

    def tell(shop: Shop) -> Ledger:
        ledger.tell(shop)
        ledger.project()
        return ledger

    return tell
