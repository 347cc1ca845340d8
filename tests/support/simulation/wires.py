"""The simulated Kafka as each machine reaches it: every machine has a link that can be cut."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, Literal, get_args

from msgspec import Struct
from simulated_log import (
    LOST,
    Fate,
    Headers,
    SimulatedAppender,
    SimulatedKafka,
    SimulatedReader,
    Told,
)

from ledger.kafka.log import Appended, LogUnavailable, Record

DELIVERY_LIMIT_S: Final = 10.0
"""How long a producer tries, and then says that it failed."""

Direction = Literal["reading", "sending", "hearing"]
DIRECTIONS: Final[tuple[Direction, ...]] = get_args(Direction)
"""What can be cut: what is read, what is sent, and what the brokers say of what was sent."""


class Broker(SimulatedKafka):
    """A SimulatedKafka of which the fate of an append may be said by who sends it."""

    fate: Fate | None = None
    letters_lost = 0.0
    """The share of dead letters that are not acknowledged."""

    def _fate(self) -> Fate:
        return super()._fate() if self.fate is None or self.is_away else self.fate

    @contextmanager
    def fated(self, fate: Fate | None) -> Iterator[None]:
        """What is sent within has this fate."""
        self.fate = fate
        try:
            yield
        finally:
            self.fate = None


class Link(Struct, eq=False):
    """One machine's way to the brokers: until when each direction of it is cut."""

    kafka: Broker
    until: dict[Direction, float] = {}

    def cut(self, direction: Direction, seconds: float) -> None:
        self.until[direction] = self.kafka.ticks() + seconds

    def heal(self) -> None:
        self.until.clear()

    def left_s(self, direction: Direction) -> float:
        """How much longer it is cut."""
        return max(0.0, self.until.get(direction, 0.0) - self.kafka.ticks())

    def check_reading(self) -> None:
        if self.left_s("reading") > 0:
            raise LogUnavailable("no broker can be reached")

    def fate(self) -> Fate | None:
        """What becomes of what is sent now, if this link decides it: the producer tries again."""
        unsent, unheard = self.left_s("sending"), self.left_s("hearing")
        if max(unsent, unheard) == 0:
            return None
        if unsent > DELIVERY_LIMIT_S:
            return LOST._replace(told_after_s=DELIVERY_LIMIT_S)
        heard_after = max(unsent, unheard) + 0.01
        told = Told.OFFSET if heard_after < DELIVERY_LIMIT_S else Told.ERROR
        return Fate(unsent + 0.005, told, min(heard_after, DELIVERY_LIMIT_S))


class LinkedLog:
    """One topic over one link, as `ledger.kafka.log.Log`."""

    def __init__(self, kafka: Broker, topic: str, link: Link) -> None:
        self.topic = topic
        self._kafka, self._link = kafka, link

    def appender(self) -> "LinkedAppender":
        return LinkedAppender(self._kafka, self.topic, self._link)

    def reader(self, *, few: bool = False) -> "LinkedReader":
        return LinkedReader(self._kafka, self.topic, self._link)


class LinkedAppender(SimulatedAppender):
    """Sends over a link."""

    def __init__(self, kafka: Broker, topic: str, link: Link) -> None:
        super().__init__(kafka, topic, waits=False)
        self._broker, self._link = kafka, link

    def send(self, value: bytes, headers: Headers = ()) -> Future[Appended]:
        with self._broker.fated(self._link.fate()):
            return super().send(value, headers)


class LinkedReader(SimulatedReader):
    """Reads over a link."""

    def __init__(self, kafka: Broker, topic: str, link: Link) -> None:
        link.check_reading()
        super().__init__(kafka, topic)
        self._link = link

    def poll(self, timeout_s: float) -> list[Record]:
        self._link.check_reading()
        return super().poll(timeout_s)

    def start(self) -> int:
        self._link.check_reading()
        return super().start()

    def end(self) -> int:
        self._link.check_reading()
        return super().end()
