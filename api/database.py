"""Reads of the database from the event loop: a bounded pool, read-only, every query limited.

Whether the database is there is found out beside the reads, all the time: while it is away a read
is told so at once, and none waits for a connection that nobody can make.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from api import problems
from api.problems import Problem
from ledger.log import get_logger
from projections.reading import configure

MIN_CONNECTIONS: Final = 2
MAX_CONNECTIONS: Final = 12
MAX_WAITING: Final = 2_000
CONNECTION_WAIT_S: Final = 10.0
CONNECT_LIMIT_S: Final = 3
QUERY_LIMIT_S: Final = 30
ASK_EVERY_S: Final = 0.5
"""How often the database is asked whether it is there."""
SAYS_SO_WITHIN_S: Final = 2.0
"""One that does not answer for so long is away."""
CLOSES_WITHIN_S: Final = 0.5

Connection = AsyncConnection[Any]
log = get_logger(__name__)


class Database:
    """A pool of read-only connections in autocommit mode, fit for the views' reads.

    Between `open` and `close` a task asks the database whether it is there. `away` is told to
    every reader at once; the pool of one that was away is made anew when it is back.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: AsyncConnectionPool[Connection] | None = None
        self._doubted = asyncio.Event()
        self._asked: asyncio.Task[None] | None = None
        self._asking: Connection | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def away(self) -> bool:
        """Whether the database does not answer now."""
        return self._pool is None

    async def open(self) -> None:
        """Connect; a database that does not answer is away until it does."""
        await self._look()
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Close every connection."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        # The connection first: a question on a closed one can be cancelled without the database.
        await self._give_up_asking()
        if self._asked is not None:
            self._asked.cancel()
        await self._give_up_pool()

    def check(self) -> None:
        """Raise Problem (503) while the database is away."""
        if self._pool is None:
            raise Problem(problems.VIEWS_AWAY, "PostgreSQL does not answer: no view can be read")

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection.

        Raises Problem: 503 while the database is away or has no room, 422 for a text it cannot
        hold.
        """
        self.check()
        assert self._pool is not None, "checked"
        try:
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.errors.QueryCanceled as error:
            why = f"the read was given up after {QUERY_LIMIT_S} s"
            raise Problem(problems.TOOK_TOO_LONG, why) from error
        except (PoolTimeout, TooManyRequests) as error:
            why = f"the database is too busy ({type(error).__name__})"
            raise Problem(problems.NOT_READY, why) from error
        except (psycopg.OperationalError, PoolClosed) as error:
            self._doubted.set()
            why = f"PostgreSQL went away during this read ({type(error).__name__})"
            raise Problem(problems.VIEWS_AWAY, why) from error
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction) as error:
            log.warning("view_missing", error=str(error))
            why = "the views are being made; ask again in a moment"
            raise Problem(problems.NOT_READY, why) from error
        except psycopg.DataError as error:
            if error.sqlstate is not None:
                raise  # what the database says of its own sums is no parameter's fault
            raise Problem(
                problems.BAD_PARAMETER, "a parameter holds a character that no id holds (NUL)"
            ) from None

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._doubted.wait(), ASK_EVERY_S)
            self._doubted.clear()
            await self._look()

    async def _look(self) -> None:
        """Find out whether the database is there, and say so if that has changed."""
        fault = await self._fault()
        if fault is None and self._pool is None:
            fault = await self._make_pool()
            if fault is None:
                log.info("database_is_there")
        elif fault is not None and self._pool is not None:
            log.warning("database_is_away", error=str(fault))
            await self._give_up_pool()

    async def _fault(self) -> BaseException | None:
        """Why the database is away, None if it answers in time.

        A question that hangs is left alone: to cancel it would wait for the database too.
        """
        if self._asked is None:
            self._asked = asyncio.create_task(self._ask())
        await asyncio.wait([self._asked], timeout=SAYS_SO_WITHIN_S)
        if not self._asked.done():
            return TimeoutError(f"no answer within {SAYS_SO_WITHIN_S:g} s")
        asked, self._asked = self._asked, None
        fault = asked.exception()
        if fault is None:
            return None
        await self._give_up_asking()
        return fault

    async def _ask(self) -> None:
        if self._asking is None:
            self._asking = await AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_LIMIT_S,
                application_name="onebook-api-asks",
            )
        await self._asking.execute("SELECT 1", prepare=True)

    async def _make_pool(self) -> Exception | None:
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self._url,
            min_size=MIN_CONNECTIONS,
            max_size=MAX_CONNECTIONS,
            max_waiting=MAX_WAITING,
            timeout=CONNECTION_WAIT_S,
            open=False,
            configure=configure,
            kwargs={
                "application_name": "onebook-api",
                "connect_timeout": CONNECT_LIMIT_S,
                "options": "-c default_transaction_read_only=on "
                f"-c statement_timeout={QUERY_LIMIT_S}s",
            },
        )
        try:
            await pool.open(wait=True, timeout=CONNECT_LIMIT_S)
        except PoolTimeout as fault:
            await pool.close(timeout=CLOSES_WITHIN_S)
            return fault
        self._pool = pool
        return None

    async def _give_up_pool(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close(timeout=CLOSES_WITHIN_S)

    async def _give_up_asking(self) -> None:
        asking, self._asking = self._asking, None
        if asking is not None:
            await asking.close()
