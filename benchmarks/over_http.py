"""Over HTTP: one order a POST, and one item a GET, from 64 connections of wrk."""

import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final
from urllib.parse import urlencode

import httpx
import msgspec

from benchmarks import shop, sql_floor, wrk
from benchmarks.bench import Bench, child_environment, settle
from benchmarks.figures import Figure, Goal, Line, Skipped, interleaved
from benchmarks.serving import ended, serving

NAME = "HTTP"
HUNDRED: Final = 100
"""Skus that one GET may name."""
NOTE = (
    f"HTTP: {wrk.CONNECTIONS} connections of wrk, which takes its part of the same cores, as do"
    " the server, the views and PostgreSQL; every order is two lines of the two hot items and has"
    " ids of its own. The empty route is FastAPI's, under uvicorn with uvloop and httptools."
)


def lines(bench: Bench) -> Iterator[Line]:
    """Orders and reads a second, beside the floor and an empty route."""
    if not wrk.is_installed():
        yield Skipped(NAME, wrk.MISSING)
        return
    bench.say(f"orders and reads over HTTP, {bench.repeats} times")
    with (
        bench.database() as url,
        bench.database() as floor_url,
        serving(bench.folder / "http", url) as (_, address),
        _empty_route() as empty,
    ):
        take_stock(address)
        item = f"{address}/v1/inventory/{shop.skus(1)[0]}"
        named = urlencode([("sku", sku) for sku in shop.skus(HUNDRED)])
        hundred = f"{address}/v1/availability/web?{named}"
        taken = interleaved(
            bench.repeats,
            {
                "SQL floor, hot": partial(
                    sql_floor.orders_per_s, floor_url, sql_floor.HOT_ITEMS, bench.seconds
                ),
                "HTTP, one order a POST, hot": partial(_orders_per_s, bench, url, address),
                "an empty FastAPI route": lambda: wrk.get(empty, bench.seconds).rate,
                "GET /v1/inventory/{sku}": lambda: wrk.get(item, bench.seconds).rate,
                f"availability, {HUNDRED} skus a GET": lambda: (
                    HUNDRED * wrk.get(hundred, bench.seconds).rate
                ),
            },
        )
    floor, orders, nothing, reads, batches = taken.values()
    yield Figure(orders, floor, "orders/s", Goal(2), NOTE)
    yield Figure(reads, nothing, "requests/s", Goal(0.6))
    yield Figure(batches, batches, "skus/s", Goal(10_000, "measured"))


def take_stock(address: str) -> None:
    """Receive the opening stock of the hot items."""
    body = msgspec.json.encode(shop.opening(max(HUNDRED, sql_floor.HOT_ITEMS)))
    headers = {"Content-Type": "application/json"}
    httpx.post(f"{address}/v1/requests", content=body, headers=headers).raise_for_status()


def _orders_per_s(bench: Bench, url: str, address: str) -> float:
    settle(url)
    return post_orders(bench, address).rate


def post_orders(bench: Bench, address: str, connections: int = wrk.CONNECTIONS) -> wrk.Load:
    """What wrk sees; every order that was answered stands in the ledger."""
    before = _position(address)
    load = wrk.post_orders(
        f"{address}/v1/requests",
        bench.seconds,
        secrets.token_hex(4),
        shop.LOCATION,
        sql_floor.HOT_ITEMS,
        connections,
    )
    recorded = (_position(address) - before) // 4
    assert recorded >= load.requests, f"{load.requests} answers, but {recorded} orders recorded"
    return load


def _position(address: str) -> int:
    return int(httpx.get(f"{address}/v1/projections").headers["Onebook-Position"])


@contextmanager
def _empty_route() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        command = [sys.executable, "-m", "benchmarks.empty_route", str(listening.fileno())]
        process = subprocess.Popen(command, pass_fds=[listening.fileno()], env=child_environment())
        with ended(process):
            address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
            httpx.get(address, timeout=30.0).raise_for_status()
            yield address
