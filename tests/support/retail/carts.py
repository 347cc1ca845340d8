"""In carts: holds placed, placed again, extended, released; orders and sales take them over."""

from typing import Any

from ledger.domain.requests import ExtendHold, HoldLine, LineCut, PlaceHold, ReleaseHold
from retail.network import place_of_customer
from retail.world import World


def hold(world: World) -> None:
    """A new cart, or another quantity of one that stands."""
    again = world.owners and world.perhaps(0.35)
    owner = world.one_known(world.owners, world.state.owners) if again else world.a_name("cart")
    numbers = world.chance.sample(("1", "2", "3"), world.chance.randint(1, 2))
    lines = tuple(
        HoldLine(line_id=i, sku=world.a_sku(), quantity=world.a_quantity()) for i in numbers
    )
    where: dict[str, Any] = {"location": world.a_location()}
    if world.perhaps(0.4):
        where = {"anywhere": True}
        if world.perhaps(0.6):
            where["ship_to"] = place_of_customer(world.chance)
    ends = world.in_future(120, 7200 if world.perhaps(0.7) else 100_000)
    channel = world.chance.choice(world.network.channels)
    world.send(channel, PlaceHold, owner=owner, lines=lines, expires_at=ends, **where)
    world.owners.append(owner)


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
