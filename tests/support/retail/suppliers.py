"""From suppliers: expected, put off, cancelled; received late, over, under, or unannounced."""

from datetime import timedelta
from typing import Any

from ledger.domain.requests import (
    CancelSupply,
    ExpectSupply,
    ReceiptLine,
    ReceiveStock,
    RescheduleSupply,
    SupplyLine,
)
from retail.world import World


def expect(world: World) -> None:
    """A purchase order, and what comes of it: perhaps in parts, perhaps before it is known."""
    again = world.supplies and world.perhaps(0.1)
    supply_id = (
        world.one_known(world.supplies, world.state.supplies) if again else world.a_name("po")
    )
    location = world.a_location()
    skus = world.chance.sample(world.network.skus, world.chance.randint(1, 2))
    lines = tuple(
        SupplyLine(line_id=str(n), sku=sku, quantity=world.a_quantity(12))
        for n, sku in enumerate(skus, 1)
    )
    due = None
    if world.perhaps(0.8):
        due = (world.now + timedelta(days=world.chance.randint(-1, 2))).date()
    said: dict[str, Any] = {"location": location, "lines": lines, "due": due}
    world.tell(ExpectSupply, supply_id=supply_id, **said)
    world.supplies.append(supply_id)
    for _ in range(world.chance.randint(0, 2)):
        _receive(world, supply_id, location, {line.sku: line.quantity for line in lines})


def _receive(world: World, supply_id: str, location: str, expected: dict[str, int]) -> None:
    """Under, over, or as expected; at times elsewhere, or another sku."""
    lines = tuple(
        ReceiptLine(
            line_id=str(n),
            sku=sku if world.perhaps(0.95) else world.a_sku(),
            quantity=max(1, quantity + world.chance.choice((-5, -1, 0, 0, 2))),
            state="available" if world.perhaps(0.9) else "quality_control",
        )
        for n, (sku, quantity) in enumerate(expected.items(), 1)
    )
    where = location if world.perhaps(0.9) else world.a_location()
    late_s = world.chance.choice((0, 600, 20_000, 100_000))
    world.tell(ReceiveStock, late_s=late_s, supply_id=supply_id, location=where, lines=lines)


def receive_more(world: World) -> None:
    """A delivery that names some supply."""
    if world.supplies:
        supply_id = world.one_known(world.supplies, world.state.supplies)
        _receive(world, supply_id, world.a_location(), {world.a_sku(): world.a_quantity(6)})


def reschedule(world: World) -> None:
    """It comes on another day, perhaps a day that is over."""
    if world.supplies:
        due = (world.now + timedelta(days=world.chance.randint(-1, 3))).date()
        line_ids = ("1",) if world.perhaps(0.4) else ()
        supply_id = world.one_known(world.supplies, world.state.supplies)
        world.tell(RescheduleSupply, supply_id=supply_id, due=due, line_ids=line_ids)


def cancel(world: World) -> None:
    """What has not come will not come."""
    if world.supplies:
        line_ids = ("1",) if world.perhaps(0.4) else ()
        world.tell(
            CancelSupply,
            supply_id=world.one_known(world.supplies, world.state.supplies),
            line_ids=line_ids,
        )


ACTS = ((2.5, expect), (0.5, receive_more), (0.8, reschedule), (0.5, cancel))
