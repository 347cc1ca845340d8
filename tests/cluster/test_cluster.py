"""`make cluster`: one command starts it all, says what runs, and leaves nothing running."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from embedded_folder import remove_ledger
from processes import is_alive, wait_until
from real_kafka import jars_or_skip
from served import ROOT, Sender, environment

STARTS_WITHIN_S = 120.0
STOPS_WITHIN_S = 60.0
BROKERS = ["broker 1", "broker 2", "broker 3"]
PARTS = [*BROKERS, "PostgreSQL", "writer-1", "writer-2", "projector", "feeds", "API"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    jars_or_skip()
    yield tmp_path / "cluster"
    remove_ledger(tmp_path / "cluster" / "postgres")


def cluster(folder: Path, *options: str) -> subprocess.Popen[str]:
    ports = ["--port", "0", "--kafka-port", "0"]
    return subprocess.Popen(
        [sys.executable, "-m", "cluster", "--data", str(folder), "--json", *ports, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(),
    )


def said(process: subprocess.Popen[str]) -> dict[str, dict[str, object]]:
    """What runs, by name; nothing is said before all of it answers."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return {row["name"]: row for row in json.loads(line)["processes"]}


def beside(folder: Path, command: str) -> str:
    """What a command says that has the cluster's settings from the file that it writes."""
    settings = folder / "settings.sh"
    assert settings.stat().st_mode & 0o077 == 0, "it holds a password"
    done = subprocess.run(
        ["sh", "-c", f'. "{settings}"; "{sys.executable}" -m api.cli {command}'],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment(),
        timeout=STARTS_WITHIN_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=STOPS_WITHIN_S)
    return process.returncode, errors


def test_one_command_starts_all_of_it_and_a_lost_writer_is_said(folder: Path) -> None:
    process = cluster(folder)
    try:
        parts = said(process)
        assert list(parts) == PARTS
        with httpx.Client(base_url=str(parts["API"]["address"]), timeout=60) as client:
            channel = Sender(client)
            mug, store = channel.named("mug"), channel.named("store")
            channel.accepted(channel.received(mug, 2))
            os.kill(int(str(parts["writer-1"]["pid"])), signal.SIGKILL)
            answer = channel.accepted(channel.order(channel.named("o"), (mug, 1)))
            seen = channel.seen(f"/v1/inventory/{mug}", answer["position"])
            assert [(i["location"], i["available"]) for i in seen["items"]] == [(store, 1)]
        assert "0 differences" in beside(folder, "verify")
    finally:
        code, errors = ended(process)
    assert code == 0, errors
    assert f"writer-1 has ended: {parts['writer-1']['log']}" in errors
    assert [name for name, row in parts.items() if is_alive(int(str(row["pid"])))] == []
    assert not (folder / "settings.sh").exists()


def test_the_brokers_alone_are_started_once_on_a_folder(folder: Path) -> None:
    first = cluster(folder, "--only", "kafka", "--brokers", "1")
    try:
        pid = int(str(said(first)["broker 1"]["pid"]))
        second = cluster(folder, "--only", "kafka", "--brokers", "1")
        _, errors = second.communicate(timeout=STARTS_WITHIN_S)
        assert second.returncode == 2
        assert f"processes still run on {folder}" in errors
        assert str(pid) in errors
    finally:
        code, _ = ended(first)
    assert code == 0
    wait_until(lambda: not is_alive(pid))
