"""What changes for channels, as it changes: a snapshot, then every change (server-sent events)."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.heads import is_head
from api.lean import LeanRoute
from api.listening import Listening
from api.parameters import Read
from api.problems import BAD_PARAMETER, Problem
from api.services import serving
from api.streams import last_event_id
from consumers.availability.ring import Filter
from ledger.door import Malformed, channel_id

router = APIRouter(tags=["availability"], route_class=LeanRoute)
MAX_NAMED: Final = 500
"""Of channels, skus or locations that one listener names."""
_SERVER_SENT: Final = "text/event-stream"


class Wanted(Read):
    """What a listener wants to hear of; each filter may be given several times."""

    channel: Annotated[
        list[str],
        Field(
            default_factory=list,
            max_length=MAX_NAMED,
            description="Only for these channels; without, for all that were described.",
        ),
    ]
    location: Annotated[
        list[str],
        Field(
            default_factory=list,
            max_length=MAX_NAMED,
            description="Only changes at these locations, and those that are not of a location, "
            "as of a channel's buffer. The snapshot is whole.",
        ),
    ]
    sku: Annotated[
        list[str],
        Field(default_factory=list, max_length=MAX_NAMED, description="Only these skus."),
    ]

    def as_filter(self) -> Filter:
        """What it says. Raises Problem (422) for what is no channel's id."""
        try:
            channels = frozenset(map(channel_id, self.channel))
        except Malformed as error:
            raise Problem(
                BAD_PARAMETER, f"query parameter 'channel': {error.detail}", parameter="channel"
            ) from None
        return Filter(
            channels or None, frozenset(self.sku) or None, frozenset(self.location) or None
        )


@router.get("/v1/availability/stream")
async def stream(request: Request, query: Annotated[Wanted, Query()]) -> Response:
    """What channels may sell and order, as it changes (server-sent events).

    First a snapshot (`snapshot_begin`, `snapshot` for each channel and sku, `snapshot_end`), then
    `change` for every change, with the position as `id`; resumes after `Last-Event-ID`, with a new
    snapshot where too much has changed since. docs/availability-feed.md tells how to follow it.
    """
    wanted, resumed = query.as_filter(), last_event_id(request)
    if is_head(request.scope):  # a stream without a body would still never end
        return Response(media_type=_SERVER_SENT)
    feed = serving(request).feed
    return Listening(feed, await feed.join(wanted, query.min_position), resumed)
