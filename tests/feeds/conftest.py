"""A network whose feeds are published."""

from collections.abc import Iterator

import pytest
from busy_days import busy_days
from feeds import Fed
from given import Shop


@pytest.fixture(scope="session")
def days() -> Shop:
    """Some days in which everything happens that can."""
    return busy_days(400, seed=11)


@pytest.fixture
def fed(kafka_bootstrap: str, network: str) -> Iterator[Fed]:
    """A network in Kafka without an event."""
    made = Fed(kafka_bootstrap, network)
    yield made
    made.close()
