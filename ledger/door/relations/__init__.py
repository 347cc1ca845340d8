"""What the fields of a request must be to each other, as a table: request type -> checks.

Each check takes the request and raises Malformed, or returns. Values were checked before
(`fields`), so a quantity is in range and an id is printable here.
"""

from typing import Final

from msgspec import Struct

from ledger.domain import requests as r
from ledger.door.relations.described import (
    destination_is_whole,
    has_whole_coordinates,
    prices_differ,
)
from ledger.door.relations.goods import (
    amounts_have_currency,
    costs_have_currency,
    goods_say_how,
    prices_fit_kinds,
    services_fulfil_nothing,
    services_have_no_state,
)
from ledger.door.relations.lines import (
    Check,
    decisions_differ,
    has_some,
    ids_differ,
    skus_differ,
)
from ledger.door.relations.origins import (
    adds_or_cuts,
    held_somewhere,
    is_about_something,
    merged_into_another,
    names_one,
    return_names_one_origin,
)
from ledger.door.relations.stock import (
    counts_are_clear,
    dispositions_change,
    says_why,
    sent_elsewhere,
    something_arrived,
    states_change,
)

__all__ = ["RELATIONS", "check_relations"]

_IDS: Final = ids_differ("lines")
_LINES: Final[tuple[Check, ...]] = (has_some("lines"), _IDS)
_DECIDED: Final[tuple[Check, ...]] = (has_some("lines"), decisions_differ)
_POLICY: Final[tuple[Check, ...]] = (has_some("lines"), skus_differ)
_SOLD: Final[tuple[Check, ...]] = (*_LINES, amounts_have_currency, prices_fit_kinds("lines"))
_ORDERED: Final[tuple[Check, ...]] = (*_SOLD, goods_say_how("lines"), destination_is_whole)
RELATIONS: Final[dict[type[Struct], tuple[Check, ...]]] = {
    r.DescribeProduct: (prices_differ,),
    r.DescribeLocation: (has_whole_coordinates,),
    r.SetSafetyStock: _POLICY,
    r.SetChannelBuffer: _POLICY,
    r.ReceiveStock: (*_LINES, costs_have_currency),
    r.AdjustStock: (says_why, *_LINES, costs_have_currency),
    r.MoveStock: (*_LINES, states_change),
    r.CountStock: (counts_are_clear, costs_have_currency),
    r.ExpectSupply: (*_LINES, costs_have_currency),
    r.RecordSale: (*_SOLD, services_fulfil_nothing),
    r.VoidSale: (_IDS,),
    r.RecordReturn: (*_SOLD, services_have_no_state, return_names_one_origin),
    r.PlaceHold: (*_LINES, held_somewhere, destination_is_whole),
    r.ReleaseHold: (_IDS,),
    r.PlaceOrder: _ORDERED,
    r.ChangeOrder: (
        adds_or_cuts,
        ids_differ("add"),
        ids_differ("cut"),
        prices_fit_kinds("add"),
        goods_say_how("add"),
    ),
    r.CancelOrder: (_IDS,),
    r.ReassignLine: _LINES,
    r.DeclineLine: _LINES,
    r.PickLines: _LINES,
    r.ShipLines: _LINES,
    r.VoidShipment: (_IDS,),
    r.ReadyForPickup: _LINES,
    r.CollectLines: _LINES,
    r.Deliver: (_IDS,),
    r.FailDelivery: (_IDS,),
    r.RequestTransfer: (*_LINES, sent_elsewhere),
    r.ShipTransfer: _LINES,
    r.ReceiveTransfer: (*_LINES, something_arrived),
    r.AuthoriseReturn: (*_LINES, names_one("sale", "order_id")),
    r.ReceiveReturn: _DECIDED,
    r.InspectReturn: (*_DECIDED, dispositions_change),
    r.Exchange: (
        has_some("returned"),
        ids_differ("returned"),
        names_one("of_sale", "of_order_id"),
        *_ORDERED,
    ),
    r.MergeCustomers: (merged_into_another,),
    r.ClaimGuestOrders: (has_some("order_ids"),),
    r.RecordContact: (is_about_something,),
}
"""The types that are not here have nothing to relate."""


def check_relations(request: r.AnyRequest) -> None:
    """Raises Malformed for the first relation that does not hold."""
    for check in RELATIONS.get(type(request), ()):
        check(request)
