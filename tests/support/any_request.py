"""Any request the door lets in, over few skus, locations, orders and times, so that they meet."""

from datetime import datetime, timedelta
from typing import Any

from books import START
from hypothesis import strategies as st
from msgspec import Struct

from ledger.domain.requests import (
    AdjustLine,
    AdjustStock,
    AnyRequest,
    CancelOrder,
    CollectLines,
    CountLine,
    CountStock,
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    LineCut,
    LineQuantity,
    MoveLine,
    MoveStock,
    OrderLine,
    OrderLineKey,
    PlaceOrder,
    ReadyForPickup,
    ReceiptLine,
    ReceiveStock,
    RecordPayment,
    RecordReturn,
    RecordSale,
    RegisterCustomer,
    ReturnLine,
    SafetyLine,
    SaleKey,
    SaleLine,
    SetSafetyStock,
    ShipLines,
    VoidSale,
)

MINUTES = 8
"""How far occurred_at lies apart; two requests often happen at the same instant."""
SKUS = ("A", "B")
UNSEEN = "C"
"""A sku that no delivery brings and no order asks for: counts may see it before anybody else."""
LOCATIONS = ("S", "D")
CHANNELS = ("till", "web")
ORDERS = ("o1", "o2", "o3")
LINE_IDS = ("1", "2", "3")
SALES = ("sale-1", "sale-2")
"""request_ids of sales, so that voids and returns can name them."""


class Sent(Struct, frozen=True):
    """A request and its sender."""

    channel: str
    request: AnyRequest


skus = st.sampled_from((*SKUS, *SKUS, UNSEEN))
delivered, locations, channels = (st.sampled_from(n) for n in (SKUS, LOCATIONS, CHANNELS))
orders, line_ids = st.sampled_from(ORDERS), st.sampled_from(LINE_IDS)
quantities = st.integers(1, 4)
states = st.sampled_from(("available", "damaged", "quality_control"))
times = st.integers(0, MINUTES - 1).map(lambda minute: START + timedelta(minutes=minute))
sale_keys = st.builds(SaleKey, channel=channels, request_id=st.sampled_from(SALES))


