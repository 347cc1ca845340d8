"""In the pick area and at the counter: picked, shipped, voided, delivered, prepared, collected."""

from typing import Any

from ledger.domain.orders.lines import Line
from ledger.domain.requests import (
    CollectLines,
    DeclineLine,
    Deliver,
    FailDelivery,
    LineCut,
    LineQuantity,
    PickLines,
    ReadyForPickup,
    ReassignLine,
    ShipLines,
    VoidShipment,
)
from retail.webshop import cut, lines_of
from retail.world import World


def pick(world: World) -> None:
    """Taken from the shelf."""
    said = _promised_lines(world, ("ship", "pickup"))
    if said is not None:
        world.tell(PickLines, **said)


def ship(world: World) -> None:
    """Goods leave in a parcel; at times from elsewhere, or more than was ordered."""
    said = _promised_lines(world, ("ship",))
    if said is None:
        return
    again = world.shipments and world.perhaps(0.05)
    shipment_id = world.one_of(world.shipments)[1] if again else world.a_name("parcel")
    world.tell(ShipLines, shipment_id=shipment_id, **said)
    world.shipments.append((said["order_id"], shipment_id, said["location"]))
    if world.perhaps(0.3):
        _carry(world, said["order_id"], shipment_id)


def void_shipment(world: World) -> None:
    """It never left, or not all of it."""
    if world.shipments:
        order_id, shipment_id, location = world.one_of(world.shipments)
        lines = cut(world, order_id) if world.perhaps(0.5) else ()
        said: dict[str, Any] = {"order_id": order_id, "shipment_id": shipment_id}
        said["location"] = location
        world.tell(VoidShipment, lines=lines, **said)


def carry(world: World) -> None:
    """The carrier delivers, or fails to."""
    if world.shipments:
        order_id, shipment_id, _ = world.one_of(world.shipments)
        _carry(world, order_id, shipment_id)


def _carry(world: World, order_id: str, shipment_id: str) -> None:
    kind = Deliver if world.perhaps(0.75) else FailDelivery
    lines = _quantities(world, lines_of(world, order_id)) if world.perhaps(0.4) else ()
    world.tell(kind, order_id=order_id, shipment_id=shipment_id, lines=lines)


def prepare(world: World) -> None:
    """Ready until a deadline, which at times has passed already."""
    said = _promised_lines(world, ("pickup",))
    if said is not None:
        until = world.in_future(-120, 15_000) if world.perhaps(0.9) else None
        world.tell(ReadyForPickup, until=until, **said)


def collect(world: World) -> None:
    """The customer takes all, or part of it, or comes too late."""
    said = _promised_lines(world, ("pickup",))
    if said is not None:
        world.tell(CollectLines, **said)


def decline(world: World) -> None:
    """A location cannot serve lines: not found, damaged, too busy."""
    said = _promised_lines(world, ("ship", "pickup"))
    if said is not None:
        said["lines"] = tuple(
            LineCut(line_id=x.line_id, quantity=x.quantity if world.perhaps(0.5) else None)
            for x in said["lines"]
        )
        cause = world.chance.choice(("not_found", "damaged", "too_busy"))
        world.tell(DeclineLine, cause=cause, **said)


def reassign(world: World) -> None:
    """Another location serves it."""
    if world.orders:
        order_id = world.an_order()
        channel = world.chance.choice(world.network.channels)
        said: dict[str, Any] = {"order_id": order_id, "location": world.a_location()}
        world.send(channel, ReassignLine, lines=cut(world, order_id), **said)


def _promised_lines(world: World, hows: tuple[str, ...]) -> dict[str, Any] | None:
    """Lines of an order that wait where they are promised; rarely of another place or order."""
    if not world.orders:
        return None
    if world.perhaps(0.03):
        line = LineQuantity(line_id="1", quantity=1)
        order_id = world.an_order()
        return {"order_id": order_id, "location": world.a_location(), "lines": (line,)}
    for _ in range(4):
        order_id = world.an_order()
        lines = lines_of(world, order_id)
        where = {i: _where(line) for i, line in lines.items() if (line.how or "ship") in hows}
        places = [place for place in where.values() if place is not None]
        if places:
            place = world.chance.choice(places)
            there = {i: lines[i] for i, at in where.items() if at == place}
            location = place if world.perhaps(0.93) else world.a_site().name
            chosen = _quantities(world, there)
            return {"order_id": order_id, "location": location, "lines": chosen}
    return None


def _where(line: Line) -> str | None:
    """Where something of it waits."""
    return next((there.location for there in line.allocations if there.committed), None)


def _quantities(world: World, lines: dict[str, Line]) -> tuple[LineQuantity, ...]:
    """Mostly what waits; at times less, or more."""
    said = {}
    for line_id, line in lines.items():
        exact = line.committed or 1
        quantity = exact if world.perhaps(0.75) else max(1, exact + world.chance.choice((-1, 1)))
        said[line_id] = LineQuantity(line_id=line_id, quantity=quantity)
    return tuple(said.values())


ACTS = ((3.0, pick), (6.0, ship), (1.5, void_shipment), (1.5, carry), (2.5, prepare), (2.5, collect), (1.5, decline), (1.0, reassign))  # fmt: skip
