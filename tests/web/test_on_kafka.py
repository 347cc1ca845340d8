"""The API on a ledger in Kafka: with writer and projector elsewhere, and beside them."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from real_kafka import fresh_network
from served import ROOT, Body, Sender, Served, environment, onebook, served_ledger, serving

from api.on_kafka import Parts
from api.settings import SettingsError, load
from consumers.projector import Projector
from ledger.kafka.client import KafkaLog
from ledger.kafka.recorder import ReadOnlyRecorder
from ledger.kafka.settings import KafkaSettings
from ledger.kafka.topics import ledger_topic

SPLIT = ("--no-writer", "--no-projector")
LIMIT_S = 60.0


class Network:
    """A network of its own in the tests' Kafka, and a database for its views."""

    def __init__(self, bootstrap: str, database_url: str) -> None:
        self.id = fresh_network(bootstrap, "web", "till")
        self.kafka = KafkaSettings(bootstrap=bootstrap)
        self.database_url = database_url
        self.settings = {
            "ONEBOOK_KAFKA_BOOTSTRAP": bootstrap,
            "ONEBOOK_KAFKA_DEV": "1",
            "ONEBOOK_NETWORK": self.id,
            "ONEBOOK_DATABASE_URL": database_url,
        }

    @contextmanager
    def writer(self, folder: Path) -> Iterator["subprocess.Popen[str]"]:
        """A writer process; it may be killed before the end."""
        command = [sys.executable, "-m", "api.cli", "write", "--data", str(folder), "--json"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment(**self.settings)
        )
        assert process.stdout is not None
        with process:
            assert json.loads(process.stdout.readline())["writer"]
            try:
                yield process
            finally:
                process.terminate()
                process.wait(LIMIT_S)

    @contextmanager
    def projector(self) -> Iterator[Projector]:
        """Keeps the views, in a thread of the tests."""
        recorder = ReadOnlyRecorder(KafkaLog(self.kafka, ledger_topic(self.id)), self.id)
        projector = Projector(recorder, self.database_url, self.id)
        projector.start()
        try:
            yield projector
        finally:
            projector.stop()
            recorder.close()


@contextmanager
def own_database(server_url: str) -> Iterator[str]:
    name = f"kafka_{uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        found = server.info
        yield f"postgresql:///{name}?host={found.host}&port={found.port}&user={found.user}" + (
            f"&password={found.password}" if found.password else ""
        )
        server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="module")
def shared(kafka_bootstrap: str, postgres_server_url: str) -> Iterator[Network]:
    with own_database(postgres_server_url) as url:
        yield Network(kafka_bootstrap, url)


