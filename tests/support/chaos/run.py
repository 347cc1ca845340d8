"""One run: clients send, faults happen, all is healed, and the evidence is judged."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from chaos.clients import PATIENCE_S, Clients, Load
from chaos.diary import Diary, now
from chaos.evidence import Evidence
from chaos.faults import Episode, schedule
from chaos.gathering import LEDGER, gather
from chaos.injector import Happened, Injector
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


def run(cluster: Cluster, seed: int, seconds: float, tell: Progress, load: Load) -> Figures:
    """Send and break for so long, then prove. Raises what keeps a run from being judged."""
    begun = now()
    with Diary(cluster.folder / "diary.ndjson") as diary:
        injector = _sent_and_broken(cluster, seed, seconds, tell, diary, load)
    tell("gathering the evidence", now() - begun, diary.answers, len(injector.happened))
    return judged(cluster, seed, injector, [diary.path])


def judged(cluster: Cluster, seed: int, injector: Injector, diaries: list[Path]) -> Figures:
    """Gather the evidence of a run that has ended and hold the laws against it."""
    evidence: Evidence = gather(cluster, diaries)
    happened: list[Happened] = injector.happened
    violations = prove(evidence)
    return figures(seed, evidence, happened, injector.fallen, list(cluster.nodes), violations)


def _sent_and_broken(
    cluster: Cluster, seed: int, seconds: float, tell: Progress, diary: Diary, load: Load
) -> Injector:
    with (
        Publisher(cluster.bootstrap) as publisher,
        State(cluster.bootstrap, LEDGER) as state,
        _Sending(Clients(load, diary, cluster.addresses, publisher, NETWORK)) as sending,
    ):
        injector = Injector(cluster, state, seed)
        _warm_up(diary, sending)
        begun = now()
        for episode in schedule(seed, full_disk=cluster.plan.small_disk):
            if now() - begun > seconds:
                break
            sending.check()
            tell(_shown(episode), now() - begun, diary.answers, len(injector.happened))
            injector.do(episode)
        tell("the clients finish", now() - begun, diary.answers, len(injector.happened))
    return injector


def _warm_up(diary: Diary, sending: "_Sending") -> None:
    deadline = now() + WARM_UP_LIMIT_S
    while diary.answers < WARM_UP_ANSWERS:
        sending.check()
        if now() > deadline:
            raise NotRunning(f"{diary.answers} answers within {WARM_UP_LIMIT_S:g} s of an idle run")
        threading.Event().wait(POLL_S)


def _shown(episode: Episode) -> str:
    return " and ".join(str(fault) for fault in episode.faults)


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
