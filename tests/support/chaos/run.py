"""One run: clients send, faults happen, all is healed, and the evidence is judged."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, Self

from msgspec import Struct, json

from chaos.clients import PATIENCE_S, Clients, Load
from chaos.diary import Diary, now
from chaos.faults import Episode, schedule
from chaos.gathering import LEDGER, gather
from chaos.injector import Injector
from chaos.kafka_client import Publisher
from chaos.measures import Figures, figures
from chaos.proofs import prove
from chaos.state import State
from chaos.topology import NETWORK, Cluster

WARM_UP_LIMIT_S: Final = 60.0
WARM_UP_ANSWERS: Final = 50
FINISH_LIMIT_S: Final = 2 * PATIENCE_S
POLL_S: Final = 0.1

Progress = Callable[[str, float, int, int], None]
"""Called with what happens, seconds gone, answers and faults so far."""


class NotRunning(Exception):
    """The clients do not get answers, or do not come to an end; the text says how far they are."""


class Course(Struct, frozen=True):
    """What is done to a cluster: for so long, or exactly these episodes if there are any."""

    seed: int
    seconds: float
    load: Load = Load()
    episodes: tuple[Episode, ...] = ()


def run(cluster: Cluster, course: Course, tell: Progress) -> Figures:
    """Send and break, then prove. Raises what keeps a run from being judged."""
    path = cluster.folder / "diary.ndjson"
    with Diary(path) as diary:
        told = _Told(tell, diary)
        injector = _sent_and_broken(cluster, course, diary, told)
        told("gathering the evidence", injector)
    (cluster.folder / "faults.ndjson").write_bytes(json.Encoder().encode_lines(injector.happened))
    evidence = gather(cluster, [path])
    violations = prove(evidence)
    return figures(course.seed, evidence, injector, list(cluster.nodes), violations)


class _Told:
    """Tells what happens, with the time and the numbers so far."""

    def __init__(self, tell: Progress, diary: Diary) -> None:
        self._tell, self._diary, self._begun = tell, diary, now()

    def __call__(self, what: str, injector: Injector) -> None:
        self._tell(what, now() - self._begun, self._diary.answers, len(injector.happened))


def _sent_and_broken(cluster: Cluster, course: Course, diary: Diary, told: _Told) -> Injector:
    with (
        Publisher(cluster.bootstrap) as publisher,
        State(cluster.bootstrap, LEDGER) as state,
        _Sending(Clients(course.load, diary, cluster.addresses, publisher, NETWORK)) as sending,
    ):
        injector = Injector(cluster, state, course.seed)
        _warm_up(diary, sending)
        for episode in _episodes(cluster, course):
            sending.check()
            told(" and ".join(map(str, episode.faults)), injector)
            injector.do(episode)
        told("the clients finish", injector)
    return injector


def _episodes(cluster: Cluster, course: Course) -> Iterator[Episode]:
    if course.episodes:
        yield from course.episodes
        return
    end = now() + course.seconds
    for episode in schedule(course.seed, full_disk=cluster.plan.small_disk):
        if now() > end:
            return
        yield episode


def _warm_up(diary: Diary, sending: "_Sending") -> None:
    deadline = now() + WARM_UP_LIMIT_S
    while diary.answers < WARM_UP_ANSWERS:
        sending.check()
        if now() > deadline:
            raise NotRunning(f"{diary.answers} answers within {WARM_UP_LIMIT_S:g} s of an idle run")
        time.sleep(POLL_S)


class _Sending:
    """The clients on a thread and event loop of their own, from entering to the last answer."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._loop = asyncio.new_event_loop()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="clients", daemon=True)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._clients.run())
        except BaseException as error:  # noqa: BLE001 - told to the run
            self._failed = error

    def check(self) -> None:
        """Raise what ended the clients, if something did."""
        if self._failed is not None:
            raise NotRunning("the clients have ended") from self._failed

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._clients.stop)
        self._thread.join(FINISH_LIMIT_S if kind is None else POLL_S)
        if kind is None:
            self.check()
            if self._thread.is_alive():
                raise NotRunning(f"clients still wait {FINISH_LIMIT_S:g} s after the last fault")
