"""The adapters that every case of this folder's own suite runs against."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from eventsourcing.persistence import InfrastructureFactory, ProcessRecorder

from ledger import postgres

CreateRecorder = Callable[[], Any]


@pytest.fixture(params=["postgres"])
def create_recorder(request: pytest.FixtureRequest) -> Iterator[CreateRecorder]:
    """Each call gives another recorder, as another process would have it, of the same ledger."""
    settings = {"postgres": _postgres}[request.param](request)
    with ExitStack() as factories:

        def create() -> ProcessRecorder:
            factory: InfrastructureFactory[Any] = InfrastructureFactory.construct(settings)
            return factories.enter_context(factory).process_recorder()

        yield create


def _postgres(request: pytest.FixtureRequest) -> dict[str, str]:
    return postgres.environment(request.getfixturevalue("database_url"))
