"""What one claim may take: what is available, what its owner holds already, less what it took."""

from collections import Counter

from ledger.domain.entries import ItemKey
from ledger.domain.sourcing.channels import is_limited, view_of, within_limit
from ledger.domain.state import State
from ledger.domain.stock.item import NOTHING


class Free:
    """Stock as one claim sees it, for one channel and the holds of one owner.

    Holds named in `held` count as free for it, since it takes their place (domain rule 3).
    """

    def __init__(self, state: State, channel: str, held: dict[ItemKey, int]) -> None:
        self.state = state
        self.channel = channel
        self.held = held
        self.view = view_of(state, channel)
        self._taken: Counter[ItemKey] = Counter()
        self._left: dict[str, int | None] = {}

    def at(self, location: str, sku: str) -> int:
        """What of a sku it may take there, by stock alone; may be negative."""
        item = (location, sku)
        available = self.state.stock.get(item, NOTHING).available
        return available + self.held.get(item, 0) - self._taken[item]

    def whole(self, location: str, sku: str) -> int:
        """What was there before it took anything; may be negative."""
        item = (location, sku)
        return self.state.stock.get(item, NOTHING).available + self.held.get(item, 0)

    def offers(self, sku: str) -> dict[str, int]:
        """What there is of a sku, by location; not to be changed."""
        offers = self.state.offers.of(sku)
        if not self.held and not self._taken:
            return offers
        held = self._held_by_location(sku)
        changed = {location: offers.get(location, 0) + n for location, n in held.items()}
        for (location, other), n in self._taken.items():
            if other == sku:
                changed[location] = changed.get(location, offers.get(location, 0)) - n
        return {**offers, **changed} if changed else offers

    def limit(self, sku: str) -> int | None:
        """What the channel may still sell of a sku; None: no limit of its own."""
        if not self.view.limited:
            return None
        if sku not in self._left:
            self._left[sku] = self._limit(sku)
        return self._left[sku]

    def _limit(self, sku: str) -> int | None:
        """What it holds of the sku it has been promised already, whatever the limit says now."""
        if not is_limited(self.state, self.channel, sku):
            return None
        sites, held = self.view.sites, self._held_by_location(sku)
        offers = self.state.offers.of(sku)
        there = sum(
            max(0, n + held.get(location, 0)) for location, n in offers.items() if location in sites
        )
        return max(sum(held.values()), within_limit(self.state, self.channel, sku, there))

    def _held_by_location(self, sku: str) -> dict[str, int]:
        return {location: n for (location, other), n in self.held.items() if other == sku}

    def take(self, location: str, sku: str, quantity: int) -> None:
        """So much is spoken for."""
        self._taken[(location, sku)] += quantity
        left = self.limit(sku)
        if left is not None:
            self._left[sku] = left - quantity

    def room(self, location: str, sku: str, quantity: int) -> int:
        """How much of what is asked it may take there: by stock and by the channel's limit."""
        room = min(quantity, max(0, self.at(location, sku)))
        left = self.limit(sku)
        return room if left is None else min(room, max(0, left))
