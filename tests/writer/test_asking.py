"""Requests decided by a writer elsewhere: asked, published, and answered by what the ledger says."""

from collections.abc import Sequence
from concurrent.futures import Future

import pytest
from simulated_ledger import NOON, TOPIC, Written
from simulated_log import SimulatedKafka, SimulatedLog, SimulatedReader

from consumers import asking
from consumers.answers import Answer, Mismatch, WriterBusy, WriterStopped
from consumers.asking import Asker
from consumers.recollection import Told, told_by
from ledger import codec
from ledger.domain.events import RefusedLine, RequestAccepted, RequestRefused
from ledger.domain.requests import AnyRequest
from ledger.domain.words import Reason
from ledger.door import read_request
from ledger.fingerprint import fingerprint
from ledger.kafka.admin import TopicsDenied
from ledger.kafka.log import LogUnavailable, Record
from ledger.recorded import Recorded

SHORT = RefusedLine("1", "MUG", "store", asked=3, available=2)


def request(name: str, customer: str = "c") -> AnyRequest:
    text = '{"type":"register_customer","request_id":"%s","occurred_at":"2026-03-01T12:00:00Z","customer_id":"%s"}'
    return read_request((text % (name, customer)).encode())


def accepted(asked: AnyRequest) -> RequestAccepted:
    return RequestAccepted(
        "web", asked.request_id, NOON, NOON, "register_customer", fingerprint(asked), 2
    )


def refused(asked: AnyRequest) -> RequestRefused:
    said = ("register_customer", fingerprint(asked), Reason.OUT_OF_STOCK, (SHORT,))
    return RequestRefused("web", asked.request_id, NOON, NOON, *said)


class Topic:
    """The channels' topics: what was published, and how it went."""

    def __init__(self) -> None:
        self.published: list[tuple[str, list[str], Future[None]]] = []
        self.fault: Exception | None = None

    def publish(self, channel: str, requests: Sequence[AnyRequest]) -> Future[None]:
        if self.fault is not None:
            raise self.fault
        self.published.append((channel, [one.request_id for one in requests], Future()))
        return self.published[-1][2]

    @property
    def names(self) -> list[str]:
        return [name for _, names, _ in self.published for name in names]


class View:
    """The view `requests`, which shows the ledger up to a position."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, str], Told] = {}
        self.shows = 0
        self.asked: list[list[str]] = []
        self.fault: Exception | None = None

    def find(self, asked: Sequence[tuple[str, str]]) -> tuple[dict[tuple[str, str], Told], int]:
        self.asked.append([name for _, name in asked])
        if self.fault is not None:
            raise self.fault
        shown = {key: one for key, one in self.told.items() if one.position <= self.shows}
        return {key: shown[key] for key in asked if key in shown}, self.shows

    def close(self) -> None:
        pass


class Quiet:
    """The ledger's topic as a Kafka client reads it: brokers that are away are no error to it."""

    def __init__(self, log: SimulatedLog) -> None:
        self.topic = log.topic
        self._log = log

    def reader(self) -> SimulatedReader:
        reader = self._log.reader()
        poll = reader.poll

        def quiet(timeout_s: float) -> Sequence[Record]:
            try:
                return poll(timeout_s)
            except LogUnavailable:
                return []

        reader.poll = quiet
        return reader


class World:
    """A simulated Kafka with a ledger that others write, and an asker without threads."""

    def __init__(self, **options: int) -> None:
        self.kafka = SimulatedKafka()
        self.ledger = Written(self.kafka)
        self.topic, self.view = Topic(), View()
        self.options = options

    def begin(self, blocks: int = 0) -> Asker:
        asker = Asker(
            Quiet(self.kafka.log(TOPIC)),
            "main",
            self.topic,
            self.view,
            lambda: self.view.shows,
            checkpoint=self.ledger.checkpoint(blocks),
            ticks=self.kafka.ticks,
            **self.options,
        )
        asker.begin()
        return asker

    def decide(self, event: RequestAccepted | RequestRefused) -> int:
        """A writer somewhere decides it; return the position."""
        position = self.ledger.chain.head.position + 1
        own = codec.recorded(event, event.stream, 1)
        effects = getattr(event, "effects", 0)
        others = [
            Recorded(f"customer/{position}-{n}", 1, "customer_registered.v1", b"{}")
            for n in range(effects)
        ]
        self.ledger.block(own, *others)
        self.view.told["web", event.request_id] = told_by(event, position)
        return position