@pytest.fixture(scope="module")
def split(shared: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An API whose writer and projector are elsewhere."""
    folder, network = tmp_path_factory.mktemp("split"), shared
    with ExitStack() as running:
        running.enter_context(network.projector())
        running.enter_context(network.writer(folder / "writer"))
        yield running.enter_context(serving(folder / "api", *SPLIT, **network.settings))


@pytest.fixture
def web(split: Served) -> Iterator[Sender]:
    with split.client("web") as client:
        yield Sender(client)


def events(web: Sender, **query: Any) -> Any:
    answer = web.client.get("/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_request_is_decided_by_a_writer_elsewhere_and_shown_by_views_kept_elsewhere(
    web: Sender,
) -> None:
    sku = web.named("MUG")
    web.accepted(web.received(sku, 3))
    answer = web.accepted(web.order(web.named("A"), (sku, 2)))
    order = web.seen(f"/v1/orders/{web.named('A')}", answer["position"])
    assert (order["state"], [line["sku"] for line in order["lines"]]) == ("open", [sku])


def test_a_repeat_gets_the_first_answer_whether_the_views_show_it_or_not(web: Sender) -> None:
    request = web.received(web.named("MUG"), 3)
    first = web.send(request)
    at_once = web.send(request)
    web.seen("/v1/inventory", first.json()["position"])
    later = web.send(request)
    assert first.json() == at_once.json() == later.json()
    replayed = [answer.headers.get("Onebook-Replayed") for answer in (first, at_once, later)]
    assert replayed == [None, "true", "true"]


def test_a_refusal_keeps_its_reason_and_numbers(web: Sender) -> None:
    sku = web.named("MUG")
    web.accepted(web.received(sku, 2))
    order = web.order(web.named("A"), (sku, 3))
    first = web.send(order)
    assert first.status_code == 409
    [hit] = first.json()["details"]
    assert (hit["asked"], hit["available"]) == (3, 2)
    web.seen("/v1/inventory", first.json()["position"])
    assert web.send(order).json() == first.json()


def test_an_id_used_for_something_else_is_refused(web: Sender) -> None:
    request = web.received(web.named("MUG"), 3)
    web.accepted(request)
    answer = web.send({**request, "occurred_at": "2026-03-02T12:00:00Z"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency_mismatch")


def test_a_batch_is_answered_in_order_with_a_malformed_item_among_it(web: Sender) -> None:
    sku = web.named("MUG")
    items: list[Body] = [web.received(sku, 1) for _ in range(600)]
    items[7] = {**items[7], "type": "wish"}
    answer = web.send(items)
    assert [item["status"] for item in answer.json()] == [
        422 if n == 7 else 201 for n in range(600)
    ]
    assert [item["request_id"] for item in answer.json()] == [item["request_id"] for item in items]


def test_a_channel_without_a_topic_gets_one(split: Served) -> None:
    with split.client(f"new-{uuid4().hex[:8]}") as client:
        web = Sender(client)
        web.accepted(web.received(web.named("MUG"), 1))


def test_events_are_read_page_by_page_without_gaps(web: Sender) -> None:
    start = web.accepted(web.received(web.named("MUG"), 1))["position"] - 1
    web.send([web.received(web.named("MUG"), 1) for _ in range(50)])
    positions, after = [], start
    while after is not None:
        page = events(web, after=after, limit=7)
        positions += [event["position"] for event in page["items"]]
        after = page["next"]
    assert positions == list(range(start + 1, positions[-1] + 1))
    assert len(positions) >= 102


def test_events_are_found_by_stream_and_by_type(web: Sender) -> None:
    sku = web.named("MUG")
    for _ in range(3):
        web.accepted(web.received(sku, 1))
    place = f"stock/{web.named('store')}/{sku}"
    found = events(web, stream=place)["items"]
    assert [(event["version"], event["stream"]) for event in found] == [
        (version, place) for version in (1, 2, 3)
    ]
    received = events(web, type="stock_received", after=found[0]["position"] - 1)["items"]
    assert {event["type"] for event in received} == {"stock_received.v1"}
    assert found[0] in received


def test_an_event_stream_goes_on_with_what_is_recorded_and_resumes(web: Sender) -> None:
    start = web.accepted(web.received(web.named("MUG"), 1))["position"]
    headers = {"Last-Event-ID": str(start)}
    with web.client.stream("GET", "/v1/events/stream", headers=headers) as stream:
        lines = stream.iter_lines()
        answer = web.accepted(web.received(web.named("MUG"), 1))
        ids = []
        for line in lines:
            if line.startswith("id: "):
                ids.append(int(line.removeprefix("id: ")))
            if ids and ids[-1] == answer["position"]:
                break
    assert ids == list(range(start + 1, answer["position"] + 1))


def test_readiness_says_where_requests_are_decided_and_how_far_the_views_are(web: Sender) -> None:
    answer = web.accepted(web.received(web.named("MUG"), 1))
    last = answer["position"] + answer["events"] - 1
    web.seen("/v1/inventory", last)
    ready = web.client.get("/readyz").json()
    assert (ready["status"], ready["writer"]) == ("ok", "elsewhere")
    assert ready["position"] >= last
    assert ready["views_position"] >= last
    views = web.client.get("/v1/projections")
    assert int(views.headers["Onebook-Position"]) >= last


def test_a_file_of_requests_is_imported_through_a_server(web: Sender, tmp_path: Path) -> None:
    lines = [web.received(web.named("MUG"), 1) for _ in range(120)]
    file = tmp_path / "requests.ndjson"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    arguments = ["import", "ndjson", str(file), "--channel", "till", "--json"]
    done = onebook(*arguments, "--server", str(web.client.base_url))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accepted"] == 120


def test_who_waits_for_a_dead_writer_is_answered_by_the_next_one(
    kafka_bootstrap: str, database_url: str, tmp_path: Path
) -> None:
    """And who stops waiting knows that the request is kept, and where its answer will stand."""
    network = Network(kafka_bootstrap, database_url)
    with (
        network.projector(),
        network.writer(tmp_path / "writer") as writer,
        serving(tmp_path / "split", *SPLIT, **network.settings) as split,
        split.client("web") as client,
        ThreadPoolExecutor(1) as callers,
    ):
        web = Sender(client)
        web.accepted(web.received(web.named("MUG"), 1))
        writer.send_signal(signal.SIGKILL)
        writer.wait()

        kept = web.send(web.received(web.named("MUG"), 1), Prefer="wait=1")
        assert kept.status_code == 202
        assert kept.json()["outcome"] == "undecided"
        not_yet = web.client.get(kept.headers["Location"])
        assert (not_yet.status_code, not_yet.json()["definite"]) == (404, False)
        assert not_yet.headers["Retry-After"]

        waiting = callers.submit(web.send, web.received(web.named("MUG"), 1), Prefer="wait=60")
        with serving(tmp_path / "beside", "--no-projector", **network.settings) as beside:
            assert waiting.result(LIMIT_S).status_code == 201
            assert _ready(beside)["writer"] == "active"
            assert _polled(web.client, kept.headers["Location"])["outcome"] == "accepted"


def test_an_api_beside_a_standby_writer_has_requests_decided_by_the_active_one(
    shared: Network, web: Sender, tmp_path: Path
) -> None:
    with (
        serving(tmp_path / "beside", "--no-projector", **shared.settings) as beside,
        beside.client("web") as client,
    ):
        other = Sender(client)
        asked = other.received(other.named("MUG"), 1)
        other.accepted(asked)
        assert _ready(beside)["writer"] == "standby"
        repeat = web.send(asked)
        assert repeat.headers.get("Onebook-Replayed") == "true"


def test_one_process_keeps_its_ledger_in_kafka_and_its_views_in_its_own_database(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    settings = Network(kafka_bootstrap, "").settings
    del settings["ONEBOOK_DATABASE_URL"]
    with served_ledger(tmp_path / "data", **settings) as server, server.client("web") as client:
        web = Sender(client)
        sku = web.named("MUG")
        answer = web.accepted(web.received(sku, 3))
        assert web.seen(f"/v1/inventory/{sku}", answer["position"])["total"]["on_hand"] == 3
        assert _ready(server)["writer"] == "active"
        file = tmp_path / "requests.ndjson"
        file.write_text(json.dumps(web.received(sku, 4)))
        done = onebook("import", "ndjson", str(file), "--data", str(server.data), **settings)
        assert done.returncode == 0, done.stderr
        found = onebook("inventory", sku, "--json", "--data", str(server.data), **settings)
        assert json.loads(found.stdout)["total"]["on_hand"] == 7, found.stderr


@pytest.mark.parametrize(
    ("parts", "settings", "said"),
    [
        (Parts(writer=False), {}, "KAFKA_BOOTSTRAP"),
        (Parts(projector=False), {}, "KAFKA_BOOTSTRAP"),
        (Parts(projector=False), {"kafka_bootstrap": "127.0.0.1:9092"}, "DATABASE_URL"),
    ],
)
def test_nothing_is_left_to_others_who_cannot_be_there(
    parts: Parts, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        parts.check(load(**settings))


def test_nothing_begins_on_topics_with_one_copy_unless_it_is_told_to(
    shared: Network, tmp_path: Path
) -> None:
    settings = {**shared.settings, "ONEBOOK_KAFKA_DEV": "0"}
    done = onebook("serve", *SPLIT, "--port", "0", "--data", str(tmp_path), **settings)
    assert done.returncode == 2
    assert "not safe to begin on" in done.stderr


def _ready(server: Served) -> Any:
    with server.client() as client:
        return client.get("/readyz").json()


def _polled(client: httpx.Client, location: str) -> Any:
    """What stands at a Location, once something does."""
    give_up = monotonic() + LIMIT_S
    while monotonic() < give_up:
        answer = client.get(location)
        if answer.status_code == 200:
            return answer.json()
        assert answer.status_code == 404
        sleep(0.1)
    raise AssertionError(f"nothing stands at {location}")
