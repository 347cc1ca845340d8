"""The SQL floor: what a good engineer gets from the same PostgreSQL with hand-written statements.

One transaction an order: the INSERTs of the order and its two lines, then two conditional UPDATEs
of stock, ordered by key so that no two orders can deadlock, and last so that a hot row is locked
as briefly as can be. 16 connections, prepared statements. Sixteen threads of one Python process
are held back by its interpreter lock, so they are spread over processes; `python -m benchmarks
arrangements` measures the alternatives, of which none was faster by more than the noise.
"""

import asyncio
import multiprocessing
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing.synchronize import Barrier
from typing import Final, Literal

import psycopg
import uvloop
from msgspec import Struct

from benchmarks.bench import settle

CONNECTIONS = 16
HOT_ITEMS = 2
SPREAD_ITEMS = 1000
LOCATION = "dc-1"
STOCK_OF_EACH = 1_000_000_000
MOST_ORDERS_PER_S = 2_000
"""Of one connection: so many orders are prepared before the clock starts."""
START_LIMIT_S = 60.0

CREATE = f"""
DROP TABLE IF EXISTS stock, orders, order_lines;
CREATE TABLE stock (
    location text, sku text, available integer NOT NULL, PRIMARY KEY (location, sku)
) WITH (fillfactor = 50);
CREATE TABLE orders (
    order_id text PRIMARY KEY, channel text NOT NULL, customer_id text,
    placed_at timestamptz NOT NULL);
CREATE TABLE order_lines (
    order_id text, line_id text, location text NOT NULL, sku text NOT NULL,
    quantity integer NOT NULL, unit_price_minor integer NOT NULL, PRIMARY KEY (order_id, line_id));
INSERT INTO stock
    SELECT '{LOCATION}', 'SKU-' || lpad(n::text, 4, '0'), {STOCK_OF_EACH}
    FROM generate_series(1, %s) AS n;
"""
INSERT_ORDER = (
    "INSERT INTO orders (order_id, channel, customer_id, placed_at) VALUES (%s, %s, %s, now())"
)
INSERT_LINES = (
    "INSERT INTO order_lines (order_id, line_id, location, sku, quantity, unit_price_minor)"
    " VALUES (%s, %s, %s, %s, %s, %s), (%s, %s, %s, %s, %s, %s)"
)
TAKE_STOCK = (
    "UPDATE stock SET available = available - %s"
    " WHERE location = %s AND sku = %s AND available >= %s"
)

Style = Literal["inserts first", "updates first", "pipeline", "asyncio"]


class Arrangement(Struct, frozen=True):
    """How the 16 connections are driven: processes with as many connections each, and how they ask.

    Each connection has its thread; with "asyncio" those of a process share one (inserts first).
    """

    processes: int
    style: Style

    @property
    def name(self) -> str:
        """As the table names it."""
        each = CONNECTIONS // self.processes
        return f"{self.processes} x {each}, {self.style}"


BEST = Arrangement(4, "inserts first")


class Order(Struct, frozen=True):
    """The parameters of one order's statements."""

    order: tuple[object, ...]
    lines: tuple[object, ...]
    first: tuple[object, ...]
    second: tuple[object, ...]


Place = Callable[[psycopg.Cursor, Order], None]


class OutOfStock(Exception):
    """The stock was meant to last: a floor that refuses would measure something else."""


def orders_per_s(
    database_url: str, items: int, seconds: float, arrangement: Arrangement = BEST
) -> float:
    """The floor's rate over `seconds`, on tables made anew."""
    _create(database_url, items)
    settle(database_url)
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(arrangement.processes)
    with ProcessPoolExecutor(
        arrangement.processes, context, initializer=_arrive, initargs=(start,)
    ) as pool:
        told = [
            pool.submit(_drive, database_url, number, items, seconds, arrangement)
            for number in range(arrangement.processes)
        ]
        return sum(rate.result() for rate in told)


def _create(database_url: str, items: int) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in CREATE.split(";")[:-1]:
            parameters = (items,) if "%s" in statement else None
            connection.execute(statement.encode(), parameters)
        connection.execute("VACUUM ANALYZE stock")


_start: Barrier


def _arrive(start: Barrier) -> None:
    global _start  # noqa: PLW0603  (a barrier reaches a spawned process only at its start)
    _start = start


def _await_all() -> None:
    _start.wait(START_LIMIT_S)


