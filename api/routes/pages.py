"""Pages for people; each has a JSON twin under /v1."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.lean import LeanRoute
from api.pages import home, render
from api.replies import not_found
from api.routes.inventory import total_of
from api.services import serving
from projections import catalog, customers, inventory, movements, order_reads

router = APIRouter(include_in_schema=False, route_class=LeanRoute)
MOVEMENTS = 200
PURCHASES = 200


@router.get("/")
async def start(request: Request) -> Response:
    """What this ledger holds, and what is worth seeing."""
    reads = serving(request).reads
    async with reads.at() as conn:
        shown = await home.read(conn, reads.network)
    return render(
        "home.html",
        position=shown.position,
        network=reads.network,
        address=str(request.base_url).rstrip("/"),
        home=shown,
    )


@router.get("/inventory/{sku}")
async def stock_card(request: Request, sku: str) -> Response:
    """One sku: its stock, and every movement that made it so."""
    reads = serving(request).reads
    async with reads.at() as conn:
        items, position = await inventory.for_sku(conn, reads.network, sku)
        if not items:
            raise not_found("sku", sku, position)
        product, _position = await catalog.product(conn, reads.network, sku)
        card = await movements.for_sku(conn, reads.network, sku, limit=MOVEMENTS)
    return render(
        "sku.html",
        position=position,
        sku=sku,
        title=product.title if product else None,
        items=items,
        total=total_of(items),
        card=card,
    )


@router.get("/orders/{order_id}")
async def order(request: Request, order_id: str) -> Response:
    """One order or recorded sale."""
    reads = serving(request).reads
    async with reads.at() as conn:
        found, position = await order_reads.order(conn, reads.network, order_id)
    if found is None:
        raise not_found("order", order_id, position)
    return render("order.html", position=position, order=found, stream=home.stream_of(found))


@router.get("/customers/{customer_id}")
async def customer(request: Request, customer_id: str) -> Response:
    """One customer and what they bought and brought back."""
    reads = serving(request).reads
    async with reads.at() as conn:
        found, position = await customers.customer(conn, reads.network, customer_id)
        if found is None:
            raise not_found("customer", customer_id, position)
        page = await customers.history(conn, reads.network, customer_id, limit=PURCHASES)
    return render("customer.html", position=position, customer=found, history=page)
