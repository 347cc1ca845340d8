"""A broker without threads, sockets or time: what becomes of each append is decided by the test.

It stands behind the port of `ledger.kafka.log`. Nothing happens by itself: whoever polls lets the
simulated time pass until a record is there, and `run_for` and `settle` let it pass otherwise. The
same fates give the same run, always. For one thread at a time.

    kafka = SimulatedKafka(fates=[WELL, ACK_LOST, LATE])       # then all goes well
    kafka = SimulatedKafka(fates=troubled(Random(7), 0.3))     # for ever, from a seed
    tip = Tip(kafka.log("t"), "main", "w1", clock=kafka.clock_of(0.0), ticks=kafka.ticks)
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from enum import Enum
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import NamedTuple

from ledger.kafka.chain import LedgerTruncated
from ledger.kafka.log import Appended, LogUnavailable, Record

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAX_STEPS = 1_000_000
"""A simulation that does not end by then never does."""
RECORDS_A_POLL = 5_000
UNKNOWN = -1

Headers = Sequence[tuple[str, bytes]]


class Told(Enum):
    """What the broker says of an append."""

    OFFSET = "where it stands"
    SECOND = "where its double stands"
    UNKNOWN = "that it has it, not where"
    ERROR = "that it failed, whether it landed or not"


class Fate(NamedTuple):
    """What becomes of one append; times are from the sending on."""

    lands_after_s: float | None = 0.001
    """None: never."""
    told: Told = Told.OFFSET
    told_after_s: float = 0.002
    """Or as soon as it can be told: an offset is known once the record has landed."""
    doubled_after_s: float | None = None
    """The broker takes it once more, so long after the first."""
    outlives_discard: bool = True
    """Whether it lands although the appender has been discarded meanwhile."""


WELL = Fate()
LOST = Fate(lands_after_s=None, told=Told.ERROR, told_after_s=10.0)
ACK_LOST = Fate(told=Told.ERROR, told_after_s=10.0)
LATE = Fate(lands_after_s=12.0, told=Told.ERROR, told_after_s=10.0)
"""It lands when its writer has given it up."""
DOUBLED = Fate(doubled_after_s=0.0, told=Told.UNKNOWN)
DOUBLED_LATER = Fate(doubled_after_s=3.0)
DOUBLED_TOLD_SECOND = Fate(doubled_after_s=0.0, told=Told.SECOND)
OFFSET_UNKNOWN = Fate(told=Told.UNKNOWN)
SLOW = Fate(lands_after_s=2.0)
TROUBLES = (
    LOST,
    ACK_LOST,
    LATE,
    LATE._replace(lands_after_s=30.0),
    LATE._replace(outlives_discard=False),
    DOUBLED,
    DOUBLED_LATER,
    DOUBLED_TOLD_SECOND,
    DOUBLED_TOLD_SECOND._replace(told=Told.OFFSET),
    ACK_LOST._replace(doubled_after_s=15.0),
    OFFSET_UNKNOWN,
    SLOW,
)


def troubled(random: Random, share: float) -> Iterator[Fate]:
    """Fates without end, of which this share is some trouble and the rest differs in speed."""
    while True:
        if random.random() < share:
            yield random.choice(TROUBLES)
        else:
            yield Fate(random.expovariate(500), told_after_s=random.expovariate(300))


class _Landed(NamedTuple):
    value: bytes | None
    timestamp_ms: int
    visible_at: float
    headers: Headers


class _Topic:
    """The records of one topic, the first of which has offset `start`."""

    def __init__(self) -> None:
        self.start = 0
        self.landed: list[_Landed] = []

    @property
    def end(self) -> int:
        return self.start + len(self.landed)

    def visible_end(self, now: float) -> int:
        """Records come into sight in their order, so the last ones are the ones not yet seen."""
        end = self.end
        while end > self.start and self.landed[end - 1 - self.start].visible_at > now:
            end -= 1
        return end


class SimulatedKafka:
    """Topics, a scheduler and a clock. `fates` are of the appends in their order, then `WELL`.

    `hidden_for_s` says of each record how long readers do not see it yet.
    """

    def __init__(
        self,
        fates: Iterable[Fate] = (),
        *,
        hidden_for_s: Callable[[], float] = lambda: 0.0,
        records_a_poll: int = RECORDS_A_POLL,
        stamps: bool = True,
    ) -> None:
        self._fates = iter(fates)
        self._hidden_for_s = hidden_for_s
        self._topics: dict[str, _Topic] = {}
        self._now = 0.0
        self._order = count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._away_until = 0.0
        self._steps = 0
        self.records_a_poll = records_a_poll
        self.stamps = stamps
        self.discards = 0
        """How many appenders were discarded."""
        self.sent: list[bytes] = []
        """Every value that was handed over, whatever became of it."""

    def log(self, topic: str, *, waits: bool = False) -> "SimulatedLog":
        """One topic. `waits`: a send returns when its outcome is told, for who asks at once."""
        return SimulatedLog(self, topic, waits=waits)

    def ticks(self) -> float:
        """Seconds, as `time.monotonic`."""
        return self._now

    def now(self) -> datetime:
        """The broker's clock."""
        return BEGAN + timedelta(seconds=self._now)

    def clock_of(self, ahead_s: float = 0.0) -> Callable[[], datetime]:
        """The clock of a machine that is ahead of the broker's."""
        return lambda: self.now() + timedelta(seconds=ahead_s)

    def sleep(self, seconds: float) -> None:
        """As `time.sleep`: what is due meanwhile happens."""
        self.run_for(seconds)

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        self._run_until(self._now + seconds, lambda: False)

    def settle(self) -> None:
        """Let everything happen that is going to, however late, and come into sight."""
        while self.step():
            pass
        last = [topic.landed[-1].visible_at for topic in self._topics.values() if topic.landed]
        self._now = max(self._now, *last, 0.0)

    def step(self) -> bool:
        """Let the next thing happen; False if nothing is going to."""
        if not self._due:
            return False
        self._steps += 1
        assert self._steps < MAX_STEPS, "the simulation does not come to an end"
        at, _, action = heappop(self._due)
        self._now = max(self._now, at)
        action()
        return True

    def at(self, after_s: float, action: Callable[[], None]) -> None:
        """Let something happen so much later; in the order given, if at the same time."""
        heappush(self._due, (self._now + after_s, next(self._order), action))

    def put(self, topic: str, value: bytes | None, *, hidden_for_s: float = 0.0) -> int:
        """Append something at once, by nobody; return its offset."""
        return self._land(topic, value, (), hidden_for_s)

    def values(self, topic: str) -> list[bytes | None]:
        """What the topic holds, seen or not."""
        return [record.value for record in self._topic(topic).landed]

    def headers(self, topic: str) -> list[Headers]:
        """The records' headers."""
        return [record.headers for record in self._topic(topic).landed]

    def lose_from(self, topic: str, offset: int) -> None:
        """Lose the last records, as a broker that comes up with an older disk does."""
        found = self._topic(topic)
        del found.landed[offset - found.start :]

    def delete_before(self, topic: str, offset: int) -> None:
        """Delete the first records, as a retention time does."""
        found = self._topic(topic)
        del found.landed[: offset - found.start]
        found.start = offset

    def hide_from(self, topic: str, offset: int, seconds: float) -> None:
        """Let the last records go out of sight for so long, as a broker that begins to lead may."""
        found = self._topic(topic)
        until = self._now + seconds
        found.landed[offset - found.start :] = [
            record._replace(visible_at=max(until, record.visible_at))
            for record in found.landed[offset - found.start :]
        ]

    def replace(self, topic: str, offset: int, value: bytes | None) -> None:
        """Put another value where a record was."""
        found = self._topic(topic)
        index = offset - found.start
        found.landed[index] = found.landed[index]._replace(value=value)

    def go_away_for(self, seconds: float) -> None:
        """Answer nobody for so long: reads fail, appends fail and are lost."""
        self._away_until = self._now + seconds

    @property
    def is_away(self) -> bool:
        """Whether it answers nobody now."""
        return self._now < self._away_until

    def _topic(self, name: str) -> _Topic:
        return self._topics.setdefault(name, _Topic())

    def _fate(self) -> Fate:
        fate = next(self._fates, WELL)
        return LOST if self.is_away else fate

    def _land(self, topic: str, value: bytes | None, headers: Headers, hidden_for_s: float) -> int:
        found = self._topic(topic)
        visible_at = self._now + hidden_for_s
        if found.landed:
            visible_at = max(visible_at, found.landed[-1].visible_at)
        found.landed.append(_Landed(value, self._stamp_ms(), visible_at, headers))
        return found.end - 1

    def _stamp_ms(self) -> int:
        return int(self.now().timestamp() * 1_000) if self.stamps else UNKNOWN

    def _run_until(self, end: float, enough: Callable[[], bool]) -> None:
        while not enough() and self._due and self._due[0][0] <= end:
            self.step()
        if not enough():
            self._now = max(self._now, end)

    def _refuse_while_away(self, timeout_s: float) -> None:
        if self.is_away:
            self.run_for(timeout_s)
            raise LogUnavailable("no broker answers")


