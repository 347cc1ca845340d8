"""Reads of the database from the event loop: a bounded pool, read-only, every query limited."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from api import problems
from api.problems import Problem
from projections.reading import configure

MIN_CONNECTIONS: Final = 2
MAX_CONNECTIONS: Final = 12
MAX_WAITING: Final = 2_000
CONNECTION_WAIT_S: Final = 10.0
QUERY_LIMIT_S: Final = 30

Connection = AsyncConnection[Any]


class Database:
    """A pool of read-only connections in autocommit mode, fit for the views' reads."""

    def __init__(self, url: str) -> None:
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=MIN_CONNECTIONS,
            max_size=MAX_CONNECTIONS,
            max_waiting=MAX_WAITING,
            timeout=CONNECTION_WAIT_S,
            open=False,
            configure=configure,
            kwargs={
                "application_name": "onebook-api",
                "options": "-c default_transaction_read_only=on "
                f"-c statement_timeout={QUERY_LIMIT_S}s",
            },
        )

    async def open(self) -> None:
        """Connect. Raises psycopg_pool.PoolTimeout if the database does not answer."""
        await self._pool.open(wait=True, timeout=CONNECTION_WAIT_S)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection.

        Raises Problem: 503 while the database does not answer, 422 for a text it cannot hold.
        """
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, PoolTimeout, PoolClosed, TooManyRequests) as error:
            why = f"the database does not answer ({type(error).__name__})"
            raise Problem(problems.NOT_READY, why) from error
        except psycopg.DataError:
            raise Problem(
                problems.BAD_PARAMETER, "a parameter holds a character that no id holds (NUL)"
            ) from None
