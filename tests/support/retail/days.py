"""A seed's days: who acts when, what is left at the end, and what is then held against it."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from ledger.domain.requests import CloseTransfer
from retail import (
    carts,
    counter,
    customers,
    dispatch,
    goods_back,
    lorries,
    stockroom,
    suppliers,
    webshop,
)
from retail.desk import Desk
from retail.ends import at_the_end
from retail.network import BACK_OFFICE, drawn
from retail.world import Sent, World

REQUESTS: Final = 500
"""About so many a seed, the opening included; what waited in the post comes on top."""
FAR: Final = timedelta(days=60)
"""No deadline lies further ahead."""

Act = Callable[[World], None]
Look = Callable[[Desk], None]
"""Raises AssertionError if what is on the desk is not as it should be."""
FIELDS: Final = (counter, stockroom, carts, webshop, dispatch, suppliers, lorries, goods_back, customers)  # fmt: skip


class Day(NamedTuple):
    """What a run leaves behind."""

    seed: int
    desk: Desk


class DayBroken(AssertionError):
    """Something did not hold, after so many requests of a seed."""

    def __init__(self, seed: int, taken: Sequence[Sent], fault: Exception) -> None:
        self.seed, self.taken, self.fault = seed, taken, fault
        super().__init__(f"{seed}, request {len(taken)}: {type(fault).__name__}: {fault}")


def run(seed: int, *looks: Look, requests: int = REQUESTS) -> Day:
    """Let a retailer trade, then look at it; raises DayBroken. The same seed is the same run."""
    desk = Desk()
    with _judged(seed, desk), _no_collection():
        _trade(Random(seed), desk, requests)
        at_the_end(desk)
        for look in looks:
            look(desk)
    return Day(seed, desk)


def replay(seed: int, taken: Sequence[Sent], *looks: Look) -> Day:
    """Tell what was taken once more, or some of it; raises DayBroken."""
    desk = Desk()
    with _judged(seed, desk), _no_collection():
        for sent in taken:
            desk.tell(sent)
        at_the_end(desk)
        for look in looks:
            look(desk)
    return Day(seed, desk)


def _trade(chance: Random, desk: Desk, requests: int) -> None:
    world = World(chance, drawn(chance), desk.state)
    acts, likely = _mood(chance)
    stockroom.open_shop(world)
    while len(desk.taken) < requests:
        then = world.now + timedelta(seconds=_pause_s(chance))
        _deliver(world, desk, then)
        world.now = then
        if len(desk.taken) + len(world.post) < requests:
            chance.choices(acts, cum_weights=likely)[0](world)
    while len(world.post):
        sent = world.post.take()
        desk.tell(sent)
        world.now = max(world.now, sent.arrives)
    _close_up(world, desk)


def _mood(chance: Random) -> tuple[list[Act], list[float]]:
    """Every seed has its own: some fields are busy, others quiet, so that all combinations meet."""
    acts: list[Act] = []
    weights: list[float] = []
    for field in FIELDS:
        busy = chance.choice((0.2, 1.0, 1.0, 3.0))
        for weight, act in field.ACTS:
            acts.append(act)
            weights.append(weight * busy * chance.choice((0.0, 1.0, 1.0, 2.0)))
    weights[0] += 1.0
    return acts, list(accumulate(weights))


def _pause_s(chance: Random) -> int:
    """Mostly seconds; at times a quiet hour, rarely a night."""
    lot = chance.random()
    if lot < 0.86:
        return chance.randint(0, 120)
    return chance.randint(300, 2400) if lot < 0.99 else chance.randint(10_000, 43_000)


def _deliver(world: World, desk: Desk, until: object) -> None:
    """What arrives until then, in order of arrival."""
    while (arrival := world.post.next_arrival()) is not None and arrival <= until:  # type: ignore[operator]
        desk.tell(world.post.take())


def _close_up(world: World, desk: Desk) -> None:
    """Every transfer is closed and every deadline passes."""
    for transfer_id in dict.fromkeys(world.transfers):
        request = CloseTransfer(
            request_id=world.a_name("close"), occurred_at=world.now, transfer_id=transfer_id
        )
        desk.tell(Sent(world.now, BACK_OFFICE, request))
    desk.wait_until(world.now + FAR)


@contextmanager
def _judged(seed: int, desk: Desk) -> Iterator[None]:
    """Whatever goes wrong, it is known after which request."""
    try:
        yield
    except Exception as fault:
        raise DayBroken(seed, tuple(desk.taken), fault) from fault


@contextmanager
def _no_collection() -> Iterator[None]:
    """A run makes many small things and no circles: looking for circles would cost it a third."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
