"""What happens to the cluster, by a seed: one episode after another, each healed before the next.

At most one broker is hit at a time, so that a majority of them is always there, the leader's own
loss included. What an episode names by role (active writer, leader) is looked up as it begins.
"""

import random
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

Kind = Literal["kill", "pause", "cut", "cut one way", "full disk"]

ACTIVE: Final = "active writer"
LEADER: Final = "leader"
BROKERS: Final = frozenset({"broker", LEADER})
"""Roles that belong to the majority."""
LASTS_S: Final[dict[Kind, tuple[float, float]]] = {
    "kill": (3.0, 5.0),
    "pause": (2.0, 7.0),
    "cut": (2.0, 7.0),
    "cut one way": (2.0, 7.0),
    "full disk": (6.0, 10.0),
}
QUIET_S: Final = (0.5, 2.0)
PAIR_SHARE: Final = 0.3
"""Episodes of two faults at once, the second of which hits no broker."""


class Fault(Struct, frozen=True):
    """One thing that happens to a node or between two, for a while.

    `target` and `other` are names of nodes, or roles. Cut one way: `target` hears nothing from
    `other`, which hears it still. `after_s`: it begins so long after the fault before it.
    """

    kind: Kind
    target: str
    other: str = ""
    lasts_s: float = 0.0
    after_s: float = 0.0

    @property
    def hits_a_broker(self) -> bool:
        if self.kind.startswith("cut"):
            return self.target in BROKERS and self.other in BROKERS
        return self.target in BROKERS or self.kind == "full disk"

    def __str__(self) -> str:
        between = f" from {self.other}" if self.other else ""
        return f"{self.kind} {self.target}{between}"


class Episode(Struct, frozen=True):
    """Faults, one over the other, and how long nothing happens after they are healed."""

    faults: tuple[Fault, ...]
    quiet_s: float


FIRST: Final = (
    Fault("kill", ACTIVE),
    Fault("kill", LEADER),
    Fault("kill", "postgres"),
    Fault("kill", "projector"),
    Fault("kill", "api"),
    Fault("pause", ACTIVE),
    Fault("pause", LEADER),
    Fault("pause", "postgres"),
    Fault("pause", "projector"),
    Fault("pause", "api"),
    Fault("cut", ACTIVE, LEADER),
    Fault("cut one way", ACTIVE, LEADER),
    Fault("cut one way", LEADER, ACTIVE),
    Fault("cut", "broker", LEADER),
    Fault("cut one way", LEADER, "broker"),
    Fault("cut", "projector", "postgres"),
    Fault("cut", "api", LEADER),
)
"""Dealt first, in an order of the seed; a short run sees these."""
MORE: Final = (
    *([Fault("kill", ACTIVE)] * 7),
    Fault("kill", "writer"),
    Fault("kill", "broker"),
    Fault("pause", "writer"),
    Fault("pause", "broker"),
    Fault("cut", ACTIVE, "broker"),
    Fault("cut", "writer", LEADER),
    Fault("cut one way", "api", "broker"),
    Fault("cut one way", "broker", LEADER),
    Fault("cut one way", "projector", LEADER),
    Fault("cut one way", "postgres", "projector"),
    Fault("cut", "api", "postgres"),
)
FULL_DISK: Final = Fault("full disk", "broker-3")


def schedule(seed: int, *, full_disk: bool = False) -> Iterator[Episode]:
    """Episodes without end; the same seed deals the same."""
    chance = random.Random(f"{seed}/faults")
    while True:
        first, more = list(FIRST), list(MORE)
        chance.shuffle(first)
        more += [FULL_DISK] if full_disk else []
        chance.shuffle(more)
        deck = first + more
        while deck:
            yield _dealt(deck, chance)


def _dealt(deck: list[Fault], chance: random.Random) -> Episode:
    """The next fault, alone or with another one that hits neither a broker nor the same node."""
    faults = [deck.pop(0)]
    second = next((n for n, fault in enumerate(deck[:6]) if _goes_with(fault, faults[0])), None)
    if second is not None and chance.random() < PAIR_SHARE:
        faults.append(deck.pop(second))
    timed = tuple(
        replace(fault, lasts_s=round(chance.uniform(*LASTS_S[fault.kind]), 2)) for fault in faults
    )
    return Episode(timed, round(chance.uniform(*QUIET_S), 2))


def _goes_with(second: Fault, first: Fault) -> bool:
    """A takeover is measured, so the active writer's kill stands alone."""
    alone = Fault("kill", ACTIVE)
    both = (first, second)
    if alone in both or second.hits_a_broker:
        return False
    named = [name for fault in both for name in (fault.target, fault.other) if name]
    return len(named) == len(set(named))
