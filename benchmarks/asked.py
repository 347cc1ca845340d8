"""Asking the views: as of any moment, and why; over ledgers of two sizes.

The larger ledger holds five times as many events of the same items: what an answer costs is to
depend on what is asked, not on how long the books are.
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from statistics import median
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from benchmarks.bench import Bench, settle
from benchmarks.end_to_end import BATCHES, submit_all
from benchmarks.figures import Figure, Goal, Line, Samples, interleaved
from benchmarks.serving import serving
from benchmarks.stores import OPENED_AT, YEAR_S, Chain
from consumers.node import DEFAULT_NETWORK, Node
from consumers.projecting.parallel import LedgerAt
from consumers.projector import Projector
from consumers.proving.rebuild import rebuild
from ledger import postgres
from ledger.opening import open_ledger
from projections.views import VIEWS

CHAIN = Chain(skus=4_000, stores=50, requests=180_000)
"""With its opening stock, about a million events."""
QUICK_CHAIN = Chain(skus=200, stores=20, requests=4_000)
LONGER = 6
"""So many times as many requests make about five times as many events."""
ASKED = 200
QUICK_ASKED = 40
PAGE = 1_000
NOTE = (
    "As of: one client on one connection; each figure is the median of {asked} answers for random"
    " skus, the same for all rows, over 4,000 skus in 50 stores. A whole network is read in pages"
    " of 1,000 items."
)

Ask = Callable[[str], str]
"""The address of what is asked of a sku."""


def lines(bench: Bench) -> Iterator[Line]:
    """Catching up, then each question beside a read of now, over both ledgers."""
    chain = QUICK_CHAIN if bench.quick else CHAIN
    longer = msgspec.structs.replace(chain, requests=chain.requests * LONGER)
    found = []
    rebuilt = None
    for each in (chain, longer):
        with bench.database() as url:
            events = _write(bench, url, each)
            caught_up = _catch_up(bench, url, events)
            found.append((events, caught_up, _ask(bench, url, each, events)))
            rebuilt = rebuilt or _rebuild(bench, url, events)
    yield from _figures(found)
    events, caught_up, _ = found[0]
    yield Figure(
        Samples(f"rebuild of all views, {events:,} events", (rebuilt,)),
        Samples("catch-up", (caught_up,)),
        "events/s",
        Goal(1),
    )


def _write(bench: Bench, url: str, chain: Chain) -> int:
    bench.say(f"writing a ledger of {chain.requests:,} requests")
    with Node(url, project=False) as node:
        submit_all(node.writer, chain.days(), BATCHES)
        events = node.writer.position
    settle(url)
    return events


def _catch_up(bench: Bench, url: str, events: int) -> float:
    bench.say(f"catching up with {events:,} events")
    with open_ledger(postgres.environment(url), DEFAULT_NETWORK) as recorder:
        where = LedgerAt(DEFAULT_NETWORK, url)
        projector = Projector(recorder, url, DEFAULT_NETWORK, listen=False, ledger=where)
        started = time.perf_counter()
        assert projector.catch_up() == events
        rate = events / (time.perf_counter() - started)
        projector.stop()
    settle(url)
    return rate


def _rebuild(bench: Bench, url: str, events: int) -> float:
    """Beside the live views, which stay as they are; each is proven equal."""
    bench.say(f"rebuilding all views of {events:,} events")
    started = time.perf_counter()
    rebuilt = rebuild(LedgerAt(DEFAULT_NETWORK, url), VIEWS)
    rate = events / (time.perf_counter() - started)
    assert all(each.proven for each in rebuilt)
    settle(url)
    return rate


def _ask(bench: Bench, url: str, chain: Chain, events: int) -> dict[str, Samples]:
    bench.say(f"asking a ledger of {events:,} events")
    chance = random.Random(events)
    count = QUICK_ASKED if bench.quick else ASKED
    skus = [chain.sku(chance.randint(1, chain.skus)) for _ in range(count)]
    with serving(bench.folder / f"asked-{events}", url) as (_, address):
        client = _Client(address)
        questions: dict[str, Ask] = {
            "now": _inventory,
            "now, read from the views": lambda sku: f"/v1/inventory?sku={quote(sku)}",
            "as of a position": lambda sku: _inventory(
                sku, as_of=chance.randint(events // 2, events)
            ),
            "as of a time it happened": lambda sku: _inventory(
                sku, as_of=_moment(chance), clock="occurred"
            ),
            "explain, first page": _explain,
        }
        for question in questions.values():  # prepared once
            client.median_ms(question, skus[:20])
        return interleaved(
            bench.repeats,
            {name: partial(client.median_ms, ask, skus) for name, ask in questions.items()}
            | {
                "whole network now": partial(client.whole_s, {}),
                "whole network as of a position": lambda: client.whole_s(
                    {"as_of": chance.randint(events // 2, events)}
                ),
                "whole network as of a time it happened": lambda: client.whole_s(
                    {"as_of": _moment(chance), "clock": "occurred"}
                ),
            },
        )


def _figures(found: list[tuple[int, float, dict[str, Samples]]]) -> Iterator[Line]:
    note: str | None = NOTE.format(asked=ASKED)
    for events, caught_up, _ in found:
        rate = Samples(f"catch-up of {events:,} events into all views", (caught_up,))
        yield Figure(rate, rate, "events/s", Goal(40_000, "measured"), note)
        note = None
    for events, _, taken in found:
        now, whole = taken["now"], taken["whole network now"]
        for name, samples in taken.items():
            reference = whole if name.startswith("whole") else now
            unit = "s" if name.startswith("whole") else "ms"
            goal = Goal(2 if name.startswith("explain") else 3, way="at most")
            named = Samples(f"{name}, {events:,} events", samples.values)
            yield Figure(named, reference, unit, None if "now" in name else goal)
    (_, _, shorter), (_, _, longer) = found
    for name, samples in longer.items():
        yield Figure(
            Samples(f"{name}, the longer ledger", samples.values),
            Samples("the shorter ledger", shorter[name].values),
            "s" if name.startswith("whole") else "ms",
            Goal(1.3, way="at most"),
        )


class _Client:
    """One connection that is kept open."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.hostname is not None, address
        self._connection = HTTPConnection(parts.hostname, parts.port, timeout=120)

    def median_ms(self, ask: Ask, skus: list[str]) -> float:
        """The median time to an answer."""
        taken = []
        for sku in skus:
            path = ask(sku)
            started = time.perf_counter()
            self._get(path)
            taken.append(time.perf_counter() - started)
        return 1_000 * median(taken)

    def whole_s(self, parameters: dict[str, Any]) -> float:
        """The time to read all of the network's inventory, page by page."""
        started = time.perf_counter()
        after: str | None = None
        items = 0
        while after is not None or not items:
            given = {**parameters, "limit": PAGE} | ({} if after is None else {"after": after})
            page = msgspec.json.decode(self._get(f"/v1/inventory?{urlencode(given)}"))
            items += len(page["items"])
            after = page["next"]
        return time.perf_counter() - started

    def _get(self, path: str) -> bytes:
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body[:500])
        return body


def _inventory(sku: str, **parameters: Any) -> str:
    given = f"?{urlencode(parameters)}" if parameters else ""
    return f"/v1/inventory/{quote(sku)}{given}"


def _explain(sku: str) -> str:
    return f"/v1/inventory/{quote(sku)}/explain?quantity=on_hand"


def _moment(chance: random.Random) -> str:
    at = OPENED_AT + timedelta(seconds=chance.randrange(YEAR_S // 10, YEAR_S))
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
