"""What a whole file adds up to: each product's title and each item's lowest balance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from consumers.ingest.rules import Class
    from consumers.ingest.table import Row


class Title(NamedTuple):
    """A candidate for a product's title: the earliest wins, then the least invoice."""

    occurred_at: datetime
    invoice: str
    title: str


class Balance:
    """The running sum of one item's movements, in file order, and how low it went.

    A row whose meaning the next row of its invoice may change begins a segment of its own, so that
    a later `shift` can correct all that came after it.
    """

    __slots__ = ("lows", "sum")

    def __init__(self) -> None:
        self.sum = 0
        self.lows = [0]

    def move(self, quantity: int) -> None:
        """Add a movement."""
        self.sum += quantity
        self.lows[-1] = min(self.lows[-1], self.sum)

    def move_provisionally(self, quantity: int) -> int:
        """Add a movement and return the segment that it begins."""
        self.sum += quantity
        self.lows.append(self.sum)
        return len(self.lows) - 1

    def shift(self, segment: int, quantity: int) -> None:
        """Change the movement that began a segment by so much."""
        self.sum += quantity
        self.lows[segment:] = [low + quantity for low in self.lows[segment:]]

    @property
    def opening(self) -> int:
        """The least quantity at the start with which the sum never falls below zero."""
        return max(0, -min(self.lows))


class Provisional(NamedTuple):
    """A first row counted as what its invoice seemed to be."""

    row: Row
    item: tuple[str, str]
    segment: int


class Tally:
    """Titles and balances of the rows given to it, in file order."""

    def __init__(self) -> None:
        self.titles: dict[str, Title] = {}
        self.balances: dict[tuple[str, str], Balance] = {}

    def add(self, row: Row, found: Class, *, provisional: bool) -> Provisional | None:
        """Count one row of an invoice of this class."""
        self._offer(row, found)
        if row.service:
            return None
        item = (found.location or row.location or "", row.sku)
        balance = self.balances.get(item)
        if balance is None:
            balance = self.balances[item] = Balance()
        quantity = row.quantity * found.movement
        if not provisional:
            balance.move(quantity)
            return None
        return Provisional(row, item, balance.move_provisionally(quantity))

    def correct(self, said: Provisional, before: Class, now: Class) -> None:
        """The invoice of a first row turned out to be of another class."""
        difference = said.row.quantity * (now.movement - before.movement)
        self.balances[said.item].shift(said.segment, difference)
        self._offer(said.row, now)

    def _offer(self, row: Row, found: Class) -> None:
        if found.kind != "sale" or not row.title or not row.priced:
            return
        known = self.titles.get(row.sku)
        # Rows of one invoice come in its order: of those at the same time the first stays.
        if known is None or (row.occurred_at, row.invoice) < known[:2]:
            self.titles[row.sku] = Title(row.occurred_at, row.invoice, row.title)
