"""Taking bodies without trusting them: how long, how many, how large together, and by when."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from api.problems import BODY_TIMEOUT, TOO_LARGE, TOO_MANY_BODIES, Problem
from ledger.door import MAX_REQUEST_BYTES

MAX_BATCH_BYTES: Final = 16 << 20
MAX_HELD_BYTES: Final = 128 << 20
"""Of all bodies that are arriving or wait to be read."""
ARRIVES_WITHIN_S: Final = 60.0
LARGE_BYTES: Final = 1 << 20
MAX_LARGE_AT_ONCE: Final = 2
"""Bodies above LARGE_BYTES that are read at once: as structs they take many times their bytes."""
_MIB: Final = 1 << 20
_SPACE: Final = b" \t\r\n"


class Bodies:
    """The bodies of all requests that are under way."""

    def __init__(
        self,
        *,
        max_bytes: int = MAX_HELD_BYTES,
        arrives_within_s: float = ARRIVES_WITHIN_S,
        large_bytes: int = LARGE_BYTES,
        max_large_at_once: int = MAX_LARGE_AT_ONCE,
    ) -> None:
        self._max_bytes = max_bytes
        self._arrives_within_s = arrives_within_s
        self._large_bytes = large_bytes
        self._large = asyncio.Semaphore(max_large_at_once)
        self._held = 0

    @contextlib.asynccontextmanager
    async def whole(self, request: Request, *, batch: bool) -> AsyncIterator[bytes]:
        """Lend the whole body to be read; `batch` allows for many requests, however it begins.

        A body that begins with `[` is a batch too. Raises Problem: 413 as soon as its limit is
        passed, by its declared or its actual length, 503 when all bodies together pass theirs, 408
        when it is not whole in time; what has not arrived is left unread.
        Raises ClientDisconnect if the client hangs up before the body is whole.
        """
        _check(_declared(request), MAX_BATCH_BYTES)
        chunks: list[bytes] = []
        try:
            raw = await self._arrived(request, chunks, batch=batch)
            if len(raw) > self._large_bytes:
                async with self._large:
                    yield raw
            else:
                yield raw
        finally:
            self._held -= sum(map(len, chunks))

    async def _arrived(self, request: Request, chunks: list[bytes], *, batch: bool) -> bytes:
        try:
            async with asyncio.timeout(self._arrives_within_s):
                await self._take(request, chunks, batch=batch)
        except TimeoutError:
            raise Problem(
                BODY_TIMEOUT,
                f"the body is not whole after {self._arrives_within_s:g} s",
                headers={"Connection": "close"},
            ) from None
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _take(self, request: Request, chunks: list[bytes], *, batch: bool) -> None:
        size, limit = 0, MAX_BATCH_BYTES if batch else None
        more = True
        while more:
            chunk, more = await _next(request.receive)
            self._hold(chunk, chunks)
            size += len(chunk)
            if limit is None:
                limit = _limit_by_first_byte(chunk)
            _check(size, limit or MAX_REQUEST_BYTES)

    def _hold(self, chunk: bytes, chunks: list[bytes]) -> None:
        if self._held + len(chunk) > self._max_bytes:
            raise Problem(TOO_MANY_BODIES, f"bodies of {self._held:,} bytes are under way")
        self._held += len(chunk)
        chunks.append(chunk)


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
