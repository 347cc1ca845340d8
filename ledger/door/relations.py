"""What the fields of a request must be to each other, as a table: request type -> checks.

Each check takes the request and raises Malformed, or returns. Values were checked before
(`fields`), so a quantity is in range and an id is printable here.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final

from msgspec import Struct

from ledger.domain.requests import (
    AdjustLine,
    AdjustStock,
    AnyRequest,
    CancelOrder,
    CollectLines,
    CountLine,
    CountStock,
    DescribeLocation,
    DescribeProduct,
    MoveStock,
    Place,
    PlaceOrder,
    ReadyForPickup,
    ReceiptLine,
    ReceiveStock,
    RecordReturn,
    RecordSale,
    SetSafetyStock,
    ShipLines,
    SoldLine,
    VoidSale,
)
from ledger.door.faults import Malformed, shown

Check = Callable[[Any], None]
Sold = RecordSale | RecordReturn | PlaceOrder
Costed = ReceiveStock | AdjustStock | CountStock
Named = (
    Sold
    | ReceiveStock
    | AdjustStock
    | MoveStock
    | VoidSale
    | CancelOrder
    | ShipLines
    | ReadyForPickup
    | CollectLines
)
"""Requests whose lines have ids."""


def has_lines(request: Named | CountStock | SetSafetyStock) -> None:
    """At least one line."""
    if not request.lines:
        raise Malformed("there are no lines; send at least one", "lines")


def line_ids_differ(request: Named) -> None:
    """Each line_id stands once."""
    if len({line.line_id for line in request.lines}) != len(request.lines):
        _name_twin((line.line_id for line in request.lines), "lines", "line_id")


def skus_differ(request: SetSafetyStock) -> None:
    """Each sku stands once."""
    _name_twin((line.sku for line in request.lines), "lines", "sku")


def _name_twin(keys: Iterable[Hashable], path: str, name: str) -> None:
    seen: set[Hashable] = set()
    for index, key in enumerate(keys):
        if key in seen:
            raise Malformed(
                f"`{name}` {shown(key)} stands twice; each stands once", f"{path}[{index}].{name}"
            )
        seen.add(key)


def amounts_have_currency(request: Sold) -> None:
    """A price or tax of any line needs the request's currency."""
    if request.currency is None:
        for index, line in enumerate(request.lines):
            if line.unit_price_minor is not None or line.tax_minor is not None:
                raise _no_currency(index)


def costs_have_currency(request: Costed) -> None:
    """A unit cost of any line needs the request's currency."""
    if request.currency is None:
        lines: tuple[ReceiptLine | AdjustLine | CountLine, ...] = request.lines
        for index, line in enumerate(lines):
            if line.unit_cost_minor is not None:
                raise _no_currency(index)


def _no_currency(index: int) -> Malformed:
    return Malformed(
        f"`lines[{index}]` has an amount but the request no currency; "
        "send `currency` once, beside `lines`",
        "currency",
    )


def prices_fit_kinds(request: Sold) -> None:
    """Only services have negative prices; only goods have lots and serials."""
    for index, line in enumerate(request.lines):
        if line.kind == "service":
            _goods_only(line, index, "lot", "serial")
        elif line.unit_price_minor is not None and line.unit_price_minor < 0:
            raise Malformed(
                f"`unit_price_minor` is {line.unit_price_minor}; only a line of kind service "
                "(a discount, a fee) has a negative price",
                f"lines[{index}].unit_price_minor",
            )


def _goods_only(line: SoldLine, index: int, *names: str) -> None:
    for name in names:
        if getattr(line, name) is not None:
            raise Malformed(
                f"a service moves no stock and has no `{name}`; leave it out, or send kind goods",
                f"lines[{index}].{name}",
            )


def services_fulfil_nothing(request: RecordSale) -> None:
    """Only goods fulfil an order line."""
    for index, line in enumerate(request.lines):
        if line.kind == "service":
            _goods_only(line, index, "fulfils")


def goods_say_how(request: PlaceOrder) -> None:
    """Goods name how they reach the customer; services neither how nor where."""
    for index, line in enumerate(request.lines):
        if line.kind == "service":
            _goods_only(line, index, "how", "location")
        elif line.how is None:
            raise Malformed(
                "`how` is missing; goods of an order need ship, pickup or carry_out",
                f"lines[{index}].how",
            )


