"""What may be said about goods that come back."""

from typing import Any

from any_order_request import FREE_LINES, SOUND_LINES
from any_parts import (
    RETURNS,
    Kind,
    Kinds,
    Said,
    chosen,
    chosen_with,
    customers,
    goods_or_services,
    line_ids,
    locations,
    new_orders,
    orders,
    quantities,
    returns,
    said,
    sale_keys,
    skus,
    states,
)
from hypothesis import strategies as st

from ledger.domain.requests import (
    AuthoriseReturn,
    Exchange,
    InspectedLine,
    InspectReturn,
    ReceivedLine,
    ReceiveReturn,
    RecordReturn,
    ReturnedLine,
    ReturnLine,
)

DISPOSITIONS = ("restock", "quality_control", "damaged", "scrap", "return_to_vendor", "missing")
of_orders = orders.map(lambda order_id: {"order_id": order_id})
of_sales = sale_keys.map(lambda key: {"sale": key})
origins = st.one_of(st.just({}), of_orders, of_orders, of_orders, of_sales)


def _recorded() -> Kind:
    def told(drawn: tuple[str, dict[str, Any], tuple[ReturnLine, ...]]) -> dict[str, Any]:
        location, origin, lines = drawn
        if not origin:
            lines = tuple(
                ReturnLine(
                    line_id=x.line_id, sku=x.sku, quantity=x.quantity, kind=x.kind, state=x.state
                )
                for x in lines
            )
        return {"location": location, "lines": lines, **origin}

    lines = goods_or_services(ReturnLine, state=states, of_line_id=st.none() | line_ids)
    return Kind(RecordReturn, st.tuples(locations, origins, lines).map(told))


def _joined(*parts: Said) -> Said:
    """All of these fields together."""
    return st.tuples(*parts).map(lambda told: {name: v for one in told for name, v in one.items()})


new_returns = st.sampled_from((*RETURNS, "r3"))
few_lines = st.one_of(
    st.just((ReturnedLine(line_id="1", quantity=1),)),
    chosen(ReturnedLine, st.sampled_from((1, 1, 2))),
)
"""Mostly so little that it may have left."""


def _authorised() -> Kind:
    lines = {"return_id": new_returns, "lines": few_lines}
    of_one = st.one_of(of_orders, of_orders, of_sales)
    return Kind(AuthoriseReturn, _joined(st.fixed_dictionaries(lines), of_one))


def _exchanged() -> Kind:
    fields = {
        "return_id": new_returns,
        "returned": few_lines,
        "order_id": new_orders,
        "lines": st.one_of(SOUND_LINES, SOUND_LINES, FREE_LINES),
        "customer_id": st.none() | customers,
        "allow_backorder": st.booleans(),
        "allow_part": st.booleans(),
    }
    of_order = orders.map(lambda order_id: {"of_order_id": order_id})
    of_sale = sale_keys.map(lambda key: {"of_sale": key})
    of_one = st.one_of(of_order, of_order, of_sale)
    return Kind(Exchange, _joined(st.fixed_dictionaries(fields), of_one))


_dispositions = st.sampled_from(DISPOSITIONS)
_goods = {"sku": skus, "quantity": quantities}
received_lines = chosen_with(
    ReceivedLine, st.fixed_dictionaries(_goods | {"disposition": _dispositions})
)
_two = st.permutations(DISPOSITIONS).map(lambda two: {"from_disposition": two[0], "to": two[1]})
inspected_lines = chosen_with(InspectedLine, _joined(st.fixed_dictionaries(_goods), _two))

RETURN_CLAIMS: Kinds = (_authorised(), _exchanged())
RETURN_FACTS: Kinds = (
    _recorded(),
    _recorded(),
    said(ReceiveReturn, return_id=returns, location=locations, lines=received_lines),
    said(InspectReturn, return_id=returns, location=locations, lines=inspected_lines),
)