class SimulatedLog:
    """One topic, as `ledger.kafka.log.Log`."""

    def __init__(self, kafka: SimulatedKafka, topic: str, *, waits: bool = False) -> None:
        self.topic = topic
        self._kafka, self._waits = kafka, waits

    def appender(self) -> "SimulatedAppender":
        return SimulatedAppender(self._kafka, self.topic, waits=self._waits)

    def reader(self, *, few: bool = False) -> "SimulatedReader":
        return SimulatedReader(self._kafka, self.topic)


class _Append:
    """One append under way."""

    def __init__(self, appender: "SimulatedAppender", value: bytes, headers: Headers) -> None:
        self.appender, self.value, self.headers = appender, value, headers
        self.fate = appender.kafka._fate()
        self.future: Future[Appended] = Future()
        self.offset = UNKNOWN
        self.second = UNKNOWN
        self.stamp_ms = UNKNOWN
        self.told_at = appender.kafka.ticks() + self.fate.told_after_s
        self.gone = False

    def land(self) -> None:
        if not self.gone:
            self.offset = self._put()
            if self.fate.doubled_after_s == 0:
                self.second = self._put()
            elif self.fate.doubled_after_s is not None:
                self.kafka.at(self.fate.doubled_after_s, lambda: None if self.gone else self._put())
        self._tell_when_it_can_be()

    def tell(self) -> None:
        """Say what the fate says, unless something was said before."""
        if self.future.done():
            return
        match self.fate.told:
            case Told.ERROR:
                self.fail("the broker did not confirm the append in time")
            case Told.UNKNOWN:
                self.future.set_result(Appended(UNKNOWN, UNKNOWN))
            case Told.OFFSET:
                self.future.set_result(Appended(self.offset, self.stamp_ms))
            case Told.SECOND:
                self.future.set_result(Appended(self.second, self.stamp_ms))

    def fail(self, why: str) -> None:
        if not self.future.done():
            self.future.set_exception(LogUnavailable(why))

    @property
    def kafka(self) -> SimulatedKafka:
        return self.appender.kafka

    def _put(self) -> int:
        kafka = self.kafka
        self.stamp_ms = kafka._stamp_ms()
        return kafka._land(self.appender.topic, self.value, self.headers, kafka._hidden_for_s())

    def _tell_when_it_can_be(self) -> None:
        if self.fate.told is not Told.ERROR:
            self.kafka.at(max(0.0, self.told_at - self.kafka.ticks()), self.tell)


