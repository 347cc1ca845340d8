"""A short day in a shop as a ledger topic, diaries and views: true, until a test changes it."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
from books import Books
from chaos.answers import answer_of
from chaos.diary import Answered, Asked, Diaries, Published, Rubbish, Sent
from chaos.evidence import DeadLetter, Evidence, ViewCheck, Views
from chaos.reader import GENESIS, Record, walk
from invariants import summed

from ledger import codec
from ledger.domain.events import AnyEvent
from ledger.door import read_request

NETWORK = "shop"
TOPIC = "onebook.shop.requests.web"
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
RUBBISH = b'{"type":"place_order"'

Wire = dict[str, Any]


def receipt(request_id: str, quantity: int) -> Wire:
    lines = [{"line_id": "1", "sku": "MUG", "quantity": quantity}]
    return _request("receive_stock", request_id, location="dc-1", lines=lines)


def order(request_id: str, quantity: int) -> Wire:
    line = {"line_id": "1", "sku": "MUG", "quantity": quantity, "how": "ship", "location": "dc-1"}
    return _request("place_order", request_id, order_id=request_id, lines=[line])


def _request(type_: str, request_id: str, **fields: Any) -> Wire:
    common = {"type": type_, "request_id": request_id, "occurred_at": "2026-03-01T07:00:00Z"}
    return {**common, **fields}


class Story:
    """Requests decided one a block; every third came over Kafka.

    What a test changes before `evidence` is called, the proofs must find.
    """

    def __init__(self) -> None:
        self.books = Books()
        self.blocks: list[Wire] = []
        self.extra: dict[int, bytes] = {}
        """Values of records that stand in the topic before the block of that number."""
        self.diaries = Diaries()
        self.inputs: list[Record] = []
        self.letters: list[DeadLetter] = []
        self.versions: Counter[str] = Counter()
        self.clock = 0.0

    def tell(self) -> "Story":
        """Ten mugs come in; of the orders some are granted, some refused; rubbish comes too."""
        self.ask(receipt("grn-1", 10))
        for number in range(1, 6):
            self.ask(order(f"w-{number}", 3), over_kafka=number % 3 == 0)
        self.rubbish(RUBBISH)
        self.ask(receipt("grn-2", 7), over_kafka=True)
        self.ask(order("w-9", 5))
        return self

    def ask(self, request: Wire, *, over_kafka: bool = False) -> None:
        """Send, decide and answer one request."""
        name, body = request["request_id"], msgspec.json.encode(request)
        self.diaries.add(Asked(self._tick(), "web", name, body.decode()))
        self.diaries.add(Sent(self._tick(), "web", name, "kafka" if over_kafka else "http"))
        tracking = {}
        if over_kafka:
            tracking = self._published(body, [name])
        recorded_at = START + timedelta(seconds=len(self.blocks))
        events = self.books.take("web", read_request(body), recorded_at)
        self.blocks.append(self._block([self._wire(e) for e in events], tracking))
        self._answered(name)

    def _answered(self, name: str) -> None:
        decision = self.evidence().by_key["web", name]
        outcome: Any = answer_of(decision)
        self.diaries.add(Answered(self._tick(), "web", name, "http", *outcome))

    def _published(self, value: bytes, names: list[str]) -> dict[str, int]:
        offset = len(self.inputs)
        self.inputs.append((offset, value))
        self.diaries.add(Published(self._tick(), "web", names, TOPIC, offset))
        return {TOPIC: offset + 1}

    def rubbish(self, value: bytes) -> None:
        """Send a record that cannot be read, and refuse it."""
        offset, digest = len(self.inputs), sha256(value).hexdigest()
        self.inputs.append((offset, value))
        self.diaries.add(Rubbish(self._tick(), TOPIC, offset, digest))
        data = {"topic": TOPIC, "offset": offset, "index": -1, "sha256": digest}
        data |= {"reason": "malformed", "detail": "no JSON"}
        headers = {"onebook-topic": TOPIC, "onebook-offset": str(offset), "onebook-index": "-1"}
        headers |= {"onebook-sha256": digest, "onebook-reason": "malformed"}
        self.letters.append(DeadLetter(len(self.letters), value, headers))
        stream = f"input/{TOPIC}/{offset}/-1"
        event = {"stream": stream, "version": 1, "type": "input_refused.v1", "data": data}
        self.blocks.append(self._block([event], {TOPIC: offset + 1}))

    def _wire(self, event: AnyEvent) -> Wire:
        self.versions[event.stream] += 1
        data = msgspec.json.decode(codec.encode(event))
        version = self.versions[event.stream]
        topic = codec.TOPICS[type(event)]
        return {"stream": event.stream, "version": version, "type": topic, "data": data}

    def _block(self, events: list[Wire], tracking: dict[str, int]) -> Wire:
        recorded_at = (START + timedelta(seconds=len(self.blocks))).isoformat()
        head = {"network": NETWORK, "writer": "w1-a", "recorded_at": recorded_at}
        return head | {"tracking": tracking, "events": events}

    def _tick(self) -> float:
        self.clock += 1
        return self.clock

    def topic(self) -> list[Record]:
        """The records of the ledger topic."""
        values: list[bytes] = []
        prev, first = GENESIS, 1
        for number, block in enumerate(self.blocks):
            if number in self.extra:
                values.append(self.extra[number])
            value = msgspec.json.encode({"prev": prev, "first": first, **block})
            prev = sha256(value).hexdigest()
            first += len(block["events"])
            values.append(value)
        return list(enumerate(values))

    def evidence(self) -> Evidence:
        """What the proofs are given."""
        found = Evidence(
            walk(self.topic(), NETWORK), self.diaries, {TOPIC: self.inputs}, self.letters, None
        )
        found.views = self.views(found)
        return found

    def views(self, evidence: Evidence) -> Views:
        """Views that equal a fold of the ledger as it is walked."""
        ledger = evidence.ledger
        check = ViewCheck("inventory", ledger.position, ledger.head, "aa", "aa", 0)
        return Views([check], dict(summed(evidence.events)))
