"""One network's ledger, writer and projector in one process: where these objects meet."""

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from eventsourcing.persistence import InfrastructureFactory, ProcessRecorder
from eventsourcing.utils import Environment

from consumers.projector import Projector
from consumers.writer import Writer
from ledger import postgres

DEFAULT_NETWORK: Final = "main"

Progress = Callable[[int, int], None]


def open_recorder(database_url: str, network: str) -> postgres.ProcessRecorder:
    """The ledger of a network in this database; its tables are made if they are not there."""
    settings = Environment(network, postgres.environment(database_url))
    factory: InfrastructureFactory = InfrastructureFactory.construct(settings)
    recorder: ProcessRecorder = factory.process_recorder()
    assert isinstance(recorder, postgres.ProcessRecorder), recorder
    return recorder


class Node:
    """A context manager: entered, it has read its ledger, decides requests and keeps its views.

    Entering raises what the database raises, and projections' own errors if a view stands beyond
    the ledger. `project=False` leaves the views alone.
    """

    def __init__(
        self,
        database_url: str,
        network: str = DEFAULT_NETWORK,
        *,
        project: bool = True,
        progress: Progress | None = None,
    ) -> None:
        self.database_url = database_url
        self.network = network
        self.recorder = open_recorder(database_url, network)
        self.projector = Projector(self.recorder, database_url, network)
        self.writer = Writer(self.recorder, on_append=self._wake_views if project else None)
        self._project = project
        self._progress = progress

    def _wake_views(self, _position: int) -> None:
        self.projector.notify()

    def __enter__(self) -> Self:
        self.writer.start(self._progress)
        if self._project:
            self.projector.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.writer.stop()
        finally:
            if self._project:
                self.projector.stop()
            self.recorder.close()
