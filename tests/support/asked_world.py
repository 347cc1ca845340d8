"""An asker on a simulated Kafka: the ledger that others write, the view, the channels' topics."""

from collections.abc import Sequence
from concurrent.futures import Future
from hashlib import sha256

import msgspec
from simulated_ledger import NOON, TOPIC, Written
from simulated_log import SimulatedKafka, SimulatedLog, SimulatedReader

from consumers.writing.asking import Asker
from consumers.writing.recollection import Told, told_by
from ledger import codec
from ledger.domain.events import (
    InputReason,
    InputRefused,
    RefusedLine,
    RequestAccepted,
    RequestRefused,
)
from ledger.domain.requests import AnyRequest
from ledger.domain.words import Reason
from ledger.door import read_request
from ledger.fingerprint import fingerprint
from ledger.kafka.log import LogUnavailable, Record
from ledger.recorded import Recorded

SHORT = RefusedLine("1", "MUG", "store", asked=3, available=2)


def request(name: str, customer: str = "c") -> AnyRequest:
    text = '{"type":"register_customer","request_id":"%s","occurred_at":"2026-03-01T12:00:00Z","customer_id":"%s"}'
    return read_request((text % (name, customer)).encode())


def accepted(asked: AnyRequest) -> RequestAccepted:
    return RequestAccepted(
        "web", asked.request_id, NOON, NOON, "register_customer", fingerprint(asked), 2
    )


def refused(asked: AnyRequest) -> RequestRefused:
    said = ("register_customer", fingerprint(asked), Reason.OUT_OF_STOCK, (SHORT,))
    return RequestRefused("web", asked.request_id, NOON, NOON, *said)


class Topic:
    """The channels' topics: what was published, and how it went."""

    def __init__(self) -> None:
        self.published: list[tuple[str, list[str], Future[None]]] = []
        self.records: list[AnyRequest] = []
        self.fault: Exception | None = None

    def publish(self, channel: str, requests: Sequence[AnyRequest]) -> Future[None]:
        if self.fault is not None:
            raise self.fault
        self.records += requests
        self.published.append((channel, [one.request_id for one in requests], Future()))
        return self.published[-1][2]

    @property
    def names(self) -> list[str]:
        return [name for _, names, _ in self.published for name in names]


class View:
    """The view `requests`, which shows the ledger up to a position."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, str], Told] = {}
        self.shows = 0
        self.asked: list[list[str]] = []
        self.fault: Exception | None = None

    def find(self, asked: Sequence[tuple[str, str]]) -> tuple[dict[tuple[str, str], Told], int]:
        self.asked.append([name for _, name in asked])
        if self.fault is not None:
            raise self.fault
        shown = {key: one for key, one in self.told.items() if one.position <= self.shows}
        return {key: shown[key] for key in asked if key in shown}, self.shows

    def close(self) -> None:
        pass


class Quiet:
    """The ledger's topic as a Kafka client reads it: brokers that are away are no error to it."""

    def __init__(self, log: SimulatedLog) -> None:
        self.topic = log.topic
        self._log = log

    def reader(self) -> SimulatedReader:
        reader = self._log.reader()
        poll = reader.poll

        def quiet(timeout_s: float) -> Sequence[Record]:
            try:
                return poll(timeout_s)
            except LogUnavailable:
                return []

        reader.poll = quiet
        return reader


class World:
    """A simulated Kafka with a ledger that others write, and an asker without threads."""

    def __init__(self, **options: int) -> None:
        self.kafka = SimulatedKafka()
        self.ledger = Written(self.kafka)
        self.topic, self.view = Topic(), View()
        self.options = {"always_remembered": 0, **options}
        self.letters = 0

    def begin(self, blocks: int = 0) -> Asker:
        asker = Asker(
            Quiet(self.kafka.log(TOPIC)),
            "main",
            self.topic,
            self.view,
            lambda: self.view.shows,
            checkpoint=self.ledger.checkpoint(blocks),
            ticks=self.kafka.ticks,
            **self.options,
        )
        asker.begin()
        return asker

    def decide(self, event: RequestAccepted | RequestRefused) -> int:
        """A writer somewhere decides it; return the position."""
        position = self.ledger.chain.head.position + 1
        own = codec.recorded(event, event.stream, 1)
        effects = getattr(event, "effects", 0)
        others = [
            Recorded(f"customer/{position}-{n}", 1, "customer_registered.v1", b"{}")
            for n in range(effects)
        ]
        self.ledger.block(own, *others)
        self.view.told["web", event.request_id] = told_by(event, position)
        return position

    def refuse_input(self, asked: AnyRequest, reason: InputReason) -> None:
        """A writer somewhere cannot take what was published as this request."""
        self.letters += 1
        digest = sha256(msgspec.json.encode(asked)).hexdigest()
        place = ("onebook.main.requests.web", self.letters, 0, digest, reason, "told")
        event = InputRefused("web", asked.request_id, NOON, NOON, *place)
        self.ledger.block(codec.recorded(event, event.stream, 1))
