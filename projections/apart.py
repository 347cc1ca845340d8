"""Work on many events beside the event loop, which others wait for."""

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

FEW: Final = 300
"""So many events take less than a thread is worth: a few milliseconds."""

P = ParamSpec("P")
T = TypeVar("T")


async def apart(events: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the work on so many events returns: done here if they are few, else in a thread."""
    if events <= FEW:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
