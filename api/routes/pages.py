"""Pages for people about goods, orders and customers; each has a JSON twin under /v1."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.lean import LeanRoute
from api.pages import home, render, rows
from api.replies import not_found
from api.routes.inventory import total_of
from api.services import serving
from projections.customers import customers
from projections.orders import order_reads
from projections.selling import availability, catalog
from projections.stock import inventory, movements

router = APIRouter(include_in_schema=False, route_class=LeanRoute)
MOVEMENTS = 200
PURCHASES = 200
CHANNELS = 12
"""Of what channels may sell, the stock card shows so many."""


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
    """One sku: its stock, who may sell it, what is to come, and every movement that made it so."""
    reads = serving(request).reads
    network = reads.network
    async with reads.at() as conn:
        items, position = await inventory.for_sku(conn, network, sku)
        if not items:
            raise not_found("sku", sku, position)
        product, _ = await catalog.product(conn, network, sku)
        channels = await catalog.channel_list(conn, network, limit=CHANNELS)
        asked = [
            await availability.availability(conn, network, channel.channel, sku)
            for channel in channels.items
        ]
        coming = await rows.coming(conn, network, sku)
        waiting = await rows.waiting(conn, network, sku)
        card = await movements.for_sku(conn, network, sku, limit=MOVEMENTS)
    return render(
        "sku.html",
        position=position,
        sku=sku,
        title=product.title if product else None,
        items=items,
        total=total_of(items),
        sold=[found for found, _ in asked if found is not None],
        coming=coming,
        waiting=waiting,
        card=card,
    )


@router.get("/orders/{order_id}")
async def order(request: Request, order_id: str) -> Response:
    """One order or recorded sale."""
    reads = serving(request).reads
    async with reads.at(views=order_reads.READS) as conn:
        found, position = await order_reads.order(conn, reads.network, order_id)
        if found is None:
            raise not_found("order", order_id, position)
        returns = await rows.returns(conn, reads.network, order_id)
    stream = home.stream_of(found)
    return render("order.html", position=position, order=found, returns=returns, stream=stream)


@router.get("/customers/{customer_id}")
async def customer(request: Request, customer_id: str) -> Response:
    """One customer and what they bought and brought back."""
    reads = serving(request).reads
    async with reads.at(views=customers.VIEWS) as conn:
        found, position = await customers.customer(conn, reads.network, customer_id)
        if found is None:
            raise not_found("customer", customer_id, position)
        page = await customers.history(conn, reads.network, customer_id, limit=PURCHASES)
    return render("customer.html", position=position, customer=found, history=page)
