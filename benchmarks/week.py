"""A week of a hundred stores, told by one seed: what a replay of the whole domain reads."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from benchmarks.shop import OPENED_AT
from ledger.domain.requests import (
    AnyRequest,
    ArrivedLine,
    CollectLines,
    CountLine,
    CountStock,
    DescribeLocation,
    ExpectSupply,
    HoldLine,
    LineQuantity,
    OrderLine,
    Place,
    PlaceHold,
    PlaceOrder,
    ReadyForPickup,
    ReceiptLine,
    ReceiveStock,
    ReceiveTransfer,
    RecordReturn,
    RecordSale,
    RequestTransfer,
    ReturnLine,
    SaleKey,
    SaleLine,
    ShipLines,
    ShipTransfer,
    SupplyLine,
    TransferLine,
)

STORES, WAREHOUSES, SKUS, DAYS = 100, 3, 500, 7
STOCK_OF_EACH = 40
SHOWN_HOLD = timedelta(minutes=15)

Sent = tuple[str, AnyRequest]
"""(channel, request)."""


class Week:
    """Requests in order of time; `visits` a day, each one or more requests."""

    def __init__(self, visits: int, seed: int = 7) -> None:
        self.chance = random.Random(seed)
        self.visits = visits
        self.at = OPENED_AT
        self.made = 0
        self.stores = [f"store-{n:03d}" for n in range(STORES)]
        self.warehouses = [f"dc-{n}" for n in range(WAREHOUSES)]
        self.skus = [f"SKU-{n:04d}" for n in range(SKUS)]

    def requests(self) -> Iterator[Sent]:
        """The opening, then the days."""
        yield from self._opening()
        for day in range(DAYS):
            self.at = OPENED_AT + timedelta(days=day, hours=8)
            yield from self._supplies(day)
            for _ in range(self.visits):
                self.at += timedelta(hours=12) / self.visits
                yield from self._visit()

    def _opening(self) -> Iterator[Sent]:
        for location in (*self.stores, *self.warehouses):
            kind = "store" if location.startswith("store") else "warehouse"
            yield (
                "erp",
                DescribeLocation(
                    **self._envelope(),
                    location=location,
                    kind=kind,  # type: ignore[arg-type] # one of two words
                    time_zone="Europe/Berlin",
                    latitude_udeg=self.chance.randint(47_300_000, 55_000_000),
                    longitude_udeg=self.chance.randint(5_900_000, 15_000_000),
                    handling_cost_minor=self.chance.randint(50, 200),
                ),
            )
            yield "erp", self._receipt(location, self.skus, STOCK_OF_EACH)

    def _envelope(self) -> dict[str, Any]:
        self.made += 1
        return {"request_id": str(self.made), "occurred_at": self.at}

    def _receipt(
        self, location: str, skus: list[str], quantity: int, supply_id: str | None = None
    ) -> ReceiveStock:
        lines = tuple(
            ReceiptLine(line_id=str(n), sku=sku, quantity=quantity) for n, sku in enumerate(skus)
        )
        return ReceiveStock(**self._envelope(), location=location, lines=lines, supply_id=supply_id)

    def _supplies(self, day: int) -> Iterator[Sent]:
        for location in self.warehouses:
            skus = self.chance.sample(self.skus, 50)
            supply_id = f"po-{day}-{location}"
            lines = tuple(
                SupplyLine(line_id=str(n), sku=sku, quantity=20) for n, sku in enumerate(skus)
            )
            due = (self.at + timedelta(days=2)).date()
            yield (
                "erp",
                ExpectSupply(
                    **self._envelope(),
                    supply_id=supply_id,
                    location=location,
                    lines=lines,
                    due=due,
                ),
            )
            yield "dock", self._receipt(location, skus, 20, supply_id)

    def _visit(self) -> Iterator[Sent]:
        kinds: tuple[Callable[[], Iterator[Sent]], ...] = (
            self._sale,
            self._web_order,
            self._pickup,
            self._hold,
            self._transfer,
            self._count,
        )
        [kind] = self.chance.choices(kinds, weights=(55, 25, 8, 6, 3, 3))
        yield from kind()

    def _some(self, most: int = 3) -> list[str]:
        return self.chance.sample(self.skus, self.chance.randint(1, most))

    def _sale(self) -> Iterator[Sent]:
        location = self.chance.choice(self.stores)
        lines = tuple(
            SaleLine(line_id=str(n), sku=sku, quantity=1) for n, sku in enumerate(self._some())
        )
        sale = RecordSale(**self._envelope(), location=location, lines=lines)
        yield f"till-{location}", sale
        if self.chance.random() < 0.08:
            back = (ReturnLine(line_id="1", sku=lines[0].sku, quantity=1),)
            key = SaleKey(channel=f"till-{location}", request_id=sale.request_id)
            elsewhere = self.chance.choice(self.stores)
            yield (
                f"till-{elsewhere}",
                RecordReturn(**self._envelope(), location=elsewhere, lines=back, sale=key),
            )

    def _web_order(self) -> Iterator[Sent]:
        order_id = f"web-{self.made}"
        lines = tuple(
            OrderLine(line_id=str(n), sku=sku, quantity=1, how="ship")
            for n, sku in enumerate(self._some())
        )
        yield (
            "web",
            PlaceOrder(
                **self._envelope(),
                order_id=order_id,
                lines=lines,
                ship_to=self.somewhere(),
                allow_split=True,
                allow_backorder=True,
            ),
        )
        if self.chance.random() < 0.7:
            shipped = tuple(LineQuantity(line_id=line.line_id, quantity=1) for line in lines)
            yield (
                "wms",
                ShipLines(
                    **self._envelope(),
                    order_id=order_id,
                    shipment_id=f"s-{order_id}",
                    location=self.warehouses[0],
                    lines=shipped,
                ),
            )

    def somewhere(self) -> Place:
        """A place in the country."""
        return Place(
            region="DE",
            latitude_udeg=self.chance.randint(47_300_000, 55_000_000),
            longitude_udeg=self.chance.randint(5_900_000, 15_000_000),
        )

    def _pickup(self) -> Iterator[Sent]:
        order_id, location = f"pickup-{self.made}", self.chance.choice(self.stores)
        sku = self.chance.choice(self.skus)
        line = OrderLine(line_id="1", sku=sku, quantity=1, how="pickup", location=location)
        yield "app", PlaceOrder(**self._envelope(), order_id=order_id, lines=(line,))
        one = (LineQuantity(line_id="1", quantity=1),)
        until = self.at + timedelta(days=1)
        yield (
            "app",
            ReadyForPickup(
                **self._envelope(), order_id=order_id, location=location, lines=one, until=until
            ),
        )
        if self.chance.random() < 0.8:
            yield (
                "app",
                CollectLines(**self._envelope(), order_id=order_id, location=location, lines=one),
            )

    def _hold(self) -> Iterator[Sent]:
        lines = tuple(
            HoldLine(line_id=str(n), sku=sku, quantity=1) for n, sku in enumerate(self._some(2))
        )
        yield (
            "web",
            PlaceHold(
                **self._envelope(),
                owner=f"cart-{self.made}",
                lines=lines,
                expires_at=self.at + SHOWN_HOLD,
                anywhere=True,
                ship_to=self.somewhere(),
            ),
        )

    def _transfer(self) -> Iterator[Sent]:
        transfer_id, to = f"tr-{self.made}", self.chance.choice(self.stores)
        lines = tuple(
            TransferLine(line_id=str(n), sku=sku, quantity=2) for n, sku in enumerate(self._some(5))
        )
        yield (
            "erp",
            RequestTransfer(
                **self._envelope(),
                transfer_id=transfer_id,
                from_location=self.chance.choice(self.warehouses),
                to_location=to,
                lines=lines,
            ),
        )
        sent = tuple(LineQuantity(line_id=line.line_id, quantity=2) for line in lines)
        yield "wms", ShipTransfer(**self._envelope(), transfer_id=transfer_id, lines=sent)
        came = tuple(ArrivedLine(line_id=line.line_id, accepted=2) for line in lines)
        yield "app", ReceiveTransfer(**self._envelope(), transfer_id=transfer_id, lines=came)

    def _count(self) -> Iterator[Sent]:
        lines = tuple(
            CountLine(sku=sku, quantity=self.chance.randint(30, 40)) for sku in self._some(10)
        )
        location = self.chance.choice(self.stores)
        yield (
            "app",
            CountStock(**self._envelope(), location=location, scope="named", lines=lines),
        )


def requests(visits: int) -> list[Sent]:
    """The week, `visits` a day."""
    return list(Week(visits).requests())
