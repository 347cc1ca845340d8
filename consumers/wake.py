"""Waiting until the ledger has grown: woken from this process or by the database, never polling."""

import select
import socket
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier


class Wake:
    """Wakes one waiting thread: by `notify` from any thread, or by NOTIFY on `channel`.

    A wake-up that comes before the wait ends the wait at once; several are one. Making it raises
    psycopg.OperationalError if there is a channel and no database.
    """

    def __init__(self, database_url: str, channel: str | None) -> None:
        self._database_url, self._channel = database_url, channel
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)  # noqa: FBT003 - the library's way
        self._sender.setblocking(False)  # noqa: FBT003 - the library's way
        self._listener: psycopg.Connection[Any] | None = None
        self.listen_again()

    def listen_again(self) -> None:
        """Connect anew to hear the database, and look once. For the thread that waits."""
        self.notify()
        if self._channel is None:
            return
        if self._listener is not None:
            self._listener.close()
        self._listener = psycopg.connect(self._database_url, autocommit=True)
        self._listener.execute(SQL("LISTEN {}").format(Identifier(self._channel)))

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

    def close(self) -> None:
        """Give up the sockets; nobody may wait any more."""
        self._receiver.close()
        self._sender.close()
        if self._listener is not None:
            self._listener.close()
