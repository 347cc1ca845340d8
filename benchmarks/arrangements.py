"""How the SQL floor was chosen: the same orders, its 16 connections driven in several ways."""

from collections.abc import Iterator
from functools import partial

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Line, interleaved
from benchmarks.sql_floor import BEST, HOT_ITEMS, SPREAD_ITEMS, Arrangement, orders_per_s

TRIED = (
    BEST,
    Arrangement(1, "inserts first"),
    Arrangement(2, "inserts first"),
    Arrangement(8, "inserts first"),
    Arrangement(16, "inserts first"),
    Arrangement(4, "updates first"),
    Arrangement(4, "pipeline"),
    Arrangement(16, "pipeline"),
    Arrangement(4, "asyncio"),
)


def lines(bench: Bench) -> Iterator[Line]:
    """Every arrangement beside the one that the other benchmarks use."""
    for items, kind in ((SPREAD_ITEMS, "spread"), (HOT_ITEMS, "hot")):
        bench.say(f"the SQL floor, {kind}, in {len(TRIED)} arrangements")
        with bench.database() as url:
            taken = interleaved(
                bench.repeats,
                {
                    f"{tried.name}, {kind}": partial(orders_per_s, url, items, bench.seconds, tried)
                    for tried in TRIED
                },
            )
        best, *others = taken.values()
        yield from (Figure(other, best, "orders/s") for other in others)
