"""A server that is told to stop stops within moments, loses nothing and leaves nothing running."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from embedded_folder import remove_ledger
from processes import is_alive, wait_until
from served import Sender, onebook, serving

STOPS_WITHIN_S = 10.0


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "ledger"
    remove_ledger(tmp_path / "ledger")


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], check=False, capture_output=True, text=True
    )
    return [int(word) for word in listed.stdout.split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_open_event_streams_and_no_process_is_left(
    data: Path, number: signal.Signals
) -> None:
    with serving(data) as server, server.client() as client:
        children = children_of(server.process.pid)
        assert children
        with (
            client.stream("GET", "/v1/events/stream") as stream,
            client.stream("GET", "/v1/events/stream") as other,
        ):
            chunks, _ = stream.iter_bytes(), other.iter_bytes()
            next(chunks)
            begun = time.monotonic()
            assert server.stop(number) == 0
            assert time.monotonic() - begun < STOPS_WITHIN_S
            assert b"".join(chunks) == b""
        wait_until(lambda: not any(is_alive(child) for child in children))


def test_what_was_accepted_is_there_after_a_stop_and_the_next_start(data: Path) -> None:
    with serving(data) as server, server.client() as client:
        web = Sender(client)
        request = web.received("MUG", 7)
        first = web.accepted(request)
        server.stop()
    with serving(data) as server, server.client() as client:
        web = Sender(client)
        again = web.send(request)
        assert (again.json(), again.headers["Onebook-Replayed"]) == (first, "true")
        assert web.seen("/v1/inventory/MUG", first["events"])["total"]["on_hand"] == 7


def test_what_was_accepted_is_there_after_a_kill(data: Path) -> None:
    with serving(data) as server, server.client() as client:
        web = Sender(client)
        first = web.accepted(web.received("MUG", 7))
        server.process.kill()
        server.process.wait()
    with serving(data) as server, server.client() as client:
        assert Sender(client).seen("/v1/inventory/MUG", first["events"])["total"]["on_hand"] == 7


def test_a_port_that_is_taken_is_said_before_anything_is_started(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = onebook("serve", "--data", str(data), "--port", port)
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert not data.exists()


def test_a_second_server_on_the_same_data_is_told_where_the_first_one_serves(data: Path) -> None:
    with serving(data) as server:
        done = onebook("serve", "--data", str(data), "--port", "0")
        assert done.returncode == 2
        assert server.address in done.stderr


def test_it_serves_only_this_machine_unless_told_otherwise(data: Path) -> None:
    with serving(data) as server:
        port = int(server.address.rpartition(":")[2])
        here = socket.gethostbyname(socket.gethostname())
        if not here.startswith("127."):
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((here, port), timeout=2)
        assert server.address == f"http://127.0.0.1:{port}"


def test_when_its_database_dies_it_ends_and_says_so_and_starts_again_with_all(data: Path) -> None:
    with serving(data) as server, server.client() as client:
        sender = Sender(client)
        answer = sender.accepted(sender.received("MUG", 3))
        [postgres] = children_of(server.process.pid)
        os.kill(postgres, signal.SIGKILL)
        assert server.process.wait(3 * STOPS_WITHIN_S) == 2
    with serving(data) as server, server.client() as client:
        path = f"/v1/requests/default/{answer['request_id']}"
        found = Sender(client).seen(path, answer["position"])
        assert found["position"] == answer["position"]


def test_a_stopping_server_ends_requests_that_come_too_late(data: Path) -> None:
    with serving(data) as server, server.client() as client:
        assert client.get("/livez").status_code == 200
        server.stop()
        with pytest.raises(httpx.ConnectError):
            client.get("/livez")
