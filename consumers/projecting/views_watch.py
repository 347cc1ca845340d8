"""How far the views are that another process keeps: told by the database, and looked up."""

import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from consumers.projecting.progress import Names, Reached
from consumers.projector import ProjectorStopped
from ledger.log import get_logger
from projections import views
from projections.keeping import checkpoints, upkeep

LOOK_EVERY_S: Final = 1.0
"""Even if the database says nothing: a notification may be lost with a connection."""
STANDS_STILL_S: Final = 15.0
"""So long may views stay behind the ledger at one position before something is wrong."""
AWAY_LIMIT_S: Final = 5.0
PAUSE_AFTER_FAULT_S: Final = 0.5
CONNECT_LIMIT_S: Final = 3
STOP_WITHIN_S: Final = 8.0

log = get_logger(__name__)


class ViewsWatch:
    """Follows the checkpoints of a network's views, in a thread between `start` and `stop`.

    `ledger_position` says how far the ledger is known to be; `check` compares with it.
    `on_connect(connection)` is called with each new connection, before the first look. A database
    that is away is waited for, for however long.
    """

    def __init__(
        self,
        database_url: str,
        network: str,
        ledger_position: Callable[[], int],
        names: Iterable[str] = tuple(views.VIEWS),
        *,
        on_connect: Callable[[psycopg.Connection[Any]], object] = lambda _: None,
    ) -> None:
        self._database_url, self._network = database_url, network
        self._ledger_position = ledger_position
        names = tuple(names)
        self._reached = Reached(names)
        self._stopped: dict[str, str] = {}
        self._views = [view() for view in views.named(names)]
        self._outdated = views.Outdated()
        self._alarms: dict[str, str] = {}
        self._generations: dict[str, int] = {}
        self._on_connect = on_connect
        self._is_away = False
        self._stopping = threading.Event()
        self._looked_at = self._moved_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="views-watch", daemon=True)

    def start(self) -> None:
        """Look once, if the database is there, then watch in a thread."""
        try:
            with self._connected() as conn:
                self._look(conn)
        except psycopg.OperationalError as away:
            self._say_away(away)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more. Whoever waits for a position gets False."""
        self._stopping.set()
        self._reached.end()
        if self._thread.ident is not None:
            self._thread.join(STOP_WITHIN_S)

    def position(self, names: Names = None) -> int:
        """The position that these views have reached; without names, all that go on."""
        return self._reached.position(names)

    def stopped(self, names: Names = None) -> dict[str, str]:
        """The views, of these or of all, that stopped alone, and why."""
        stopped = self._stopped
        return {name: stopped[name] for name in stopped if names is None or name in names}

    def alarms(self) -> dict[str, str]:
        """What is known to be wrong with the rows of views, by name."""
        return self._alarms

    def generations(self, names: Collection[str]) -> dict[str, int]:
        """How often the rows of these views were replaced; of those that go on."""
        going = self._generations.keys() - self._outdated.names
        return {name: self._generations[name] for name in names if name in going}

    def outdated(self, names: Names = None) -> frozenset[str]:
        """The views, of these or of all, whose rows another release made: they stand still."""
        outdated = self._outdated.names
        return outdated if names is None else outdated.intersection(names)

    def unreadable(self, names: Names = None) -> frozenset[str]:
        """The views, of these or of all, of them that cannot be read: the shape is another."""
        unreadable = self._outdated.unreadable
        return unreadable if names is None else unreadable.intersection(names)

    def wait_for(self, position: int, timeout_s: float, names: Names = None) -> bool:
        """Wait until these views have reached the position; False if not in time, or stopped."""
        return self._reached.wait_for(position, timeout_s, names)

    async def reached(self, position: int, timeout_s: float, names: Names = None) -> bool:
        """As `wait_for`, for asyncio: does not block the loop."""
        return await self._reached.reached(position, timeout_s, names)

    def check(self) -> None:
        """Raise ProjectorStopped if the views are not known, or stay behind the ledger."""
        now = time.monotonic()
        if now - self._looked_at > AWAY_LIMIT_S:
            raise ProjectorStopped("how far the views are is not known: the database is away")
        behind = self._ledger_position() - self.position()
        still_s = now - self._moved_at
        if behind > 0 and still_s > STANDS_STILL_S:
            raise ProjectorStopped(
                f"the views stand still at {self.position()}, {behind} events behind the ledger, "
                f"for {still_s:.0f} s: does a projector run (`onebook project`)?"
            )

    def _connected(self) -> psycopg.Connection[Any]:
        conn = psycopg.connect(
            self._database_url,
            autocommit=True,
            connect_timeout=CONNECT_LIMIT_S,
            application_name="onebook-views-watch",
        )
        try:
            self._on_connect(conn)
            channel = Identifier(checkpoints.channel_name(self._network))
            conn.execute(SQL("LISTEN {}").format(channel))
        except BaseException:
            conn.close()
            raise
        return conn

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._connected() as conn:
                    self._watch(conn)
            except psycopg.Error as fault:
                self._say_away(fault)
                self._stopping.wait(PAUSE_AFTER_FAULT_S)

    def _say_away(self, fault: psycopg.Error) -> None:
        """Once, however often it is tried."""
        if not self._is_away:
            log.warning("views_unknown", network=self._network, error=str(fault))
        self._is_away = True

    def _watch(self, conn: psycopg.Connection[Any]) -> None:
        while not self._stopping.is_set():
            self._look(conn)
            for _ in conn.notifies(timeout=LOOK_EVERY_S, stop_after=1):
                pass

    def _look(self, conn: psycopg.Connection[Any]) -> None:
        kept = checkpoints.kept(conn, self._network)
        found = {name: each.position for name, each in kept.items()}
        self._generations = {name: each.generation for name, each in kept.items()}
        self._stopped = checkpoints.stopped(conn, self._network)
        self._outdated = views.outdated(conn, self._network, self._views)
        self._alarms = upkeep.alarms(conn, self._network)
        self._reached.stop(self._outdated.names.union(self._stopped))
        known = self._reached.positions
        moved = {name: found.get(name, 0) for name in known}
        self._looked_at = time.monotonic()
        if self._is_away:
            log.info("views_known_again", network=self._network, position=min(moved.values()))
        self._is_away = False
        if moved != known or self.position() >= self._ledger_position():
            self._moved_at = self._looked_at
        if moved != known:
            self._reached.set(moved)
