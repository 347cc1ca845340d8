"""Reading views at a position: the reader may ask to wait until the views have got there.

A read waits for and speaks of the views that it reads, and no others: one that cannot take in an
event stops alone.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from api import freshness, problems
from api.backend import Views
from api.database import Connection, Database
from api.problems import Problem
from consumers.projecting.progress import Names
from consumers.projector import ProjectorStopped
from projections.keeping import upkeep

VIEW_WAIT_S: Final = 10.0


class Reads:
    """The views of one network. `head` says how far the ledger is known to be here."""

    def __init__(
        self, database: Database, network: str, views: Views, head: Callable[[], int]
    ) -> None:
        self._database, self._views, self._head = database, views, head
        self.network = network

    @asynccontextmanager
    async def at(
        self, min_position: int | None = None, *, views: Names = None
    ) -> AsyncIterator[Connection]:
        """Lend a connection, once these views show at least `min_position`; None: all that go on.

        Raises Problem (503): at once while the database is away, if a view is another release's
        in another shape, or if one has stopped before that position; else if they do not show it
        within VIEW_WAIT_S.
        """
        self._database.check()
        freshness.reading(views)
        if min_position and self._views.position(views) < min_position:
            await self._wait(min_position, views)
        for view in sorted(self._views.unreadable(views)):
            raise await self._afresh(view)
        async with self._database.connection() as connection:
            yield connection

    async def _afresh(self, view: str) -> Problem:
        """Why a view of another release does not show what is asked for."""
        async with self._database.connection() as connection:
            found = await upkeep.rebuild_list(connection, self.network)
        rebuild = found.get(view)
        if rebuild is not None and rebuild.why is not None:
            return Problem(problems.VIEW_AFRESH, rebuild.why, view=view)
        done = 0 if rebuild is None else rebuild.percent
        why = f"view {view} is being folded afresh for this release: {done} %"
        return Problem(problems.VIEW_AFRESH, why, view=view, percent=done)

    async def _wait(self, min_position: int, names: Names) -> None:
        self._check_none_has_stopped(min_position, names)
        for view in sorted(() if names is None else self._views.outdated(names)):
            raise await self._afresh(view)
        if await self._views.reached(min_position, VIEW_WAIT_S, names):
            return
        self._database.check()
        self._check_none_has_stopped(min_position, names)
        shown, head = self._views.position(names), self._head()
        detail = f"{_named(names)} at {shown}, not yet at {min_position}: {self._why(min_position)}"
        raise Problem(problems.NOT_YET_VISIBLE, detail, head=head, position=shown)

    def _why(self, min_position: int) -> str:
        try:
            self._views.check()
        except ProjectorStopped as stopped:
            return str(stopped)
        head = self._head()
        if min_position > head:
            return f"the ledger ends at {head}, as far as is known here"
        return f"they did not get there within {VIEW_WAIT_S:g} s"

    def _check_none_has_stopped(self, min_position: int, names: Names) -> None:
        if names is None:
            return
        for name, why in self._views.stopped(names).items():
            if self._views.position((name,)) < min_position:
                raise Problem(problems.VIEW_STOPPED, why, view=name)


def _named(names: Names) -> str:
    if names is None:
        return "the views are"
    listed = ", ".join(sorted(names))
    return f"view {listed} is" if len(names) == 1 else f"views {listed} are"
