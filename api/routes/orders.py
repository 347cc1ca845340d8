"""Orders, recorded sales among them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.lean import LeanRoute
from api.openapi import answers
from api.parameters import Read, ReadList
from api.replies import listed, not_found, reply
from api.services import serving
from ledger.domain.orders.lines import Label
from projections import order_reads
from projections.order_reads import Order
from projections.orders import OrderRow

router = APIRouter(tags=["orders"], route_class=LeanRoute)


class OrderList(ReadList):
    """Which orders."""

    customer_id: Annotated[str | None, Field(description="Of this customer only.")] = None
    state: Annotated[Label | None, Field(description="With this label only.")] = None
    channel: Annotated[str | None, Field(description="Sold by this channel only.")] = None
    kind: Annotated[
        Literal["order", "sale"] | None, Field(description="Placed orders or recorded sales only.")
    ] = None


@router.get("/v1/orders", openapi_extra=answers(OrderRow, listed=True))
async def order_list(request: Request, query: Annotated[OrderList, Query()]) -> Response:
    """Orders and recorded sales, newest first."""
    reads = serving(request).reads
    async with reads.at(query.min_position) as conn:
        page = await order_reads.order_list(
            conn,
            reads.network,
            customer_id=query.customer_id,
            state=query.state,
            channel=query.channel,
            kind=query.kind,
            after=query.after,
            limit=query.limit,
        )
    return listed(page)


@router.get("/v1/orders/{order_id}", openapi_extra=answers(Order))
async def order(request: Request, order_id: str, query: Annotated[Read, Query()]) -> Response:
    """One order: its label, its lines with every quantity, and all that was done for it.

    Where its lines are served from and why, its shipments, payments and refunds.
    """
    reads = serving(request).reads
    async with reads.at(query.min_position) as conn:
        found, position = await order_reads.order(conn, reads.network, order_id)
    if found is None:
        raise not_found("order", order_id, position)
    return reply(position, found)
