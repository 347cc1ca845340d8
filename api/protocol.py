"""HTTP/1.1 as uvicorn and httptools speak it, but with an end to headers.

httptools collects an address and headers of any size before it hands them on.
"""

from typing import Final

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.problems import HEADERS_TOO_LARGE, MEDIA_TYPE, Problem

MAX_HEAD_BYTES: Final = 64 << 10
"""Of the address and the headers of one request; also of what else surrounds its body."""
_AROUND_HEADER: Final = len(b": \r\n")
LINGERS_S: Final = 1.0
"""What still comes is dropped for so long: a sender who is cut off would not see the answer."""


class HeadTooLarge(Exception):
    """Ends the parsing of a request whose head has more than MAX_HEAD_BYTES."""


class LimitedHeads(HttpToolsProtocol):
    """Answers 431 to a head that is too large, and soon hangs up."""

    _since = 0
    """Bytes received since the parser last handed on a head, a piece of a body, or its end."""
    _too_large = False

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless it goes on with a head that is too large already."""
        if self._too_large:
            return
        if self._since > MAX_HEAD_BYTES:
            self._refuse()
            return
        self._since += len(data)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """A head is whole. Raises HeadTooLarge, also for one that came in a single piece."""
        self._since = 0
        size = sum(len(name) + len(value) + _AROUND_HEADER for name, value in self.headers)
        if len(self.url) + size > MAX_HEAD_BYTES:
            self._too_large = True
            raise HeadTooLarge
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body is there."""
        self._since = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._since = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what could not be parsed; the parser reports our own fault as one of its own."""
        if self._too_large:
            self._refuse()
        else:
            super().send_400_response(msg)

    def _refuse(self) -> None:
        self._too_large = True
        if self._owes_an_answer():
            self.transport.close()
            return
        detail = f"the address and headers have more than {MAX_HEAD_BYTES >> 10} KiB"
        body = msgspec.json.encode(Problem(HEADERS_TOO_LARGE, detail).body())
        headers = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[HEADERS_TOO_LARGE.status] + head + b"\r\n" + body)
        self.loop.call_later(LINGERS_S, self.transport.close)

    def _owes_an_answer(self) -> bool:
        """Whether what is said now would be taken for the answer to an earlier request."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return False
        return cycle.response_started or not cycle.more_body
