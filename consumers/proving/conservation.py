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
    StockShipmentVoided,
    StockShipped,
    StockSold,
    StockWrittenOut,
    TransferClosed,
    TransferReceived,
    TransferRequested,
    TransferShipped,
)
from projections.projection import Batch, Fold

MAX_BROKEN: Final = 20
"""Named; all are counted."""


class Broken(Struct, frozen=True):
    """A sku whose stock is not what its events sum to; `terms` are the events' sums by name.

    on_hand + in_transit is found, and `expected` is what it should be.
    """

    sku: str
    on_hand: int
    in_transit: int
    expected: int
    terms: dict[str, int]


class ConservationReport(Struct, frozen=True):
    """Every sku of the inventory view beside its events; the first broken ones are named."""

    skus: int
    broken_skus: int
    broken: tuple[Broken, ...]


def _on_hand(change: int, state: str) -> int:
    return change if state == "on_hand" else 0


_WRITTEN_OUT: Final = {
    "scrap": "scrapped",
    "return_to_vendor": "returned_to_vendor",
    "missing": "missing_at_inspection",
}
_TERMS: Final[dict[type, tuple[str, Callable[[Any], int]]]] = {
    StockReceived: ("received", lambda e: e.quantity),
    StockSold: ("sold", lambda e: -e.quantity),
    StockSaleVoided: ("voided_sales", lambda e: e.quantity),
    StockShipped: ("shipped", lambda e: -e.quantity),
    StockShipmentVoided: ("voided_shipments", lambda e: e.quantity),
    StockCollected: ("collected", lambda e: -e.quantity),
    StockReturned: ("returned", lambda e: e.quantity),
    StockAdjusted: ("adjusted", lambda e: e.quantity),
    StockCounted: ("count_variances", lambda e: _on_hand(e.variance, e.state)),
    StockCountRevised: ("count_variances", lambda e: _on_hand(e.quantity, e.state)),
}
"""What leaves for a transfer, and arrives from one, is counted by what the transfer itself says."""


class _Moving:
    """What a line of a transfer says of itself (domain rule 10)."""

    def __init__(self, sku: str) -> None:
        self.sku = sku
        self.shipped = self.arrived = self.missing = 0
        self.closed = False

    @property
    def in_transit(self) -> int:
        return 0 if self.closed else max(0, self.shipped - self.arrived - self.missing)

    @property
    def lost(self) -> int:
        """Lost less found."""
        return self.shipped - self.arrived - self.in_transit


class Conservation:
    """Sums what events say came and went, by sku. Takes events as a view does."""

    def __init__(self) -> None:
        self._sums: dict[str, Counter[str]] = {}
        self._moving: dict[str, dict[str, _Moving]] = {}
        self.folds: dict[type, Fold] = {
            **dict.fromkeys(_TERMS, self._summed),
            StockWrittenOut: self._written_out,
            TransferRequested: self._requested,
            TransferShipped: self._shipped,
            TransferReceived: self._received,
            TransferClosed: self._closed,
        }

    def take(self, batch: Batch) -> None:
        """Add up a batch."""
        folds = self.folds
        for position, event in batch:
            folds[event.__class__](position, event)

    def _summed(self, _position: int, event: StockEvent) -> None:
        name, change = _TERMS[event.__class__]
        self._add(event.sku, name, change(event))

    def _written_out(self, _position: int, event: StockWrittenOut) -> None:
        self._add(event.sku, _WRITTEN_OUT[event.cause], -event.quantity)

    def _add(self, sku: str, name: str, quantity: int) -> None:
        sums = self._sums.get(sku)
        if sums is None:
            sums = self._sums[sku] = Counter()
        sums[name] += quantity

    def _requested(self, _position: int, event: TransferRequested) -> None:
        lines = {line.line_id: _Moving(line.sku) for line in event.lines}
        self._moving[event.transfer_id] = lines

    def _shipped(self, _position: int, event: TransferShipped) -> None:
        self._moving[event.transfer_id][event.line_id].shipped += event.quantity

    def _received(self, _position: int, event: TransferReceived) -> None:
        line = self._moving[event.transfer_id][event.line_id]
        line.arrived += event.accepted + event.damaged
        line.missing += event.missing

    def _closed(self, _position: int, event: TransferClosed) -> None:
        for line in self._moving[event.transfer_id].values():
            line.closed = True

    def report(
        self, on_hand: dict[str, int], in_transit: dict[str, int] | None = None
    ) -> ConservationReport:
        """Compare with the sum of on_hand over all locations, by sku, and what is in transit.

        Without the latter, the view of transfers being elsewhere: with what the events say of it.
        """
        sums, said = self._with_transfers()
        on_its_way = said if in_transit is None else in_transit
        skus = sorted(sums.keys() | on_hand.keys() | on_its_way.keys())
        broken = []
        for sku in skus:
            terms = sums.get(sku, Counter())
            found, moving = on_hand.get(sku, 0), on_its_way.get(sku, 0)
            if found + moving != sum(terms.values()):
                broken.append(Broken(sku, found, moving, sum(terms.values()), dict(terms)))
        return ConservationReport(len(skus), len(broken), tuple(broken[:MAX_BROKEN]))

    def _with_transfers(self) -> tuple[dict[str, Counter[str]], Counter[str]]:
        """All terms by sku, what was lost and found in transfers included; what is in transit."""
        sums = {sku: Counter(terms) for sku, terms in self._sums.items()}
        in_transit: Counter[str] = Counter()
        for line in (line for lines in self._moving.values() for line in lines.values()):
            in_transit[line.sku] += line.in_transit
            if line.lost:
                name = "lost_in_transfer" if line.lost > 0 else "found_in_transfer"
                sums.setdefault(line.sku, Counter())[name] -= line.lost
        return sums, in_transit
