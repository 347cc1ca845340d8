"""Conservation: what is there of a sku is what came in less what left, whoever folds it.

Computed from the events' own numbers, apart from the fold that the writer and the views share.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from ledger.domain.events import (
    StockAdjusted,
    StockCollected,
    StockCounted,
    StockCountRevised,
    StockEvent,
    StockReceived,
    StockReturned,
    StockSaleVoided,
    StockShipped,
    StockSold,
)
from projections.projection import Batch

MAX_BROKEN: Final = 20
"""Named; all are counted."""


class Broken(Struct, frozen=True):
    """A sku whose stock is not what its events sum to; `terms` are the events' sums by name."""

    sku: str
    on_hand: int
    expected: int
    terms: dict[str, int]


class ConservationReport(Struct, frozen=True):
    """Every sku of the inventory view beside its events; the first broken ones are named."""

    skus: int
    broken_skus: int
    broken: tuple[Broken, ...]


def _on_hand(change: int, state: str) -> int:
    return change if state == "on_hand" else 0


_TERMS: Final[dict[type, tuple[str, Callable[[Any], int]]]] = {
    StockReceived: ("received", lambda e: e.quantity),
    StockSold: ("sold", lambda e: -e.quantity),
    StockSaleVoided: ("voided_sales", lambda e: e.quantity),
    StockShipped: ("shipped", lambda e: -e.quantity),
    StockCollected: ("collected", lambda e: -e.quantity),
    StockReturned: ("returned", lambda e: e.quantity),
    StockAdjusted: ("adjusted", lambda e: e.quantity),
    StockCounted: ("count_variances", lambda e: _on_hand(e.variance, e.state)),
    StockCountRevised: ("count_variances", lambda e: _on_hand(e.quantity, e.state)),
}


class Conservation:
    """Sums what events say came and went, by sku."""

    def __init__(self) -> None:
        self._sums: dict[str, Counter[str]] = {}

    def take(self, batch: Batch) -> None:
        """Add up a batch."""
        terms, sums = _TERMS, self._sums
        for _, event in batch:
            term = terms.get(event.__class__)
            if term is not None and isinstance(event, StockEvent):
                name, change = term
                of_sku = sums.get(event.sku)
                if of_sku is None:
                    of_sku = sums[event.sku] = Counter()
                of_sku[name] += change(event)

    def report(self, on_hand: dict[str, int]) -> ConservationReport:
        """Compare with the sum of on_hand over all locations, by sku."""
        broken = []
        for sku in sorted(self._sums.keys() | on_hand.keys()):
            terms = self._sums.get(sku, Counter())
            expected, found = sum(terms.values()), on_hand.get(sku, 0)
            if expected != found:
                broken.append(Broken(sku, found, expected, dict(terms)))
        skus = len(self._sums.keys() | on_hand.keys())
        return ConservationReport(skus, len(broken), tuple(broken[:MAX_BROKEN]))
