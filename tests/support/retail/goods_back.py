"""Back again: returns authorised, received anywhere, inspected more than once; exchanges."""

from typing import Any

from ledger.domain.requests import (
    AuthoriseReturn,
    Exchange,
    InspectedLine,
    InspectReturn,
    ReceivedLine,
    ReceiveReturn,
    ReturnedLine,
    SaleKey,
)
from ledger.domain.words import Disposition
from retail.counter import goods_of, of_sale
from retail.webshop import lines_of, ordered
from retail.world import Sale, World

DISPOSITIONS: tuple[Disposition, ...] = (
    "restock",
    "quality_control",
    "damaged",
    "scrap",
    "return_to_vendor",
    "missing",
)


def authorise(world: World) -> None:
    """Goods may come back, and mostly do; at times before anybody hears of the authorisation."""
    found = _what_left(world)
    if found is None:
        return
    origin, order_id, lines = found
    again = world.returns and world.perhaps(0.03)
    return_id = world.one_of(world.returns) if again else world.a_name("return")
    channel = world.chance.choice(world.network.channels)
    early = world.perhaps(0.15)
    late_s = world.chance.randint(60, 900) if early else 0
    said: dict[str, Any] = {"return_id": return_id, "lines": lines}
    world.send(channel, AuthoriseReturn, late_s=late_s, **said, **origin)
    world.returns.append(return_id)
    if world.perhaps(0.8):
        _receive(world, return_id, {x.line_id: x.quantity for x in lines}, order_id)


def _what_left(
    world: World,
) -> tuple[dict[str, Any], str, tuple[ReturnedLine, ...]] | None:
    """An order or a sale, and lines of it; at times more than left."""
    if world.sales and world.perhaps(0.4):
        sale = world.one_of(world.sales)
        origin: dict[str, Any] = {"sale": _key(sale)}
        order_id = of_sale(sale)
    elif world.orders:
        order_id = _of_what_left(world)
        origin = {"order_id": order_id}
    else:
        return None
    known = lines_of(world, order_id)
    chosen = [i for i, line in known.items() if line.goods and (line.left or world.perhaps(0.1))]
    lines = tuple(
        ReturnedLine(line_id=i, quantity=world.chance.randint(1, max(1, known[i].left)))
        for i in chosen[:2]
    )
    return (origin, order_id, lines or (ReturnedLine(line_id="1", quantity=1),))


def _of_what_left(world: World) -> str:
    """An order of which something left, if one is soon found."""
    for _ in range(4):
        order_id = world.an_order()
        if any(line.left for line in lines_of(world, order_id).values()):
            return order_id
    return world.an_order()


def _key(sale: Sale) -> SaleKey:
    return SaleKey(channel=sale.channel, request_id=sale.request_id)


def _receive(world: World, return_id: str, asked: dict[str, int], order_id: str) -> None:
    skus = goods_of(world, order_id)
    lines = tuple(_received(world, i, skus.get(i) or world.a_sku(), n) for i, n in asked.items())
    location = world.a_location()
    world.tell(ReceiveReturn, return_id=return_id, location=location, lines=lines)
    for _ in range(world.chance.randint(0, 2)):
        _inspect(world, return_id, location, lines)


def _received(world: World, line_id: str, sku: str, quantity: int) -> ReceivedLine:
    said: dict[str, Any] = {}
    if world.perhaps(0.5):
        said["disposition"] = world.chance.choice(DISPOSITIONS)
    off = world.chance.choice((0, 0, 0, 0, 1, -1))
    sku = sku if world.perhaps(0.97) else world.a_sku()
    return ReceivedLine(line_id=line_id, sku=sku, quantity=max(1, quantity + off), **said)


def _inspect(world: World, return_id: str, location: str, lines: tuple[ReceivedLine, ...]) -> None:
    """As it came, or as somebody decided before; decided again at times."""
    decided = []
    for line in lines:
        was = line.disposition if world.perhaps(0.8) else world.chance.choice(DISPOSITIONS)
        to = world.chance.choice([other for other in DISPOSITIONS if other != was])
        quantity = world.chance.randint(1, line.quantity)
        said: dict[str, Any] = {"line_id": line.line_id, "sku": line.sku, "quantity": quantity}
        decided.append(InspectedLine(from_disposition=was, to=to, **said))
    world.tell(InspectReturn, return_id=return_id, location=location, lines=tuple(decided))


def receive_more(world: World) -> None:
    """Of some return, at some location, perhaps never authorised."""
    if world.returns and world.orders:
        return_id = world.one_of(world.returns)
        known = world.state.returns.get(return_id)
        order_id = world.an_order() if known is None else known.order_id
        line_ids = ("1",) if known is None else known.line_ids
        _receive(world, return_id, dict.fromkeys(line_ids, world.a_quantity(2)), order_id)


def exchange(world: World) -> None:
    """One comes back and another goes, or neither."""
    found = _what_left(world)
    if found is None:
        return
    origin, of_order, returned = found
    names = {"sale": "of_sale", "order_id": "of_order_id"}
    said: dict[str, Any] = {names[name]: value for name, value in origin.items()}
    said |= ordered(world)
    return_id, order_id = world.a_name("return"), world.a_name("exchanged")
    channel = world.chance.choice(world.network.channels)
    said |= {"return_id": return_id, "order_id": order_id}
    world.send(channel, Exchange, returned=returned, **said)
    world.returns.append(return_id)
    world.orders.append(order_id)
    if world.perhaps(0.7):
        _receive(world, return_id, {x.line_id: x.quantity for x in returned}, of_order)


ACTS = ((3.0, authorise), (0.7, receive_more), (1.2, exchange))
