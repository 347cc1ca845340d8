"""Orders, recorded sales among them."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.as_of import AsOfList, AsOfRead, lent
from api.lean import LeanRoute
from api.openapi import answers
from api.problems import BAD_PARAMETER, Problem
from api.replies import listed, reply
from api.services import serving
from api.timelines import timeline_page, unknown
from ledger.domain.orders.lines import Label
from projections.orders import order_reads
from projections.orders.order_reads import Order
from projections.orders.orders import NAME, OrderRow
from projections.past import subjects_as_of
from projections.past.subject_reads import TimelineEvent

router = APIRouter(tags=["orders"], route_class=LeanRoute)


class OrderList(AsOfList):
    """Which orders."""

    customer_id: Annotated[str | None, Field(description="Of this customer only.")] = None
    state: Annotated[Label | None, Field(description="With this label only.")] = None
    channel: Annotated[str | None, Field(description="Sold by this channel only.")] = None
    kind: Annotated[
        Literal["order", "sale"] | None, Field(description="Placed orders or recorded sales only.")
    ] = None


@router.get("/v1/orders", openapi_extra=answers(OrderRow, listed=True))
async def order_list(request: Request, query: Annotated[OrderList, Query()]) -> Response:
    """Orders and recorded sales, newest first; with `as_of`, those known by then, as they were.

    A list as of then is by the recorded clock, and not of one `state`: which orders had it then is
    not known before each is folded.
    """
    services = serving(request)
    network = services.reads.network
    _check(query)
    async with lent(services, query, live=(NAME,), then=subjects_as_of.LISTED) as (conn, as_of):
        listing = (
            partial(order_reads.order_list, state=query.state)
            if as_of is None
            else partial(subjects_as_of.order_list, as_of=as_of)
        )
        page = await listing(
            conn,
            network,
            customer_id=query.customer_id,
            channel=query.channel,
            kind=query.kind,
            after=query.after,
            limit=query.limit,
        )
    return listed(page)


@router.get("/v1/orders/{order_id}", openapi_extra=answers(Order))
async def order(request: Request, order_id: str, query: Annotated[AsOfRead, Query()]) -> Response:
    """One order: its label, its lines with every quantity, and all that was done for it.

    Where its lines are served from and why, its shipments, payments and refunds.
    """
    services = serving(request)
    network = services.reads.network
    views = {"live": order_reads.READS, "then": subjects_as_of.VIEWS}
    async with lent(services, query, **views) as (conn, as_of):
        if as_of is None:
            found, position = await order_reads.order(conn, network, order_id)
        else:
            found, position = await subjects_as_of.order(conn, network, as_of, order_id)
        if found is None:
            raise await unknown(conn, network, "order", order_id, as_of, position)
    return reply(position, found)


@router.get("/v1/orders/{order_id}/events", openapi_extra=answers(TimelineEvent, listed=True))
async def order_events(
    request: Request, order_id: str, query: Annotated[AsOfList, Query()]
) -> Response:
    """The events of one order or sale, oldest first: all that its answer follows from, and more.

    With `as_of`, those that counted then.
    """
    return await timeline_page(serving(request), "order", order_id, query)


def _check(query: OrderList) -> None:
    """Raise Problem (422) for a list that is not answered as of then."""
    if query.as_of is not None and query.clock == "occurred":
        why = "a list of orders as of then is by the recorded clock; ask for one order by the other"
        raise Problem(BAD_PARAMETER, f"query parameter 'clock': {why}", parameter="clock")
    if query.as_of is not None and query.state is not None:
        why = "a list of orders as of then is of all states: each has its state of then"
        raise Problem(BAD_PARAMETER, f"query parameter 'state': {why}", parameter="state")
