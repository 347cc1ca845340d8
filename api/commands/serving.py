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
from api.backend import Backend
from api.commands.terminal import (
    DataOption,
    Failure,
    JsonOption,
    NetworkOption,
    log_to_stderr,
    out,
    print_json,
)
from api.commands.writing import DevOption, NameOption, PlaceOption
from api.compose import Opened, open_backend
from api.on_kafka import ALL, READING, Parts
from api.server import Server, address_of, bound, run
from api.settings import Settings
from consumers.data_directory import DataDirectoryBusy

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


NoWriterOption = Annotated[
    bool, typer.Option("--no-writer", help="Leave deciding to `onebook write`. On Kafka only.")
]
NoProjectorOption = Annotated[
    bool,
    typer.Option("--no-projector", help="Leave the views to `onebook project`. On Kafka only."),
]


def serve(  # noqa: PLR0913 - one parameter an option
    *,
    data: DataOption = None,
    host: HostOption = None,
    port: PortOption = None,
    network: NetworkOption = None,
    no_writer: NoWriterOption = False,
    no_projector: NoProjectorOption = False,
    name: NameOption = None,
    place: PlaceOption = 0,
    dev: DevOption = False,
    as_json: JsonOption = False,
) -> None:
    """Serve the ledger of a data directory, or of a network in Kafka, over HTTP until Ctrl-C.

    Writer and projector run beside it unless they are left to other processes.

    Example: onebook serve --data .onebook --port 8000
    """
    log_to_stderr(logging.INFO)
    settings = configured.load(
        data=data, host=host, port=port, network=network, kafka_dev=dev or None
    )
    parts = Parts(writer=not no_writer, projector=not no_projector, name=name, place=place)
    listening = bound(settings.host, settings.port)
    with contextlib.closing(listening), open_backend(settings, parts) as (opened, backend):
        serve_backend(opened, backend, listening, lambda address: _say(address, as_json=as_json))


def serve_backend(
    opened: Opened, backend: Backend, listening: socket.socket, on_started: Callable[[str], None]
) -> None:
    """Serve from the main thread until a signal; what follows is not interrupted by another.

    Raises Failure if the embedded database ended by itself, after stopping as on a signal.
    """
    server = _server(opened, backend, listening, on_started)
    opened.death.tell(server.stop)
    run(server, listening)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if opened.death.happened.is_set() and opened.directory is not None:
        raise Failure(
            f"the PostgreSQL of {opened.directory.path} ended by itself: see postgres.log there. "
            "Nothing that was acknowledged is lost; start the server again"
        )


@contextlib.contextmanager
def connected(settings: Settings) -> Iterator[httpx.Client]:
    """A client of the server that holds the data directory, else of one for this command alone.

    Raises DataDirectoryBusy if another process holds it and serves nothing.
    """
    kept_elsewhere = settings.kafka is not None and settings.database_url is not None
    with (
        served_address(settings, READING if kept_elsewhere else ALL) as address,
        httpx.Client(base_url=address, timeout=REPLY_LIMIT_S) as client,
    ):
        yield client


@contextlib.contextmanager
def served_address(settings: Settings, parts: Parts = ALL) -> Iterator[str]:
    """The address of the server that holds the data directory, else of one with these parts.

    Raises DataDirectoryBusy if another process holds it and serves nothing.
    """
    with contextlib.ExitStack() as stack:
        try:
            address = stack.enter_context(_own_server(settings, parts))
        except DataDirectoryBusy as busy:
            if busy.address is None:
                raise
            address = busy.address
        yield address


@contextlib.contextmanager
def _own_server(settings: Settings, parts: Parts) -> Iterator[str]:
    with (
        open_backend(settings, parts) as (opened, backend),
        contextlib.closing(bound("127.0.0.1", 0)) as listening,
        _in_thread(opened, backend, listening),
    ):
        yield address_of(listening)


@contextlib.contextmanager
def _in_thread(opened: Opened, backend: Backend, listening: socket.socket) -> Iterator[None]:
    started = threading.Event()
    server = _server(opened, backend, listening, lambda _: started.set())
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
    opened: Opened, backend: Backend, listening: socket.socket, on_started: Callable[[str], None]
) -> Server:
    app = create_app(backend)
    address = address_of(listening)

    def started() -> None:
        opened.publish_address(address)
        on_started(address)

    return Server(app, app.state.services.streams, started)


def _say(address: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"address": address})
    else:
        out.print(f"Onebook serves at [bold]{address}[/] (Ctrl-C stops it)")
