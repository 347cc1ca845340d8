"""Customers, each as the person that they are, and all of that person on one timeline."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.lean import LeanRoute
from api.openapi import answers
from api.parameters import Read, ReadList
from api.replies import listed, not_found, reply
from api.services import serving
from projections import customers
from projections.customers import Customer, HistoryItem

router = APIRouter(tags=["customers"], route_class=LeanRoute)


@router.get("/v1/customers/{customer_id}", openapi_extra=answers(Customer))
async def customer(request: Request, customer_id: str, query: Annotated[Read, Query()]) -> Response:
    """The person that a customer is, by any of their ids.

    Ids that were merged are one person: whichever of them is asked for, the answer is of all of
    them. `merged_into` is the id that stands for the person, unless it is the one asked for.
    """
    reads = serving(request).reads
    async with reads.at(query.min_position) as conn:
        found, position = await customers.customer(conn, reads.network, customer_id)
    if found is None:
        raise not_found("customer", customer_id, position)
    return reply(position, found)


@router.get("/v1/customers/{customer_id}/history", openapi_extra=answers(HistoryItem, listed=True))
async def history(
    request: Request, customer_id: str, query: Annotated[ReadList, Query()]
) -> Response:
    """Everything of the person that a customer is, newest first.

    Purchases, payments, parcels, pickups, returns, contacts, consents and merges of all ids that
    are one person at this moment, with guest orders that they claimed; after an unmerge each id
    has its own again. Newest is what the ledger took in last.
    """
    reads = serving(request).reads
    async with reads.at(query.min_position) as conn:
        page = await customers.history(
            conn, reads.network, customer_id, after=query.after, limit=query.limit
        )
        if not page.items:
            known, _ = await customers.customer(conn, reads.network, customer_id)
            if known is None:
                raise not_found("customer", customer_id, page.position)
    return listed(page)