@pytest.fixture
def world() -> World:
    return World()


def test_a_new_request_is_published_to_its_callers_channel_and_answered_by_the_ledger(world):
    asker = world.begin()
    answers = asker.submit("web", [request("A"), request("B")])
    asker.step()
    assert [(channel, names) for channel, names, _ in world.topic.published] == [
        ("web", ["A", "B"])
    ]
    world.decide(accepted(request("A")))
    asker.step(1.0)
    assert not answers.done()
    world.decide(refused(request("B")))
    asker.step(1.0)
    assert answers.result(0) == [
        Answer("A", "accepted", 1, 3),
        Answer("B", "refused", 4, 1, Reason.OUT_OF_STOCK, (SHORT,)),
    ]
    assert asker.position == 4


def test_a_request_is_kept_once_its_topic_has_it_and_not_before(world):
    asker = world.begin()
    answers = asker.submit("web", [request("A")])
    asker.step()
    assert not answers.kept
    world.topic.published[0][2].set_result(None)
    assert answers.kept
    assert not answers.done()


def test_a_repeat_that_no_view_shows_yet_gets_the_first_answer_from_memory(world):
    asker = world.begin()
    world.decide(refused(request("A")))
    asker.step(1.0)
    answers = asker.submit("web", [request("A")])
    said = Answer("A", "refused", 1, 1, Reason.OUT_OF_STOCK, (SHORT,), replayed=True)
    assert answers.result(0) == [said]
    assert world.topic.names == []


def test_a_repeat_from_before_this_process_gets_the_first_answer_from_the_view(world):
    world.decide(refused(request("A")))
    world.view.shows = 1
    asker = world.begin(blocks=1)
    answers = asker.submit("web", [request("A")])
    asker.step()
    said = Answer("A", "refused", 1, 1, Reason.OUT_OF_STOCK, (SHORT,), replayed=True)
    assert answers.result(0) == [said]
    assert world.topic.names == []


@pytest.mark.parametrize("shows", [0, 3])
def test_an_id_that_was_used_for_something_else_is_a_mismatch(world, shows):
    world.decide(accepted(request("A")))
    world.view.shows = shows
    asker = world.begin()
    answers = asker.submit("web", [request("A", customer="another")])
    asker.step()
    assert answers.result(0) == [Mismatch("A", 1)]
    assert world.topic.names == []


def test_a_channels_ids_are_its_own(world):
    world.decide(accepted(request("A")))
    asker = world.begin()
    answers = asker.submit("till", [request("A")])
    asker.step(0.1)
    assert not answers.done()
    assert world.topic.published[0][:2] == ("till", ["A"])


def test_answers_that_the_view_shows_leave_memory_and_are_found_there(world):
    asker = world.begin()
    world.decide(accepted(request("A")))
    asker.step(1.0)
    world.view.shows = 3
    asker.step(0.1)
    answers = asker.submit("web", [request("A")])
    assert not answers.done()
    asker.step()
    assert answers.result(0) == [Answer("A", "accepted", 1, 3, replayed=True)]
    assert world.view.asked == [["A"]]


def test_an_answer_that_memory_had_to_drop_is_not_asked_for_twice_but_refused_for_now():
    world = World(max_remembered=1)
    asker = world.begin()
    world.decide(accepted(request("A")))
    world.decide(accepted(request("B")))
    asker.step(1.0)
    answers = asker.submit("web", [request("A")])
    asker.step()
    with pytest.raises(WriterBusy):
        answers.result(0)
    assert world.topic.names == [], "it may have been answered: it must not be published unseen"
    world.view.shows = 6
    again = asker.submit("web", [request("A")])
    asker.step()
    assert again.result(0) == [Answer("A", "accepted", 1, 3, replayed=True)]


def test_views_that_are_being_rebuilt_answer_nothing_wrong(world):
    world.decide(accepted(request("A")))
    world.view.shows = 3
    asker = world.begin(blocks=1)
    world.view.shows = 0
    answers = asker.submit("web", [request("A")])
    asker.step()
    with pytest.raises(WriterBusy):
        answers.result(0)
    assert world.topic.names == []


