"""A writer on a ledger of its own, and requests to send it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack

import pytest

from consumers.ledgers import PostgresLedger
from consumers.writing.writer import Writer
from ledger import postgres
from ledger.opening import open_ledger
from ledger.postgres import ProcessRecorder


@pytest.fixture
def recorder(database_url: str) -> Iterator[ProcessRecorder]:
    with open_ledger(postgres.environment(database_url), "main") as recorder:
        yield recorder


@pytest.fixture
def start(recorder) -> Iterator[Callable[..., Writer]]:
    """Start a writer on the ledger; it is stopped after the test."""
    with ExitStack() as running:

        def started(on=recorder, **options) -> Writer:
            writer = Writer(PostgresLedger(on), **options)
            writer.start()
            running.callback(writer.stop)
            return writer

        yield started


class Gate:
    """A recorder whose appends wait until told to go on, or to fail before or after landing."""

    def __init__(self, recorder: ProcessRecorder) -> None:
        self._recorder = recorder
        self.waiting: list[tuple[Future, list, object]] = []

    def __getattr__(self, name):
        return getattr(self._recorder, name)

    def append(self, events, *, decided_on):
        future: Future = Future()
        self.waiting.append((future, events, decided_on))
        return future

    def land(self) -> None:
        future, events, head = self.waiting.pop(0)
        try:
            future.set_result(self._recorder.insert_events(events, decided_on=head))
        except Exception as fault:  # noqa: BLE001 - as a recorder's future would hold it
            future.set_exception(fault)

    def lose(self) -> None:
        future, _, _ = self.waiting.pop(0)
        future.set_exception(ConnectionError("lost before it landed"))

    def land_unseen(self) -> None:
        future, events, head = self.waiting.pop(0)
        self._recorder.insert_events(events, decided_on=head)
        future.set_exception(ConnectionError("lost after it landed"))


@pytest.fixture
def gate(recorder) -> Gate:
    return Gate(recorder)