def _numbered(parts: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    """Lines with the ids 1, 2, 3 in this order."""
    return st.lists(parts, min_size=1, max_size=most).map(
        lambda made: tuple(make(line_id=str(n)) for n, make in enumerate(made, 1))
    )


def _lines_of(part: type, **fields: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    made = st.fixed_dictionaries(fields).map(
        lambda said: lambda line_id: part(line_id=line_id, **said)
    )
    return _numbered(made)


def _chosen(
    part: type, quantity: st.SearchStrategy[Any] = quantities, least: int = 1
) -> st.SearchStrategy[Any]:
    """Some lines by id, each once: of orders and sales that have them, or not."""
    return st.dictionaries(line_ids, quantity, min_size=least, max_size=3).map(
        lambda cuts: tuple(part(line_id=i, quantity=n) for i, n in cuts.items())
    )


def _goods_or_services(part: type, **goods: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    """Lines of which a few are services, which move no stock and name no place."""
    common = {"sku": skus, "quantity": quantities}
    as_goods = st.fixed_dictionaries(common | goods)
    as_service = st.fixed_dictionaries(common | {"kind": st.just("service")})
    said = st.one_of(as_goods, as_goods, as_goods, as_service)
    return _numbered(said.map(lambda s: lambda line_id: part(line_id=line_id, **s)))


def _distinct(
    *fields: st.SearchStrategy[Any], part: Any, names: tuple[str, ...], unique: int, least: int = 1
) -> st.SearchStrategy[tuple[Any, ...]]:
    """Parts of which the first `unique` fields together stand once."""
    rows = st.lists(
        st.tuples(*fields), min_size=least, max_size=3, unique_by=lambda row: row[:unique]
    )
    return rows.map(lambda made: tuple(part(**dict(zip(names, row, strict=True))) for row in made))


count_lines = _distinct(
    skus, st.sampled_from(("on_hand", "on_hand", "damaged", "quality_control")), st.integers(0, 5),
    part=CountLine, names=("sku", "state", "quantity"), unique=2,
)  # fmt: skip
whole_counts = _distinct(
    skus, st.integers(0, 5), part=CountLine, names=("sku", "quantity"), unique=1, least=0
)
safety_lines = _distinct(
    skus, st.integers(0, 2), part=SafetyLine, names=("sku", "quantity"), unique=1
)
moves = st.permutations(("available", "damaged", "quality_control"))
move_lines = _numbered(
    st.tuples(skus, quantities, moves).map(
        lambda m: (
            lambda line_id: MoveLine(
                line_id=line_id, sku=m[0], quantity=m[1], from_state=m[2][0], to_state=m[2][1]
            )
        )
    )
)
OF_LINE = st.builds(OrderLineKey, order_id=orders, line_id=line_ids)
fulfils = st.none() | OF_LINE
of_orders = orders.map(lambda order_id: {"order_id": order_id})
of_sales = sale_keys.map(lambda key: {"sale": key})
origins = st.one_of(st.just({}), of_orders, of_orders, of_orders, of_sales)
hows = st.sampled_from(("ship", "pickup", "carry_out"))


def _said(
    request_type: type, **fields: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(request_type), **fields})


def _returns() -> st.SearchStrategy[dict[str, Any]]:
    def said(drawn: tuple[str, dict[str, Any], tuple[ReturnLine, ...]]) -> dict[str, Any]:
        location, origin, lines = drawn
        if not origin:
            lines = tuple(
                ReturnLine(
                    line_id=x.line_id, sku=x.sku, quantity=x.quantity, kind=x.kind, state=x.state
                )
                for x in lines
            )
        return {"type": RecordReturn, "location": location, "lines": lines, **origin}

    lines = _goods_or_services(ReturnLine, state=states, of_line_id=st.none() | line_ids)
    return st.tuples(locations, origins, lines).map(said)


def _of_order(
    request_type: type, **more: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    return _said(
        request_type, order_id=orders, location=locations, lines=_chosen(LineQuantity), **more
    )


ORDER_LINES = _goods_or_services(
    OrderLine,
    sku=delivered,
    how=hows,
    location=st.sampled_from((*LOCATIONS, *LOCATIONS, "NOWHERE", None)),
)
SOUND_LINES = _goods_or_services(OrderLine, sku=delivered, how=hows, location=locations)
"""Lines that name a location that is there."""

CLAIMS = (
    _said(PlaceOrder, order_id=orders, lines=ORDER_LINES, allow_part=st.booleans()),
    _said(PlaceOrder, order_id=orders, lines=SOUND_LINES),
    _said(CancelOrder, order_id=orders, lines=_chosen(LineCut, st.none() | quantities, least=0)),
)
STOCK_FACTS = (
    _said(ReceiveStock, location=locations, lines=_lines_of(ReceiptLine, sku=skus, quantity=st.integers(1, 9), state=states)),
    _said(AdjustStock, location=locations, reason=st.just("found"), lines=_lines_of(AdjustLine, sku=skus, quantity=st.integers(-4, 4).filter(bool), state=states)),
    _said(MoveStock, location=locations, lines=move_lines),
    _said(CountStock, location=locations, scope=st.just("named"), lines=count_lines),
    _said(CountStock, location=locations, scope=st.just("location"), lines=whole_counts),
    _said(RecordSale, location=locations, lines=_goods_or_services(SaleLine, fulfils=fulfils)),
)  # fmt: skip
ORDER_FACTS = (
    _of_order(ShipLines, shipment_id=st.just("parcel")),
    _of_order(CollectLines),
    _of_order(ReadyForPickup),
    _said(RecordSale, location=locations, lines=_lines_of(SaleLine, sku=skus, quantity=quantities, fulfils=OF_LINE)),
    _said(VoidSale, sale=sale_keys, lines=_chosen(LineCut, st.none() | quantities, least=0)),
    _returns(),
)  # fmt: skip
OPEN = dict.fromkeys(("active", "ships", "pickup"), st.sampled_from((True,)))
FREE = {name: st.sampled_from((True, True, True, True, False)) for name in OPEN}
SERVED = st.lists(locations, unique=True).map(tuple)
OTHER_FACTS = (
    _said(DescribeProduct, sku=skus, title=st.sampled_from(("one", "two"))),
    _said(RegisterCustomer, customer_id=st.sampled_from(("c1", "c2"))),
    _said(SetSafetyStock, location=locations, lines=safety_lines),
    _said(RecordPayment, order_id=orders, payment_id=st.sampled_from(("p1", "p2")), state=st.sampled_from(("authorised", "captured")), amount_minor=st.integers(0, 5), currency=st.just("EUR")),
    _said(DescribeChannel, channel=channels, kind=st.just("web")),
)  # fmt: skip
OPENING = (*OTHER_FACTS, _said(DescribeLocation, location=locations, kind=st.just("store"), **OPEN))
CLOSING = (
    *OTHER_FACTS,
    _said(DescribeLocation, location=locations, kind=st.just("store"), **FREE),
    _said(DescribeChannel, channel=channels, kind=st.just("web"), locations=SERVED),
)
"""Descriptions that may close a location, or take it from a channel."""

SALE_IDS = st.sampled_from(SALES)
OTHER_IDS = st.integers(0, 10_000).map(lambda n: f"r-{n}")
Kinds = tuple[st.SearchStrategy[dict[str, Any]], ...]


def _sent(
    said: dict[str, Any], channel: str, sale_id: str, other_id: str, occurred_at: datetime
) -> Sent:
    request_type = said["type"]
    request_id = sale_id if request_type is RecordSale else other_id
    fields = {name: value for name, value in said.items() if name != "type"}
    return Sent(channel, request_type(request_id=request_id, occurred_at=occurred_at, **fields))


def _requests(*groups: Kinds) -> st.SearchStrategy[Sent]:
    """One of a group, each group as often as it stands here."""
    said = st.sampled_from([st.one_of(*group) for group in groups]).flatmap(lambda group: group)
    return st.builds(_sent, said, channels, SALE_IDS, OTHER_IDS, times)


any_request = _requests(CLAIMS, STOCK_FACTS, ORDER_FACTS, ORDER_FACTS, CLOSING)
any_fact = _requests(STOCK_FACTS, STOCK_FACTS, ORDER_FACTS, ORDER_FACTS, CLOSING)
fact_of_an_open_shop = _requests(STOCK_FACTS, ORDER_FACTS, ORDER_FACTS, OPENING)
"""Facts after which an order is never refused but for want of stock."""


def _key(sent: Sent) -> tuple[str, str]:
    return (sent.channel, sent.request.request_id)


def _some(request: st.SearchStrategy[Sent], least: int, most: int) -> st.SearchStrategy[list[Sent]]:
    return st.lists(request, min_size=least, max_size=most, unique_by=_key)


def days() -> st.SearchStrategy[list[Sent]]:
    """Requests in order of arrival, each id once a channel; long days, where much has met."""
    stocked = st.tuples(st.integers(3, 9), two_orders, _some(any_request, 12, 25))
    stocked_days = stocked.map(lambda day: [*deliveries(day[0]), *day[1], *day[2]])
    return st.one_of(_some(any_request, 0, 8), stocked_days)


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
