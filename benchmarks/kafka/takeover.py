"""Takeover: the active writer is killed, and a standby answers what is asked after that."""

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack

import msgspec
from msgspec import Struct

from benchmarks import shop, sql_floor
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Goal, Line, Samples
from benchmarks.kafka.brokers import Kafka
from benchmarks.serving import following
from consumers.kafka.producing import KafkaPublisher
from consumers.writing.takeover import TAKEOVER_S
from ledger.codec import TOPICS, decode
from ledger.domain.events import RequestAccepted
from ledger.domain.requests import AnyRequest
from ledger.kafka.follower import Follower
from ledger.recorded import Recorded

TRIES, QUICK_TRIES = 10, 2
ANSWERED_WITHIN_S = 30.0
POLL_S = 0.5
ACCEPTED = TOPICS[RequestAccepted]
GOAL_S = 3
NOTE = (
    "Takeover: two `onebook write`; the author of the last block is killed with SIGKILL, and a"
    " request published at once. The clock runs from the kill to the answer in the ledger; the"
    " reference is the same without a kill. A standby waits {wait:g} s before it acts."
)


class Started(Struct, frozen=True):
    """What `onebook write --json` says when it follows the ledger."""

    writer: str


class Answered(Struct, frozen=True):
    """Who answered a request, and after how many seconds."""

    author: str
    seconds: float


def lines(bench: Bench, kafka: Kafka) -> Iterator[Line]:
    """Seconds until a request is answered again, beside one that is answered undisturbed."""
    tries = QUICK_TRIES if bench.quick else TRIES
    bench.say(f"killing the active writer {tries} times")
    undisturbed, killed = _tries(bench, kafka, tries)
    measured = Samples(f"answered after kill -9, {tries} tries", tuple(killed))
    reference = Samples("no writer killed", tuple(undisturbed))
    goal = Goal(GOAL_S, "measured", "at most")
    yield Figure(measured, reference, "s", goal, NOTE.format(wait=TAKEOVER_S))
    slowest = Samples("answered after kill -9, the slowest", (max(killed),))
    yield Figure(slowest, reference, "s", goal)


def _tries(bench: Bench, kafka: Kafka, tries: int) -> tuple[list[float], list[float]]:
    """Seconds to an answer: with both writers there, and from the kill of the one that answered."""
    undisturbed, killed = [], []
    orders = iter(shop.orders(2 * tries, sql_floor.HOT_ITEMS))
    with ExitStack() as parts:
        writers = _Writers(bench, kafka, parts)
        asking = _Asking(kafka, writers.network)
        parts.callback(asking.close)
        asking.answer(shop.opening(sql_floor.HOT_ITEMS))
        for _ in range(tries):
            before = asking.answer(next(orders))
            undisturbed.append(before.seconds)
            writers.kill(before.author)
            after = asking.answer(next(orders))
            assert after.author != before.author, after
            killed.append(after.seconds)
            writers.start()
    return undisturbed, killed


class _Writers:
    """Two writers of a fresh network, by their names in its blocks."""

    def __init__(self, bench: Bench, kafka: Kafka, parts: ExitStack) -> None:
        self.network = kafka.network()
        self._folder, self._parts = bench.folder, parts
        self._settings = kafka.environment
        self._running: dict[str, subprocess.Popen[str]] = {}
        self.start()
        self.start()

    def start(self) -> None:
        """Start one more; returns when it follows the ledger."""
        name = f"writer-{secrets.token_hex(4)}"
        command = ("write", "--network", self.network, "--name", name)
        data = ("--data", str(self._folder / name))
        log = self._folder / f"{name}.log"
        running = following(log, (*command, *data), self._settings)
        process, said = self._parts.enter_context(running)
        self._running[msgspec.json.decode(said, type=Started).writer] = process

    def kill(self, author: str) -> None:
        """End one at once."""
        self._running.pop(author).kill()


class _Asking:
    """Publishes single requests and waits for their answers in the ledger."""

    def __init__(self, kafka: Kafka, network: str) -> None:
        self._publisher = KafkaPublisher(kafka.settings, network)
        self._follower = Follower(kafka.ledger(network), network)

    def answer(self, request: AnyRequest) -> Answered:
        """Who accepted it, and how long that took."""
        started = time.monotonic()
        self._publisher.publish(shop.CHANNEL, [request])
        while time.monotonic() - started < ANSWERED_WITHIN_S:
            for counted in self._follower.poll(POLL_S):
                if any(_accepts(event, request) for event in counted.block.events):
                    return Answered(counted.block.writer, time.monotonic() - started)
        raise AssertionError(f"{request.request_id} was not answered")

    def close(self) -> None:
        """Give up the connections."""
        self._publisher.close()
        self._follower.close()


def _accepts(recorded: Recorded, request: AnyRequest) -> bool:
    if recorded.topic != ACCEPTED:
        return False
    event = decode(recorded.topic, recorded.state)
    return event.request_id == request.request_id
