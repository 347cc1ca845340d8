"""The adapters that every case of this folder's own suite runs against."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from eventsourcing.persistence import InfrastructureFactory, ProcessRecorder

from ledger import kafka, postgres
from ledger.kafka.settings import KafkaSettings

CreateRecorder = Callable[[], Any]


@pytest.fixture(params=["postgres", "kafka"])
def create_recorder(request: pytest.FixtureRequest) -> Iterator[CreateRecorder]:
    """Each call gives another recorder, as another process would have it, of the same ledger."""
    settings = {"postgres": _postgres, "kafka": _kafka}[request.param](request)
    with ExitStack() as factories:

        def create() -> ProcessRecorder:
            factory: InfrastructureFactory[Any] = InfrastructureFactory.construct(settings)
            return factories.enter_context(factory).process_recorder()

        yield create


def _postgres(request: pytest.FixtureRequest) -> dict[str, str]:
    return postgres.environment(request.getfixturevalue("database_url"))


def _kafka(request: pytest.FixtureRequest) -> dict[str, str]:
    settings = KafkaSettings(bootstrap=request.getfixturevalue("kafka_bootstrap"))
    return kafka.environment(settings, request.getfixturevalue("network"))