class SimulatedAppender:
    """Appends of one producer land in their order, but for those that are lost."""

    def __init__(self, kafka: SimulatedKafka, topic: str, *, waits: bool) -> None:
        kafka._refuse_while_away(0.0)
        self.kafka, self.topic, self._waits = kafka, topic, waits
        self._under_way: list[_Append] = []
        self._last_lands_at = 0.0
        self._discarded = False

    def send(self, value: bytes, headers: Headers = ()) -> Future[Appended]:
        assert not self._discarded, "sent to a discarded appender"
        self.kafka.sent.append(value)
        append = _Append(self, value, headers)
        fate, now = append.fate, self.kafka.ticks()
        self._under_way = [one for one in self._under_way if not one.future.done()]
        self._under_way.append(append)
        if fate.lands_after_s is not None:
            self._last_lands_at = max(now + fate.lands_after_s, self._last_lands_at)
            self.kafka.at(self._last_lands_at - now, append.land)
        if fate.told is Told.ERROR:
            self.kafka.at(fate.told_after_s, append.tell)
        while self._waits and not append.future.done():
            assert self.kafka.step(), "nobody tells what became of the append"
        return append.future

    def discard(self) -> None:
        """What has not landed is told to have failed; the first of it may land nevertheless."""
        self.kafka.discards += 1
        self._discarded = True
        for place, append in enumerate(self._under_way):
            append.gone = place > 0 or not append.fate.outlives_discard
            append.fail("the appender was discarded")
        self._under_way.clear()

    def close(self) -> None:
        while any(not append.future.done() for append in self._under_way):
            assert self.kafka.step(), "nobody tells what became of an append"


class SimulatedReader:
    """Sees what has landed and come into sight, in order."""

    def __init__(self, kafka: SimulatedKafka, topic: str) -> None:
        kafka._refuse_while_away(0.0)
        self._kafka, self._name = kafka, topic
        self._position = 0

    def seek(self, offset: int) -> None:
        self._position = offset

    def poll(self, timeout_s: float) -> list[Record]:
        kafka, topic = self._kafka, self._kafka._topic(self._name)
        kafka._refuse_while_away(timeout_s)
        if not topic.start <= self._position <= topic.end:
            raise LedgerTruncated(
                f"{self._name} does not hold offset {self._position}: it lost records"
            )

        def more() -> bool:
            return topic.visible_end(kafka.ticks()) > self._position

        kafka._run_until(kafka.ticks() + timeout_s, more)
        end = min(topic.visible_end(kafka.ticks()), self._position + kafka.records_a_poll)
        first, self._position = self._position, max(self._position, end)
        landed = topic.landed[first - topic.start : self._position - topic.start]
        return [Record(n, r.value, r.timestamp_ms) for n, r in enumerate(landed, first)]

    def start(self) -> int:
        self._kafka._refuse_while_away(0.0)
        return self._kafka._topic(self._name).start

    def end(self) -> int:
        self._kafka._refuse_while_away(0.0)
        return self._kafka._topic(self._name).visible_end(self._kafka.ticks())

    def close(self) -> None:
        """Nothing is held."""