def test_who_asks_while_it_is_decided_elsewhere_is_told_that_it_is_a_repeat(world):
    asker = world.begin()
    first = asker.submit("web", [request("A")])
    world.decide(accepted(request("A")))
    asker._follow(1.0)
    assert first.result(0) == [Answer("A", "accepted", 1, 3, replayed=True)]
    asker.step()
    assert world.topic.names == []


def test_two_who_wait_for_one_request_get_one_answer_and_the_second_is_a_repeat(world):
    asker = world.begin()
    first, second = (asker.submit("web", [request("A")]) for _ in range(2))
    asker.step()
    world.decide(accepted(request("A")))
    asker.step(1.0)
    assert first.result(0) == [Answer("A", "accepted", 1, 3)]
    assert second.result(0) == [Answer("A", "accepted", 1, 3, replayed=True)]


def test_one_query_asks_for_everybody_who_waits(world):
    asker = world.begin()
    for name in "ABC":
        asker.submit("web", [request(name)])
    asker.step()
    assert world.view.asked == [["A", "B", "C"]]


def test_a_topic_that_takes_nothing_is_told_to_who_asks(world):
    asker = world.begin()
    failed = asker.submit("web", [request("A")])
    asker.step()
    world.topic.published[0][2].set_exception(ConnectionError("no broker"))
    with pytest.raises(WriterBusy):
        failed.result(0)
    world.topic.fault = TopicsDenied("let one who may run `onebook topics create --channel web`")
    denied = asker.submit("web", [request("B")])
    asker.step()
    with pytest.raises(WriterBusy, match="topics create --channel web"):
        denied.result(0)
    world.decide(accepted(request("A")))
    asker.step(1.0)
    assert asker.submit("web", [request("A")]).result(0)[0].position == 1, "it landed after all"


def test_a_database_that_is_away_is_told_to_who_asks_and_nothing_is_published(world):
    asker = world.begin()
    world.view.fault = ConnectionError("no database")
    answers = asker.submit("web", [request("A")])
    asker.step()
    with pytest.raises(WriterBusy):
        answers.result(0)
    assert world.topic.names == []
    world.view.fault = None
    again = asker.submit("web", [request("A")])
    asker.step()
    assert world.topic.names == ["A"]
    assert not again.done()


def test_brokers_that_are_away_for_a_while_lose_no_answer(world):
    asker = world.begin()
    answers = asker.submit("web", [request("A")])
    asker.step()
    world.kafka.go_away_for(20.0)
    for _ in range(10):
        world.kafka.run_for(1.0)
        asker.step()
    assert asker.stalled
    world.kafka.run_for(20.0)
    world.decide(accepted(request("A")))
    asker.step(1.0)
    assert answers.result(0) == [Answer("A", "accepted", 1, 3)]
    assert not asker.stalled


def test_a_ledger_that_lost_blocks_ends_it_and_everybody_learns(world):
    world.decide(accepted(request("A")))
    world.decide(accepted(request("B")))
    asker = world.begin()
    waits = asker.submit("web", [request("C")])
    world.kafka.lose_from(TOPIC, 1)
    for _ in range(10):
        world.kafka.run_for(1.0)
        asker.step()
    with pytest.raises(WriterStopped):
        waits.result(0)
    assert asker.fault is not None
    with pytest.raises(WriterStopped):
        asker.submit("web", [request("D")])


def test_no_more_wait_than_there_is_room_for(world, monkeypatch):
    monkeypatch.setattr(asking, "MAX_AWAITED", 3)
    asker = world.begin()
    asker.submit("web", [request("A"), request("B")])
    given_up = asker.submit("web", [request("C")])
    with pytest.raises(WriterBusy):
        asker.submit("web", [request("D")])
    given_up.cancel()
    world.kafka.run_for(asking.SWEEP_EVERY_S + 1)
    asker.step()
    assert not asker.submit("web", [request("D")]).done()


def test_who_still_waits_at_the_end_is_told(world):
    asker = world.begin()
    answers = asker.submit("web", [request("A")])
    asker.stop()
    with pytest.raises(WriterStopped):
        answers.result(0)


def test_no_requests_are_answered_at_once(world):
    assert world.begin().submit("web", []).result(0) == []
