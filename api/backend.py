"""What serves an API: who has requests decided, who keeps the views, and how events are read."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from psycopg.sql import Identifier

from api.answers import Decides
from api.database import Database
from api.events import Events, PostgresEvents
from consumers.node import Node
from consumers.projecting.progress import Names
from consumers.projecting.source import Source
from consumers.proving.rebuilds import Rebuilds
from consumers.sources import source_of

Standing = Literal["active", "standby", "elsewhere"]


class Decider(Decides, Protocol):
    """A writer of this process, or what has requests decided by one elsewhere."""

    @property
    def position(self) -> int:
        """The last position of the ledger that is known here."""
        ...

    @property
    def active(self) -> bool:
        """Whether requests are decided in this process now."""
        ...

    @property
    def fault(self) -> BaseException | None:
        """What ended it, if something did."""
        ...

    @property
    def stalled(self) -> bool:
        """Whether the ledger could not be read or written for a while."""
        ...


class Views(Protocol):
    """How far the views are, whoever keeps them. No names: all that have not stopped alone."""

    def position(self, names: Names = None) -> int:
        """The position that each of these views has reached."""
        ...

    def stopped(self, names: Names = None) -> Mapping[str, str]:
        """The views, of these or of all, that stopped alone, and why."""
        ...

    def alarms(self) -> Mapping[str, str]:
        """What is known to be wrong with the rows of views, by name."""
        ...

    def generations(self, names: Collection[str]) -> Mapping[str, int]:
        """How often the rows of these views were replaced; of those that go on."""
        ...

    def outdated(self, names: Names = None) -> frozenset[str]:
        """The views, of these or of all, whose rows another release made: they stand still."""
        ...

    def unreadable(self, names: Names = None) -> frozenset[str]:
        """The views, of these or of all, of them that cannot be read: the shape is another."""
        ...

    async def reached(self, position: int, timeout_s: float, names: Names = None) -> bool:
        """Wait until each of these views has reached the position; False if not in time."""
        ...

    def check(self) -> None:
        """Raise ProjectorStopped with the cause if the views do not follow the ledger."""
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """The running parts that an app is made of.

    `source` opens the ledger's tail, for the event types that it is given. `writes_here`: a writer
    runs in this process. `one_database`: the ledger is where the views are.
    """

    network: str
    database_url: str
    writer: Decider
    views: Views
    rebuilds: Rebuilds
    events: Callable[[Database], Events]
    source: Callable[[Collection[str]], Source]
    writes_here: bool = True
    one_database: bool = False

    @property
    def standing(self) -> Standing:
        """What the writer beside this API does, if there is one."""
        if not self.writes_here:
            return "elsewhere"
        return "active" if self.writer.active else "standby"


def of_node(node: Node) -> Backend:
    """The backend of a ledger in PostgreSQL, whose writer and projector are in this process."""
    recorder, rebuilds = node.recorder, node.projector.rebuilds
    assert rebuilds is not None, "a node's projector knows where its ledger is"
    table = Identifier(recorder.datastore.schema, recorder.events_table_name)
    return Backend(
        node.network,
        node.database_url,
        node.writer,
        node.projector,
        rebuilds,
        lambda database: PostgresEvents(database, table),
        lambda topics: source_of(recorder, node.database_url, topics=topics),
        one_database=True,
    )
