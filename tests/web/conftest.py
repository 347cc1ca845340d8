"""One server for all of these tests; each test sends as a channel of its own."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from served import Sender, Served, served_ledger


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_ledger(tmp_path_factory.mktemp("web") / "ledger") as server:
        yield server


@pytest.fixture
def web(server: Served) -> Iterator[Sender]:
    with server.client(f"web-{uuid4().hex[:8]}") as client:
        yield Sender(client)
