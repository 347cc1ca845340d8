"""Reading a body without trusting its length: 4 MiB for one request, 16 MiB for a batch."""

from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from api.problems import TOO_LARGE, Problem
from ledger.door import MAX_REQUEST_BYTES

MAX_BATCH_BYTES: Final = 16 << 20
_MIB: Final = 1 << 20
_SPACE: Final = b" \t\r\n"


async def read_body(request: Request, *, batch: bool) -> bytes:
    """Return the whole body; `batch` allows for many requests whatever the first character.

    A body that begins with `[` is a batch too. Raises Problem (413) as soon as the limit is
    passed, by its declared or its actual length; the rest is left unread.
    Raises ClientDisconnect if the client hangs up before the body is whole.
    """
    _check(_declared(request), MAX_BATCH_BYTES)
    chunks: list[bytes] = []
    size, limit = 0, MAX_BATCH_BYTES if batch else None
    while True:
        chunk, more = await _next(request.receive)
        chunks.append(chunk)
        size += len(chunk)
        if limit is None:
            limit = _limit_by_first_byte(chunk)
        _check(size, limit or MAX_REQUEST_BYTES)
        if not more:
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


def _limit_by_first_byte(chunk: bytes) -> int | None:
    first = chunk.lstrip(_SPACE)[:1]
    if not first:
        return None
    return MAX_BATCH_BYTES if first == b"[" else MAX_REQUEST_BYTES


def _declared(request: Request) -> int:
    length = request.headers.get("content-length", "0")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise Problem(
            TOO_LARGE,
            f"the body has more than {limit // _MIB} MiB; one request has at most "
            f"{MAX_REQUEST_BYTES // _MIB} MiB, a batch {MAX_BATCH_BYTES // _MIB} MiB",
        )
