"""Which order lines a stock item has promised to, in the order of promising.

Promises are numbered per item from 1. How many of each page of numbers are over is counted, so
that looking for the newest open ones passes over a page at a time of those that were kept.
"""

from collections.abc import Iterator, MutableMapping
from typing import Final

PAGE_PROMISES: Final = 256

LineKey = tuple[str, str]
"""(order_id, line_id)."""
Promises = MutableMapping[tuple[str, str, int], LineKey]
"""(location, sku, number) to the line, while something of it is committed."""
PromisesOver = MutableMapping[tuple[str, str, int], int]
"""(location, sku, page) to how many of that page's promises are over."""


def end(promises: Promises, over: PromisesOver, item: tuple[str, str], number: int) -> None:
    """Nothing of this promise is left."""
    del promises[(*item, number)]
    count_over(over, item, number)


def count_over(over: PromisesOver, item: tuple[str, str], number: int) -> None:
    """One more of that page needs no look."""
    page = (*item, (number - 1) // PAGE_PROMISES)
    over[page] = over.get(page, 0) + 1


def newest_first(
    promises: Promises, over: PromisesOver, item: tuple[str, str], last: int
) -> Iterator[LineKey]:
    """The lines with an open promise of this item, from promise number `last` down."""
    for page in range((last - 1) // PAGE_PROMISES, -1, -1):
        if over.get((*item, page)) == PAGE_PROMISES:
            continue
        before = page * PAGE_PROMISES
        for number in range(min(last, before + PAGE_PROMISES), before, -1):
            line = promises.get((*item, number))
            if line is not None:
                yield line
