"""Random days of a shop in which goods have costs: late facts, voids, returns, transfers, counts."""

import random
from datetime import timedelta
from typing import Any

from books import START
from given import Shop

from ledger.domain import requests as r
from ledger.domain.events import RequestAccepted

SKUS = ("MUG", "TEA")
PLACES = ("DC", "NORTH", "SOUTH")
STEP = timedelta(hours=3)
"""Between two requests."""
LATEST = timedelta(days=5)
"""A fact is told so much later than it happened, at most."""


class CostlyDays:
    """Tells a shop one random request after another; each happened at a time of its own."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.shop = Shop(checked=False)
        self.number = 0
        self.sales: list[tuple[str, str]] = []
        self.orders: list[tuple[str, str, str]] = []
        self.shipped: list[tuple[str, str]] = []
        self.parcels: list[dict[str, str]] = []
        self.transfers: list[str] = []
        self.sent: list[str] = []

    def tell(self, requests: int) -> Shop:
        for _ in range(requests):
            kinds = (
                self.receives, self.receives, self.adjusts, self.counts, self.sells, self.sells,
                self.voids, self.takes_back, self.takes_back, self.asks_for_transfer,
                self.sends, self.sends, self.arrives, self.arrives, self.orders_goods, self.ships,
                self.never_ships,
            )  # fmt: skip
            self.chance.choice(kinds)()
        return self.shop

    def say(self, request: type, *, late: bool = True, channel: str = "till", **fields: Any) -> str:
        self.number += 1
        name = f"r{self.number}"
        recorded_at = START + STEP * self.number
        occurred_at = recorded_at
        if late and self.chance.random() < 0.4:
            occurred_at -= LATEST * self.chance.random()
        made = request(request_id=name, occurred_at=occurred_at, **fields)
        events = self.shop.books.take(channel, made, recorded_at)
        return name if isinstance(events[0], RequestAccepted) else ""

    def cost(self) -> tuple[int | None, str | None]:
        if self.chance.random() < 0.3:
            return None, self.chance.choice((None, "EUR"))
        return self.chance.randint(1, 999), self.chance.choice(("EUR",) * 9 + ("USD",))

    def anything(self) -> tuple[str, str]:
        return self.chance.choice(SKUS), self.chance.choice(PLACES)

    def some(self) -> int:
        return self.chance.randint(1, 6)

    def receives(self) -> None:
        (sku, place), (cost, currency) = self.anything(), self.cost()
        line = r.ReceiptLine(line_id="1", sku=sku, quantity=2 * self.some(), unit_cost_minor=cost)
        self.say(r.ReceiveStock, location=place, lines=(line,), currency=currency)

    def adjusts(self) -> None:
        (sku, place), (cost, currency) = self.anything(), self.cost()
        quantity = self.some() * self.chance.choice((1, -1))
        line = r.AdjustLine(line_id="1", sku=sku, quantity=quantity, unit_cost_minor=cost)
        self.say(r.AdjustStock, location=place, lines=(line,), reason="found", currency=currency)

    def counts(self) -> None:
        (sku, place), (cost, currency) = self.anything(), self.cost()
        line = r.CountLine(sku=sku, quantity=self.chance.randint(0, 15), unit_cost_minor=cost)
        self.say(r.CountStock, location=place, scope="named", lines=(line,), currency=currency)

    def sells(self) -> None:
        sku, place = self.anything()
        line = r.SaleLine(line_id="1", sku=sku, quantity=self.some())
        self.sales.append((self.say(r.RecordSale, location=place, lines=(line,)), sku))

    def voids(self) -> None:
        if self.sales:
            name, _ = self.chance.choice(self.sales)
            cut = r.LineCut(line_id="1", quantity=self.chance.choice((None, 1, 2)))
            key = r.SaleKey(channel="till", request_id=name)
            self.say(r.VoidSale, sale=key, lines=(cut,))

    def takes_back(self) -> None:
        sku, place = self.anything()
        named: dict[str, Any] = {}
        if self.sales and self.chance.random() < 0.7:
            name, sku = self.chance.choice(self.sales)
            named = {"sale": r.SaleKey(channel="till", request_id=name)}
        elif self.shipped and self.chance.random() < 0.7:
            order_id, sku = self.chance.choice(self.shipped)
            named = {"order_id": order_id}
        line = r.ReturnLine(line_id="1", sku=sku, quantity=self.chance.randint(1, 3))
        self.say(r.RecordReturn, location=place, lines=(line,), **named)

    def asks_for_transfer(self) -> None:
        sku, place = self.anything()
        to = self.chance.choice([other for other in PLACES if other != place])
        name = f"t{self.number}"
        line = r.TransferLine(line_id="1", sku=sku, quantity=self.some())
        fields = {"from_location": place, "to_location": to, "lines": (line,)}
        if self.say(r.RequestTransfer, late=False, transfer_id=name, **fields):
            self.transfers.append(name)

    def sends(self) -> None:
        if self.transfers:
            name = self.chance.choice(self.transfers)
            line = r.LineQuantity(line_id="1", quantity=self.some())
            self.say(r.ShipTransfer, transfer_id=name, lines=(line,))
            self.sent.append(name)

    def arrives(self) -> None:
        if self.sent:
            line = r.ArrivedLine(
                line_id="1", accepted=self.some(), damaged=self.chance.randint(0, 1)
            )
            self.say(r.ReceiveTransfer, transfer_id=self.chance.choice(self.sent), lines=(line,))

    def orders_goods(self) -> None:
        sku, place = self.anything()
        order_id = f"o{self.number}"
        line = r.OrderLine(line_id="1", sku=sku, quantity=self.some(), how="ship", location=place)
        if self.say(r.PlaceOrder, late=False, channel="web", order_id=order_id, lines=(line,)):
            self.orders.append((order_id, place, sku))

    def ships(self) -> None:
        if self.orders:
            order_id, place, sku = self.chance.choice(self.orders)
            line = r.LineQuantity(line_id="1", quantity=self.chance.randint(1, 3))
            fields = {"order_id": order_id, "location": place, "lines": (line,)}
            shipment_id = f"s{self.number}"
            self.say(r.ShipLines, shipment_id=shipment_id, **fields)
            self.shipped.append((order_id, sku))
            self.parcels.append(
                {"order_id": order_id, "shipment_id": shipment_id, "location": place}
            )

    def never_ships(self) -> None:
        if self.parcels:
            self.say(r.VoidShipment, **self.chance.choice(self.parcels))
