"""Where the objects meet: settings become a data directory, a database and a running node."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.settings import Settings
from consumers.data_directory import DataDirectory, DataDirectoryBusy
from consumers.embedded import EmbeddedPostgres
from consumers.node import Node

DATABASE_FILE: Final = "database-url"
"""Holds the URL of the running database, for other commands of the same user (mode 0600)."""


class Death:
    """Whether the embedded database ended by itself, and who is told when it does."""

    def __init__(self) -> None:
        self.happened = threading.Event()
        self._told: list[Callable[[], None]] = []

    def tell(self, callback: Callable[[], None]) -> None:
        """Have this called, in another thread, when the database ends by itself."""
        self._told.append(callback)

    def __call__(self) -> None:
        """It happened."""
        self.happened.set()
        for callback in self._told:
            callback()


@dataclass(frozen=True, slots=True)
class Opened:
    """A data directory that this process holds, and the database of its ledger and views."""

    directory: DataDirectory
    database_url: str
    network: str
    death: Death


@contextlib.contextmanager
def open_database(settings: Settings) -> Iterator[Opened]:
    """Take the data directory and have its database run.

    Raises DataDirectoryBusy if another process holds the directory, DataDirectoryError (or its
    EmbeddedPostgresError) if it cannot be used.
    """
    death = Death()
    with (
        DataDirectory.open(settings.data) as directory,
        _database(settings, directory, death) as url,
    ):
        _remember(directory.path, url)
        try:
            yield Opened(directory, url, settings.network, death)
        finally:
            (directory.path / DATABASE_FILE).unlink(missing_ok=True)


@contextlib.contextmanager
def open_node(settings: Settings) -> Iterator[tuple[Opened, Node]]:
    """Take the data directory and run its writer and projector on it."""
    with (
        open_database(settings) as opened,
        Node(opened.database_url, settings.network) as node,
    ):
        yield opened, node


@contextlib.contextmanager
def open_beside(settings: Settings) -> Iterator[str]:
    """The URL of the database: of our own, or of the one that another process runs on this folder.

    Raises DataDirectoryBusy if that process has none to share yet.
    """
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(open_database(settings)).database_url
        except DataDirectoryBusy as busy:
            url = _remembered(busy)
        yield url


@contextlib.contextmanager
def _database(settings: Settings, directory: DataDirectory, death: Death) -> Iterator[str]:
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with EmbeddedPostgres(directory.path, on_death=death) as server:
        yield server.url


def _remember(path: Path, url: str) -> None:
    file = os.open(path / DATABASE_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w") as text:
        text.write(url)


def _remembered(busy: DataDirectoryBusy) -> str:
    try:
        return (busy.path / DATABASE_FILE).read_text()
    except FileNotFoundError:
        raise busy from None
