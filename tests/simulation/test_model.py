"""Two or three writers share a ledger through crashes, pauses, partitions and lost appends.

The writers' own code runs over a simulated Kafka; every seed is another run, and always the same
one. ONEBOOK_TEST_SIMULATION_SEEDS=5000 runs more of them; `make simulate` does so by itself.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from os import environ

import pytest
from chaos.reader import walk
from simulation.proofs import prove
from simulation.topics import INPUTS, LEDGER, LETTERS, NETWORK
from simulation.world import FAULTS, World

SEEDS = int(environ.get("ONEBOOK_TEST_SIMULATION_SEEDS", "200"))
AT_ONCE = 20
SEEDS_OF_EVERYTHING = 40
BY_THE_CLOCK = b'"channel":"onebook"'
"""Stands in blocks with what a writer did by the clock."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What writers say of their troubles is of no interest here."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_whatever_happens_each_request_is_answered_once_and_stays_so(first: int) -> None:
    for seed in range(first, min(first + AT_ONCE, SEEDS)):
        with World(seed) as world:
            violations = prove(world)
        assert not violations, f"{again(seed)}\n{world.setting}\n" + "\n".join(world.trace)


def again(seed: int) -> str:
    """How a run that went wrong is looked at."""
    return f'seed {seed}: make simulate ARGS="--seeds 1 --first {seed} --verbose"'


@pytest.mark.parametrize("said", [{}, {"snapshots": True}, {"emptied": True}], ids=str)
def test_a_seed_always_gives_the_same_run(said: dict[str, bool]) -> None:
    for seed in range(5):
        with World(seed, **said) as one, World(seed, **said) as other:
            assert one.kafka.sent == other.kafka.sent
            assert one.clients.diaries == other.clients.diaries
            assert one.kafka.ticks() == other.kafka.ticks()


def test_the_troubles_that_are_meant_come_about() -> None:
    seen: Counter[str] = Counter()
    for seed in range(SEEDS_OF_EVERYTHING):
        with World(seed) as world:
            seen.update(troubles_of(world))
    assert [what for what, times in seen.items() if not times] == []


def troubles_of(world: World) -> dict[str, int]:
    """How often what makes a run worth having happened in it."""
    values = [value or b"" for value in world.kafka.values(LEDGER)]
    ledger = walk(enumerate(values), NETWORK)
    authors = [block.writer for block in ledger.blocks]
    events = [event.type for event in ledger.events]
    answered = Counter(told.key for told in world.clients.told)
    said = {what: sum(what in line for line in world.trace) for what in FAULTS}
    return said | {
        "the active writer changed": sum(a != b for a, b in pairwise(authors)),
        "blocks that do not count": len(ledger.dead),
        "producers given up": world.kafka.discards,
        "blocks without events": sum(not block.events for block in ledger.blocks),
        "holds that ended by the clock": events.count("hold_expired.v1"),
        "holds extended": events.count("hold_extended.v1"),
        "deadlines in blocks that do not count": sum(
            BY_THE_CLOCK in values[dead.offset] for dead in ledger.dead
        ),
        "deadlines decided by who was not active before": sum(
            a.writer != b.writer and BY_THE_CLOCK in values[b.offset]
            for a, b in pairwise(ledger.blocks)
        ),
        "requests accepted": events.count("request_accepted.v1"),
        "requests refused": events.count("request_refused.v1"),
        "input refused": events.count("input_refused.v1"),
        "dead letters": len(world.kafka.values(LETTERS)),
        "records of topics": sum(len(world.kafka.values(topic)) for topic in INPUTS),
        "requests answered more than once": sum(times > 1 for times in answered.values()),
        "another content": sum(not told.same for told in world.clients.told),
        "ledgers that were emptied": world.emptied is not None,
        "snapshots": world.setting.snapshots,
    }
