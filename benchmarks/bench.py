"""What every benchmark is given: one PostgreSQL for all, how long to measure, and how often."""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from msgspec import Struct
from psycopg import sql

from consumers.embedded import home

FILE_VARIABLE = "ONEBOOK_BENCH_FILE"


class Bench(Struct, frozen=True):
    """One run: its server, its patience and its file to import (None: the committed excerpt)."""

    server_url: str
    folder: Path
    repeats: int
    seconds: float
    quick: bool
    file: Path | None

    @contextmanager
    def database(self) -> Iterator[str]:
        """A fresh database on the run's PostgreSQL; gone afterwards."""
        name = f"bench_{secrets.token_hex(4)}"
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlunsplit(urlsplit(self.server_url)._replace(path=f"/{name}"))
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            self._administer(drop.format(sql.Identifier(name)))

    def say(self, text: str) -> None:
        """Tell who waits what is being measured."""
        print(f"… {text}", file=sys.stderr, flush=True)

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for data directories, gone afterwards; so is what root keeps elsewhere for them."""
    with tempfile.TemporaryDirectory(prefix="onebook-bench-") as name:
        folder = Path(name)
        try:
            yield folder
        finally:
            for id_file in folder.rglob(home.ID_FILE):
                shutil.rmtree(home.ROOT_HOME / id_file.read_text().strip(), ignore_errors=True)


def settle(database_url: str) -> None:
    """Write out what earlier measurements left, so that the next one does not pay for it."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def child_environment() -> dict[str, str]:
    """The environment of a program under test: its own settings are given as options."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("ONEBOOK_")
    } | {"PYTHONPATH": str(Path(__file__).parent.parent)}