def _drive(
    database_url: str, number: int, items: int, seconds: float, arrangement: Arrangement
) -> float:
    """One process's part. Everybody connects and prepares, then all processes start together."""
    each = CONNECTIONS // arrangement.processes
    prepared = [
        _orders(number * each + n, items, int(seconds * MOST_ORDERS_PER_S)) for n in range(each)
    ]
    if arrangement.style == "asyncio":
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_drive_tasks(database_url, prepared, seconds))
    ready = threading.Barrier(each, action=_await_all)
    place_all = partial(_place_all, database_url, ready, _STYLES[arrangement.style], seconds)
    with ThreadPoolExecutor(each) as pool:
        return sum(pool.map(place_all, prepared))


def _place_all(
    database_url: str, ready: threading.Barrier, place: Place, seconds: float, orders: list[Order]
) -> float:
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        place(cursor, orders.pop())  # prepares the statements
        ready.wait(START_LIMIT_S)
        started = time.perf_counter()
        placed = 0
        while orders and time.perf_counter() - started < seconds:
            place(cursor, orders.pop())
            placed += 1
        return placed / (time.perf_counter() - started)


async def _drive_tasks(database_url: str, prepared: list[list[Order]], seconds: float) -> float:
    connections = [await psycopg.AsyncConnection.connect(database_url) for _ in prepared]
    for connection, orders in zip(connections, prepared, strict=True):
        await _inserts_first_async(connection, orders.pop())
    _await_all()
    places = [_place_all_async(*pair, seconds) for pair in zip(connections, prepared, strict=True)]
    rates = await asyncio.gather(*places)
    for connection in connections:
        await connection.close()
    return sum(rates)


async def _place_all_async(
    connection: psycopg.AsyncConnection, orders: list[Order], seconds: float
) -> float:
    started = time.perf_counter()
    placed = 0
    while orders and time.perf_counter() - started < seconds:
        await _inserts_first_async(connection, orders.pop())
        placed += 1
    return placed / (time.perf_counter() - started)


def _orders(connection_number: int, items: int, count: int) -> list[Order]:
    orders = []
    chance = random.Random(connection_number)
    skus = [f"SKU-{n:04d}" for n in range(1, items + 1)]
    for n in range(count):
        order_id = f"{connection_number}-{n}"
        one, two = sorted(chance.sample(skus, 2))
        lines = (order_id, "1", LOCATION, one, 1, 990, order_id, "2", LOCATION, two, 1, 990)
        takes = [(1, LOCATION, sku, 1) for sku in (one, two)]
        orders.append(Order((order_id, "web", "c-1"), lines, *takes))
    return orders


def _inserts_first(cursor: psycopg.Cursor, order: Order) -> None:
    cursor.execute(INSERT_ORDER, order.order, prepare=True)
    cursor.execute(INSERT_LINES, order.lines, prepare=True)
    _take_stock(cursor, order)
    cursor.connection.commit()


async def _inserts_first_async(connection: psycopg.AsyncConnection, order: Order) -> None:
    await connection.execute(INSERT_ORDER, order.order, prepare=True)
    await connection.execute(INSERT_LINES, order.lines, prepare=True)
    for parameters in (order.first, order.second):
        if (await connection.execute(TAKE_STOCK, parameters, prepare=True)).rowcount != 1:
            raise OutOfStock(parameters)
    await connection.commit()


def _updates_first(cursor: psycopg.Cursor, order: Order) -> None:
    _take_stock(cursor, order)
    cursor.execute(INSERT_ORDER, order.order, prepare=True)
    cursor.execute(INSERT_LINES, order.lines, prepare=True)
    cursor.connection.commit()


def _take_stock(cursor: psycopg.Cursor, order: Order) -> None:
    for parameters in (order.first, order.second):
        if cursor.execute(TAKE_STOCK, parameters, prepare=True).rowcount != 1:
            raise OutOfStock(parameters)


def _pipeline(cursor: psycopg.Cursor, order: Order) -> None:
    """Two round trips: everything, then the commit, which must wait for what the updates say."""
    connection = cursor.connection
    with connection.pipeline() as pipeline:
        connection.execute(INSERT_ORDER, order.order, prepare=True)
        connection.execute(INSERT_LINES, order.lines, prepare=True)
        taken = [
            connection.execute(TAKE_STOCK, parameters, prepare=True)
            for parameters in (order.first, order.second)
        ]
        pipeline.sync()
        if any(update.rowcount != 1 for update in taken):
            raise OutOfStock(order.first, order.second)
        connection.commit()


_STYLES: Final[dict[Style, Place]] = {
    "inserts first": _inserts_first,
    "updates first": _updates_first,
    "pipeline": _pipeline,
}
