"""What the routes need of the process that serves them."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from api.backend import Backend, Decider
from api.database import Database
from api.events import Events
from api.feed import Feed
from api.freshness import Freshness
from api.limits import Bodies
from api.live import Live
from api.reads import Reads
from api.streams import Streams
from consumers.projector import ProjectorStopped


@dataclass(frozen=True, slots=True)
class Services:
    """The running parts behind one app."""

    backend: Backend
    database: Database
    reads: Reads
    freshness: Freshness
    live: Live
    feed: Feed
    events: Events
    streams: Streams
    bodies: Bodies

    @property
    def writer(self) -> Decider:
        """Who has requests decided."""
        return self.backend.writer

    def no_writes(self) -> str | None:
        """Why requests are not decided, None while they are."""
        writer = self.writer
        if writer.fault is not None:
            return f"requests are not decided any more since position {writer.position}"
        if writer.stalled:
            return f"the ledger cannot be read or written since position {writer.position}"
        if self.database.away and self.backend.one_database:
            return "PostgreSQL does not answer, and the ledger stands there"
        return None

    def no_reads(self) -> str | None:
        """Why views are not read, or not as they should be; None while all is well."""
        if self.database.away:
            return "PostgreSQL does not answer: no view can be read"
        views = self.backend.views
        try:
            views.check()
        except ProjectorStopped as stopped:
            return str(stopped)
        return "; ".join(views.stopped().values()) or None


def serving(request: Request) -> Services:
    """The services behind the app that this request came to."""
    return cast("Services", request.app.state.services)
