"""The topics beside the ledger as a machine sees them: requests in, requests and letters out."""

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from random import Random
from typing import Final

import msgspec

from consumers.kafka.producing import headers_of
from consumers.writing.inputs import DeadLetter, InputRecord
from ledger.domain.requests import AnyRequest
from ledger.kafka.log import Appended, LogUnavailable
from ledger.kafka.topics import dead_letters_topic, ledger_topic, requests_topic
from simulation.wires import Broker, Link, LinkedLog

NETWORK: Final = "main"
CHANNELS: Final = ("till", "web")
LEDGER: Final = ledger_topic(NETWORK)
LETTERS: Final = dead_letters_topic(NETWORK)
INPUTS: Final = {requests_topic(NETWORK, channel): channel for channel in CHANNELS}
UNFETCHED: Final = 0.2
"""How often a look at the topics finds only what was fetched before."""


class SimulatedInputs:
    """The channels' topics, as `consumers.writing.inputs.Inputs`: fetched as far as the link allowed."""

    def __init__(self, kafka: Broker, link: Link, chance: Random) -> None:
        self._kafka, self._link, self._chance = kafka, link, chance
        self._next = dict.fromkeys(INPUTS, 0)
        self._fetched = dict.fromkeys(INPUTS, 0)
        self._turns = deque(INPUTS)

    @property
    def ready(self) -> bool:
        self._fetch()
        return any(self._next[topic] < self._fetched[topic] for topic in INPUTS)

    def next(self) -> InputRecord | None:
        self._fetch()
        for _ in range(len(self._turns)):
            topic = self._turns[0]
            self._turns.rotate(-1)
            offset = self._next[topic]
            if offset < self._fetched[topic]:
                self._next[topic] = offset + 1
                landed = self._kafka._topic(topic).landed[offset]
                value = landed.value or b""
                return InputRecord(topic, INPUTS[topic], offset, landed.timestamp_ms, value)
        return None

    def rewind(self, trackings: Mapping[str, int]) -> None:
        for topic in INPUTS:
            self._next[topic] = trackings.get(topic, 0)

    def waiting(self, trackings: Mapping[str, int]) -> list[str]:
        self._fetch()
        self.rewind(trackings)
        return [topic for topic in INPUTS if self._next[topic] < self._fetched[topic]]

    def _fetch(self) -> None:
        cut_off = self._link.left_s("reading") > 0 or self._kafka.is_away
        if cut_off or self._chance.random() < UNFETCHED:
            return
        for topic in INPUTS:
            self._fetched[topic] = self._kafka._topic(topic).visible_end(self._kafka.ticks())


class SimulatedLetters:
    """Where refused input is kept: at once, or it fails, whether it was kept or not."""

    def __init__(self, kafka: Broker, link: Link, chance: Random) -> None:
        self._kafka, self._link, self._chance = kafka, link, chance

    def send(self, letter: DeadLetter) -> Future[Appended]:
        fault = LogUnavailable("the dead letter was not acknowledged")
        cut_off = self._link.left_s("sending") > 0 or self._kafka.is_away
        fails = cut_off or self._chance.random() < self._kafka.letters_lost
        if not fails or (not cut_off and self._chance.random() < 0.5):
            self._kafka._land(LETTERS, letter.raw, headers_of(letter), 0.0)
        if fails and self._chance.random() < 0.3:
            raise fault
        kept: Future[Appended] = Future()
        if fails:
            kept.set_exception(fault)
        else:
            kept.set_result(Appended(0, 0))
        return kept


class SimulatedPublisher:
    """Puts callers' requests into their channels' topics."""

    def __init__(self, kafka: Broker, link: Link) -> None:
        self._kafka, self._link = kafka, link

    def publish(self, channel: str, requests: Sequence[AnyRequest]) -> Future[Appended]:
        topic = requests_topic(NETWORK, channel)
        value = msgspec.json.encode(requests[0] if len(requests) == 1 else list(requests))
        return LinkedLog(self._kafka, topic, self._link).appender().send(value)
