"""Customers, each as the person that they are, and all of that person on one timeline."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.as_of import AsOfList, AsOfRead, lent
from api.database import Connection
from api.lean import LeanRoute
from api.openapi import answers
from api.replies import listed, reply
from api.services import serving
from api.timelines import timeline_page, unknown
from projections.customers import customers
from projections.customers.customers import Customer, HistoryItem
from projections.past import subjects_as_of
from projections.past.as_of import AsOf
from projections.past.subject_reads import TimelineEvent

router = APIRouter(tags=["customers"], route_class=LeanRoute)


@router.get("/v1/customers/{customer_id}", openapi_extra=answers(Customer))
async def customer(
    request: Request, customer_id: str, query: Annotated[AsOfRead, Query()]
) -> Response:
    """The person that a customer is, by any of their ids.

    Ids that were merged are one person: whichever of them is asked for, the answer is of all of
    them. `merged_into` is the id that stands for the person, unless it is the one asked for. With
    `as_of`, those that were merged then.
    """
    services = serving(request)
    network = services.reads.network
    views = {"live": customers.VIEWS, "then": subjects_as_of.VIEWS}
    async with lent(services, query, **views) as (conn, as_of):
        if as_of is None:
            found, position = await customers.customer(conn, network, customer_id)
        else:
            found, position = await subjects_as_of.customer(conn, network, as_of, customer_id)
        if found is None:
            raise await unknown(conn, network, "customer", customer_id, as_of, position)
    return reply(position, found)


@router.get("/v1/customers/{customer_id}/history", openapi_extra=answers(HistoryItem, listed=True))
async def history(
    request: Request, customer_id: str, query: Annotated[AsOfList, Query()]
) -> Response:
    """Everything of the person that a customer is, newest first.

    Purchases, payments, parcels, pickups, returns, contacts, consents and merges of all ids that
    are one person at this moment, with guest orders that they claimed; after an unmerge each id
    has its own again. Newest is what the ledger took in last. With `as_of`, what stood there then.
    """
    services = serving(request)
    network = services.reads.network
    after, limit = query.after, query.limit
    views = {"live": customers.VIEWS, "then": subjects_as_of.VIEWS}
    async with lent(services, query, **views) as (conn, as_of):
        if as_of is None:
            page = await customers.history(conn, network, customer_id, after=after, limit=limit)
        else:
            page = await subjects_as_of.history(
                conn, network, as_of, customer_id, after=after, limit=limit
            )
        if not page.items:
            await _check_is_known(conn, network, customer_id, as_of, page.position)
    return listed(page)


@router.get("/v1/customers/{customer_id}/events", openapi_extra=answers(TimelineEvent, listed=True))
async def customer_events(
    request: Request, customer_id: str, query: Annotated[AsOfList, Query()]
) -> Response:
    """The events that name a customer by this very id, oldest first.

    With `as_of`, those that counted then. `history` is of the whole person, with all that was done
    for their orders.
    """
    return await timeline_page(serving(request), "customer", customer_id, query)


async def _check_is_known(
    conn: Connection, network: str, customer_id: str, as_of: AsOf | None, position: int
) -> None:
    """Raise Problem (404) if nothing has named this id, or had by then."""
    if as_of is None:
        known, _ = await customers.customer(conn, network, customer_id)
    else:
        known, _ = await subjects_as_of.customer(conn, network, as_of, customer_id)
    if known is None:
        raise await unknown(conn, network, "customer", customer_id, as_of, position)
