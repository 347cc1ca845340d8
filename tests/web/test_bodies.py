"""Bodies that come slowly or together: bounded in time and memory, and never half read."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.requests import Request
from starlette.types import Message

from api.limits import Bodies
from api.problems import Problem

KIB = 1 << 10


def sent(*pieces: bytes, then_silence: bool = False) -> Request:
    """A request whose body arrives in these pieces, and goes on for ever if nothing follows."""
    left = list(pieces)

    async def receive() -> Message:
        await asyncio.sleep(0)
        if not left:
            await asyncio.Event().wait()
        piece = left.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(left) or then_silence}

    return Request({"type": "http", "headers": []}, receive)


@contextmanager
def refused(name: str, status: int) -> Iterator[None]:
    with pytest.raises(Problem) as raised:
        yield
    assert (raised.value.kind.name, raised.value.kind.status) == (name, status)
    assert raised.value.kind.definite is False


async def take(bodies: Bodies, request: Request) -> bytes:
    async with bodies.whole(request, batch=True) as raw:
        return raw


def test_a_body_that_does_not_arrive_in_time_is_answered_408_and_holds_nothing() -> None:
    async def run() -> None:
        bodies = Bodies(arrives_within_s=0.05, max_bytes=2 * KIB)
        with refused("body_timeout", 408):
            await take(bodies, sent(b"x" * KIB, then_silence=True))
        assert await take(bodies, sent(b"x" * KIB, b"y" * KIB)) == b"x" * KIB + b"y" * KIB

    asyncio.run(run())


def test_unfinished_bodies_together_have_a_limit_and_room_comes_back() -> None:
    async def run() -> None:
        bodies = Bodies(max_bytes=4 * KIB)
        slow = [
            asyncio.create_task(take(bodies, sent(b"x" * KIB, b"x" * KIB, then_silence=True)))
            for _ in range(2)
        ]
        await asyncio.sleep(0.05)
        with refused("too_many_bodies", 503):
            await take(bodies, sent(b"y"))
        slow[0].cancel()
        await asyncio.wait(slow[:1])
        assert await take(bodies, sent(b"y" * 2 * KIB)) == b"y" * 2 * KIB
        slow[1].cancel()
        await asyncio.wait(slow)

    asyncio.run(run())


def test_a_body_counts_until_it_is_read_and_few_large_ones_are_read_at_once() -> None:
    async def run() -> None:
        bodies = Bodies(max_bytes=4 * KIB, large_bytes=KIB, max_large_at_once=1)
        reading, most = 0, 0

        async def read(size: int) -> None:
            nonlocal reading, most
            async with bodies.whole(sent(b"x" * size), batch=True):
                reading += 1
                most = max(most, reading)
                await asyncio.sleep(0.02)
                reading -= 1

        await asyncio.gather(read(2 * KIB), read(2 * KIB))
        assert most == 1
        await asyncio.gather(read(KIB), read(KIB))
        assert most == 2
        async with bodies.whole(sent(b"x" * 4 * KIB), batch=True):
            with refused("too_many_bodies", 503):
                await take(bodies, sent(b"y"))

    asyncio.run(run())
