"""The ledger itself, for auditors: a page at a time, or as a stream that goes on."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from api.events import LAST, LedgerEvent, Read, topics_named
from api.heads import is_head
from api.lean import LeanRoute
from api.openapi import answers
from api.problems import BAD_PARAMETER, Problem
from api.replies import page_of
from api.services import serving
from api.streams import PAGE_EVENTS, last_event_id
from projections.paging import MAX_PAGE

router = APIRouter(tags=["events"], route_class=LeanRoute)
_MAX_STREAM_NAME: Final = 1_000
_SERVER_SENT: Final = "text/event-stream"
_STREAM_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventFilter(BaseModel):
    """Which events."""

    model_config = ConfigDict(extra="forbid")

    stream: Annotated[
        str | None,
        Field(max_length=_MAX_STREAM_NAME, description="One stream, such as `order/web-5001`."),
    ] = None
    type: Annotated[
        str | None,
        Field(description="One type: `order_placed`, or one version of it: `order_placed.v1`."),
    ] = None
    after: Annotated[int, Field(ge=0, le=LAST, description="A position: events after it.")] = 0

    def topics(self) -> list[str] | None:
        """The event types asked for, None for all. Raises Problem (422)."""
        if self.type is None:
            return None
        if topics := topics_named(self.type):
            return topics
        raise Problem(
            BAD_PARAMETER,
            f"query parameter 'type': {self.type[:60]!r} is not an event type of this release",
            parameter="type",
        )


class EventPage(EventFilter):
    """A page of events."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE, description="Events a page.")] = 100


@router.get("/v1/events", openapi_extra=answers(LedgerEvent, listed=True))
async def events(request: Request, query: Annotated[EventPage, Query()]) -> Response:
    """The ledger's events by position; `next` is the position to go on after.

    A filtered page may hold fewer than `limit` events, or none, and yet have a `next`: one call
    looks through a bounded part of the ledger. Null says that the end was reached.
    """
    services = serving(request)
    head = await services.events.head()
    found = await services.events.page(
        query.after, query.limit, until=head, stream=query.stream, topics=query.topics()
    )
    following = None if found.following is None else str(found.following)
    return page_of(head, found.events, following)


@router.get("/v1/events/stream")
async def stream(request: Request, query: Annotated[EventFilter, Query()]) -> Response:
    """Events as they are recorded (server-sent events); resumes after `Last-Event-ID`."""
    services = serving(request)
    topics = query.topics()

    async def read_page(after: int, until: int) -> Read:
        return await services.events.page(
            after, PAGE_EVENTS, until=until, stream=query.stream, topics=topics
        )

    seen = last_event_id(request)
    resumed = query.after if seen is None else seen
    services.streams.check_room()
    if is_head(request.scope):  # a stream without a body would still never end
        return Response(headers=_STREAM_HEADERS, media_type=_SERVER_SENT)
    return StreamingResponse(
        services.streams.follow(resumed, read_page), 200, _STREAM_HEADERS, _SERVER_SENT
    )
