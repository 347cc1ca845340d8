"""The real server is killed at any moment, many times: what it acknowledged stays, nothing doubles.

Clients write every answer to a file before they believe it, and send again whatever has no answer.
"""

import json
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from embedded_folder import remove_ledger

from consumers.data_directory import DataDirectory
from consumers.embedded import EmbeddedPostgres
from ledger import codec, postgres
from ledger.domain.events import AnyEvent, OrderPlaced, RequestAccepted, StockCommitted
from ledger.opening import open_ledger

KILLS = 8
ORDERS = 1_500
STOCK = 1_000
CLIENTS = 6
START_WITHIN_S = 60
SEED = 20260301


def received(quantity: int) -> dict[str, object]:
    line = {"line_id": "1", "sku": "MUG", "quantity": quantity}
    return {
        "type": "receive_stock",
        "request_id": "grn-1",
        "occurred_at": "2026-03-01T08:00:00Z",
        "location": "dc-1",
        "lines": [line],
    }


def order(number: int) -> dict[str, object]:
    line = {"line_id": "1", "sku": "MUG", "quantity": 1, "how": "ship", "location": "dc-1"}
    return {
        "type": "place_order",
        "request_id": f"w-{number}",
        "occurred_at": "2026-03-01T09:00:00Z",
        "order_id": f"web-{number}",
        "lines": [line],
    }


class Server:
    """`onebook serve` as its own process, killed and started again at will."""

    def __init__(self, data: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "api.cli", "serve"]
        self._command += ["--data", str(data), "--port", str(port)]
        self._log = (data.parent / "server.log").open("ab")
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log)
        end = time.monotonic() + START_WITHIN_S
        while time.monotonic() < end:
            assert process.poll() is None, Path(self._log.name).read_text()
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return process
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(Path(self._log.name).read_text())

    def kill_and_start_again(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = self._started()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(START_WITHIN_S)
        self._log.close()


class Client:
    """Sends its requests until each has an answer; every answer goes to its file first."""

    def __init__(self, url: str, file: Path, requests: list[dict[str, object]]) -> None:
        self._url, self._file, self._requests = url, file, requests

    def run(self) -> None:
        with self._file.open("a") as answers, httpx.Client(base_url=self._url) as http:
            for request in self._requests:
                answer = self._insist(http, request)
                answers.write(json.dumps(answer) + "\n")
                answers.flush()

    def _insist(self, http: httpx.Client, request: dict[str, object]) -> dict[str, object]:
        while True:
            try:
                response = http.post("/v1/requests", json=request, timeout=30)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if response.status_code in (201, 409):
                return response.json()
            assert response.status_code == 503, response.text
            time.sleep(0.05)


@contextmanager
def events_of(data: Path) -> Iterator[list[tuple[int, AnyEvent]]]:
    with (
        DataDirectory.open(data),
        EmbeddedPostgres(data) as database,
        open_ledger(postgres.environment(database.url), "main") as recorder,
    ):
        notifications = recorder.select_notifications(1, 1_000_000)
        yield [(n.id, codec.decode(n.topic, n.state)) for n in notifications]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    remove_ledger(tmp_path / "data")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_killed_at_any_moment_it_loses_no_answer_and_doubles_nothing(tmp_path, data, port):
    chance = random.Random(SEED)
    server = Server(data, port)
    assert httpx.post(f"{server.url}/v1/requests", json=received(STOCK)).status_code == 201
    shares = [[order(n) for n in range(ORDERS) if n % CLIENTS == c] for c in range(CLIENTS)]
    files = [tmp_path / f"answers-{c}.ndjson" for c in range(CLIENTS)]
    clients = [Client(server.url, f, s) for f, s in zip(files, shares, strict=True)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(client.run) for client in clients]
        kills = 0
        while kills < KILLS and not all(future.done() for future in running):
            time.sleep(chance.uniform(0.02, 0.5))
            server.kill_and_start_again()
            kills += 1
        for future in running:
            future.result(START_WITHIN_S)
    server.stop()
    assert kills >= 3, "it was over before it was killed often enough: send more orders"

    answers = [json.loads(line) for f in files for line in f.read_text().splitlines()]
    assert len(answers) == ORDERS
    with events_of(data) as events:
        assert [position for position, _ in events] == list(range(1, len(events) + 1))
        by_position = dict(events)
        for answer in answers:
            own = by_position[answer["position"]]
            assert own.request_id == answer["request_id"]
            assert isinstance(own, RequestAccepted) == (answer["outcome"] == "accepted")
        placed = [event.order_id for _, event in events if isinstance(event, OrderPlaced)]
        assert len(placed) == len(set(placed)) == STOCK
        promised = sum(event.quantity for _, event in events if isinstance(event, StockCommitted))
        assert promised == STOCK
        accepted = {answer["request_id"] for answer in answers if answer["outcome"] == "accepted"}
        assert len(accepted) == STOCK
