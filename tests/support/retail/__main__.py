"""Many seeds of a retailer's days, or one with its story: `make days ARGS="--seeds 5000"`."""

import argparse
import sys
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing import Pool
from os import cpu_count
from typing import Final, NamedTuple

from retail.days import DayBroken, run
from retail.looks import EVERY, looks_of
from retail.story import shortest, told

MAX_BROKEN: Final = 20
"""So many broken seeds are told, then it ends."""
AT_ONCE: Final = 20
TOLD_EVERY: Final = 5_000


class Result(NamedTuple):
    """One seed: how many requests it took, and its story if it broke."""

    seed: int
    requests: int
    story: str | None


def main() -> int:
    """Run the seeds that are asked for; 1 if one of them breaks a law."""
    asked = argparse.ArgumentParser(prog="retail", description=__doc__)
    asked.add_argument("--seeds", type=int, default=1000, help="how many runs")
    asked.add_argument("--first", type=int, default=0, help="the first seed")
    asked.add_argument("--jobs", type=int, default=cpu_count() or 1, help="processes")
    said = asked.parse_args()
    began = time.monotonic()
    broken = requests = done = 0
    for result in _results(said.first, said.seeds, said.jobs):
        done, requests = done + 1, requests + result.requests
        if result.story is not None:
            broken += 1
            sys.stdout.write(result.story + "\n")
        if done % TOLD_EVERY == 0:
            _tell(done, requests, broken, began)
        if broken >= MAX_BROKEN:
            break
    _tell(done, requests, broken, began)
    return 1 if broken else 0


def _results(first: int, seeds: int, jobs: int) -> Iterator[Result]:
    wanted = range(first, first + seeds)
    if jobs == 1 or seeds == 1:
        yield from map(partial(_run, every_look=seeds == 1), wanted)
        return
    with Pool(jobs) as pool:
        yield from pool.imap_unordered(_run, wanted, chunksize=AT_ONCE)


def _run(seed: int, *, every_look: bool = False) -> Result:
    looks = EVERY if every_look else looks_of(seed)
    try:
        day = run(seed, *looks)
    except DayBroken as broken:
        return Result(seed, len(broken.taken), told(shortest(broken, *looks)))
    return Result(seed, len(day.desk.taken), None)


def _tell(seeds: int, requests: int, broken: int, began: float) -> None:
    took_s = time.monotonic() - began
    sys.stdout.write(f"{seeds} seeds, {requests} requests in {took_s:.0f} s, {broken} broken\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