def services_have_no_state(request: RecordReturn) -> None:
    """Only goods enter stock in a state."""
    for index, line in enumerate(request.lines):
        if line.kind == "service" and line.state != "available":
            raise Malformed(
                "a service moves no stock and has no `state`; leave it out, or send kind goods",
                f"lines[{index}].state",
            )


def return_names_one_origin(request: RecordReturn) -> None:
    """A sale or an order, never both; a line of origin only with one of them."""
    if request.sale is not None and request.order_id is not None:
        raise Malformed("names both `sale` and `order_id`; send one of them", "order_id")
    if request.sale is None and request.order_id is None:
        for index, line in enumerate(request.lines):
            if line.of_line_id is not None:
                raise Malformed(
                    "`of_line_id` names a line, but of nothing; send `sale` or `order_id` too",
                    f"lines[{index}].of_line_id",
                )


def states_change(request: MoveStock) -> None:
    """A move has two different states."""
    for index, line in enumerate(request.lines):
        if line.from_state == line.to_state:
            raise Malformed(
                f"from and to are both {line.to_state}; a move changes the state",
                f"lines[{index}].to",
            )


def says_why(request: AdjustStock) -> None:
    """An adjustment has a reason."""
    if request.reason is None:
        raise Malformed(
            "`reason` is missing; say why stock is adjusted (shrinkage, found, damage, …)",
            "reason",
        )


def counts_are_clear(request: CountStock) -> None:
    """Named counts name something; nothing is counted twice, nor a part without its whole."""
    if request.scope == "named":
        has_lines(request)
    _name_twin((f"{line.sku} ({line.state})" for line in request.lines), "lines", "sku")
    if request.scope == "location":
        whole = {line.sku for line in request.lines if line.state == "on_hand"}
        for index, line in enumerate(request.lines):
            if line.sku not in whole:
                raise Malformed(
                    f"{line.state} of {shown(line.sku)} is counted, but not its on_hand, which a "
                    "count of the whole location would take as 0; add an on_hand line",
                    f"lines[{index}].sku",
                )


def has_whole_coordinates(place: Place | DescribeLocation) -> None:
    """Latitude and longitude come together."""
    if (place.latitude_udeg is None) != (place.longitude_udeg is None):
        absent = "latitude_udeg" if place.latitude_udeg is None else "longitude_udeg"
        raise Malformed(f"`{absent}` is missing; send both coordinates or none", absent)


def destination_is_whole(request: PlaceOrder) -> None:
    """An order's destination has both coordinates or none."""
    if request.ship_to is not None:
        try:
            has_whole_coordinates(request.ship_to)
        except Malformed as fault:
            raise fault.within("ship_to") from None


def prices_differ(request: DescribeProduct) -> None:
    """One price a channel and currency."""
    _name_twin(
        (f"{price.currency} of {price.channel or 'all channels'}" for price in request.prices),
        "prices",
        "currency",
    )


_LINES: Final[tuple[Check, ...]] = (has_lines, line_ids_differ)
_SOLD: Final[tuple[Check, ...]] = (*_LINES, amounts_have_currency, prices_fit_kinds)
RELATIONS: Final[dict[type[Struct], tuple[Check, ...]]] = {
    DescribeProduct: (prices_differ,),
    DescribeLocation: (has_whole_coordinates,),
    SetSafetyStock: (has_lines, skus_differ),
    ReceiveStock: (*_LINES, costs_have_currency),
    AdjustStock: (says_why, *_LINES, costs_have_currency),
    MoveStock: (*_LINES, states_change),
    CountStock: (counts_are_clear, costs_have_currency),
    RecordSale: (*_SOLD, services_fulfil_nothing),
    VoidSale: (line_ids_differ,),
    RecordReturn: (*_SOLD, services_have_no_state, return_names_one_origin),
    PlaceOrder: (*_SOLD, goods_say_how, destination_is_whole),
    CancelOrder: (line_ids_differ,),
    ShipLines: _LINES,
    ReadyForPickup: _LINES,
    CollectLines: _LINES,
}
"""The types that are not here have nothing to relate."""


def check_relations(request: AnyRequest) -> None:
    """Raises Malformed for the first relation that does not hold."""
    for check in RELATIONS.get(type(request), ()):
        check(request)
