"""Pages for people: what must be looked at, what is on its way, held and coming back.

Each takes the query of its JSON twin under /v1.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.lean import LeanRoute
from api.pages import render, rows
from api.replies import not_found
from api.routes.exceptions import ExceptionList
from api.routes.holds import HoldList
from api.routes.supplies import SupplyList
from api.routes.transfers import TransferList
from api.services import serving
from projections.attention import exceptions_view
from projections.orders import returns
from projections.stock import holds
from projections.supply import supplies, supply_reads, transfers

router = APIRouter(include_in_schema=False, route_class=LeanRoute)


@router.get("/exceptions")
async def exceptions_page(request: Request, query: Annotated[ExceptionList, Query()]) -> Response:
    """What people must look at, the dearest first."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=exceptions_view.READS) as conn:
        kinds = await rows.kinds(conn, reads.network, query.state)
        page = await exceptions_view.exception_list(
            conn,
            reads.network,
            state=None if query.state == "all" else query.state,
            kind=query.kind,
            location=query.location,
            after=query.after,
            limit=query.limit,
        )
    return render("exceptions.html", position=page.position, page=page, query=query, kinds=kinds)


@router.get("/transfers")
async def transfers_page(request: Request, query: Annotated[TransferList, Query()]) -> Response:
    """Transfers, newest first."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(transfers.NAME,)) as conn:
        page = await supply_reads.transfer_list(
            conn,
            reads.network,
            state=query.state,
            from_location=query.from_location,
            to_location=query.to_location,
            after=query.after,
            limit=query.limit,
        )
    return render("transfers.html", position=page.position, page=page)


@router.get("/transfers/{transfer_id}")
async def transfer_page(request: Request, transfer_id: str) -> Response:
    """One transfer."""
    reads = serving(request).reads
    async with reads.at(views=(transfers.NAME,)) as conn:
        found, position = await supply_reads.transfer(conn, reads.network, transfer_id)
    if found is None:
        raise not_found("transfer", transfer_id, position)
    return render("transfer.html", position=position, transfer=found)


@router.get("/supplies")
async def supplies_page(request: Request, query: Annotated[SupplyList, Query()]) -> Response:
    """Supplies, newest first."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(supplies.NAME,)) as conn:
        page = await supply_reads.supply_list(
            conn,
            reads.network,
            state=query.state,
            location=query.location,
            after=query.after,
            limit=query.limit,
        )
    return render("supplies.html", position=page.position, page=page)


@router.get("/supplies/{supply_id}")
async def supply_page(request: Request, supply_id: str) -> Response:
    """One supply."""
    reads = serving(request).reads
    async with reads.at(views=(supplies.NAME,)) as conn:
        found, position = await supply_reads.supply(conn, reads.network, supply_id)
    if found is None:
        raise not_found("supply", supply_id, position)
    return render("supply.html", position=position, supply=found)


@router.get("/holds")
async def holds_page(request: Request, query: Annotated[HoldList, Query()]) -> Response:
    """What is held, for whom and until when."""
    reads = serving(request).reads
    async with reads.at(query.min_position, views=(holds.NAME,)) as conn:
        page = await holds.hold_list(
            conn,
            reads.network,
            owner=query.owner,
            state=query.state,
            after=query.after,
            limit=query.limit,
        )
    return render("holds.html", position=page.position, page=page)


@router.get("/returns/{return_id}")
async def return_page(request: Request, return_id: str) -> Response:
    """One authorised return."""
    reads = serving(request).reads
    async with reads.at(views=(returns.NAME,)) as conn:
        found, position = await returns.return_(conn, reads.network, return_id)
    if found is None:
        raise not_found("return", return_id, position)
    return render("return.html", position=position, found=found)
