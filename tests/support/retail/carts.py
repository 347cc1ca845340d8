"""In carts: holds placed, placed again, extended, released; orders and sales take them over."""

from typing import Any

from ledger.domain.entries import Hold
from ledger.domain.requests import ExtendHold, HoldLine, LineCut, PlaceHold, ReleaseHold
from retail.network import place_of_customer
from retail.world import World


def hold(world: World) -> None:
    """A new cart, or another quantity of one that stands."""
    again = world.owners and world.perhaps(0.35)
    owner = world.one_known(world.owners, world.state.owners) if again else world.a_name("cart")
    numbers = world.chance.sample(("1", "2", "3"), world.chance.randint(1, 2))
    held = world.state.holds.get((owner, world.chance.choice("123")))
    location = world.a_location()
    if held is not None and world.perhaps(0.7):
        location = held.parts[0].location
    lines = tuple(_hold_line(world, i, location, held) for i in numbers)
    where: dict[str, Any] = {"location": location}
    if world.perhaps(0.4):
        where = {"anywhere": True}
        if world.perhaps(0.6):
            where["ship_to"] = place_of_customer(world.chance)
    ends = world.in_future(120, 7200 if world.perhaps(0.7) else 100_000)
    channel = world.chance.choice(world.network.channels)
    world.send(channel, PlaceHold, owner=owner, lines=lines, expires_at=ends, **where)
    world.owners.append(owner)


def _hold_line(world: World, line_id: str, location: str, held: Hold | None) -> HoldLine:
    """A sku that the owner holds already, at times as much as that and the shelf have together."""
    sku, more = world.a_sku(), 0
    if held is not None and world.perhaps(0.7):
        sku, more = held.sku, held.quantity
    quantity = world.about_all(location, sku, more)
    return HoldLine(line_id=line_id, sku=sku, quantity=quantity)


def extend(world: World) -> None:
    """Hold on; at times it is too late, or the new deadline has passed."""
    if world.owners:
        owner = world.one_known(world.owners, world.state.owners)
        least_s = 60 if world.perhaps(0.95) else -600
        line_ids = ("1",) if world.perhaps(0.3) else ()
        ends = world.in_future(least_s, 20_000)
        channel = world.chance.choice(world.network.channels)
        world.send(channel, ExtendHold, owner=owner, expires_at=ends, line_ids=line_ids)


def release(world: World) -> None:
    """It is needed no longer, or not all of it; harmless when repeated."""
    if world.owners:
        owner = world.one_known(world.owners, world.state.owners)
        lines: tuple[LineCut, ...] = ()
        if world.perhaps(0.5):
            quantity = world.a_quantity() if world.perhaps(0.6) else None
            lines = (LineCut(line_id=world.chance.choice("123"), quantity=quantity),)
        world.send(
            world.chance.choice(world.network.channels), ReleaseHold, owner=owner, lines=lines
        )


ACTS = ((4.0, hold), (1.0, extend), (1.5, release))
