"""What the routes need of the process that serves them."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from api.backend import Backend, Decider
from api.database import Database
from api.events import Events
from api.limits import Bodies
from api.reads import Reads
from api.streams import Streams
from consumers.projector import ProjectorStopped


@dataclass(frozen=True, slots=True)
class Services:
    """The running parts behind one app."""

    backend: Backend
    database: Database
    reads: Reads
    events: Events
    streams: Streams
    bodies: Bodies

    @property
    def writer(self) -> Decider:
        """Who has requests decided."""
        return self.backend.writer

    def unready(self) -> str | None:
        """Why writes or views stand still, None while they do not."""
        writer = self.writer
        if writer.fault is not None:
            return f"requests are not decided any more since position {writer.position}"
        if writer.stalled:
            return f"the ledger cannot be read or written since position {writer.position}"
        try:
            self.backend.views.check()
        except ProjectorStopped as stopped:
            return str(stopped)
        return None


def serving(request: Request) -> Services:
    """The services behind the app that this request came to."""
    return cast("Services", request.app.state.services)
