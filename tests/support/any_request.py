"""Any request the door lets in, over few skus, locations, orders and times, so that they meet."""

from datetime import date, datetime, timedelta
from typing import Any

from any_described_request import CLOSING, CUSTOMER_FACTS, OPENING
from any_order_request import (
    FACTS_ABOUT_ALL,
    FULFILMENT_FACTS,
    HOLD_CLAIMS,
    HOLD_FACTS,
    ORDER_CLAIMS,
    SALE_FACTS,
    SOUND_LINES,
)
from any_parts import (
    FIRST_SALE,
    LOCATIONS,
    MINUTES,
    ORDERS,
    OWNERS,
    PARCELS,
    RETURNS,
    SALES,
    SKUS,
    SUPPLIES,
    TRANSFERS,
    Kind,
    Kinds,
    Sent,
    channels,
    days_due,
    times,
)
from any_return_request import RETURN_CLAIMS, RETURN_FACTS
from any_stock_request import (
    STOCK_FACTS,
    SUPPLY_FACTS,
    TRANSFER_CLAIMS,
    TRANSFER_FACTS,
    transfer_request,
)
from books import START
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.domain.requests import (
    AuthoriseReturn,
    CollectLines,
    ExpectSupply,
    HoldLine,
    LineQuantity,
    OrderLine,
    PlaceHold,
    PlaceOrder,
    ReceiptLine,
    ReceiveStock,
    RecordSale,
    ReturnedLine,
    SaleLine,
    ShipLines,
    SupplyLine,
)

__all__ = [
    "ALL_KINDS",
    "MINUTES",
    "Sent",
    "any_fact",
    "any_request",
    "any_word",
    "days",
    "days_of_sales",
    "deliveries",
    "fact_of_an_open_shop",
    "several",
    "standing_claims",
    "two_orders",
    "two_transfers",
]

SALE_IDS = st.sampled_from(SALES)
OTHER_IDS = st.integers(0, 10_000).map(lambda n: f"r-{n}")


def _sent(
    kind: Kind, said: dict[str, Any], channel: str, ids: tuple[str, str], occurred_at: datetime
) -> Sent:
    sale_id, other_id = ids
    request_id = sale_id if kind.request_type is RecordSale else other_id
    return Sent(channel, kind.request_type(request_id=request_id, occurred_at=occurred_at, **said))


def _requests(*groups: Kinds) -> st.SearchStrategy[Sent]:
    """One of a group, each group as often as it stands here."""
    ids = st.tuples(SALE_IDS, OTHER_IDS)

    def sent(kind: Kind) -> st.SearchStrategy[Sent]:
        return st.builds(_sent, st.just(kind), kind.fields, channels, ids, times)

    by_group = [st.one_of(*map(sent, group)) for group in groups]
    return st.sampled_from(by_group).flatmap(lambda group: group)


CLAIMS: tuple[Kinds, ...] = (ORDER_CLAIMS, (*HOLD_CLAIMS, *TRANSFER_CLAIMS, *RETURN_CLAIMS))
MOVEMENTS: tuple[Kinds, ...] = (
    (*STOCK_FACTS, *SALE_FACTS),
    FULFILMENT_FACTS,
    FULFILMENT_FACTS,
    TRANSFER_FACTS,
    (*SUPPLY_FACTS, *RETURN_FACTS),
)
SAID_ONLY: Kinds = (*HOLD_FACTS, *CUSTOMER_FACTS)
ALL_KINDS: Kinds = tuple(
    kind for group in (*CLAIMS, *MOVEMENTS, FACTS_ABOUT_ALL, SAID_ONLY, CLOSING) for kind in group
)
any_request = _requests(*CLAIMS, *MOVEMENTS, FACTS_ABOUT_ALL, (*SAID_ONLY, *CLOSING))
any_fact = _requests(*MOVEMENTS, SALE_FACTS, (*SAID_ONLY, *CLOSING))
"""Facts whose promised outcome does not depend on what was known when they arrived: each says
how much."""
any_word = _requests((*SAID_ONLY, *CLOSING))
"""Facts that only say something: the latest by effective time counts."""
fact_of_an_open_shop = _requests(*MOVEMENTS, SALE_FACTS, (*SAID_ONLY, *OPENING))
"""Facts after which an order is never refused but for want of stock."""


def _key(sent: Sent) -> tuple[str, str]:
    return (sent.channel, sent.request.request_id)


def _some(request: st.SearchStrategy[Sent], least: int, most: int) -> st.SearchStrategy[list[Sent]]:
    return st.lists(request, min_size=least, max_size=most, unique_by=_key)


def _each_once(day: list[Sent]) -> list[Sent]:
    """The first of each id of a channel."""
    first: dict[tuple[str, str], Sent] = {}
    for sent in day:
        first.setdefault(_key(sent), sent)
    return list(first.values())


def days() -> st.SearchStrategy[list[Sent]]:
    """Requests in order of arrival, each id once a channel; long days, where much has met."""
    stocked = st.tuples(st.sampled_from((4, 6, 9, 20)), standing_claims, _some(any_request, 12, 25))
    stocked_days = stocked.map(lambda day: _each_once([*deliveries(day[0]), *day[1], *day[2]]))
    return st.one_of(_some(any_request, 0, 8), stocked_days)


