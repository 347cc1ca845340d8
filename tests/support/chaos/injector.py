"""Does what an episode says to the running cluster, heals it, and writes down when."""

import random
import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from chaos.diary import now
from chaos.faults import ACTIVE, LEADER, Episode, Fault, Kind
from chaos.nodes import Node
from chaos.state import State
from chaos.topology import BESIDE_API, SMALL_DISK_OF, Cluster

RECOVERY_LIMIT_S: Final = 90.0
POLL_S: Final = 0.2
FILL_BYTES: Final = 1 << 20


class Happened(Struct, frozen=True):
    """A fault that was done: as the schedule says it, to which nodes, from when until when.

    `writer`: the id of the ledger's last author as it began.
    """

    fault: str
    kind: Kind
    target: str
    other: str
    began: float
    ended: float
    writer: str


class NotRecovered(Exception):
    """After the healing something did not come back; the text says what."""


class Injector:
    """The hand that breaks and mends; everything is whole again when `do` returns."""

    def __init__(self, cluster: Cluster, state: State, seed: int) -> None:
        self._cluster = cluster
        self._state = state
        self._chance = random.Random(f"{seed}/targets")
        self.happened: list[Happened] = []
        self.fallen: list[str] = []
        """Nodes that ended though nothing had been done to them."""

    def do(self, episode: Episode) -> None:
        """Break, wait, mend. Raises NotRecovered or NotReady if it does not heal."""
        writer = self._state.last_writer()
        roles = {ACTIVE: self._node_of(writer), LEADER: f"broker-{self._state.leader()}"}
        began = now()
        mends: list[tuple[float, Fault, tuple[str, str], Callable[[], None]]] = []
        taken: set[str] = set()
        for fault in episode.faults:
            target = self._named(fault.target, roles, taken)
            other = self._named(fault.other, roles, taken) if fault.other else ""
            time.sleep(fault.after_s)
            mend = self._break(fault.kind, target, other)
            mends.append((now() + fault.lasts_s, fault, (target, other), mend))
        for at, fault, (target, other), mend in sorted(mends, key=lambda mend: mend[0]):
            time.sleep(max(0.0, at - now()))
            mend()
            done = Happened(str(fault), fault.kind, target, other, began, now(), writer)
            self.happened.append(done)
        self._wait_until_whole()
        time.sleep(episode.quiet_s)

    def _node_of(self, writer: str) -> str:
        names = self._cluster.named("writer")
        return next((name for name in names if writer.startswith(f"{name}-")), BESIDE_API)

    def _named(self, role: str, roles: dict[str, str], taken: set[str]) -> str:
        """The node of a role; of a kind, one that is not hit yet in this episode."""
        if role in roles:
            found = roles[role]
        else:
            avoided = taken | set(roles.values())
            names = self._cluster.named(role) or [role]
            found = self._chance.choice([n for n in names if n not in avoided] or names)
        taken.add(found)
        return found

    def _break(self, kind: Kind, target: str, other: str) -> Callable[[], None]:
        """Do it; what is returned mends it."""
        node = self._cluster.nodes[target]
        match kind:
            case "kill":
                node.kill()
                return node.start
            case "pause":
                node.pause()
                return node.resume
            case "cut":
                return self._cut(node, self._cluster.nodes[other], both=True)
            case "cut one way":
                return self._cut(node, self._cluster.nodes[other], both=False)
            case "full disk":
                return self._fill()

    def _cut(self, node: Node, other: Node, *, both: bool) -> Callable[[], None]:
        network, here, there = self._cluster.network, node.endpoint, other.endpoint
        pairs = [(here, there), (there, here)] if both else [(here, there)]
        for deaf, speaker in pairs:
            network.deafen(deaf, speaker)

        def mend() -> None:
            for deaf, speaker in pairs:
                network.hear(deaf, speaker)

        return mend

    def _fill(self) -> Callable[[], None]:
        """Leave the broker with the small disk no byte."""
        filler = self._cluster.small_disk() / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(FILL_BYTES))
            except OSError:  # the disk is full
                pass

        def mend() -> None:
            filler.unlink()
            node = self._cluster.nodes[SMALL_DISK_OF]
            if not node.is_running:
                node.start()

        return mend

    def _wait_until_whole(self) -> None:
        """All nodes run and are ready, all copies are in sync."""
        for name, node in self._cluster.nodes.items():
            if not node.is_running:
                self.fallen.append(name)
                node.start()
        deadline = now() + RECOVERY_LIMIT_S
        for node in self._cluster.nodes.values():
            node.wait_until_ready(deadline - now())
        while not self._state.whole():
            if now() > deadline:
                raise NotRecovered(f"copies are not in sync {RECOVERY_LIMIT_S:g} s after a fault")
            time.sleep(POLL_S)
