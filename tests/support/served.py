"""A real server process, as `onebook serve` starts it, and what channels send to it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from embedded_folder import remove_ledger

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 60.0
STOPS_WITHIN_S = 20.0
ANSWERS_WITHIN_S = 60.0
NOON = "2026-03-01T12:00:00Z"

Body = dict[str, Any]


def environment(**settings: str) -> dict[str, str]:
    """The environment of a command: none of the settings around the tests, but these."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ONEBOOK_", "PERSISTENCE_"))}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


def onebook(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(**settings),
        timeout=300,
    )


class Served:
    """A server process on a data directory."""

    def __init__(self, process: subprocess.Popen[str], data: Path) -> None:
        self.process = process
        self.data = data
        assert process.stdout is not None
        self.address: str = json.loads(process.stdout.readline())["address"]

    def client(self, channel: str = "default") -> httpx.Client:
        """A client of it that sends as this channel."""
        headers = {"Onebook-Channel": channel}
        return httpx.Client(base_url=self.address, headers=headers, timeout=ANSWERS_WITHIN_S)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOPS_WITHIN_S)


@contextmanager
def serving(data: Path, *options: str, **settings: str) -> Iterator[Served]:
    """Serve a data directory at a free port until the end."""
    command = [sys.executable, "-m", "api.cli", "serve", "--data", str(data), "--port", "0"]
    with subprocess.Popen(
        [*command, "--json", *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(**settings),
    ) as process:
        try:
            yield Served(process, data)
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOPS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


@contextmanager
def served_ledger(folder: Path, **settings: str) -> Iterator[Served]:
    """Serve a new ledger, and leave nothing of it behind."""
    try:
        with serving(folder, **settings) as server:
            yield server
    finally:
        remove_ledger(folder)


class Sender:
    """One channel, on a ledger that others use too: its ids, skus and locations are its own."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.mark = uuid4().hex[:8]
        self.sent = 0

    def named(self, name: str) -> str:
        """An id that no other test uses."""
        return f"{name}-{self.mark}"

    def request(self, type_: str, /, **fields: Any) -> Body:
        """A request with an id of its own unless it names one."""
        self.sent += 1
        common = {"request_id": f"r{self.sent}-{self.mark}", "occurred_at": NOON}
        return {"type": type_, **common, **fields}

    def received(self, sku: str, quantity: int, **more: Any) -> Body:
        lines = [{"line_id": "1", "sku": sku, "quantity": quantity}]
        more = {"location": self.named("store"), **more}
        return self.request("receive_stock", lines=lines, **more)

    def order(self, order_id: str, *quantities: tuple[str, int], **more: Any) -> Body:
        """An order of lines of (sku, quantity)."""
        place = self.named("store")
        lines = [
            {"line_id": str(n), "sku": sku, "quantity": q, "how": "ship", "location": place}
            for n, (sku, q) in enumerate(quantities, 1)
        ]
        return self.request("place_order", order_id=order_id, lines=lines, **more)

    def send(self, request: Body | list[Body], **headers: str) -> httpx.Response:
        """Send one request, or an array of them."""
        return self.client.post("/v1/requests", json=request, headers=headers)

    def accepted(self, request: Body) -> Body:
        """Send a request that is accepted."""
        answer = self.send(request)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def seen(self, path: str, position: int, **query: Any) -> Any:
        """Read a view that shows at least this position."""
        answer = self.client.get(path, params={"min_position": position, **query})
        assert answer.status_code == 200, answer.text
        assert int(answer.headers["Onebook-Position"]) >= position
        return answer.json()
