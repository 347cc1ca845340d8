"""PostgreSQL is away while the ledger is in Kafka: the shop sells on, and nobody is told a lie.

A writer, a projector and APIs are processes of their own; the PostgreSQL of the views is stopped
under them, started again, or made to hang.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from embedded_folder import remove_ledger
from processes import server_pid
from real_kafka import fresh_network
from served import ROOT, Body, Sender, Served, environment, onebook, serving

from api.database import CONNECTION_WAIT_S
from consumers.embedded import EmbeddedPostgres

SPLIT = ("--no-writer", "--no-projector")
LIMIT_S = 60.0
SHELF = 1_000
SOLD_MEANWHILE = 40
AT_ONCE_S = CONNECTION_WAIT_S / 2
"""Whoever waited for a connection to a database that is away would wait twice as long."""
READS = (
    "/v1/inventory",
    "/v1/orders",
    "/v1/exceptions",
    "/v1/projections",
    "/v1/requests/web/grn-1",
)


class Shop:
    """One network: its Kafka, its PostgreSQL, and the processes of Onebook between them."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.folder = folder
        self.database = EmbeddedPostgres(folder / "pg")
        self.database.start()
        self.url = self.database.url
        self.settings = {
            "ONEBOOK_KAFKA_BOOTSTRAP": bootstrap,
            "ONEBOOK_KAFKA_DEV": "1",
            "ONEBOOK_NETWORK": fresh_network(bootstrap, "web"),
            "ONEBOOK_DATABASE_URL": self.url,
        }

    def postgres_stops(self) -> None:
        self.database.stop()

    def postgres_starts(self) -> None:
        self.database.start()
        assert self.database.url == self.url, "it is to be found where it was"

    @contextmanager
    def process(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """A process that says a line once it runs."""
        command = [sys.executable, "-m", "api.cli", *arguments, "--json"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment(**self.settings)
        ) as process:
            try:
                assert process.stdout is not None
                assert json.loads(process.stdout.readline())
                yield process
            finally:
                process.terminate()
                process.wait(LIMIT_S)

    def api(self, name: str) -> AbstractContextManager[Served]:
        return serving(self.folder / name, *SPLIT, **self.settings)


@pytest.fixture
def shop(kafka_bootstrap: str, tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(kafka_bootstrap, tmp_path)
    try:
        yield shop
    finally:
        shop.database.stop()
        remove_ledger(tmp_path / "pg")


@pytest.fixture
def split(shop: Shop) -> Iterator[Served]:
    """An API that was started after the shelf was filled: only the view knows of `grn-1`."""
    with ExitStack() as running:
        running.enter_context(shop.process("write", "--data", str(shop.folder / "writer")))
        running.enter_context(shop.process("project"))
        with shop.api("first") as first, first.client("web") as client:
            answer = client.post("/v1/requests", json=received("MUG"))
            assert answer.status_code == 201, answer.text
            Sender(client).seen("/v1/requests/web/grn-1", answer.json()["position"])
        yield running.enter_context(shop.api("api"))


@pytest.fixture
def web(split: Served) -> Iterator[httpx.Client]:
    with split.client("web") as client:
        yield client


def received(sku: str) -> Body:
    return {
        "type": "receive_stock",
        "request_id": "grn-1",
        "occurred_at": "2026-03-01T08:00:00Z",
        "location": "dc-1",
        "lines": [{"line_id": "1", "sku": sku, "quantity": SHELF}],
    }


def order(name: str, quantity: int = 1) -> Body:
    line = {"line_id": "1", "sku": "MUG", "quantity": quantity, "how": "ship", "location": "dc-1"}
    return {
        "type": "place_order",
        "request_id": name,
        "occurred_at": "2026-03-01T09:00:00Z",
        "order_id": name,
        "lines": [line],
    }


def send(client: httpx.Client, request: Body | list[Body], wait_s: int = 60) -> httpx.Response:
    return client.post("/v1/requests", json=request, headers={"Prefer": f"wait={wait_s}"})


def refused_reads(client: httpx.Client) -> None:
    """Every read is told at once that the views are away, and when to come again."""
    for path in READS:
        answer = client.get(path, timeout=AT_ONCE_S)
        assert answer.status_code == 503, (path, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"] == "/problems/views_away", path
        assert answer.json()["definite"] is False
        assert int(answer.headers["Retry-After"]) >= 1
    waiting = client.get("/v1/inventory", params={"min_position": 10**9}, timeout=AT_ONCE_S)
    assert waiting.json()["type"] == "/problems/views_away"


def polled(client: httpx.Client, path: str, **query: int) -> httpx.Response:
    """What stands there once it can be read again; until then it is 503 and nothing else."""
    give_up = monotonic() + LIMIT_S
    while monotonic() < give_up:
        answer = client.get(path, params=query)
        if answer.status_code == 200:
            return answer
        assert answer.status_code == 503, answer.text
        sleep(0.1)
    raise AssertionError(f"{path} is not there again: {answer.text}")


def test_the_shop_sells_on_while_postgresql_is_down_and_everything_is_seen_afterwards(
    shop: Shop, web: httpx.Client
) -> None:
    before = send(web, order("before"))
    assert before.status_code == 201
    shop.postgres_stops()
    refused_reads(web)

    sold = [send(web, order(f"o-{n}")) for n in range(SOLD_MEANWHILE)]
    assert [answer.status_code for answer in sold] == [201] * SOLD_MEANWHILE
    short = send(web, order("too-many", 2 * SHELF))
    assert (short.status_code, short.json()["reason"]) == (409, "out_of_stock")
    batch = send(web, [order("before"), order("b-1"), order("too-many", 2 * SHELF)])
    assert [item["status"] for item in batch.json()] == [201, 201, 409]
    repeat = send(web, order("o-3"))
    assert (repeat.status_code, repeat.json()) == (201, sold[3].json())
    assert repeat.headers["Onebook-Replayed"] == "true"

    ready = web.get("/readyz").json()
    assert (ready["status"], ready["writes"], ready["reads"]) == ("degraded", True, False)
    assert "PostgreSQL" in ready["why"]
    page = web.get("/views")
    assert (page.status_code, page.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "PostgreSQL does not answer" in page.text
    events = web.get("/v1/events", params={"type": "order_placed", "limit": 1000}).json()["items"]
    assert len(events) == SOLD_MEANWHILE + 2, "the ledger is read as ever"
    refused_reads(web)

    shop.postgres_starts()
    last = batch.json()[1]["position"] + batch.json()[1]["events"] - 1
    found = polled(web, "/v1/inventory/MUG", min_position=last)
    assert found.json()["total"]["committed"] == SOLD_MEANWHILE + 2
    assert found.json()["total"]["available"] == SHELF - SOLD_MEANWHILE - 2
    for n in range(SOLD_MEANWHILE):
        polled(web, f"/v1/orders/o-{n}", min_position=last)
    assert web.get("/readyz").json()["status"] == "ok"
    assert web.get("/views").status_code == 200
    verified = onebook("verify", "--json", **shop.settings)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_what_was_answered_long_ago_is_told_truly_or_not_at_all(
    shop: Shop, web: httpx.Client
) -> None:
    shop.postgres_stops()
    kept = send(web, received("MUG"), wait_s=1)
    assert (kept.status_code, kept.json()["outcome"]) == (202, "undecided")
    location = kept.headers["Location"]
    other = send(web, received("CUP"))
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency_mismatch")
    assert "with other content" in other.json()["detail"]
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(send, web, received("MUG"))
        assert send(web, order("meanwhile")).status_code == 201
        shop.postgres_starts()
        answer = waiting.result(LIMIT_S)
    assert answer.status_code == 201
    assert answer.headers["Onebook-Replayed"] == "true"
    stands = polled(web, location).json()
    assert (stands["outcome"], stands["position"]) == ("accepted", answer.json()["position"])
    total = polled(web, "/v1/inventory/MUG", min_position=answer.json()["position"]).json()["total"]
    assert total["on_hand"] == SHELF, "it was received once"


def test_writers_and_apis_start_while_postgresql_is_away(shop: Shop, split: Served) -> None:
    shop.postgres_stops()
    with (
        shop.process("write", "--data", str(shop.folder / "other"), "--name", "other"),
        shop.api("new") as started,
        started.client("web") as client,
    ):
        refused_reads(client)
        new = send(client, order("new-1"))
        assert new.status_code == 201
        old = send(client, received("MUG"))
        assert (old.status_code, old.headers["Onebook-Replayed"]) == (201, "true")
        assert client.get("/readyz").json()["status"] == "degraded"
        shop.postgres_starts()
        polled(client, "/v1/orders/new-1", min_position=new.json()["position"] + 1)


def test_a_postgresql_that_hangs_is_as_good_as_away(shop: Shop, web: httpx.Client) -> None:
    assert send(web, order("before")).status_code == 201
    pid = server_pid(shop.url)
    family = [pid, *_children(pid)]
    for each in family:
        os.kill(each, signal.SIGSTOP)
    try:
        give_up = monotonic() + LIMIT_S
        while web.get("/readyz", timeout=AT_ONCE_S).json()["reads"]:
            assert monotonic() < give_up, "nobody notices that it hangs"
            sleep(0.1)
        refused_reads(web)
        answers = [send(web, order(f"h-{n}")) for n in range(5)]
        assert [answer.status_code for answer in answers] == [201] * 5
    finally:
        for each in reversed(family):
            os.kill(each, signal.SIGCONT)
    last = answers[-1].json()["position"] + answers[-1].json()["events"] - 1
    total = polled(web, "/v1/inventory/MUG", min_position=last).json()["total"]
    assert total["committed"] == 6


def _children(pid: int) -> list[int]:
    command = ["ps", "-o", "pid=", "--ppid", str(pid)]
    said = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    return [int(each) for each in said.split()]
