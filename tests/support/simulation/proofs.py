"""What must hold after a run: the laws of the fault suite, and those of the model alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from chaos import proofs
from chaos.diary import Asked
from chaos.evidence import DeadLetter, Evidence, Violation
from chaos.reader import Walk, walk

from consumers.snapshot.request_index import Key, RequestIndex, key_of
from ledger import codec
from ledger.domain.events import RequestAccepted, RequestRefused
from ledger.domain.evolve import evolve
from ledger.domain.state import MAPPINGS, State
from ledger.head import Head
from simulation.machine import Running
from simulation.topics import INPUTS, LEDGER, LETTERS, NETWORK
from simulation.world import Emptied, World

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class Knowledge(NamedTuple):
    """What a writer knows: its state, and where each request of `keys` was answered."""

    state: State
    index: RequestIndex
    keys: list[Key]


def prove(world: World) -> list[Violation]:
    """Hold every law against what a run left; none is found broken in a good one."""
    if world.emptied is not None:
        return [*_writers_went_on(world), *_nothing_begins_again(world, world.emptied)]
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
        if world.broken and machine.stopped_by is not None:
            yield Violation("writers", f"stopped: {machine.stopped_by!r}", (machine.name,))
    for what in world.stuck:
        yield Violation("in time", what)


def _nothing_begins_again(world: World, emptied: Emptied) -> Iterator[Violation]:
    """Over a topic that lost its first records no first block is written, and nobody is answered."""
    for value in world.kafka.sent[emptied.sent :]:
        if b'"prev":"genesis"' in value:
            yield Violation("first block", "was sent to a topic that had lost its first records")
    for told in world.clients.told[emptied.told :]:
        yield Violation("first block", f"{told} from a ledger that is gone")


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
    fresh = _fold(ledger)
    for machine in world.machines:
        assert machine.running is not None, "the run ends when every writer is up"
        for what in _differences(machine.running, ledger, fresh):
            yield Violation("what a writer knows", what, (machine.name,))


def _differences(running: Running, ledger: Walk, fresh: Knowledge) -> Iterator[str]:
    checkpoint, engine = running.tip.checkpoint, running.writer._engine
    if checkpoint.head != Head(ledger.position, ledger.head):
        yield f"its head is {checkpoint.head}, the ledger's {ledger.position, ledger.head}"
    if dict(checkpoint.trackings) != ledger.tracking:
        yield f"its trackings are {checkpoint.trackings}, the ledger's {ledger.tracking}"
    for name in MAPPINGS:
        if dict(getattr(engine.state, name)) != dict(getattr(fresh.state, name)):
            yield f"{name} differ from a fresh fold"
    if engine.block.state.next_deadline() != min(fresh.state.deadlines, default=None):
        yield "it does not know which deadline is next"
    if _movements(engine.state, fresh.state) != _movements(fresh.state, fresh.state):
        yield "the movements of some quantity differ from a fresh fold"
    if len(engine.index) != len(fresh.index):
        yield f"it knows {len(engine.index)} requests of {len(fresh.index)}"
    for key in fresh.keys:
        if engine.index.get(key) != fresh.index.get(key):
            yield f"it knows {engine.index.get(key)}, not {fresh.index.get(key)}"


def _movements(state: State, of: State) -> list[int]:
    """What this state knows of every movement of the other: what moved after each of them.

    A state from a snapshot cannot list its movements, and is only ever asked for such sums.
    """
    sums: list[int] = []
    for key, time, _ in of.journal:
        after = EPOCH + timedelta(microseconds=time)
        sums += (state.journal.sum_after(key, at) for at in (after - MICROSECOND, after))
    return sums


def _fold(ledger: Walk) -> Knowledge:
    fresh = Knowledge(State(), RequestIndex(), [])
    for event in ledger.events:
        decoded = codec.decode(event.type, event.state)
        evolve(fresh.state, decoded)
        if isinstance(decoded, RequestAccepted | RequestRefused):
            key = key_of(decoded.channel, decoded.request_id)
            fresh.index.add(key, decoded, event.position)
            fresh.keys.append(key)
        else:
            fresh.state.versions[event.stream] = event.version
    return fresh
