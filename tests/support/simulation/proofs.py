"""What must hold after a run: the laws of the fault suite, and those of the model alone."""

from collections.abc import Iterator
from typing import Final

from books import snapshot
from chaos import proofs
from chaos.diary import Asked
from chaos.evidence import DeadLetter, Evidence, Violation
from chaos.reader import Walk, walk
from simulation.machine import Machine
from simulation.topics import INPUTS, LEDGER, LETTERS, NETWORK
from simulation.world import World

from consumers.request_index import RequestIndex, key_of
from consumers.writer import Writer
from ledger import codec
from ledger.domain.events import RequestAccepted, RequestRefused
from ledger.domain.evolve import evolve
from ledger.domain.state import State

MAX_SHOWN: Final = 5


def prove(world: World) -> list[Violation]:
    """Hold every law against what a run left; none is found broken in a good one."""
    ledger = walk(_records(world, LEDGER), NETWORK)
    evidence = _evidence(world, ledger)
    return [
        *_writers_went_on(world),
        *proofs.prove(evidence),
        *_told_the_content(world, evidence),
        *_know_what_is_written(world, ledger),
    ]


def _records(world: World, topic: str) -> list[tuple[int, bytes]]:
    return [(offset, value or b"") for offset, value in enumerate(world.kafka.values(topic))]


def _evidence(world: World, ledger: Walk) -> Evidence:
    letters = [
        DeadLetter(offset, value or b"", {name: said.decode() for name, said in headers})
        for offset, (value, headers) in enumerate(
            zip(world.kafka.values(LETTERS), world.kafka.headers(LETTERS), strict=True)
        )
    ]
    inputs = {topic: _records(world, topic) for topic in INPUTS}
    evidence = Evidence(ledger, world.clients.diaries, inputs, letters, None)
    asked = world.clients.diaries.asked
    for key, decision in evidence.by_key.items():
        body = world.clients.variants.get((key, decision.own.fingerprint))
        if body is not None:
            asked[key] = Asked(asked[key].at, *key, body)
    return evidence


def _writers_went_on(world: World) -> Iterator[Violation]:
    for machine in world.machines:
        if machine.stopped_by is not None:
            yield Violation("writers", f"stopped: {machine.stopped_by!r}", (machine.name,))
    for what in world.stuck:
        yield Violation("in time", what)


def _told_the_content(world: World, evidence: Evidence) -> Iterator[Violation]:
    """Who asked with the content that is written was answered, who asked with another was told."""
    for told in world.clients.told:
        decision = evidence.by_key.get(told.key)
        if decision is None:
            yield Violation("content", "told of what is not in the ledger", told.key)
        elif (decision.own.fingerprint == told.fingerprint) != told.same:
            says = "another content" if told.same else "the same content as another"
            yield Violation("content", f"{says} was answered", told.key)
        elif decision.position != told.position:
            says = f"told of position {told.position}, it stands at {decision.position}"
            yield Violation("content", says, told.key)


def _know_what_is_written(world: World, ledger: Walk) -> Iterator[Violation]:
    """Every writer knows what a fresh fold of the ledger knows: state, requests, time."""
    if world.stuck or world.broken or ledger.corrupt:
        return
    state, index = _fold(ledger)
    for machine in world.machines:
        assert machine.writer is not None and machine.tip is not None
        yield from _differences(machine, machine.writer, ledger, state, index)


def _differences(
    machine: Machine, writer: Writer, ledger: Walk, state: State, index: RequestIndex
) -> Iterator[Violation]:
    head = machine.tip.head
    if (head.position, head.hash) != (ledger.position, ledger.head):
        yield Violation("a writer's head", f"{head}, not {ledger.head}", (machine.name,))
    if dict(machine.tip.checkpoint.trackings) != ledger.tracking:
        yield Violation("a writer's trackings", "are others", (machine.name,))
    known, fresh = snapshot(writer._engine.state), snapshot(state)
    for name in fresh:
        if known[name] != fresh[name]:
            yield Violation("a writer's state", f"{name} differs from a fold", (machine.name,))
    if sorted(writer._engine.index._buckets) != sorted(index._buckets):
        yield Violation("a writer's index", "differs from a fold", (machine.name,))


def _fold(ledger: Walk) -> tuple[State, RequestIndex]:
    state, index = State(), RequestIndex()
    for event in ledger.events:
        decoded = codec.decode(event.type, event.state)
        evolve(state, decoded)
        if isinstance(decoded, RequestAccepted | RequestRefused):
            index.add(key_of(decoded.channel, decoded.request_id), decoded, event.position)
        else:
            state.versions[event.stream] = event.version
    return state, index
