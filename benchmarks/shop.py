"""What the benchmarks' channels ask for: prepared before the clock starts, the same every time."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ledger.domain.requests import (
    AdjustLine,
    AdjustStock,
    AnyRequest,
    CancelOrder,
    CountLine,
    CountStock,
    LineQuantity,
    OrderLine,
    PlaceOrder,
    ReceiptLine,
    ReceiveStock,
    RecordReturn,
    RecordSale,
    ReturnLine,
    SaleKey,
    SaleLine,
    ShipLines,
)

CHANNEL = "web"
LOCATION = "dc-1"
STOCK_OF_EACH = 1_000_000_000
CUSTOMERS = 3_000
OPENED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def skus(items: int) -> list[str]:
    """SKU-0001 and so on."""
    return [f"SKU-{n:04d}" for n in range(1, items + 1)]


def opening(items: int, location: str = LOCATION, request_id: str = "opening") -> ReceiveStock:
    """More than can be sold of every item."""
    lines = tuple(
        ReceiptLine(line_id=str(n), sku=sku, quantity=STOCK_OF_EACH)
        for n, sku in enumerate(skus(items), 1)
    )
    return ReceiveStock(
        request_id=request_id, occurred_at=OPENED_AT, location=location, lines=lines
    )


def orders(count: int, items: int) -> list[AnyRequest]:
    """Two-line orders, each of two different items."""
    chance = random.Random(items)
    goods = skus(items)
    return [_order(str(n), OPENED_AT, chance.sample(goods, 2)) for n in range(count)]


def days(count: int, items: int) -> Iterator[AnyRequest]:
    """At least `count` requests of a shop's life: mostly sales and orders, and what follows them.

    Of ten customers' visits six are sales of 1-6 lines, one of which comes back, and four are
    orders: three are shipped, one is cancelled. Every hundredth visit an adjustment and a count.
    """
    chance = random.Random(items)
    goods = skus(items)
    made = 0
    for n in range(count):
        at = OPENED_AT + timedelta(seconds=10 * n)
        visit = list(_visit(n, at, goods, chance))
        yield from visit
        made += len(visit)
        if made >= count:
            return


def _visit(n: int, at: datetime, goods: list[str], chance: random.Random) -> Iterator[AnyRequest]:
    if n % 10 < 6:
        yield _sale(f"s-{n}", at, chance.sample(goods, chance.randint(1, 6)))
        if n % 10 == 5:
            yield _return(f"r-{n}", at, f"s-{n - 5}", chance.choice(goods))
    else:
        yield _order(f"o-{n}", at, chance.sample(goods, 2))
        yield _cancellation(n, at) if n % 10 == 9 else _shipment(n, at)
    if n % 100 == 99:
        yield _adjustment(n, at, chance.choice(goods))
        yield _count(n, at, chance.choice(goods))


def _order(order_id: str, at: datetime, ordered: list[str]) -> PlaceOrder:
    lines = tuple(
        OrderLine(
            line_id=str(n), sku=sku, quantity=1, unit_price_minor=990, how="ship", location=LOCATION
        )
        for n, sku in enumerate(ordered, 1)
    )
    return PlaceOrder(
        request_id=order_id,
        occurred_at=at,
        order_id=order_id,
        customer_id=_customer(order_id),
        currency="EUR",
        lines=lines,
    )


def _shipment(n: int, at: datetime) -> ShipLines:
    lines = tuple(LineQuantity(line_id=line_id, quantity=1) for line_id in ("1", "2"))
    return ShipLines(
        request_id=f"ship-{n}",
        occurred_at=at,
        order_id=f"o-{n}",
        shipment_id=f"p-{n}",
        location=LOCATION,
        lines=lines,
    )


def _cancellation(n: int, at: datetime) -> CancelOrder:
    return CancelOrder(request_id=f"cancel-{n}", occurred_at=at, order_id=f"o-{n}")


def _sale(request_id: str, at: datetime, sold: list[str]) -> RecordSale:
    lines = tuple(
        SaleLine(line_id=str(n), sku=sku, quantity=2, unit_price_minor=990)
        for n, sku in enumerate(sold, 1)
    )
    return RecordSale(
        request_id=request_id,
        occurred_at=at,
        location=LOCATION,
        customer_id=_customer(request_id),
        currency="EUR",
        tender="card",
        lines=lines,
    )


def _return(request_id: str, at: datetime, sale: str, sku: str) -> RecordReturn:
    line = ReturnLine(line_id="1", sku=sku, quantity=1, unit_price_minor=990)
    return RecordReturn(
        request_id=request_id,
        occurred_at=at,
        location=LOCATION,
        sale=SaleKey(channel=CHANNEL, request_id=sale),
        currency="EUR",
        lines=(line,),
    )


def _adjustment(n: int, at: datetime, sku: str) -> AdjustStock:
    line = AdjustLine(line_id="1", sku=sku, quantity=-1)
    return AdjustStock(
        request_id=f"a-{n}", occurred_at=at, location=LOCATION, lines=(line,), reason="shrinkage"
    )


def _count(n: int, at: datetime, sku: str) -> CountStock:
    line = CountLine(sku=sku, quantity=STOCK_OF_EACH)
    return CountStock(
        request_id=f"count-{n}", occurred_at=at, location=LOCATION, scope="named", lines=(line,)
    )


def _customer(request_id: str) -> str:
    return f"c-{int(request_id.rpartition('-')[2]) % CUSTOMERS}"