def days_of_sales() -> st.SearchStrategy[list[Sent]]:
    """Days on which nothing but sales, parcels and their voids meets two orders."""
    sale_or_parcel = _requests(SALE_FACTS, SALE_FACTS, FULFILMENT_FACTS)
    day = st.tuples(st.sampled_from((4, 6, 9, 20)), two_orders, _some(sale_or_parcel, 4, 14))
    return day.map(lambda day: _each_once([*deliveries(day[0]), *day[1], *day[2]]))


def several(fact: st.SearchStrategy[Sent]) -> st.SearchStrategy[list[Sent]]:
    """Facts, each id once a channel."""
    return st.one_of(_some(fact, 0, 6), _some(fact, 8, 20))


def deliveries(quantity: int, minute: int = 0) -> list[Sent]:
    """So much of every sku at every location."""
    return [
        Sent(
            "dock",
            ReceiveStock(
                request_id=f"delivery to {location}",
                occurred_at=START + timedelta(minutes=minute),
                location=location,
                lines=tuple(ReceiptLine(line_id=sku, sku=sku, quantity=quantity) for sku in SKUS),
            ),
        )
        for location in LOCATIONS
    ]


def _order(order_id: str, lines: tuple[OrderLine, ...], *, allow_part: bool) -> Sent:
    request = PlaceOrder(
        request_id=order_id,
        occurred_at=START,
        order_id=order_id,
        lines=lines,
        allow_part=allow_part,
    )
    return Sent("app", request)


two_orders = st.tuples(
    *(st.builds(_order, st.just(o), SOUND_LINES, allow_part=st.booleans()) for o in ORDERS[:2])
)
"""One for each order_id, from locations that are there."""


def _asked(kind: Kind, request_id: str) -> st.SearchStrategy[Sent]:
    return kind.fields.map(
        lambda said: Sent(
            "app", kind.request_type(request_id=request_id, occurred_at=START, **said)
        )
    )


two_transfers = st.tuples(
    *(
        _asked(transfer_request(st.just(transfer_id), st.just([*ends])), transfer_id)
        for transfer_id, ends in zip(TRANSFERS, (LOCATIONS, LOCATIONS[::-1]), strict=True)
    )
)
"""One there and one back."""


def _first_order(lines: tuple[OrderLine, ...]) -> PlaceOrder:
    """Its line 1 is goods of the first location, so that what follows can be about it."""
    first = OrderLine(line_id="1", sku=SKUS[0], quantity=2, how="pickup", location=LOCATIONS[0])
    others = tuple(replace(line, line_id=f"{n}") for n, line in enumerate(lines[:2], 2))
    return PlaceOrder(
        request_id="first", occurred_at=START, order_id=ORDERS[0], lines=(first, *others)
    )


def _leaving(order_id: str, quantity: int, shipment_id: str | None) -> CollectLines | ShipLines:
    """Line 1 of an order leaves its first location."""
    said: dict[str, Any] = {
        "request_id": f"{order_id} left",
        "occurred_at": START,
        "order_id": order_id,
        "location": LOCATIONS[0],
        "lines": (LineQuantity(line_id="1", quantity=quantity),),
    }
    if shipment_id is None:
        return CollectLines(**said)
    return ShipLines(**said, shipment_id=shipment_id)


def _expected(quantity: int, due: date | None) -> ExpectSupply:
    return ExpectSupply(
        request_id="expected",
        occurred_at=START,
        supply_id=SUPPLIES[0],
        location=LOCATIONS[0],
        lines=tuple(
            SupplyLine(line_id=str(n), sku=sku, quantity=quantity) for n, sku in enumerate(SKUS, 1)
        ),
        due=due,
    )


FIRST_SOLD = Sent(
    FIRST_SALE.channel,
    RecordSale(
        request_id=FIRST_SALE.request_id,
        occurred_at=START,
        location=LOCATIONS[0],
        lines=(SaleLine(line_id="1", sku=SKUS[0], quantity=2),),
    ),
)
FIRST_RETURN = AuthoriseReturn(
    request_id="authorised",
    occurred_at=START,
    return_id=RETURNS[0],
    order_id=ORDERS[0],
    lines=(ReturnedLine(line_id="1", quantity=1),),
)


FIRST_HOLD = PlaceHold(
    request_id="held",
    occurred_at=START,
    owner=OWNERS[0],
    location=LOCATIONS[1],
    lines=(HoldLine(line_id="1", sku=SKUS[1], quantity=1),),
    expires_at=START + timedelta(minutes=MINUTES),
)


def _from_app(
    first: PlaceOrder, left: CollectLines | ShipLines, supply: ExpectSupply
) -> list[Sent]:
    asked = (first, left, FIRST_RETURN, supply, FIRST_HOLD)
    return [Sent("app", request) for request in asked]


_parcels = st.sampled_from((None, PARCELS[0]))
first_things = st.builds(
    _from_app,
    st.builds(_first_order, SOUND_LINES),
    st.builds(_leaving, st.just(ORDERS[0]), st.integers(1, 2), _parcels),
    st.builds(_expected, st.integers(1, 9), st.none() | days_due),
)
standing_claims = st.tuples(
    first_things, two_orders.map(lambda pair: pair[1:]), two_transfers, st.booleans()
).map(lambda drawn: [*drawn[0], *drawn[1], *drawn[2], *([FIRST_SOLD] if drawn[3] else [])])
"""What a long day begins with, so that what follows is often about something that is there: two
orders, one of which left in part, its return, a supply, a hold, transfers, perhaps a sale."""
