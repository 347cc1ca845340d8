"""What people must look at."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.lean import LeanRoute
from api.openapi import answers
from api.parameters import ReadList
from api.replies import listed
from api.services import serving
from projections.attention import exceptions_view
from projections.attention.exceptions_view import ExceptionItem, Kind

router = APIRouter(tags=["exceptions"], route_class=LeanRoute)


class ExceptionList(ReadList):
    """Which exceptions."""

    state: Annotated[
        Literal["open", "resolved", "all"], Field(description="What stands, what stood, or both.")
    ] = "open"
    kind: Annotated[Kind | None, Field(description="Of this kind only.")] = None
    location: Annotated[str | None, Field(description="At this location only.")] = None


@router.get("/v1/exceptions", openapi_extra=answers(ExceptionItem, listed=True))
async def exceptions(request: Request, query: Annotated[ExceptionList, Query()]) -> Response:
    """What people must look at: paid but short first, then the dearest, then the newest.

    Amounts compare as numbers of minor units, whatever their currency.
    """
    reads = serving(request).reads
    async with reads.at(query.min_position, views=exceptions_view.READS) as conn:
        page = await exceptions_view.exception_list(
            conn,
            reads.network,
            state=None if query.state == "all" else query.state,
            kind=query.kind,
            location=query.location,
            after=query.after,
            limit=query.limit,
        )
    return listed(page)
