"""Where the objects meet: settings become a data directory, a database and a running node."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.backend import Backend, of_node
from api.on_kafka import ALL, Parts, open_on_kafka
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
    """The database of the views, and of a ledger that is not in Kafka.

    `directory` is the data directory that this process holds; None if it needs none.
    """

    directory: DataDirectory | None
    database_url: str
    network: str
    death: Death

    def publish_address(self, address: str) -> None:
        """Tell commands that find the data directory taken where this process serves HTTP."""
        if self.directory is not None:
            self.directory.publish_address(address)


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
    """Take the data directory and run the writer and projector of its ledger in PostgreSQL."""
    with (
        open_database(settings) as opened,
        Node(
            opened.database_url,
            settings.network,
            verify_events_per_s=settings.verify_events_per_s,
        ) as node,
    ):
        yield opened, node


@contextlib.contextmanager
def open_backend(settings: Settings, parts: Parts = ALL) -> Iterator[tuple[Opened, Backend]]:
    """Run what an API serves, on a ledger in PostgreSQL or Kafka as the settings say.

    Raises SettingsError if the parts do not go with the settings, what `open_database` raises,
    and what `open_on_kafka` does.
    """
    parts.check(settings)
    with contextlib.ExitStack() as stack:
        if settings.kafka is None:
            opened, node = stack.enter_context(open_node(settings))
            yield opened, of_node(node)
            return
        opened = stack.enter_context(_views_database(settings, parts))
        running = open_on_kafka(settings, settings.kafka, opened.database_url, parts)
        yield opened, stack.enter_context(running)


@contextlib.contextmanager
def _views_database(settings: Settings, parts: Parts) -> Iterator[Opened]:
    """The views' database. Without a writer here, one of its own needs no data directory."""
    if settings.database_url is None or parts.writer:
        with open_database(settings) as opened:
            yield opened
    else:
        yield Opened(None, settings.database_url.get_secret_value(), settings.network, Death())


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
