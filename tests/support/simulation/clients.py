"""Who asks: callers of the writers' processes and channels that write to their own topics.

Callers ask until they are answered, most of them more than once; channels send each record one to
five times, and rubbish in between. All of it goes into the diaries that the proofs read; an
entry's time counts what has happened, so that no two are at the same time.
"""

import json
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import timedelta, timezone
from functools import lru_cache
from itertools import count
from random import Random
from typing import Any, Final

from chaos.diary import Answered, Asked, Diaries, Key, Published, Rubbish, Unexpected, digest
from chaos.shop import LATE_S, Shop, Wire, rubbish
from msgspec import Struct, to_builtins

from consumers.writing.answers import Answer, Mismatch, Outcome, WriterBusy, WriterStopped
from ledger.domain.requests import AnyRequest
from ledger.door import read_request
from ledger.fingerprint import fingerprint
from ledger.kafka.topics import requests_topic
from simulation.machine import Machine
from simulation.topics import CHANNELS, NETWORK
from simulation.wires import Broker

SKUS: Final = ("mug", "tea", "pot")
PLACES: Final = ("dc-1", "store-7")
ASK_AGAIN_S: Final = 0.2
PATIENCE_S: Final = 3.0
COPIES: Final = ((1, 2, 3, 5), (55, 25, 12, 8))
HOLDS: Final = 0.3
"""The share of requests that are about holds."""
RECEIPTS: Final = 0.15
"""The share of receipts beside those of any shop, so that there is something to hold."""
HELD_S: Final = (0.3, 2.0, 5.0, 12.0, 25.0)
"""How long holds are asked for: mostly until a full half second, which others end at too."""
MAX_CARTS: Final = 4
"""Carts of one shop that it may come back to."""


@lru_cache(maxsize=1024)
def _read(body: str) -> AnyRequest:
    return read_request(body.encode())


class Told(Struct, frozen=True):
    """A caller was told the answer to this content, or that its id was used for another."""

    key: Key
    fingerprint: str
    position: int
    same: bool


class Call(Struct, eq=False):
    """Requests of one channel that a caller asks together, again and again until answered."""

    channel: str
    bodies: tuple[str, ...]
    requests: tuple[AnyRequest, ...]
    attempt: int = 0
    answered: bool = False


