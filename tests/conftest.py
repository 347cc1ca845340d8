"""What all tests share: a PostgreSQL server and a Kafka, and room of their own in both."""

from collections.abc import Iterator
from os import environ
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg
import pytest
from embedded_folder import embedded_postgres
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier
from real_kafka import fresh_network, kafka_for_tests

LONG = (
    "faults/",
    "simulation/",
    "feeds/",
    "domain/test_planted",
    "domain/test_laws",
    "web/test_commands",
    "project/",
    "kafka/",
    "cluster/",
    "browser/",
    "projections/",
)
"""Files that take longest begin first, so that several processes end at about the same time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first; otherwise the order stays."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    path = item.nodeid.removeprefix("tests/")
    return next((rank for rank, start in enumerate(LONG) if path.startswith(start)), len(LONG))


@pytest.fixture(scope="session")
def postgres_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a superuser's database on a server: the one given, else the embedded one."""
    if given := environ.get("ONEBOOK_TEST_DATABASE_URL"):
        yield given
        return
    with embedded_postgres(tmp_path_factory.mktemp("postgres") / "data") as url:
        yield url


@pytest.fixture
def database_url(postgres_server_url: str) -> Iterator[str]:
    """URL of an empty database that is dropped after the test, whoever is still connected."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres_server_url, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        yield _url_of(postgres_server_url, name)
        server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a Kafka of one broker: the one given, else one for this session."""
    with kafka_for_tests(tmp_path_factory.mktemp("kafka")) as bootstrap:
        yield bootstrap


@pytest.fixture
def network(kafka_bootstrap: str) -> str:
    """A network that no other test uses, with its topics; its channels are `web` and `till`."""
    return fresh_network(kafka_bootstrap, "web", "till")


def _url_of(server_url: str, dbname: str) -> str:
    rest = {k: str(v) for k, v in conninfo_to_dict(server_url).items() if k != "dbname"}
    return f"postgresql:///{dbname}?{urlencode(rest, quote_via=quote)}"
