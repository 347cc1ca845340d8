"""At the till: sales, voids, returns, and what customers carry out."""

from typing import Any

from ledger.domain.requests import (
    LineCut,
    OrderLine,
    OrderLineKey,
    PlaceOrder,
    RecordReturn,
    RecordSale,
    ReturnLine,
    SaleKey,
    SaleLine,
    VoidSale,
)
from ledger.domain.words import StockState, sale_id
from retail.network import Till
from retail.world import Sale, World


def sell(world: World) -> None:
    """A basket; it may name a hold's owner, or order lines that it fulfils."""
    till = _a_till(world)
    lines = _basket(world)
    if world.orders and world.perhaps(0.15):
        lines = (*lines, _fulfilling(world, str(len(lines) + 1)))
    said: dict[str, Any] = {}
    if world.owners and world.perhaps(0.12):
        said["hold_owner"] = world.one_known(world.owners, world.state.owners)
    if world.customers and world.perhaps(0.2):
        said["customer_id"] = world.one_of(world.customers)
    sold = world.ring_up(till, RecordSale, location=till.location, lines=lines, **said)
    skus = {line.line_id: line.sku for line in lines if line.kind == "goods"}
    world.sales.append(Sale(till.channel, sold, till.location, skus))


def void(world: World) -> None:
    """A sale, or lines of it, never happened; the void may come first, or twice."""
    if not world.sales:
        return
    sale = world.one_of(world.sales)
    lines: tuple[LineCut, ...] = ()
    if world.perhaps(0.5) and sale.skus:
        line_id = world.chance.choice(list(sale.skus))
        quantity = world.a_quantity() if world.perhaps(0.5) else None
        lines = (LineCut(line_id=line_id, quantity=quantity),)
    key = SaleKey(channel=sale.channel, request_id=sale.request_id)
    world.send(sale.channel, VoidSale, sale=key, lines=lines)


def sell_and_void(world: World) -> None:
    """The void overtakes its sale."""
    till = _a_till(world)
    lines = _basket(world)
    sold = world.a_name("early")
    key = SaleKey(channel=till.channel, request_id=sold)
    world.send(till.channel, VoidSale, sale=key, late_s=world.chance.randint(0, 600))
    at = world.in_future(-1800, 0)
    late_s = world.chance.randint(0, 3600)
    fields = {"location": till.location, "lines": lines}
    world.send(till.channel, RecordSale, request_id=sold, at=at, late_s=late_s, **fields)
    world.sales.append(Sale(till.channel, sold, till.location, {}))


def take_back(world: World) -> None:
    """Goods handed in anywhere, with or without what they came from."""
    till = _a_till(world)
    origin: dict[str, Any] = {}
    skus = {"1": world.a_sku(), "2": world.a_sku()}
    lot = world.chance.random()
    if world.sales and lot < 0.5:
        sale = world.one_of(world.sales)
        origin = {"sale": SaleKey(channel=sale.channel, request_id=sale.request_id)}
        skus = sale.skus or skus
    elif world.orders and lot < 0.8:
        order_id = world.an_order()
        origin = {"order_id": order_id}
        skus = goods_of(world, order_id) or skus
    chosen = list(skus)[: world.chance.randint(1, 2)]
    lines = tuple(_returned(world, i, skus[i], named=bool(origin)) for i in chosen)
    world.ring_up(till, RecordReturn, location=till.location, lines=lines, **origin)


def carry_out(world: World) -> None:
    """An order that its customer takes along at once."""
    till = _a_till(world)
    order_id = world.a_name("counter")
    lines = tuple(
        OrderLine(
            line_id=str(n),
            sku=world.a_sku(),
            quantity=world.a_quantity(2),
            how="carry_out",
            location=till.location,
        )
        for n in range(1, world.chance.randint(2, 3))
    )
    part = world.perhaps(0.4)
    world.ring_up(till, PlaceOrder, order_id=order_id, lines=lines, allow_part=part)
    world.orders.append(order_id)


def lose_the_line(world: World) -> None:
    """A till is offline for a while, and sends what it sold afterwards."""
    world.goes_offline(world.chance.choice(world.network.tills))


def goods_of(world: World, order_id: str) -> dict[str, str]:
    """An order's goods as far as they are known: skus by line."""
    order = world.state.orders.get(order_id)
    known = {} if order is None else {i: world.state.lines[(order_id, i)] for i in order.line_ids}
    return {line_id: line.sku for line_id, line in known.items() if line.goods}


def of_sale(sale: Sale) -> str:
    """The sale's id among the orders."""
    return sale_id(sale.channel, sale.request_id)


def _a_till(world: World) -> Till:
    tills = world.network.tills
    if world.perhaps(0.7):
        busy = [till for till in tills if till.location in world.network.busy]
        return world.chance.choice(busy)
    return world.chance.choice(tills)


def _basket(world: World) -> tuple[SaleLine, ...]:
    lines = [
        SaleLine(line_id=str(n), sku=world.a_sku(), quantity=world.a_quantity())
        for n in range(1, world.chance.randint(2, 4))
    ]
    if world.perhaps(0.1):
        lines.append(SaleLine(line_id="wrap", sku="GIFT-WRAP", quantity=1, kind="service"))
    return tuple(lines)


def _fulfilling(world: World, line_id: str) -> SaleLine:
    """Goods that stand for an order's line: mostly of its sku, at times not even of its order."""
    order_id = world.an_order()
    skus = goods_of(world, order_id) or {"1": world.a_sku()}
    of_line = world.chance.choice(list(skus))
    sku = skus[of_line] if world.perhaps(0.95) else world.a_sku()
    key = OrderLineKey(order_id=order_id, line_id=of_line)
    return SaleLine(line_id=line_id, sku=sku, quantity=world.a_quantity(2), fulfils=key)


def _returned(world: World, line_id: str, sku: str, *, named: bool) -> ReturnLine:
    states: tuple[StockState, ...] = ("available", "available", "damaged", "quality_control")
    state = world.chance.choice(states)
    of_line_id = line_id if named and world.perhaps(0.6) else None
    quantity = world.a_quantity(3)
    return ReturnLine(
        line_id=line_id, sku=sku, quantity=quantity, state=state, of_line_id=of_line_id
    )


ACTS = ((10.0, sell), (2.0, void), (0.7, sell_and_void), (3.0, take_back), (2.0, carry_out), (0.7, lose_the_line))  # fmt: skip