class FewSkus(Shop):
    """A shop in which nearly everybody wants the same, at simulated times."""

    def __init__(self, seed: int, channel: str, kafka: Broker) -> None:
        super().__init__(seed, channel, channel)
        self._kafka = kafka
        self._carts: list[str] = []

    def next(self) -> Wire:
        kind = self._chance.random()
        if kind < RECEIPTS:
            return self._receive_stock()
        if kind >= RECEIPTS + HOLDS:
            return super().next()
        if not self._carts or self._chance.random() < 0.5:
            return self._place_hold()
        return self._chance.choice((self._extend_hold, self._release_hold, self._buy_held))()

    def _place_hold(self) -> Wire:
        if not self._carts or self._chance.random() < 0.8:
            self._carts.append(f"cart {self._name}:{self._count}")
            del self._carts[:-MAX_CARTS]
        where = (
            {"location": self._location()} if self._chance.random() < 0.7 else {"anywhere": True}
        )
        lines = self._lines(2, 1)
        return self._request(
            "place_hold", owner=self._cart(), lines=lines, expires_at=self._expiry(), **where
        )

    def _extend_hold(self) -> Wire:
        return self._request("extend_hold", owner=self._cart(), expires_at=self._expiry())

    def _release_hold(self) -> Wire:
        part = {"lines": [{"line_id": "1", "quantity": 1}]} if self._chance.random() < 0.5 else {}
        return self._request("release_hold", owner=self._cart(), **part)

    def _buy_held(self) -> Wire:
        return self._place_order() | {"hold_owner": self._cart()}

    def _cart(self) -> str:
        return self._chance.choice(self._carts)

    def _expiry(self) -> str:
        """Sometimes said with another offset than UTC's."""
        until = self._kafka.now() + timedelta(seconds=self._chance.choice(HELD_S))
        if self._chance.random() < 0.7:
            until = until.replace(microsecond=until.microsecond // 500_000 * 500_000)
        zone = timezone(timedelta(hours=self._chance.choice((0, 0, 5))))
        return until.astimezone(zone).isoformat(timespec="milliseconds")

    def _request(self, type_: str, **fields: Any) -> Wire:
        self._count += 1
        happened = self._kafka.now() - timedelta(seconds=self._chance.uniform(0, LATE_S))
        common = {
            "type": type_,
            "request_id": f"{self._name}-{self._count}",
            "occurred_at": happened.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return common | fields

    def _sku(self) -> str:
        return self._chance.choice(SKUS)

    def _location(self) -> str:
        return self._chance.choice(PLACES)


class Clients:
    """Plans by `chance` who asks what and when; the plan goes by itself as time passes."""

    def __init__(self, kafka: Broker, machines: Sequence[Machine], seed: int) -> None:
        self.diaries = Diaries()
        self.told: list[Told] = []
        self.variants: dict[tuple[Key, str], str] = {}
        """The body of each request that was sent, by its key and its fingerprint."""
        self.open = 0
        """Calls without an answer, and sendings that are still planned."""
        self._kafka, self._machines = kafka, machines
        self._chance = Random(f"{seed}/clients")
        self._shops = [FewSkus(seed, channel, kafka) for channel in CHANNELS]
        self._time = count(1)

    def plan(self, requests: int, within_s: float) -> None:
        """Plan so many requests over that time, in groups."""
        left = requests
        while left > 0:
            size = min(left, self._chance.choices((1, 2, 3, 6), (50, 25, 15, 10))[0])
            left -= size
            self._later(self._chance.uniform(0, within_s), self._chance.choice(self._shops), size)

    def ask_for_the_rest(self) -> None:
        """Ask for everything that nobody was told an answer to."""
        known = {(told.key, told.fingerprint) for told in self.told}
        for (key, own), body in self.variants.items():
            if (key, own) not in known:
                self._ask(key[0], [body])

    def ask_this_one(self, machine: Machine) -> None:
        """Ask one machine something new; another if it does not answer."""
        shop = self._chance.choice(self._shops)
        self._ask(shop.channel, [json.dumps(shop.next())], machine)

    def _later(self, after_s: float, shop: Shop, size: int) -> None:
        self.open += 1

        def come() -> None:
            self.open -= 1
            self._come(shop, [shop.next() for _ in range(size)])

        self._kafka.at(after_s, come)

    def _come(self, shop: Shop, wires: Sequence[Wire]) -> None:
        """These requests are new: send them, over one way or both, as often as it is."""
        chance, channel = self._chance, shop.channel
        bodies = [json.dumps(wire) for wire in wires]
        way = chance.choices(("ask", "topic", "both"), (45, 35, 20))[0]
        copies = chance.choices(*COPIES)[0]
        for copy in range(copies):
            after_s = 0.0 if copy == 0 else chance.expovariate(0.3)
            if way != "topic":
                self._plan(after_s, self._ask, channel, bodies)
            if way != "ask":
                self._plan(after_s, self._put, channel, bodies)
        if chance.random() < 0.1:
            changed = wires[0] | {"occurred_at": "2020-02-02T02:02:02Z"}
            send = chance.choice((self._ask, self._put))
            self._plan(chance.expovariate(0.5), send, channel, [json.dumps(changed)])
        if chance.random() < 0.2:
            self._plan(chance.expovariate(1), self._put_rubbish, channel)

    def _plan(self, after_s: float, send: Any, *what: Any) -> None:
        self.open += 1

        def sends() -> None:
            self.open -= 1
            send(*what)

        self._kafka.at(after_s, sends)

    def _note_sending(self, channel: str, bodies: Sequence[str]) -> list[AnyRequest]:
        requests = [_read(body) for body in bodies]
        for body, request in zip(bodies, requests, strict=True):
            key, at = (channel, request.request_id), self._now()
            self.variants[(key, fingerprint(request))] = body
            self.diaries.asked.setdefault(key, Asked(at, *key, body))
            self.diaries.first_sent.setdefault(key, at)
        return requests

    def _put(self, channel: str, bodies: Sequence[str]) -> None:
        """One record: the requests as they come, or with rubbish and repeats among them."""
        self._note_sending(channel, bodies)
        items = [*bodies]
        if self._chance.random() < 0.1:
            items.insert(self._chance.randint(0, len(items)), '{"type":"levitate"}')
        if self._chance.random() < 0.1:
            items.append(items[0])
        alone = len(items) == 1 and self._chance.random() < 0.7
        value = (items[0] if alone else f"[{','.join(items)}]").encode()
        topic = requests_topic(NETWORK, channel)
        offset = self._kafka.put(topic, value)
        ids = [json.loads(item).get("request_id") for item in items]
        self.diaries.add(Published(self._now(), channel, ids, topic, offset))

    def _put_rubbish(self, channel: str) -> None:
        value = self._chance.choice((rubbish(self._chance, None), b"[]", b"[[]]"))
        topic = requests_topic(NETWORK, channel)
        offset = self._kafka.put(topic, value)
        self.diaries.add(Rubbish(self._now(), topic, offset, digest(value)))

    def _ask(self, channel: str, bodies: Sequence[str], machine: Machine | None = None) -> None:
        requests = [_read(body) for body in bodies]
        self.open += 1
        self._try(Call(channel, tuple(bodies), tuple(requests)), machine)

    def _try(self, call: Call, machine: Machine | None = None) -> None:
        """Ask a machine that is up, and again if it does not answer."""
        call.attempt += 1
        asked = self._machines if machine is None else [machine]
        up = [machine.running.writer for machine in asked if machine.running is not None]
        if not up:
            self._try_again(call, call.attempt, ASK_AGAIN_S)
            return
        self._note_sending(call.channel, call.bodies)
        try:
            future = self._chance.choice(up).submit(call.channel, call.requests)
        except (WriterBusy, WriterStopped):
            self._try_again(call, call.attempt, ASK_AGAIN_S)
            return
        attempt = call.attempt
        future.add_done_callback(lambda done: self._hear(call, attempt, done))
        self._try_again(call, attempt, self._chance.uniform(0.5, 1) * PATIENCE_S)

    def _try_again(self, call: Call, attempt: int, after_s: float) -> None:
        def again() -> None:
            if not call.answered and call.attempt == attempt:
                self._try(call)

        self._kafka.at(after_s, again)

    def _hear(self, call: Call, attempt: int, done: Future[list[Outcome]]) -> None:
        if done.exception() is not None:
            self._try_again(call, attempt, ASK_AGAIN_S)
            return
        if not call.answered:
            call.answered = True
            self.open -= 1
        for request, outcome in zip(call.requests, done.result(), strict=True):
            self._note_outcome((call.channel, request.request_id), request, outcome)

    def _note_outcome(self, key: Key, request: AnyRequest, outcome: Outcome) -> None:
        match outcome:
            case Answer():
                details = list(to_builtins(outcome.details))
                reason = None if outcome.reason is None else str(outcome.reason)
                said = (outcome.outcome, outcome.position, outcome.events, reason, details)
                self.diaries.add(Answered(self._now(), *key, "call", *said))
            case Mismatch():
                pass
            case _:
                self.diaries.add(Unexpected(self._now(), *key, f"was told {outcome}"))
                return
        same = isinstance(outcome, Answer)
        self.told.append(Told(key, fingerprint(request), outcome.position, same))

    def _now(self) -> float:
        return float(next(self._time))
