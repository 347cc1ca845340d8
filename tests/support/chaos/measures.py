"""What a run measured: pauses, takeovers, and how much of everything there was."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from chaos.diary import Diaries
from chaos.evidence import Evidence, Violation
from chaos.faults import ACTIVE, Fault
from chaos.injector import Happened, Injector
from chaos.reader import Walk

MAX_VIOLATIONS_KEPT: Final = 200
KILL: Final = str(Fault("kill", ACTIVE))


class Pause(Struct, frozen=True):
    """The longest time without a first acknowledgement, and what was going on."""

    seconds: float
    began_s: float
    during: list[str]


class Figures(Struct, frozen=True):
    """A run in numbers. Times are seconds; `began_s` counts from the first acknowledgement."""

    seed: int
    seconds: float
    nodes: list[str]
    faults: int
    faults_by_kind: dict[str, int]
    requests: int
    sendings: dict[str, int]
    acknowledgements: int
    accepted: int
    refused: int
    refused_inputs: int
    blocks: int
    dead_blocks: dict[str, int]
    positions: int
    writers: int
    longest_pause: Pause
    takeovers: int
    takeover_p50_s: float
    takeover_p99_s: float
    takeover_max_s: float
    fallen: list[str]
    violations: list[Violation]


def figures(
    seed: int,
    evidence: Evidence,
    injector: Injector,
    nodes: Sequence[str],
    violations: Sequence[Violation],
) -> Figures:
    """Put the numbers of a run together."""
    diaries, ledger, happened = evidence.diaries, evidence.ledger, injector.happened
    taken = sorted(takeovers(evidence, happened))
    outcomes = Counter(decision.raw[0].type for decision in evidence.decisions)
    answers = [entry.at for entry in diaries.answered]
    return Figures(
        seed=seed,
        seconds=round(answers[-1] - answers[0], 1),
        nodes=list(nodes),
        faults=len(happened),
        faults_by_kind=dict(Counter(h.fault for h in happened).most_common()),
        requests=len(diaries.asked),
        sendings=dict(Counter(entry.way.partition(":")[0] for entry in diaries.sent)),
        acknowledgements=len(diaries.answered),
        accepted=outcomes["request_accepted.v1"],
        refused=outcomes["request_refused.v1"],
        refused_inputs=len(evidence.refused_inputs),
        blocks=len(ledger.blocks),
        dead_blocks=dict(Counter(dead.why.partition(":")[0] for dead in ledger.dead)),
        positions=ledger.position,
        writers=len({block.writer for block in ledger.blocks}),
        longest_pause=longest_pause(diaries, happened),
        takeovers=len(taken),
        takeover_p50_s=quantile(taken, 0.5),
        takeover_p99_s=quantile(taken, 0.99),
        takeover_max_s=quantile(taken, 1.0),
        fallen=list(injector.fallen),
        violations=list(violations[:MAX_VIOLATIONS_KEPT]),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share does not exceed; 0 of nothing."""
    if not ordered:
        return 0.0
    at = max(0, -int(-share * len(ordered) // 1) - 1)
    return round(ordered[at], 3)


def longest_pause(diaries: Diaries, happened: Sequence[Happened]) -> Pause:
    """Between first acknowledgements, while requests were waiting and a majority of brokers ran.

    A majority always ran: at most one broker is hit at a time.
    """
    first: dict[tuple[str, str], float] = {}
    for entry in diaries.answered:
        first.setdefault((entry.channel, entry.request_id), entry.at)
    times = sorted(first.values())
    last_asked = max(diaries.first_sent.values())
    gaps = [(b - a, a, b) for a, b in pairwise(times) if a < last_asked]
    seconds, began, ended = max(gaps)
    during = [
        f"{h.kind} {h.target}" + (f" from {h.other}" if h.other else "")
        for h in happened
        if h.began < ended and began < h.ended
    ]
    return Pause(round(seconds, 3), round(began - times[0], 1), during)


def takeovers(evidence: Evidence, happened: Sequence[Happened]) -> list[float]:
    """For each kill -9 of the active writer: seconds until another writer's answer arrived."""
    found = []
    for kill in happened:
        if kill.fault == KILL:
            after = _first_answer_of_another(evidence, kill)
            if after is not None:
                found.append(after - kill.began)
    return found


def _first_answer_of_another(evidence: Evidence, kill: Happened) -> float | None:
    ledger = evidence.ledger
    firsts = [block.first for block in ledger.blocks if block.events]
    authors = [block.writer for block in ledger.blocks if block.events]
    killed_last = _last_of(ledger, kill.writer)
    for entry in evidence.diaries.answered:
        if entry.at < kill.began or entry.position <= killed_last:
            continue
        if authors[bisect_right(firsts, entry.position) - 1] != kill.writer:
            return entry.at
    return None


def _last_of(ledger: Walk, writer: str) -> int:
    return max((block.last for block in ledger.blocks if block.writer == writer), default=0)
