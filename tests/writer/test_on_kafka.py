"""Writers on a real Kafka: input from topics, standing by, taking over, dead letters, snapshots."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaProducer
from mugs import PATIENCE_S, order, received, until

from consumers.kafka.letters import dead_letters, resubmit
from consumers.kafka_node import KafkaWriter
from ledger import codec
from ledger.domain.events import InputRefused, RequestAccepted
from ledger.kafka.client import KafkaLog
from ledger.kafka.recorder import ReadOnlyRecorder
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import create, ledger_topic, requests_topic

TAKEOVER_S = 0.3


class Shop:
    """One network on Kafka: what its channels send, and what its ledger holds."""

    def __init__(self, bootstrap: str, network: str) -> None:
        self.network = network
        self.settings = KafkaSettings(bootstrap=bootstrap)
        self._sender = KafkaProducer(**self.settings.client_options(), acks="all")

    def send(self, *requests: object, channel: str = "web") -> None:
        """One record: a request, or an array of several."""
        self.send_raw(msgspec.json.encode(requests[0] if len(requests) == 1 else requests), channel)

    def send_raw(self, value: bytes, channel: str = "web") -> None:
        topic = requests_topic(self.network, channel)
        self._sender.send(topic, value, partition=0).get(PATIENCE_S)

    def events(self) -> list[object]:
        log = KafkaLog(self.settings, ledger_topic(self.network))
        with ReadOnlyRecorder(log, self.network) as reader:
            return [codec.decode(n.topic, n.state) for n in reader.select_notifications(1, 10_000)]

    def accepted(self) -> list[str]:
        return [e.request_id for e in self.events() if isinstance(e, RequestAccepted)]

    def refused(self) -> list[InputRefused]:
        return [e for e in self.events() if isinstance(e, InputRefused)]

    def close(self) -> None:
        self._sender.close()


@pytest.fixture
def shop(kafka_bootstrap: str, network: str) -> Iterator[Shop]:
    opened = Shop(kafka_bootstrap, network)
    yield opened
    opened.close()


Start = Callable[..., KafkaWriter]


@pytest.fixture
def start(shop: Shop) -> Iterator[Start]:
    with ExitStack() as running:

        def started(name: str = "first", place: int = 0, folder: Path | None = None) -> KafkaWriter:
            options = {"place": place, "takeover_s": TAKEOVER_S, "folder": folder}
            writer = KafkaWriter(shop.settings, shop.network, name=name, **options)
            return running.enter_context(writer)

        yield started


def test_what_channels_put_into_their_topics_is_decided_once(shop: Shop, start: Start):
    shop.send(received(5))
    shop.send(order(1), order(2), order(1))
    shop.send(order(1))
    shop.send(received(5, "grn-2"), channel="till")
    start()
    until(lambda: {"grn-1", "grn-2", "w-1", "w-2"} <= set(shop.accepted()))
    assert sorted(shop.accepted()) == ["grn-1", "grn-2", "w-1", "w-2"]


def test_the_same_id_from_another_channel_is_another_request(shop: Shop, start: Start):
    start()
    shop.send(received(5, "r-1"), channel="web")
    shop.send(received(5, "r-1"), channel="till")
    until(lambda: len(shop.accepted()) == 2)


def test_a_caller_of_a_standby_is_answered_by_the_active_writer(shop: Shop, start: Start):
    active = start()
    shop.send(received(5))
    until(lambda: active.writer.active)
    standby = start("second", place=1)
    [answer] = standby.writer.submit("web", [order(1)]).result(PATIENCE_S)
    assert answer.outcome == "accepted"
    assert not answer.replayed
    assert not standby.writer.active
    assert shop.accepted() == ["grn-1", "w-1"]


def test_a_caller_beside_the_active_writer_needs_no_topic(shop: Shop, start: Start):
    writer = start().writer
    shop.send(received(5))
    until(shop.accepted)
    assert writer.active
    [answer] = writer.submit("no-topic-of-its-own", [order(1)]).result(PATIENCE_S)
    assert answer.outcome == "accepted"


def test_a_standby_takes_over_when_nobody_decides(shop: Shop, start: Start):
    first = start()
    standby = start("second", place=1)
    shop.send(received(5))
    until(lambda: first.writer.active)
    first.__exit__(None, None, None)
    shop.send(order(1))
    until(lambda: standby.writer.active)
    until(lambda: shop.accepted() == ["grn-1", "w-1"])


def test_a_writer_that_was_overtaken_stands_by_and_its_callers_are_answered(
    shop: Shop, start: Start
):
    """Both believe that they are active: of their blocks one counts, and nothing is decided twice."""
    first, second = start(), start("second", place=1)
    shop.send(received(50))
    until(shop.accepted)
    second.writer._active = second.writer._behind = True  # as if it had not heard of the first
    asked = [one.writer.submit("web", [order(n)]) for n in range(1, 21) for one in (first, second)]
    answers = [future.result(PATIENCE_S)[0] for future in asked]
    assert {answer.outcome for answer in answers} == {"accepted"}
    assert sorted(shop.accepted()) == sorted(["grn-1", *(f"w-{n}" for n in range(1, 21))])
    until(lambda: [first.writer.active, second.writer.active].count(True) <= 1)


def test_what_is_no_request_is_kept_as_it_came_and_stops_nobody(shop: Shop, start: Start):
    bad = [b"not json", b"", b"[]", b'{"type": "place_order"}', b'["a", 7]', b"\xff\xfe"]
    for raw in bad:
        shop.send_raw(raw)
    mixed = b'[{"type":"nonsense","request_id":"odd-1"},' + msgspec.json.encode(received(5)) + b"]"
    shop.send_raw(mixed)
    start()
    until(lambda: shop.accepted() == ["grn-1"])
    refused = [(e.offset, e.index, e.reason) for e in shop.refused()]
    assert refused == [
        (0, 0, "malformed"),
        (1, 0, "malformed"),
        (3, 0, "malformed"),
        (4, 0, "malformed"),
        (4, 1, "malformed"),
        (5, 0, "malformed"),
        (6, 0, "malformed"),
    ]
    letters = list(dead_letters(shop.settings, shop.network))
    raws = [b"not json", b"", b'{"type": "place_order"}', b'"a"', b"7", b"\xff\xfe"]
    assert [letter.raw for letter in letters[:6]] == raws
    for letter, event in zip(letters, shop.refused(), strict=True):
        assert letter.sha256 == event.sha256 == hashlib.sha256(letter.raw).hexdigest()
    assert shop.refused()[-1].request_id == "odd-1"


def test_an_id_used_for_something_else_becomes_a_dead_letter(shop: Shop, start: Start):
    shop.send(received(5), order(1), order(1, quantity=2))
    start()
    until(lambda: len(shop.refused()) == 1)
    [refused] = shop.refused()
    assert (refused.request_id, refused.index) == ("w-1", 2)
    assert refused.reason == "idempotency_mismatch"
    [letter] = dead_letters(shop.settings, shop.network)
    assert json.loads(letter.raw)["lines"][0]["quantity"] == 2


def test_a_mended_dead_letter_is_decided(shop: Shop, start: Start):
    shop.send_raw(b'{"type": "place_order"')
    start()
    until(lambda: len(shop.refused()) == 1)
    [letter] = dead_letters(shop.settings, shop.network)
    mended = msgspec.json.encode(received(5))
    resubmit(shop.settings, msgspec.structs.replace(letter, raw=mended, size=len(mended)))
    until(lambda: shop.accepted() == ["grn-1"])


def test_a_record_of_many_requests_spans_blocks_and_a_takeover(shop: Shop, start: Start):
    start()
    shop.send(received(3000))
    shop.send(*(order(n) for n in range(1, 1501)))
    until(lambda: len(shop.accepted()) > 300)
    start("second", place=1)
    until(lambda: len(shop.accepted()) == 1501)
    assert len(set(shop.accepted())) == 1501


def test_a_restart_begins_with_the_snapshot_and_knows_everything(
    shop: Shop, start: Start, tmp_path: Path
):
    first = start(folder=tmp_path / "state")
    shop.send(received(2), order(1))
    until(lambda: len(shop.accepted()) == 2)
    position = first.writer.position
    first.__exit__(None, None, None)
    again = start("again", folder=tmp_path / "state")
    assert again.recorder.tip.checkpoint.head.position == position
    assert again.writer.position == position
    shop.send(order(1), order(2), order(3))
    until(lambda: again.writer.active)
    [repeat] = again.writer.submit("web", [order(1)]).result(PATIENCE_S)
    [sold_out] = again.writer.submit("web", [order(3)]).result(PATIENCE_S)
    assert repeat.replayed
    assert sold_out.outcome == "refused"
    assert shop.accepted() == ["grn-1", "w-1", "w-2"]


def test_a_new_channel_is_heard_while_the_writer_runs(shop: Shop, start: Start):
    writer = start()
    shop.send(received(5))
    until(lambda: writer.writer.active)
    create(shop.settings, shop.network, ["popup"], dev=True)
    shop.send(order(1), channel="popup")
    until(lambda: shop.accepted() == ["grn-1", "w-1"])
