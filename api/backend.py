"""What serves an API: who has requests decided, who keeps the views, and how events are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from psycopg.sql import Identifier

from api.answers import Decides
from api.database import Database
from api.events import Events, PostgresEvents
from consumers.node import Node

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
    """How far the views are, whoever keeps them."""

    def position(self) -> int:
        """The position that every view has reached."""
        ...

    async def reached(self, position: int, timeout_s: float) -> bool:
        """Wait until every view has reached the position; False if not in time."""
        ...

    def check(self) -> None:
        """Raise ProjectorStopped with the cause if the views do not follow the ledger."""
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """The running parts that an app is made of. `writes_here`: a writer runs in this process."""

    network: str
    database_url: str
    writer: Decider
    views: Views
    events: Callable[[Database], Events]
    writes_here: bool = True

    @property
    def standing(self) -> Standing:
        """What the writer beside this API does, if there is one."""
        if not self.writes_here:
            return "elsewhere"
        return "active" if self.writer.active else "standby"


def of_node(node: Node) -> Backend:
    """The backend of a ledger in PostgreSQL, whose writer and projector are in this process."""
    recorder = node.recorder
    table = Identifier(recorder.datastore.schema, recorder.events_table_name)
    return Backend(
        node.network,
        node.database_url,
        node.writer,
        node.projector,
        lambda database: PostgresEvents(database, table),
    )
