"""What all tests share: a PostgreSQL server, and a database of their own."""

from collections.abc import Iterator
from os import environ
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg
import pytest
from embedded_folder import embedded_postgres
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier


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


def _url_of(server_url: str, dbname: str) -> str:
    rest = {k: str(v) for k, v in conninfo_to_dict(server_url).items() if k != "dbname"}
    return f"postgresql:///{dbname}?{urlencode(rest, quote_via=quote)}"
