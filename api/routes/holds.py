"""Holds: what carts and others have reserved."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.lean import LeanRoute
from api.openapi import answers
from api.parameters import ReadList
from api.replies import listed
from api.services import serving
from projections.stock import holds as view
from projections.stock.holds import Hold, HoldState

router = APIRouter(tags=["holds"], route_class=LeanRoute)


class HoldList(ReadList):
    """Which holds."""

    owner: Annotated[str | None, Field(description="Of this owner only.")] = None
    state: Annotated[HoldState | None, Field(description="In this state only.")] = None


@router.get("/v1/holds", openapi_extra=answers(Hold, listed=True))
async def holds(request: Request, query: Annotated[HoldList, Query()]) -> Response:
    """Holds by owner and line, each as it was placed latest, those that ended included."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(view.NAME,)) as conn:
        page = await view.hold_list(
            conn,
            reads.network,
            owner=query.owner,
            state=query.state,
            after=query.after,
            limit=query.limit,
        )
    return listed(page)
