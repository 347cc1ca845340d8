"""To whom a stock item has promised, or for whom it is reserved, in that order.

Promises are numbered per item from 1. How many of each page of numbers are over is counted, so
that looking for the newest open ones passes over a page at a time of those that were kept.
"""

from collections.abc import Iterator, MutableMapping
from typing import Final, TypeVar

V = TypeVar("V")

PAGE_PROMISES: Final = 256

Promises = MutableMapping[tuple[str, str, int], V]
"""(location, sku, number) to whom, while something of it stands."""
PromisesOver = MutableMapping[tuple[str, str, int], int]
"""(location, sku, page) to how many of that page's promises are over."""


def end(promises: Promises[V], over: PromisesOver, item: tuple[str, str], number: int) -> None:
    """Nothing of this promise is left."""
    del promises[(*item, number)]
    count_over(over, item, number)


def count_over(over: PromisesOver, item: tuple[str, str], number: int) -> None:
    """One more of that page needs no look."""
    page = (*item, (number - 1) // PAGE_PROMISES)
    over[page] = over.get(page, 0) + 1


def newest_first(
    promises: Promises[V], over: PromisesOver, item: tuple[str, str], last: int
) -> Iterator[V]:
    """Those with an open promise of this item, from promise number `last` down."""
    for page in range((last - 1) // PAGE_PROMISES, -1, -1):
        if over.get((*item, page)) == PAGE_PROMISES:
            continue
        before = page * PAGE_PROMISES
        for number in range(min(last, before + PAGE_PROMISES), before, -1):
            promised_to = promises.get((*item, number))
            if promised_to is not None:
                yield promised_to
