"""What may be said about sales, orders and holds."""

from typing import Any

from any_parts import (
    LOCATIONS,
    Kind,
    Kinds,
    chosen,
    customers,
    deadlines,
    delivered,
    goods_or_services,
    line_ids,
    lines_of,
    locations,
    new_orders,
    orders,
    owners,
    parcels,
    places,
    quantities,
    said,
    sale_keys,
    skus,
    some_line_ids,
)
from hypothesis import strategies as st

from ledger.domain.requests import (
    AnyRequest,
    CancelOrder,
    ChangeOrder,
    CollectLines,
    DeclineLine,
    Deliver,
    ExtendHold,
    FailDelivery,
    HoldLine,
    LineCut,
    LineQuantity,
    OrderLine,
    OrderLineKey,
    PickLines,
    PlaceHold,
    PlaceOrder,
    ReadyForPickup,
    ReassignLine,
    RecordSale,
    ReleaseHold,
    SaleLine,
    ShipLines,
    VoidSale,
    VoidShipment,
)

OF_LINE = st.builds(OrderLineKey, order_id=orders, line_id=line_ids)
hows = st.sampled_from(("ship", "pickup", "carry_out"))
rarely = st.sampled_from((None, None, None, "cart", "desk"))
guests = st.none() | customers

ORDER_LINES = goods_or_services(
    OrderLine,
    sku=delivered,
    how=hows,
    location=st.sampled_from((*LOCATIONS, *LOCATIONS, "NOWHERE", None)),
)
SOUND_LINES = goods_or_services(OrderLine, sku=delivered, how=hows, location=locations)
"""Lines that name a location that is there."""
FREE_LINES = goods_or_services(OrderLine, sku=delivered, how=st.just("ship"))
"""Lines for which the writer chooses."""
cuts = chosen(LineCut, st.none() | quantities)
cuts_or_all = chosen(LineCut, st.none() | quantities, least=0)


def placed(lines: st.SearchStrategy[Any], **more: st.SearchStrategy[Any]) -> Kind:
    return said(PlaceOrder, order_id=new_orders, lines=lines, customer_id=guests, **more)


def _changes() -> Kind:
    """Lines with ids that may be new, and cuts of others."""

    def apart(told: dict[str, Any]) -> dict[str, Any]:
        added = {line.line_id for line in told["add"]}
        return told | {"cut": tuple(cut for cut in told["cut"] if cut.line_id not in added)}

    line = st.builds(
        OrderLine,
        line_id=st.sampled_from(("3", "4", "5")),
        sku=delivered,
        quantity=quantities,
        how=hows,
        location=st.sampled_from((*LOCATIONS, *LOCATIONS, None)),
    )
    added = st.lists(line, max_size=2, unique_by=lambda new: new.line_id).map(tuple)
    told = st.fixed_dictionaries({"order_id": orders, "add": added, "cut": cuts_or_all})
    changed = told.map(apart).filter(lambda change: change["add"] or change["cut"])
    return Kind(ChangeOrder, changed)


ORDER_CLAIMS: Kinds = (
    placed(ORDER_LINES, allow_part=st.booleans(), hold_owner=rarely),
    placed(SOUND_LINES),
    placed(
        FREE_LINES,
        allow_split=st.booleans(),
        allow_backorder=st.booleans(),
        allow_part=st.booleans(),
        ship_to=st.none() | places,
    ),
    placed(SOUND_LINES, allow_backorder=st.just(True), hold_owner=rarely),  # noqa: FBT003
    _changes(),
    said(CancelOrder, order_id=orders, lines=cuts_or_all),
    said(ReassignLine, order_id=orders, location=locations, lines=cuts),
)

hold_lines = lines_of(HoldLine, sku=delivered, quantity=quantities)
held = {"owner": owners, "lines": hold_lines, "expires_at": deadlines}
HOLD_CLAIMS: Kinds = (
    said(PlaceHold, **held, location=locations),
    said(PlaceHold, **held, location=locations),
    said(PlaceHold, **held, anywhere=st.just(True), ship_to=st.none() | places),  # noqa: FBT003
    said(ExtendHold, owner=owners, expires_at=deadlines, line_ids=some_line_ids),
)
HOLD_FACTS: Kinds = (said(ReleaseHold, owner=owners, lines=cuts_or_all),)

SALE_FACTS: Kinds = (
    said(RecordSale, location=locations, customer_id=guests, hold_owner=rarely, lines=goods_or_services(SaleLine, fulfils=st.none() | OF_LINE)),
    said(RecordSale, location=locations, lines=lines_of(SaleLine, sku=skus, quantity=quantities, fulfils=OF_LINE)),
    said(VoidSale, sale=sale_keys, lines=cuts_or_all),
)  # fmt: skip


def _at(request_type: type[AnyRequest], **more: st.SearchStrategy[Any]) -> Kind:
    lines = {"lines": chosen(LineQuantity)} | more
    return said(request_type, order_id=orders, location=locations, **lines)


causes = st.sampled_from(("not_found", "damaged", "too_busy"))
FULFILMENT_FACTS: Kinds = (
    _at(ShipLines, shipment_id=parcels),
    _at(ShipLines, shipment_id=parcels),
    _at(CollectLines),
    _at(ReadyForPickup, until=st.none() | deadlines),
    _at(PickLines),
    _at(VoidShipment, shipment_id=parcels, lines=chosen(LineCut)),
    said(Deliver, order_id=orders, shipment_id=parcels, lines=chosen(LineQuantity)),
    said(FailDelivery, order_id=orders, shipment_id=parcels, lines=chosen(LineQuantity)),
    _at(DeclineLine, cause=causes, lines=chosen(LineCut)),
)
"""Facts that say how much."""
FACTS_ABOUT_ALL: Kinds = (
    _at(VoidShipment, shipment_id=parcels, lines=cuts_or_all),
    said(Deliver, order_id=orders, shipment_id=parcels),
    said(FailDelivery, order_id=orders, shipment_id=parcels),
    _at(DeclineLine, cause=causes, lines=cuts),
)
"""Facts that say all of it: how much that is, the writer knows when they arrive."""
