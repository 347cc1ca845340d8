"""The page that opens a number: why there is so much, event by event, now or as of then."""

from typing import Annotated, Final, get_args

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.as_of import lent
from api.lean import LeanRoute
from api.pages import render
from api.routes.inventory import ExplainList, no_stock
from api.services import serving
from projections.past import explain
from projections.past.explain import Quantity
from projections.selling import catalog

router = APIRouter(include_in_schema=False, route_class=LeanRoute)
QUANTITIES: Final[tuple[str, ...]] = get_args(Quantity)


@router.get("/inventory/{sku}/explain")
async def why(request: Request, sku: str, query: Annotated[ExplainList, Query()]) -> Response:
    """Every event that a quantity is the sum of, newest first."""
    services = serving(request)
    network = services.reads.network
    async with lent(services, query, live=explain.VIEWS, then=explain.VIEWS) as (conn, as_of):
        found, position = await explain.explain(
            conn,
            network,
            sku,
            query.quantity,
            location=query.location,
            as_of=as_of,
            after=query.after,
            limit=query.limit,
        )
        if found is None:
            raise await no_stock(conn, network, sku, query.location, as_of, position)
        product, _ = await catalog.product(conn, network, sku)
    return render(
        "why.html",
        position=position,
        found=found,
        query=query,
        title=product.title if product else None,
        quantities=QUANTITIES,
    )
