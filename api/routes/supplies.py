"""Supplies: what is expected from outside."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.lean import LeanRoute
from api.openapi import answers
from api.parameters import Read, ReadList
from api.replies import listed, not_found, reply
from api.services import serving
from projections.supply import supply_reads
from projections.supply.supplies import NAME, SupplyRow, SupplyState
from projections.supply.supply_reads import Supply

router = APIRouter(tags=["supplies"], route_class=LeanRoute)


class SupplyList(ReadList):
    """Which supplies."""

    state: Annotated[SupplyState | None, Field(description="In this state only.")] = None
    location: Annotated[str | None, Field(description="Expected at this location only.")] = None


@router.get("/v1/supplies", openapi_extra=answers(SupplyRow, listed=True))
async def supplies(request: Request, query: Annotated[SupplyList, Query()]) -> Response:
    """Supplies, newest first."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(NAME,)) as conn:
        page = await supply_reads.supply_list(
            conn,
            reads.network,
            state=query.state,
            location=query.location,
            after=query.after,
            limit=query.limit,
        )
    return listed(page)


@router.get("/v1/supplies/{supply_id}", openapi_extra=answers(Supply))
async def supply(request: Request, supply_id: str, query: Annotated[Read, Query()]) -> Response:
    """One supply: what of each line is expected, when, and what came."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(NAME,)) as conn:
        found, position = await supply_reads.supply(conn, reads.network, supply_id)
    if found is None:
        raise not_found("supply", supply_id, position)
    return reply(position, found)
