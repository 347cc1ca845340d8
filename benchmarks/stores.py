"""A ledger of many stores: what a chain sells in a year, the same every time it is made."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from ledger.domain.requests import (
    AnyRequest,
    LineQuantity,
    OrderLine,
    PlaceOrder,
    ReceiptLine,
    ReceiveStock,
    RecordSale,
    SaleLine,
    ShipLines,
)

CHANNEL = "till"
OPENED_AT = datetime(2025, 1, 1, tzinfo=UTC)
YEAR_S = 365 * 86_400
STOCK_OF_EACH = 1_000_000
CUSTOMERS = 20_000
LATE_EVERY = 20
"""One sale in so many is told hours late, as of a till that was offline."""
MAX_LATE_S = 6 * 3_600


class Chain(Struct, frozen=True):
    """How large it is, and how many requests follow its opening stock."""

    skus: int
    stores: int
    requests: int

    def sku(self, number: int) -> str:
        """SKU-0001 and so on."""
        return f"SKU-{number:05d}"

    def store(self, number: int) -> str:
        """store-001 and so on."""
        return f"store-{number:03d}"

    def days(self) -> Iterator[AnyRequest]:
        """The opening stock, then sales of three lines, and orders that are shipped."""
        for store in range(1, self.stores + 1):
            yield self._opening(store)
        chance = random.Random(self.skus)
        for n in range(self.requests):
            at = OPENED_AT + timedelta(seconds=YEAR_S * n // self.requests)
            if n % 4 == 3:
                yield from self._order(n, at, chance)
            else:
                yield self._sale(n, at, chance)

    def _opening(self, store: int) -> ReceiveStock:
        lines = tuple(
            ReceiptLine(line_id=str(n), sku=self.sku(n), quantity=STOCK_OF_EACH)
            for n in range(1, self.skus + 1)
        )
        return ReceiveStock(
            request_id=f"opening-{store}",
            occurred_at=OPENED_AT,
            location=self.store(store),
            lines=lines,
        )

    def _sale(self, n: int, at: datetime, chance: random.Random) -> RecordSale:
        late = timedelta(seconds=chance.randrange(MAX_LATE_S) if n % LATE_EVERY == 0 else 0)
        lines = tuple(
            SaleLine(line_id=str(line), sku=sku, quantity=1, unit_price_minor=990)
            for line, sku in enumerate(self._goods(chance, 3), 1)
        )
        return RecordSale(
            request_id=f"s-{n}",
            occurred_at=at - late,
            location=self.store(chance.randint(1, self.stores)),
            customer_id=f"c-{n % CUSTOMERS}",
            currency="EUR",
            lines=lines,
        )

    def _order(self, n: int, at: datetime, chance: random.Random) -> Iterator[AnyRequest]:
        location = self.store(chance.randint(1, self.stores))
        lines = tuple(
            OrderLine(
                line_id=str(line),
                sku=sku,
                quantity=1,
                unit_price_minor=990,
                how="ship",
                location=location,
            )
            for line, sku in enumerate(self._goods(chance, 2), 1)
        )
        yield PlaceOrder(
            request_id=f"o-{n}",
            occurred_at=at,
            order_id=f"o-{n}",
            customer_id=f"c-{n % CUSTOMERS}",
            currency="EUR",
            lines=lines,
        )
        shipped = tuple(LineQuantity(line_id=line.line_id, quantity=1) for line in lines)
        yield ShipLines(
            request_id=f"ship-{n}",
            occurred_at=at + timedelta(hours=2),
            order_id=f"o-{n}",
            shipment_id=f"p-{n}",
            location=location,
            lines=shipped,
        )

    def _goods(self, chance: random.Random, count: int) -> list[str]:
        return [self.sku(number) for number in chance.sample(range(1, self.skus + 1), count)]
