"""A thousand listeners to what changes for channels: what they cost, and how soon they know."""

import json
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import msgspec
from msgspec.structs import replace

from benchmarks import shop
from benchmarks.bench import Bench, child_environment, settle
from benchmarks.figures import Figure, Goal, Line, Samples, Skipped, interleaved
from benchmarks.serving import ended, serving

NAME = "listeners"
LISTENERS, QUICK_LISTENERS = 1_000, 200
ITEMS = 200
ORDERS_A_POST = 100
SENDERS = 4
NOTE = (
    "Listeners are a process of their own on the same cores, each with a connection of its own to"
    " /v1/availability/stream. Orders come in arrays of 100 from 4 connections. Delivery is from"
    " the answer to a request until a listener has its change; the reference is that answer's time."
)


def lines(bench: Bench) -> Iterator[Line]:
    """The writer's rate beside listeners, their memory, and the time until they know."""
    if not Path("/proc/self/status").exists():
        yield Skipped(NAME, "the memory of a process is read from /proc: Linux only")
        return
    count = QUICK_LISTENERS if bench.quick else LISTENERS
    bench.say(f"{count} listeners, {bench.repeats} times")
    _allow_files(2 * LISTENERS + 1_000)
    with bench.database() as url, serving(bench.folder / "listening", url) as (process, address):
        _open_shop(address)
        httpx.get(f"{address}/v1/availability/web/{shop.skus(1)[0]}").raise_for_status()
        told: list[dict[str, Any]] = []
        taken = interleaved(
            bench.repeats,
            {
                "orders/s without listeners": partial(_orders_per_s, bench, url, address),
                f"orders/s beside {count} listeners": partial(
                    _beside, bench, url, address, process.pid, count, told
                ),
            },
        )
    without, beside = taken.values()
    yield Figure(beside, without, "orders/s", Goal(0.9), NOTE)
    yield from _told(count, told)


def _told(count: int, told: list[dict[str, Any]]) -> Iterator[Line]:
    def samples(name: str, key: str) -> Samples:
        return Samples(name, tuple(float(each[key]) for each in told))

    answer = samples("request to answer, beside them", "answer_ms")
    for quantile in ("p50", "p99"):
        name = f"answer to delivery, {count} listeners, {quantile}"
        yield Figure(samples(name, f"quiet_{quantile}_ms"), answer, "ms")
        name = f"the same while orders come in, {quantile}"
        yield Figure(samples(name, f"busy_{quantile}_ms"), answer, "ms")
    empty = samples("server's memory without them", "before_kib")
    yield Figure(samples("memory of one listener", "listener_kib"), empty, "KiB")


def _beside(
    bench: Bench, url: str, address: str, pid: int, count: int, told: list[dict[str, Any]]
) -> float:
    before = _memory_kib(pid)
    with _listeners(address, count) as listeners:
        listener_kib = (_memory_kib(pid) - before) / count
        quiet = _ask(listeners, "probe")
        rate, busy = _probed(listeners, partial(_orders_per_s, bench, url, address))
    told.append(
        {
            "before_kib": before,
            "listener_kib": max(0.1, listener_kib),
            "answer_ms": quiet["answer_ms"],
            **{f"quiet_{name}_ms": quiet[f"{name}_ms"] for name in ("p50", "p99")},
            **{f"busy_{name}_ms": busy[f"{name}_ms"] for name in ("p50", "p99")},
        }
    )
    return rate


def _probed(listeners: "subprocess.Popen[str]", measure: partial[float]) -> tuple[float, Any]:
    """Measure while the listeners' process sends a request now and then."""
    assert listeners.stdin is not None
    listeners.stdin.write("probe\n")
    listeners.stdin.flush()
    rate = measure()
    return rate, _answer(listeners)


@contextmanager
def _listeners(address: str, count: int) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.listeners", address, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(),
    )
    with ended(process):
        _answer(process)
        yield process


def _ask(process: "subprocess.Popen[str]", what: str) -> Any:
    assert process.stdin is not None
    process.stdin.write(f"{what}\n")
    process.stdin.flush()
    return _answer(process)


def _answer(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def _open_shop(address: str) -> None:
    described = {
        "type": "describe_channel",
        "request_id": "web",
        "occurred_at": "2026-01-01T00:00:00Z",
        "channel": "web",
        "kind": "web",
    }
    httpx.post(f"{address}/v1/requests", json=described).raise_for_status()
    body = msgspec.json.encode(shop.opening(ITEMS))
    headers = {"Content-Type": "application/json"}
    httpx.post(f"{address}/v1/requests", content=body, headers=headers).raise_for_status()


_run = iter(range(1_000_000))


def _orders_per_s(bench: Bench, url: str, address: str) -> float:
    """Orders that were answered a second, from SENDERS connections."""
    settle(url)
    until = perf_counter() + bench.seconds
    counts = [0] * SENDERS
    run = next(_run)

    def send(sender: int) -> None:
        with httpx.Client(base_url=address, timeout=60.0) as client:
            for part in range(1_000_000):
                if perf_counter() > until:
                    return
                name = f"{run}-{sender}-{part}"
                orders = [
                    replace(order, request_id=f"{name}-{n}", order_id=f"{name}-{n}")
                    for n, order in enumerate(_ORDERS)
                ]
                body = msgspec.json.encode(orders)
                answer = client.post(
                    "/v1/requests", content=body, headers={"Content-Type": "application/json"}
                )
                answer.raise_for_status()
                counts[sender] += len(answer.json())

    senders = [threading.Thread(target=send, args=(n,)) for n in range(SENDERS)]
    began = perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return sum(counts) / (perf_counter() - began)


_ORDERS = shop.orders(ORDERS_A_POST, ITEMS)


def _memory_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1])


def _allow_files(count: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if most == resource.RLIM_INFINITY else min(count, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
