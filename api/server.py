"""The HTTP server: uvicorn, which here ends event streams when it is told to stop."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from api.protocol import LimitedHeads
from api.streams import Streams

GRACE_S: Final = 5
"""For what is under way when the server is told to stop; the database's own stop comes after."""
BACKLOG: Final = 2048
KEEP_ALIVE_S: Final = 75


class AddressError(Exception):
    """The address cannot be served at; the text says why and what to do."""


class Server(uvicorn.Server):
    """Tells the open event streams before it waits for connections to close.

    uvicorn waits for every open connection, and an event stream never ends by itself.
    """

    def __init__(self, app: FastAPI, streams: Streams, on_started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                access_log=False,
                log_config=None,
                log_level="warning",
                lifespan="on",
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S,
                server_header=False,
                proxy_headers=False,
                http=LimitedHeads,
                headers=[("X-Content-Type-Options", "nosniff")],
            )
        )
        self._streams = streams
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, then tell who started this server."""
        await super().startup(sockets)
        if self.started:
            self._on_started()

    def handle_exit(self, sig: int, _frame: FrameType | None) -> None:
        """Stop on a signal; on a second Ctrl-C without waiting for what is under way.

        The signal is not raised again afterwards, as uvicorn does: the database is closed first.
        """
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.stop()

    def stop(self) -> None:
        """Stop, the event streams first; from any thread."""
        self._streams.close()
        self.should_exit = True


def bound(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address, before anything else is started.

    Raises AddressError if it is taken or not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise AddressError(
            f"cannot serve at {host}:{port}: {error.strerror or error}; name another with --port "
            "(0 takes any that is free) or --host"
        ) from error
    taken.set_inheritable(False)
    return taken


def address_of(bound_socket: socket.socket) -> str:
    """The HTTP address of a bound socket, as a client on this machine writes it."""
    host, port = bound_socket.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (any interface)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(server: Server, bound_socket: socket.socket) -> None:
    """Serve until told to stop, in the main thread by a signal. Blocks."""
    gc.freeze()  # what was built until now stays
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(server.serve([bound_socket]))


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop  # noqa: PLC0415  (not on every system)

    return uvloop.new_event_loop()
