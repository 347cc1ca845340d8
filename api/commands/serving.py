"""`onebook serve`, and servers for as long as a command runs."""

import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Annotated, Final

import httpx
import typer

from api import settings as configured
from api.app import create_app
from api.commands.terminal import (
    DataOption,
    Failure,
    JsonOption,
    NetworkOption,
    log_to_stderr,
    out,
    print_json,
)
from api.compose import Opened, open_node
from api.server import Server, address_of, bound, run
from api.settings import Settings
from consumers.data_directory import DataDirectoryBusy
from consumers.node import Node

START_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 20.0
REPLY_LIMIT_S: Final = 120.0

HostOption = Annotated[
    str | None,
    typer.Option("--host", help="Interface to serve at.", show_default="127.0.0.1"),
]
PortOption = Annotated[
    int | None, typer.Option("--port", help="Port; 0 takes any that is free.", show_default="8000")
]


def serve(
    *,
    data: DataOption = None,
    host: HostOption = None,
    port: PortOption = None,
    network: NetworkOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the ledger of a data directory over HTTP until Ctrl-C.

    Example: onebook serve --data .onebook --port 8000
    """
    log_to_stderr(logging.INFO)
    settings = configured.load(data=data, host=host, port=port, network=network)
    listening = bound(settings.host, settings.port)
    with contextlib.closing(listening), open_node(settings) as (opened, node):
        serve_node(opened, node, listening, lambda address: _say(address, as_json=as_json))


def serve_node(
    opened: Opened, node: Node, listening: socket.socket, on_started: Callable[[str], None]
) -> None:
    """Serve from the main thread until a signal; what follows is not interrupted by another.

    Raises Failure if the embedded database ended by itself, after stopping as on a signal.
    """
    server = _server(opened, node, listening, on_started)
    opened.death.tell(server.stop)
    run(server, listening)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if opened.death.happened.is_set():
        raise Failure(
            f"the PostgreSQL of {opened.directory.path} ended by itself: see postgres.log there. "
            "Nothing that was acknowledged is lost; start the server again"
        )


@contextlib.contextmanager
def connected(settings: Settings) -> Iterator[httpx.Client]:
    """A client of the server that holds the data directory, else of one for this command alone.

    Raises DataDirectoryBusy if another process holds it and serves nothing.
    """
    with contextlib.ExitStack() as stack:
        try:
            address = stack.enter_context(_own_server(settings))
        except DataDirectoryBusy as busy:
            if busy.address is None:
                raise
            address = busy.address
        yield stack.enter_context(httpx.Client(base_url=address, timeout=REPLY_LIMIT_S))


@contextlib.contextmanager
def _own_server(settings: Settings) -> Iterator[str]:
    with (
        open_node(settings) as (opened, node),
        contextlib.closing(bound("127.0.0.1", 0)) as listening,
        _in_thread(opened, node, listening),
    ):
        yield address_of(listening)


@contextlib.contextmanager
def _in_thread(opened: Opened, node: Node, listening: socket.socket) -> Iterator[None]:
    started = threading.Event()
    server = _server(opened, node, listening, lambda _: started.set())
    thread = threading.Thread(target=run, args=(server, listening), name="http", daemon=True)
    thread.start()
    try:
        if not started.wait(START_LIMIT_S):
            raise Failure(f"the HTTP server did not start within {START_LIMIT_S:g} s")
        yield
    finally:
        server.stop()
        thread.join(STOP_LIMIT_S)


def _server(
    opened: Opened, node: Node, listening: socket.socket, on_started: Callable[[str], None]
) -> Server:
    app = create_app(node)
    address = address_of(listening)

    def started() -> None:
        opened.directory.publish_address(address)
        on_started(address)

    return Server(app, app.state.services.streams, started)


def _say(address: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"address": address})
    else:
        out.print(f"Onebook serves at [bold]{address}[/] (Ctrl-C stops it)")
