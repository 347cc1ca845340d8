"""Requests, repeats and misused ids by chance, the view coming and going: no answer is false."""

import random
from concurrent.futures import Future

import msgspec
import pytest
from asked_world import World, accepted, refused, request

from consumers.writing import asking
from consumers.writing.answers import Answer, Mismatch
from ledger.domain.requests import AnyRequest
from ledger.fingerprint import fingerprint

SEEDS = 60
STEPS = 250
NAMES = [f"r{n}" for n in range(12)]
CONTENTS = ("one", "another")
MEMORY = 3
SHORTEST, LONGEST = 0.05, 2.0


class Writer:
    """Decides what its channel's topic holds, each request once for ever."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.first: dict[str, tuple[str, Answer]] = {}
        self.consumed = 0

    def ask(self, name: str) -> AnyRequest:
        return request(name, self.chance.choice(CONTENTS))

    def decide(self, asked: AnyRequest) -> None:
        name, content = asked.request_id, fingerprint(asked)
        if name not in self.first:
            event = accepted(asked) if self.chance.random() < 0.7 else refused(asked)
            position = self.world.decide(event)
            told = self.world.view.told["web", name]
            answer = told.to(asked, replayed=False)
            assert isinstance(answer, Answer)
            assert answer.position == position
            self.first[name] = content, answer
        elif self.first[name][0] != content:
            self.world.refuse_input(asked, "idempotency_mismatch")


def stand(world: World) -> int:
    return world.ledger.chain.head.position


def checked(writer: Writer, asked: AnyRequest, answer: object) -> bool:
    """Whether this is what a request must be told; True for the one that is no repeat."""
    content, first = writer.first[asked.request_id]
    if fingerprint(asked) != content:
        assert isinstance(answer, Mismatch), answer
        assert answer.position in (first.position, None)
        return False
    assert isinstance(answer, Answer), answer
    assert msgspec.structs.replace(answer, replayed=False) == first
    return not answer.replayed


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nobody_is_ever_told_what_is_not_so(seed: int) -> None:
    chance = random.Random(seed)
    world = World(max_remembered=MEMORY, always_remembered=seed % 3)
    writer = Writer(world, chance)
    waiting: list[tuple[AnyRequest, Future[list[object]]]] = []
    for name in NAMES[:4]:
        writer.decide(writer.ask(name))
    world.view.shows = stand(world)
    asker = world.begin(blocks=4)
    for _ in range(STEPS):
        match chance.randrange(6):
            case 0 | 1:
                asked = writer.ask(chance.choice(NAMES))
                waiting.append((asked, asker.submit("web", [asked])))
            case 2:
                world.view.fault = None if chance.random() < 0.5 else ConnectionError("away")
            case 3:
                if world.view.fault is None:
                    world.view.shows = chance.randint(world.view.shows, stand(world))
            case 4:
                consume(world, writer, chance.randint(0, 3))
            case _:
                world.kafka.run_for(chance.uniform(SHORTEST, LONGEST))
                asker.step(0.1)
    settle(world, writer, asker)
    told = [(asked, done.result(0)[0]) for asked, done in waiting]
    firsts = [asked.request_id for asked, answer in told if checked(writer, asked, answer)]
    assert len(firsts) == len(set(firsts)), "two callers were the first of one request"
    assert len(world.topic.records) <= len(waiting), "none is published twice for one caller"


def consume(world: World, writer: Writer, count: int) -> None:
    """The writer takes in the next records of the topic."""
    for _ in range(count):
        if writer.consumed < len(world.topic.records):
            writer.decide(world.topic.records[writer.consumed])
            writer.consumed += 1


def settle(world: World, writer: Writer, asker: asking.Asker) -> None:
    """Everybody does what is left to do, and the view is back."""
    world.view.fault = None
    for _ in range(4):
        world.kafka.run_for(asking.LOOK_AGAIN_S)
        asker.step(0.1)
        consume(world, writer, len(world.topic.records))
        world.view.shows = stand(world)
        asker.step(0.1)
