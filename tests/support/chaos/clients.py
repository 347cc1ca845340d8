"""Clients that send each request one to five times, over HTTP and Kafka, until it is answered.

They stop at nothing: what is not answered is sent again, to another address. Each request is in
the diary before it is sent, and each answer before it is believed.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Any, Final
from zlib import crc32

import httpx
import msgspec
from msgspec import Struct

from chaos.diary import (
    Answered,
    Asked,
    Diary,
    Published,
    Rubbish,
    Sent,
    Unexpected,
    digest,
    now,
)
from chaos.kafka_client import NotPublished, Publisher
from chaos.shop import Shop, Wire, rubbish

CHANNELS: Final = ("web", "till")
COPIES: Final = (50, 22, 14, 8, 6)
"""Weights of sending a request 1, 2 … 5 times."""
KAFKA_SHARE: Final = 0.3
REPLY_LIMIT_S: Final = 6.0
CONNECT_LIMIT_S: Final = 1.5
PAUSE_S: Final = 0.1
PATIENCE_S: Final = 90.0
"""A request that is not answered by then breaks a promise: faults last far less."""
PROBE_EVERY_S: Final = 0.1
MAX_PROBES: Final = 300
RUBBISH_EVERY_S: Final = 2.0
ARRAY_EVERY_S: Final = 0.7
ARRAY_REQUESTS: Final = (5, 60)
THINK_S: Final = 0.05
TRY_AGAIN: Final = frozenset({404, 408, 429, 502, 503, 504})


class Load(Struct, frozen=True):
    """Who sends: so many clients of each kind; buyers only this way, if one is named."""

    seed: int = 1
    buyers: int = 8
    arrays: int = 1
    way: str = ""


class Clients:
    """All clients of a run, on one event loop."""

    def __init__(
        self,
        load: Load,
        diary: Diary,
        addresses: Sequence[str],
        publisher: Publisher,
        network: str,
    ) -> None:
        self._load = load
        self._diary = diary
        self._addresses = addresses
        self._publisher = publisher
        self._network = network
        self._http: Sequence[httpx.AsyncClient] = ()
        self._stop = asyncio.Event()
        self._last: dict[str, Wire] = {}
        """By channel a request that has been answered."""

    def stop(self) -> None:
        """Ask nothing new; `run` ends when all that was asked is answered."""
        self._stop.set()

    async def run(self) -> None:
        """Stock the shelves, then send until `stop`."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
        timeout = httpx.Timeout(REPLY_LIMIT_S, connect=CONNECT_LIMIT_S)
        async with asyncio.TaskGroup() as sending:
            self._http = [
                httpx.AsyncClient(base_url=address, timeout=timeout, limits=limits)
                for address in self._addresses
            ]
            await self._stock()
            for number in range(self._load.buyers):
                sending.create_task(self._buyer(number))
            for number in range(self._load.arrays):
                sending.create_task(self._arrays(number))
            sending.create_task(self._probe(sending))
            sending.create_task(self._rubbish())
        for http in self._http:
            await http.aclose()

    async def _stock(self) -> None:
        shop = Shop(self._load.seed, CHANNELS[0], "stock")
        for request in shop.stocking():
            await self.ask(shop.channel, request, ["http:0"])

    async def _buyer(self, number: int) -> None:
        name = f"b{number}"
        shop = Shop(self._load.seed, CHANNELS[number % len(CHANNELS)], name)
        chance = random.Random(f"{self._load.seed}/ways/{name}")
        while not self._stop.is_set():
            request = shop.next()
            await self.ask(shop.channel, request, self._ways(chance))
            self._last[shop.channel] = request
            await asyncio.sleep(chance.uniform(0, 2 * THINK_S))

    def _ways(self, chance: random.Random) -> list[str]:
        copies = chance.choices(range(1, 6), COPIES)[0]
        if self._load.way:
            return [self._load.way] * copies
        http = [f"http:{chance.randrange(len(self._addresses))}" for _ in range(copies)]
        return ["kafka" if chance.random() < KAFKA_SHARE else way for way in http]

    async def _probe(self, sending: asyncio.TaskGroup) -> None:
        """Requests at a steady pace, to all addresses at once: what a pause is measured by."""
        shop = Shop(self._load.seed, CHANNELS[0], "probe")
        ways = [f"http:{n}" for n in range(len(self._addresses))]
        under_way: set[asyncio.Task[None]] = set()
        while not self._stop.is_set():
            if len(under_way) < MAX_PROBES:
                task = sending.create_task(self.ask(shop.channel, shop.next(), ways))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await asyncio.sleep(PROBE_EVERY_S)

    async def _arrays(self, number: int) -> None:
        """Arrays over Kafka, now and then with rubbish between the requests."""
        name = f"a{number}"
        shop = Shop(self._load.seed, CHANNELS[number % len(CHANNELS)], name)
        chance = random.Random(f"{self._load.seed}/ways/{name}")
        while not self._stop.is_set():
            requests = [shop.next() for _ in range(chance.randint(*ARRAY_REQUESTS))]
            bad = chance.random() < 0.1
            async with asyncio.TaskGroup() as waiting:
                for _ in range(1 if chance.random() < 0.8 else 2):
                    waiting.create_task(self._array(shop.channel, requests, bad=bad))
            await asyncio.sleep(ARRAY_EVERY_S)

    async def _array(self, channel: str, requests: list[Wire], *, bad: bool) -> None:
        bodies = [msgspec.json.encode(request) for request in requests]
        names = [request["request_id"] for request in requests]
        for name, body in zip(names, bodies, strict=True):
            self._diary.note(Asked(now(), channel, name, body.decode()))
            self._diary.note(Sent(now(), channel, name, "kafka"))
        if bad:
            bodies.insert(len(bodies) // 2, b'{"no":"request"}')
        value = b"[" + b",".join(bodies) + b"]"
        offset = await self._publish(channel, value, names)
        if offset is not None and not bad:
            self._diary.note(Published(now(), channel, names, self._topic(channel), offset))
        for name in names:
            await self._fetch(channel, name)

    async def _rubbish(self) -> None:
        chance = random.Random(f"{self._load.seed}/rubbish")
        while not self._stop.is_set():
            channel = chance.choice(CHANNELS)
            known = self._last.get(channel)
            value = rubbish(chance, known)
            offset = await self._publish(channel, value, ["rubbish"])
            if offset is not None:
                self._diary.note(Rubbish(now(), self._topic(channel), offset, digest(value)))
            await asyncio.sleep(RUBBISH_EVERY_S)

    def _topic(self, channel: str) -> str:
        return f"onebook.{self._network}.requests.{channel}"

    async def ask(self, channel: str, request: Wire, ways: Sequence[str]) -> None:
        """Send a request in several ways at once, and return when each has its answer."""
        body = msgspec.json.encode(request)
        name = request["request_id"]
        self._diary.note(Asked(now(), channel, name, body.decode()))
        async with asyncio.TaskGroup() as copies:
            for way in ways:
                copies.create_task(self._send(channel, name, body, way))

    async def _send(self, channel: str, name: str, body: bytes, way: str) -> None:
        self._diary.note(Sent(now(), channel, name, way))
        if way != "kafka":
            await self._post(channel, name, body, int(way.removeprefix("http:")))
            return
        offset = await self._publish(channel, body, [name])
        if offset is not None:
            self._diary.note(Published(now(), channel, [name], self._topic(channel), offset))
        await self._fetch(channel, name)

    async def _publish(self, channel: str, value: bytes, names: list[str]) -> int | None:
        """Append to the channel's topic, again until it is acknowledged."""
        deadline = now() + PATIENCE_S
        while now() < deadline:
            try:
                return await self._publisher.publish(self._topic(channel), value)
            except NotPublished:
                await asyncio.sleep(PAUSE_S)
        for name in names:
            says = f"Kafka took no record within {PATIENCE_S:g} s"
            self._diary.note(Unexpected(now(), channel, name, says))
        return None

    async def _post(self, channel: str, name: str, body: bytes, at: int) -> None:
        headers = {"Onebook-Channel": channel, "Content-Type": "application/json"}
        headers["Prefer"] = "wait=4"
        await self._insist(channel, name, at, "POST", "/v1/requests", body, headers)

    async def _fetch(self, channel: str, name: str) -> None:
        """Ask for the answer of a request that was sent over Kafka."""
        at = crc32(name.encode()) % len(self._addresses)
        await self._insist(channel, name, at, "GET", f"/v1/requests/{channel}/{name}", b"", {})

    async def _insist(
        self,
        channel: str,
        name: str,
        at: int,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
    ) -> None:
        """Ask one address after another until there is an answer, and note it."""
        deadline, said = now() + PATIENCE_S, "nothing"
        while now() < deadline:
            number = at % len(self._http)
            at += 1
            try:
                reply = await self._http[number].request(
                    method, path, content=body, headers=headers
                )
            except (httpx.TransportError, OSError) as error:
                said = repr(error)
                await asyncio.sleep(PAUSE_S)
                continue
            if reply.status_code in (200, 201, 409):
                self._answered(channel, name, f"http:{number}", reply.json())
                return
            if reply.status_code == 202:
                method, path, body = "GET", f"/v1/requests/{channel}/{name}", b""
            elif reply.status_code not in TRY_AGAIN:
                says = f"{method} {path}: {reply.status_code} {reply.text[:300]}"
                self._diary.note(Unexpected(now(), channel, name, says))
                return
            said = f"{reply.status_code} {reply.text[:200]}"
            await asyncio.sleep(PAUSE_S)
        says = f"{method} {path}: no answer within {PATIENCE_S:g} s; last: {said}"
        self._diary.note(Unexpected(now(), channel, name, says))

    def _answered(self, channel: str, name: str, way: str, answer: dict[str, Any]) -> None:
        self._diary.note(
            Answered(
                now(),
                channel,
                name,
                way,
                answer["outcome"],
                answer["position"],
                answer["events"],
                answer["reason"],
                answer["details"],
            )
        )
