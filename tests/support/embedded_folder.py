"""An embedded PostgreSQL for tests that leaves nothing behind, also when root runs them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from consumers.embedded import EmbeddedPostgres
from consumers.embedded import home as homes


@contextmanager
def embedded_postgres(directory: Path) -> Iterator[str]:
    """Run a server on a data directory, give its URL, and remove both at the end."""
    try:
        with EmbeddedPostgres(directory) as server:
            yield server.url
    finally:
        remove_ledger(directory)


def remove_ledger(directory: Path) -> None:
    """Remove a data directory that nobody uses, and for root the server's folder outside it."""
    id_file = directory / homes.ID_FILE
    if id_file.exists():
        shutil.rmtree(homes.ROOT_HOME / id_file.read_text().strip(), ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)
