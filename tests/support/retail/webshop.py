"""Through every channel: orders placed, changed, cancelled, paid."""

from collections.abc import Mapping
from typing import Any, Final

from ledger.domain.orders.lines import Line
from ledger.domain.requests import (
    CancelOrder,
    ChangeOrder,
    CollectLines,
    LineCut,
    LineQuantity,
    OrderLine,
    PlaceOrder,
    ReadyForPickup,
    RecordPayment,
    ShipLines,
)
from ledger.domain.words import How
from retail.network import BACK_OFFICE, place_of_customer
from retail.world import World

HOWS: Final[tuple[How, ...]] = ("ship", "ship", "ship", "pickup")
LOCATED: Final = 0.5
"""How often a line to be shipped names where from."""


def place(world: World) -> None:
    """Lines to ship, to be collected or carried out; the writer chooses for those that it may."""
    again = world.orders and world.perhaps(0.02)
    order_id = world.an_order() if again else world.a_name("order")
    said = ordered(world)
    if world.owners and world.perhaps(0.25):
        said["hold_owner"] = world.one_known(world.owners, world.state.owners)
        said["lines"] = _as_held(world, said["hold_owner"]) or said["lines"]
    if world.customers and world.perhaps(0.4):
        said["customer_id"] = world.one_of(world.customers)
    channel = world.chance.choice(world.network.channels)
    world.send(channel, PlaceOrder, order_id=order_id, **said)
    world.orders.append(order_id)


def place_late(world: World) -> None:
    """What is done for an order is heard of before, between, or after the order itself."""
    order_id, shipment_id = world.a_name("slow"), world.a_name("parcel")
    location, quantity = world.a_site().name, world.a_quantity(2)
    how = world.chance.choice(HOWS)
    line = OrderLine(line_id="1", sku=world.a_sku(), quantity=quantity, how=how, location=location)
    channel = world.chance.choice(world.network.channels)
    late_s = world.chance.randint(0, 1200)
    world.send(channel, PlaceOrder, order_id=order_id, lines=(line,), late_s=late_s)
    done: dict[str, Any] = {"order_id": order_id, "location": location}
    done["lines"] = (LineQuantity(line_id="1", quantity=world.a_quantity(2)),)
    late_s = world.chance.randint(0, 1200)
    if how == "ship":
        world.tell(ShipLines, late_s=late_s, shipment_id=shipment_id, **done)
        world.shipments.append((order_id, shipment_id, location))
    else:
        world.tell(ReadyForPickup, late_s=late_s, until=world.in_future(300, 9000), **done)
        world.tell(CollectLines, late_s=world.chance.randint(0, 3000), **done)
    world.orders.append(order_id)


def ordered(world: World) -> dict[str, Any]:
    """What an order says beside its id."""
    lines = [order_line(world, str(n)) for n in range(1, world.chance.randint(2, 5))]
    if world.perhaps(0.1):
        lines.append(OrderLine(line_id="postage", sku="POSTAGE", quantity=1, kind="service"))
    said: dict[str, Any] = {"lines": tuple(lines)}
    if world.perhaps(0.8):
        said["ship_to"] = place_of_customer(world.chance)
    for allowed, likely in (("allow_split", 0.5), ("allow_backorder", 0.4), ("allow_part", 0.3)):
        said[allowed] = world.perhaps(likely)
    return said


def order_line(world: World, line_id: str) -> OrderLine:
    """One line; now and then one that nobody can serve."""
    how = world.chance.choice(HOWS)
    location = None
    if how != "ship" or world.perhaps(LOCATED):
        location = world.a_location() if world.perhaps(0.97) else None
    sku = world.a_sku()
    return OrderLine(
        line_id=line_id,
        sku=sku,
        quantity=world.about_all(location, sku) if location else world.a_quantity(),
        how=how,
        location=location,
    )


def _as_held(world: World, owner: str) -> tuple[OrderLine, ...]:
    """About what the owner holds, mostly from where it is held."""
    lines = []
    for line_id in world.state.owners.get(owner, ()):
        hold = world.state.holds[(owner, line_id)]
        location = hold.parts[0].location if world.perhaps(0.6) else None
        quantity = max(1, hold.quantity + world.chance.choice((-1, 0, 0, 0, 1)))
        line = OrderLine(
            line_id=line_id, sku=hold.sku, quantity=quantity, how="ship", location=location
        )
        lines.append(line)
    return tuple(lines)


def lines_of(world: World, order_id: str) -> dict[str, Line]:
    """The lines of an order as far as they are known."""
    order = world.state.orders.get(order_id)
    return {} if order is None else {i: world.state.lines[(order_id, i)] for i in order.line_ids}


def cut(world: World, order_id: str) -> tuple[LineCut, ...]:
    """So much of some lines, or all of them; at times more than waits."""
    lines: Mapping[str, object] = lines_of(world, order_id) or {"1": None}
    chosen = world.chance.sample(list(lines), world.chance.randint(1, len(lines)))
    return tuple(
        LineCut(line_id=i, quantity=world.a_quantity() if world.perhaps(0.6) else None)
        for i in chosen
    )


def cancel(world: World) -> None:
    """Lines of an order, or all that has not left."""
    if world.orders:
        order_id = world.an_order()
        lines = cut(world, order_id) if world.perhaps(0.6) else ()
        channel = world.chance.choice(world.network.channels)
        world.send(channel, CancelOrder, order_id=order_id, lines=lines)


def change(world: World) -> None:
    """Lines are added, cut, cancelled; all or nothing."""
    if world.orders:
        order_id = world.an_order()
        added = world.perhaps(0.6)
        number = world.a_name("line") if world.perhaps(0.95) else "1"
        add = (order_line(world, number),) if added else ()
        less = cut(world, order_id) if world.perhaps(0.6) or not added else ()
        channel = world.chance.choice(world.network.channels)
        world.send(channel, ChangeOrder, order_id=order_id, add=add, cut=less)


def pay(world: World) -> None:
    """A provider says what became of a payment: out of order, at times for another order."""
    if world.orders:
        again = world.payments and world.perhaps(0.5)
        payment_id = world.one_of(world.payments) if again else world.a_name("payment")
        state = world.chance.choice(("authorised", "captured", "captured", "failed", "refunded"))
        said: dict[str, Any] = {"payment_id": payment_id, "state": state, "currency": "EUR"}
        said["lines"] = ("1",) if world.perhaps(0.3) else ()
        order_id, amount = world.an_order(), world.chance.randint(0, 9000)
        world.send(BACK_OFFICE, RecordPayment, order_id=order_id, amount_minor=amount, **said)
        world.payments.append(payment_id)


ACTS = ((9.0, place), (1.5, place_late), (2.0, cancel), (1.5, change), (1.5, pay))
