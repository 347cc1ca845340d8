"""What is available of a sku, by location: so that sourcing looks at all of them at once.

Derived from stock, and never kept: the confirmed state builds it for a sku when somebody asks, and
changes it from then on; a state on top notes which locations it touched, and copies what is below
once somebody asks for a sku of which it touched one.
"""

from collections.abc import Iterable, MutableMapping
from typing import Protocol

from ledger.domain.entries import ItemKey
from ledger.domain.stock.item import StockItem


class HasStock(Protocol):
    """A state, as far as offers see it."""

    stock: MutableMapping[ItemKey, StockItem]
    stocked: MutableMapping[str, tuple[str, ...]]


class Offers:
    """The offers of one state, on top of those of another."""

    __slots__ = ("_below", "_state", "_touched", "_whole")

    def __init__(self, state: HasStock, below: "Offers | None" = None) -> None:
        self._state = state
        self._below = below
        self._whole: dict[str, dict[str, int]] = {}
        self._touched: dict[str, set[str]] = {}

    def touch(self, key: ItemKey, item: StockItem) -> None:
        """An item is another than it was."""
        location, sku = key
        if self._below is not None:
            touched = self._touched.get(sku)
            if touched is None:
                self._touched[sku] = {location}
            else:
                touched.add(location)
        whole = self._whole.get(sku)
        if whole is not None:
            whole[location] = item.available

    def of(self, sku: str) -> dict[str, int]:
        """What is available of a sku, by location; not to be changed."""
        whole = self._whole.get(sku)
        if whole is not None:
            return whole
        if self._below is None:
            whole = self._available(sku, self._state.stocked.get(sku, ()))
        elif sku in self._touched:
            whole = {**self._below.of(sku), **self._available(sku, self._touched[sku])}
        else:
            return self._below.of(sku)
        self._whole[sku] = whole
        return whole

    def _available(self, sku: str, locations: Iterable[str]) -> dict[str, int]:
        stock = self._state.stock
        return {location: stock[(location, sku)].available for location in locations}

    def merge(self) -> None:
        """Tell the offers below what was touched, once their stock has changed too."""
        assert self._below is not None, "only offers on top of others can be merged"
        for sku, touched in self._touched.items():
            self._below.all_touched(sku, touched)
        self._touched.clear()
        self._whole.clear()

    def all_touched(self, sku: str, locations: set[str]) -> None:
        """Items of a sku are others than they were."""
        if self._below is not None:
            self._touched.setdefault(sku, set()).update(locations)
        if sku in self._whole:
            self._whole[sku].update(self._available(sku, locations))

    def put_on(self, below: "Offers") -> None:
        """Stand on others, which now hold all that those below held."""
        self._below = below
