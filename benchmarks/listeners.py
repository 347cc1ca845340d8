"""A process of listeners: `python -m benchmarks.listeners ADDRESS COUNT`.

Prints a line of JSON once all have their snapshot, and one for each line `probe` that it reads:
it sends some requests, and says how long after their answers the listeners had the changes.
"""

import asyncio
import json
import sys
from statistics import median, quantiles
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from benchmarks import shop

PROBES: Final = 20
APART_S: Final = 0.1
AT_ONCE: Final = 50
"""Connections that are opened at a time."""
WAIT_S: Final = 60.0


class Heard:
    """Which position each listener has heard of, and when."""

    def __init__(self, count: int) -> None:
        self.positions = [0] * count
        self.since: list[list[tuple[int, float]]] = [[] for _ in range(count)]

    def note(self, listener: int, position: int) -> None:
        """It has heard of it now."""
        self.positions[listener] = position
        self.since[listener].append((position, perf_counter()))


async def main(address: str, count: int) -> None:
    """Listen, and probe when told to."""
    heard, gate = Heard(count), asyncio.Semaphore(AT_ONCE)
    ready = asyncio.Semaphore(0)
    listening = [asyncio.create_task(_listen(address, n, heard, gate, ready)) for n in range(count)]
    for _ in range(count):
        await asyncio.wait_for(ready.acquire(), WAIT_S)
    print(json.dumps({"listening": count}), flush=True)
    loop = asyncio.get_running_loop()
    for run in range(1_000):
        if (await loop.run_in_executor(None, sys.stdin.readline)).strip() != "probe":
            break
        print(json.dumps(await _probe(address, run, heard)), flush=True)
    for task in listening:
        task.cancel()


async def _listen(
    address: str, n: int, heard: Heard, gate: asyncio.Semaphore, ready: asyncio.Semaphore
) -> None:
    host, port = urlsplit(address).hostname, urlsplit(address).port
    async with gate:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /v1/availability/stream?channel=web HTTP/1.1\r\nHost: onebook\r\n\r\n")
        async for line in reader:
            if line.startswith(b"event: snapshot_end"):
                break
    ready.release()
    async for line in reader:
        if line.startswith(b"id: "):
            heard.note(n, int(line[4:]))
    raise AssertionError("the server ended the stream")


async def _probe(address: str, run: int, heard: Heard) -> dict[str, float]:
    answers, delays = [], []
    for probe in range(PROBES):
        for noted in heard.since:
            noted.clear()
        began = perf_counter()
        position = await _receive(address, f"probe-{id(heard)}-{run}-{probe}")
        answered = perf_counter()
        answers.append(answered - began)
        delays += await _delays(heard, position, answered)
        await asyncio.sleep(APART_S)
    cuts = quantiles(delays, n=100)
    return {"answer_ms": 1e3 * median(answers), "p50_ms": 1e3 * cuts[49], "p99_ms": 1e3 * cuts[98]}


async def _delays(heard: Heard, position: int, answered: float) -> list[float]:
    """For each listener how long after the answer it had the change; 0 where it was before."""
    give_up = perf_counter() + WAIT_S
    while min(heard.positions) < position:
        assert perf_counter() < give_up, f"{min(heard.positions)} of {position} was heard"
        await asyncio.sleep(0.001)
    return [
        max(0.0, next(at for told, at in noted if told >= position) - answered)
        for noted in heard.since
    ]


async def _receive(address: str, name: str) -> int:
    """Receive one more of a sku; the position of what that led to."""
    line = {"line_id": "1", "sku": shop.skus(1)[0], "quantity": 1}
    body = json.dumps(
        {
            "type": "receive_stock",
            "request_id": name,
            "occurred_at": "2026-01-02T00:00:00Z",
            "location": shop.LOCATION,
            "lines": [line],
        }
    ).encode()
    reader, writer = await asyncio.open_connection(
        urlsplit(address).hostname, urlsplit(address).port
    )
    head = (
        "POST /v1/requests HTTP/1.1\r\nHost: onebook\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    status, _, said = answer.partition(b"\r\n\r\n")
    assert b" 201 " in status.split(b"\r\n")[0], answer
    return int(json.loads(said)["position"]) + 1


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
