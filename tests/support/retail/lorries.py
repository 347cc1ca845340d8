"""On lorries: transfers requested, shipped, received whole, damaged or not at all, closed."""

from datetime import timedelta
from typing import Any

from ledger.domain.requests import (
    ArrivedLine,
    CancelTransfer,
    CloseTransfer,
    LineQuantity,
    ReceiveTransfer,
    RequestTransfer,
    ShipTransfer,
    TransferLine,
)
from retail.network import BACK_OFFICE
from retail.world import World

DELAYS_S = (0, 0, 0, 300, 3_000, 30_000)


def transfer(world: World) -> None:
    """A whole journey, every step of it heard of at its own time, so that they overtake."""
    again = world.transfers and world.perhaps(0.03)
    transfer_id = (
        world.one_known(world.transfers, world.state.transfers)
        if again
        else world.a_name("transfer")
    )
    start, end = world.a_location(), world.chance.choice(world.network.sites).name
    if start == end:
        return
    skus = [world.a_sku() for _ in range(world.chance.randint(1, 3))]
    lines = tuple(
        TransferLine(line_id=str(n), sku=sku, quantity=world.about_all(start, sku))
        for n, sku in enumerate(skus, 1)
    )
    due = None
    if world.perhaps(0.6):
        due = (world.now + timedelta(days=world.chance.randint(-1, 2))).date()
    said: dict[str, Any] = {"from_location": start, "to_location": end, "lines": lines, "due": due}
    late_s = 0 if world.perhaps(0.7) else world.chance.choice(DELAYS_S)
    world.send(BACK_OFFICE, RequestTransfer, late_s=late_s, transfer_id=transfer_id, **said)
    world.transfers.append(transfer_id)
    asked = {line.line_id: line.quantity for line in lines}
    if world.perhaps(0.85):
        _ship(world, transfer_id, asked)
        for _ in range(world.chance.randint(0, 2)):
            _receive(world, transfer_id, asked)
    if world.perhaps(0.35):
        late_s = world.chance.choice(DELAYS_S) * 2
        world.tell(CloseTransfer, transfer_id=transfer_id, late_s=late_s)


def _ship(world: World, transfer_id: str, asked: dict[str, int]) -> None:
    lines = tuple(
        LineQuantity(line_id=i, quantity=max(1, n + world.chance.choice((-2, -1, 0, 0, 0, 1))))
        for i, n in asked.items()
    )
    late_s = world.chance.choice(DELAYS_S)
    world.tell(ShipTransfer, late_s=late_s, transfer_id=transfer_id, lines=lines)


def _receive(world: World, transfer_id: str, asked: dict[str, int]) -> None:
    lines = tuple(_arrived(world, i, n) for i, n in asked.items())
    late_s = world.chance.choice(DELAYS_S)
    world.tell(ReceiveTransfer, late_s=late_s, transfer_id=transfer_id, lines=lines)


def _arrived(world: World, line_id: str, quantity: int) -> ArrivedLine:
    """All of it, or some damaged, some missing; now and then more than was sent."""
    if world.perhaps(0.4):
        return ArrivedLine(line_id=line_id, accepted=quantity)
    accepted = world.chance.randint(0, quantity)
    damaged = world.chance.randint(0, 2)
    missing = world.chance.randint(0, 2)
    if accepted + damaged + missing == 0:
        missing = 1
    return ArrivedLine(line_id=line_id, accepted=accepted, damaged=damaged, missing=missing)


def ship_more(world: World) -> None:
    """A second lorry, or a wrong line."""
    if world.transfers:
        line_id = "1" if world.perhaps(0.9) else "9"
        _ship(
            world,
            world.one_known(world.transfers, world.state.transfers),
            {line_id: world.a_quantity(2)},
        )


def receive_more(world: World) -> None:
    """What was lost turns up, or is found missing after all."""
    if world.transfers:
        line_id = "1" if world.perhaps(0.9) else "9"
        _receive(
            world,
            world.one_known(world.transfers, world.state.transfers),
            {line_id: world.a_quantity(2)},
        )


def cancel(world: World) -> None:
    if world.transfers:
        world.send(
            BACK_OFFICE,
            CancelTransfer,
            transfer_id=world.one_known(world.transfers, world.state.transfers),
        )


def close(world: World) -> None:
    if world.transfers:
        world.tell(
            CloseTransfer, transfer_id=world.one_known(world.transfers, world.state.transfers)
        )


ACTS = ((3.0, transfer), (0.4, ship_more), (0.6, receive_more), (0.7, cancel), (0.6, close))
