"""Skus come into memory from the views, whole and at the ledger's head."""

from collections.abc import Awaitable, Callable, Collection
from typing import Final

from psycopg import AsyncConnection

from consumers.availability.memory import MAX_SKUS, Memory
from projections.selling import availability_parts

MAX_TRIES: Final = 3
"""Lines may turn up while a sku is read: then it is read again, with them."""
LOADED_AT_ONCE: Final = 500
WAIT_S: Final = 2.0
"""For the ledger's tail to come to where the views are already."""

Reached = Callable[[int, float], Awaitable[bool]]
"""Waits until the memory is at a position, so many seconds at most; whether it is."""


async def load(
    memory: Memory,
    conn: AsyncConnection[object],
    network: str,
    skus: Collection[str],
    reached: Reached,
) -> bool:
    """Have these skus be in memory; False if some cannot be moved on from what the views show.

    Raises what the database raises. What is in memory already stays as it is.
    """
    if not memory.ready and not await _share(memory, conn, network, reached):
        return False
    left = [sku for sku in skus if sku not in memory]
    for first in range(0, len(left), LOADED_AT_ONCE):
        some = left[first : first + LOADED_AT_ONCE]
        if not await _load(memory, conn, network, some, reached):
            return False
    return True


async def _load(
    memory: Memory,
    conn: AsyncConnection[object],
    network: str,
    missing: Collection[str],
    reached: Reached,
) -> bool:
    for _ in range(MAX_TRIES):
        named, forgotten = memory.wanting(missing), memory.forgotten
        parts = await availability_parts.parts(conn, network, missing, named)
        if not await reached(max(parts.stands.values(), default=0), WAIT_S):
            return False
        if memory.forgotten != forgotten:
            continue  # these rows may be replaced by now
        missing = memory.adopt(parts, named)
        if not missing:
            return True
    return False


async def _share(
    memory: Memory, conn: AsyncConnection[object], network: str, reached: Reached
) -> bool:
    forgotten = memory.forgotten
    shared = await availability_parts.shared(conn, network, MAX_SKUS)
    if not await reached(max(shared.stands.values(), default=0), WAIT_S):
        return False
    return memory.forgotten == forgotten and memory.share(shared)
