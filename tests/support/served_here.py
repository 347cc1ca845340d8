"""An API in a thread of the tests' own process, where its parts can be reached and replaced."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx

from api.app import create_app
from api.backend import Backend
from api.server import Server, address_of, bound, run

STARTS_WITHIN_S = 30.0
STOPS_WITHIN_S = 20.0
ANSWERS_WITHIN_S = 60.0


@contextmanager
def served_here(backend: Backend, channel: str = "web") -> Iterator[httpx.Client]:
    """A client of an API over these parts, that sends as a channel."""
    app, started = create_app(backend), threading.Event()
    with closing(bound("127.0.0.1", 0)) as listening:
        server = Server(app, app.state.services.streams, started.set)
        thread = threading.Thread(target=run, args=(server, listening), daemon=True)
        thread.start()
        try:
            assert started.wait(STARTS_WITHIN_S)
            headers = {"Onebook-Channel": channel}
            address = address_of(listening)
            with httpx.Client(base_url=address, headers=headers, timeout=ANSWERS_WITHIN_S) as web:
                yield web
        finally:
            server.stop()
            thread.join(STOPS_WITHIN_S)
            assert not thread.is_alive()
