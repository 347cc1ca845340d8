"""Waiting until the ledger has grown: woken from this process or by the database, never polling."""

import select
import socket
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg.sql import SQL, Identifier


class Wake:
    """Wakes one waiting thread: by `notify` from any thread, or by NOTIFY on `channel`.

    A wake-up that comes before the wait ends the wait at once; several are one.
    """

    def __init__(self, database_url: str, channel: str | None) -> None:
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._sender.setblocking(False)
        self._listener: psycopg.Connection[Any] | None = None
        if channel is not None:
            self._listener = psycopg.connect(database_url, autocommit=True)
            self._listener.execute(SQL("LISTEN {}").format(Identifier(channel)))

    def notify(self) -> None:
        """End the wait, or the next one."""
        try:
            self._sender.send(b"\0")
        except BlockingIOError:
            return  # so many wake-ups wait already that one more says nothing
        except OSError:
            return  # closed: nobody waits any more

    def wait(self) -> None:
        """Block until somebody notifies. Raises psycopg.OperationalError if the database left."""
        watched: list[Any] = [self._receiver]
        if self._listener is not None:
            watched.append(self._listener)
        ready, _, _ = select.select(watched, [], [])
        if self._receiver in ready:
            self._receiver.recv(4096)
        if self._listener is not None and self._listener in ready:
            for _ in self._listener.notifies(timeout=0):
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up the sockets; nobody may wait any more."""
        self._receiver.close()
        self._sender.close()
        if self._listener is not None:
            self._listener.close()
