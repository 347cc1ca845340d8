"""Transfers: stock on its way from one location to another."""

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
from projections.supply.supply_reads import Transfer
from projections.supply.transfers import NAME, TransferItem, TransferState

router = APIRouter(tags=["transfers"], route_class=LeanRoute)


class TransferList(ReadList):
    """Which transfers."""

    state: Annotated[TransferState | None, Field(description="In this state only.")] = None
    from_location: Annotated[
        str | None, Field(alias="from", description="From this location only.")
    ] = None
    to_location: Annotated[str | None, Field(alias="to", description="To this location only.")] = (
        None
    )


@router.get("/v1/transfers", openapi_extra=answers(TransferItem, listed=True))
async def transfers(request: Request, query: Annotated[TransferList, Query()]) -> Response:
    """Transfers, newest first."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(NAME,)) as conn:
        page = await supply_reads.transfer_list(
            conn,
            reads.network,
            state=query.state,
            from_location=query.from_location,
            to_location=query.to_location,
            after=query.after,
            limit=query.limit,
        )
    return listed(page)


@router.get("/v1/transfers/{transfer_id}", openapi_extra=answers(Transfer))
async def transfer(request: Request, transfer_id: str, query: Annotated[Read, Query()]) -> Response:
    """One transfer: what was requested, what is on its way, what arrived and what was lost."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(NAME,)) as conn:
        found, position = await supply_reads.transfer(conn, reads.network, transfer_id)
    if found is None:
        raise not_found("transfer", transfer_id, position)
    return reply(position, found)
