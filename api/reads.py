"""Reading views at a position: the reader may ask to wait until the views have got there."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from api import problems
from api.database import Connection, Database
from api.problems import Problem

VIEW_WAIT_S: Final = 10.0

Reached = Callable[[int, float], Awaitable[bool]]
"""Waits until the views show a position, so many seconds at most; whether they do."""


class Reads:
    """The views of one network."""

    def __init__(self, database: Database, network: str, reached: Reached) -> None:
        self._database = database
        self._reached = reached
        self.network = network

    @asynccontextmanager
    async def at(self, min_position: int | None = None) -> AsyncIterator[Connection]:
        """Lend a connection, once the views show at least `min_position`.

        Raises Problem (503) if they do not within VIEW_WAIT_S.
        """
        if min_position and not await self._reached(min_position, VIEW_WAIT_S):
            raise Problem(
                problems.NOT_YET_VISIBLE,
                f"the views do not show position {min_position} within {VIEW_WAIT_S:g} s",
            )
        async with self._database.connection() as connection:
            yield connection
