"""Authorised returns."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.lean import LeanRoute
from api.openapi import answers
from api.parameters import Read
from api.replies import not_found, reply
from api.services import serving
from projections.orders import returns as view
from projections.orders.returns import Return

router = APIRouter(tags=["returns"], route_class=LeanRoute)


@router.get("/v1/returns/{return_id}", openapi_extra=answers(Return))
async def authorised_return(
    request: Request, return_id: str, query: Annotated[Read, Query()]
) -> Response:
    """One authorised return: what may come back, what did, and what was done with it."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(view.NAME,)) as conn:
        found, position = await view.return_(conn, reads.network, return_id)
    if found is None:
        raise not_found("return", return_id, position)
    return reply(position, found)
