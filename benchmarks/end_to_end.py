"""End to end in one process: request structs in, durable in the ledger, answers out."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import islice

from msgspec import Struct

from benchmarks import shop, sql_floor
from benchmarks.bench import Bench, settle
from benchmarks.figures import Figure, Goal, Line, Samples, interleaved
from consumers.node import Node
from consumers.writing.writer import Answer, Outcome, Writer
from ledger.domain.requests import AnyRequest

ORDERS = 60_000
QUICK_ORDERS = 10_000
ANSWER_LIMIT_S = 60.0
NOTE = (
    "End to end: requests of {batches.size} orders, {batches.in_flight} at a time; with the"
    " projector, the views are kept up in the same process meanwhile, as `onebook serve` does."
    " Singles: requests of one order, {singles.in_flight} at a time."
)

Answers = list[Outcome]


class Clients(Struct, frozen=True):
    """How the orders come: so many in a request, so many requests at a time."""

    size: int
    in_flight: int


BATCHES = Clients(100, 32)
SINGLES = Clients(1, 64)


def lines(bench: Bench) -> Iterator[Line]:
    """Orders answered a second, spread and hot, beside the floor."""
    count = QUICK_ORDERS if bench.quick else ORDERS
    spread, hot = (
        shop.orders(count, items) for items in (sql_floor.SPREAD_ITEMS, sql_floor.HOT_ITEMS)
    )
    bench.say(f"{count:,} orders end to end in process, {bench.repeats} times each way")
    answered = partial(_answered_per_s, bench)
    with bench.database() as url:
        floor = partial(sql_floor.orders_per_s, url, seconds=bench.seconds)
        taken = interleaved(
            bench.repeats,
            {
                "SQL floor, spread": partial(floor, sql_floor.SPREAD_ITEMS),
                "SQL floor, hot": partial(floor, sql_floor.HOT_ITEMS),
                "end to end, spread": partial(answered, spread, BATCHES, project=False),
                "end to end, hot": partial(answered, hot, BATCHES, project=False),
                "end to end with the views, spread": partial(
                    answered, spread, BATCHES, project=True
                ),
                "end to end with the views, hot": partial(answered, hot, BATCHES, project=True),
                "end to end, singles, hot": partial(answered, hot, SINGLES, project=False),
            },
        )
    yield from _figures(taken)


def _figures(taken: dict[str, Samples]) -> Iterator[Line]:
    floor_spread, floor_hot, spread, hot, spread_shown, hot_shown, singles = taken.values()
    note = NOTE.format(batches=BATCHES, singles=SINGLES)
    yield Figure(spread, floor_spread, "orders/s", Goal(3), note)
    yield Figure(hot, floor_hot, "orders/s", Goal(10))
    yield Figure(hot, spread, "orders/s", Goal(0.9))
    yield Figure(spread_shown, floor_spread, "orders/s")
    yield Figure(hot_shown, floor_hot, "orders/s")
    yield Figure(hot_shown, spread_shown, "orders/s", Goal(0.9))
    yield Figure(singles, floor_hot, "orders/s")


def _answered_per_s(
    bench: Bench, orders: Sequence[AnyRequest], clients: Clients, *, project: bool
) -> float:
    items = len({line.sku for order in orders for line in order.lines})  # type: ignore[union-attr]
    with bench.database() as url, Node(url, project=project) as node:
        _accepted(node.writer.submit(shop.CHANNEL, [shop.opening(items)]))
        settle(url)
        started = time.perf_counter()
        submit_all(node.writer, orders, clients)
        return len(orders) / (time.perf_counter() - started)


def submit_all(writer: Writer, requests: Iterable[AnyRequest], clients: Clients) -> None:
    """Have the writer answer all requests, with a bounded number in flight; all are accepted."""
    under_way: deque[Future[Answers]] = deque()
    remaining = iter(requests)
    while batch := list(islice(remaining, clients.size)):
        if len(under_way) == clients.in_flight:
            _accepted(under_way.popleft())
        under_way.append(writer.submit(shop.CHANNEL, batch))
    for last in under_way:
        _accepted(last)


def _accepted(promised: Future[Answers]) -> None:
    for answer in promised.result(ANSWER_LIMIT_S):
        assert isinstance(answer, Answer), answer
        assert answer.outcome == "accepted", answer
