"""Opening a network's ledger: the module that keeps it is named by PERSISTENCE_MODULE."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment

from ledger.postgres import ProcessRecorder


@contextmanager
def open_ledger(settings: Mapping[str, str], network: str) -> Iterator[ProcessRecorder]:
    """The ledger of a network; what it keeps its events in is made if it is not there.

    `settings` are the `eventsourcing` library's, such as `ledger.postgres.environment(url)`. Its
    tables are named after the network: `main_events`, `main_tracking`.
    """
    factory: InfrastructureFactory
    with InfrastructureFactory.construct(Environment(network, dict(settings))) as factory:
        recorder = factory.process_recorder()
        assert isinstance(recorder, ProcessRecorder), recorder
        yield recorder
