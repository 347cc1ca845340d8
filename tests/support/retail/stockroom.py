"""In the stockroom: receipts, corrections, counts, and the policies of locations and channels."""

from typing import Any, cast

from ledger.domain.requests import (
    AdjustLine,
    AdjustStock,
    BufferLine,
    CountLine,
    CountStock,
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    MoveLine,
    MoveStock,
    ReceiptLine,
    ReceiveStock,
    SafetyLine,
    SetChannelBuffer,
    SetSafetyStock,
)
from ledger.domain.stock.item import NOTHING
from ledger.domain.words import CountedState, StockState
from retail.network import CHANNELS, Site
from retail.world import World

STATES: tuple[StockState, ...] = ("available", "damaged", "quality_control")


def open_shop(world: World) -> None:
    """Most is described and stocked before the doors open; some of it is heard of late."""
    for sku in world.network.skus:
        world.tell(DescribeProduct, late_s=_opening_s(world), sku=sku, title=f"Mug {sku}")
    for site in world.network.sites:
        describe(world, site, late_s=_opening_s(world), active=True)
    for site in (*world.network.warehouses, *world.network.stores[:6]):
        most = 60 if site.kind == "warehouse" else 15
        lines = tuple(
            ReceiptLine(line_id=sku, sku=sku, quantity=world.a_quantity(most))
            for sku in world.network.skus
            if world.perhaps(0.8)
        )
        if lines:
            world.tell(ReceiveStock, late_s=_opening_s(world), location=site.name, lines=lines)
    for name, kind in CHANNELS:
        if world.perhaps(0.5):
            world.tell(DescribeChannel, late_s=0, channel=name, kind=kind)


def describe(world: World, site: Site, *, late_s: int | None, active: bool, **other: Any) -> None:
    """What a location is and can do."""
    said = {
        "kind": site.kind,
        "active": active,
        "time_zone": site.zone,
        "ships": site.ships,
        "pickup": site.pickup,
        "latitude_udeg": site.latitude_udeg,
        "longitude_udeg": site.longitude_udeg,
        "handling_cost_minor": site.cost_minor,
        "daily_capacity": site.capacity,
    }
    world.tell(DescribeLocation, late_s=late_s, location=site.name, **(said | other))


def receive(world: World) -> None:
    """Goods come in, mostly fit for sale."""
    lines = tuple(
        ReceiptLine(
            line_id=str(n),
            sku=world.a_sku(),
            quantity=world.a_quantity(6),
            state="available" if world.perhaps(0.85) else world.chance.choice(STATES),
        )
        for n in range(1, world.chance.randint(2, 4))
    )
    world.tell(ReceiveStock, location=world.a_location(), lines=lines)


def adjust(world: World) -> None:
    """Shrinkage, found, damage, relabelling: signed, with a reason."""
    location = world.a_location()
    if world.perhaps(0.15):
        lines = _relabelled(world)
    else:
        quantity = world.a_quantity(3) * world.chance.choice((-1, -1, 1))
        state = "available" if world.perhaps(0.8) else world.chance.choice(STATES)
        lines = (AdjustLine(line_id="1", sku=world.a_sku(), quantity=quantity, state=state),)
    reason = world.chance.choice(("shrinkage", "found", "damage", "correction", "write_off"))
    world.tell(AdjustStock, location=location, reason=reason, lines=lines)


def _relabelled(world: World) -> tuple[AdjustLine, ...]:
    quantity = world.a_quantity(2)
    return (
        AdjustLine(line_id="1", sku=world.a_sku(), quantity=-quantity),
        AdjustLine(line_id="2", sku=world.a_sku(), quantity=quantity),
    )


def move(world: World) -> None:
    """Within a location, from one state to another; at times more than there is."""
    one, other = world.chance.sample(STATES, 2)
    line = MoveLine(
        line_id="1", sku=world.a_sku(), quantity=world.a_quantity(3), from_state=one, to_state=other
    )
    world.tell(MoveStock, location=world.a_location(), lines=(line,))


def count(world: World) -> None:
    """Some skus are counted while the shop sells on; mostly about right."""
    location = world.a_location()
    states: tuple[CountedState, ...] = (
        "on_hand",
        "on_hand",
        "on_hand",
        "damaged",
        "quality_control",
    )
    lines = {
        (line.sku, line.state): line
        for line in (
            _counted(world, location, world.a_sku(), world.chance.choice(states))
            for _ in range(world.chance.randint(1, 3))
        )
    }
    counted = tuple(lines.values())
    at = world.in_future(-3600, 0)
    world.tell(CountStock, at=at, location=location, scope="named", lines=counted)


def count_all(world: World) -> None:
    """The whole location: what is not named is not there."""
    location = world.a_location()
    lines = tuple(
        _counted(world, location, sku, "on_hand")
        for sku in world.network.skus
        if world.perhaps(0.8)
    )
    at = world.in_future(-3600, 0)
    world.tell(CountStock, at=at, location=location, scope="location", lines=lines)


def _counted(world: World, location: str, sku: str, state: CountedState) -> CountLine:
    item = world.state.stock.get((location, sku), NOTHING)
    there = max(0, cast("int", getattr(item, state)))
    off = world.chance.choice((0, 0, 0, -2, -1, 1, 3))
    return CountLine(sku=sku, quantity=max(0, there + off), state=state)


def hold_back(world: World) -> None:
    """Safety stock of a location."""
    skus = world.chance.sample(world.network.skus, world.chance.randint(1, 2))
    lines = tuple(SafetyLine(sku=sku, quantity=world.chance.randint(0, 3)) for sku in skus)
    world.tell(SetSafetyStock, location=world.a_location(), lines=lines)


def leave_to_others(world: World) -> None:
    """A channel's buffer, and at times its cap."""
    cap = world.chance.randint(0, 12) if world.perhaps(0.4) else None
    line = BufferLine(sku=world.a_sku(), quantity=world.chance.randint(0, 6), cap=cap)
    world.tell(SetChannelBuffer, channel=world.chance.choice(world.network.channels), lines=(line,))


def change_location(world: World) -> None:
    """It closes, opens, ships no more, takes fewer parcels."""
    site = world.a_site()
    other: dict[str, Any] = {}
    if world.perhaps(0.4):
        other = {"ships": world.perhaps(0.7), "pickup": world.perhaps(0.7)}
    if world.perhaps(0.4):
        other["daily_capacity"] = world.chance.choice((None, 0, 1, 2, 5))
    describe(world, site, late_s=None, active=world.perhaps(0.75), **other)


def change_channel(world: World) -> None:
    """Other locations serve it."""
    name, kind = world.chance.choice(CHANNELS)
    served = None
    if world.perhaps(0.6):
        names = [site.name for site in world.network.sites if world.perhaps(0.7)]
        served = tuple(names) or None
    world.tell(DescribeChannel, channel=name, kind=kind, locations=served)


def change_product(world: World) -> None:
    title = world.chance.choice(("Mug", "Cup", "Beaker"))
    world.tell(DescribeProduct, sku=world.a_sku(), title=title)


def _opening_s(world: World) -> int:
    return 0 if world.perhaps(0.97) else world.chance.randint(60, 20_000)


ACTS = ((4.0, receive), (2.0, adjust), (1.5, move), (2.5, count), (0.8, count_all), (1.0, hold_back), (0.8, leave_to_others), (1.0, change_location), (0.6, change_channel), (0.3, change_product))  # fmt: skip
