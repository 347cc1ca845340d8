"""Lines that are sold, ordered, returned or bought: their amounts, and goods told from services."""

from functools import cache
from typing import Any

from ledger.domain.requests import (
    AdjustLine,
    AdjustStock,
    CountLine,
    CountStock,
    Exchange,
    ExpectSupply,
    PlaceOrder,
    ReceiptLine,
    ReceiveStock,
    RecordReturn,
    RecordSale,
    SoldLine,
    SupplyLine,
)
from ledger.door.faults import Malformed
from ledger.door.relations.lines import Check

Sold = RecordSale | RecordReturn | PlaceOrder | Exchange
Costed = ReceiveStock | AdjustStock | CountStock | ExpectSupply


def amounts_have_currency(request: Sold) -> None:
    """A price or tax of any line needs the request's currency."""
    if request.currency is None:
        for index, line in enumerate(request.lines):
            if line.unit_price_minor is not None or line.tax_minor is not None:
                raise _no_currency(index)


def costs_have_currency(request: Costed) -> None:
    """A unit cost of any line needs the request's currency."""
    if request.currency is None:
        lines: tuple[ReceiptLine | AdjustLine | CountLine | SupplyLine, ...] = request.lines
        for index, line in enumerate(lines):
            if line.unit_cost_minor is not None:
                raise _no_currency(index)


def _no_currency(index: int) -> Malformed:
    return Malformed(
        f"`lines[{index}]` has an amount but the request no currency; "
        "send `currency` once, beside `lines`",
        "currency",
    )


@cache
def prices_fit_kinds(name: str) -> Check:
    """A check of this list: only services have negative prices; only goods lots and serials."""

    def check(request: Any) -> None:
        for index, line in enumerate(getattr(request, name)):
            if line.kind == "service":
                _goods_only(line, f"{name}[{index}]", "lot", "serial")
            elif line.unit_price_minor is not None and line.unit_price_minor < 0:
                raise Malformed(
                    f"`unit_price_minor` is {line.unit_price_minor}; only a line of kind service "
                    "(a discount, a fee) has a negative price",
                    f"{name}[{index}].unit_price_minor",
                )

    return check


@cache
def goods_say_how(name: str) -> Check:
    """A check of this list: goods say how they reach the customer, services neither how nor where.

    Whether goods need a location is for the books to say: `location_required`.
    """

    def check(request: Any) -> None:
        for index, line in enumerate(getattr(request, name)):
            if line.kind == "service":
                _goods_only(line, f"{name}[{index}]", "how", "location")
            elif line.how is None:
                raise Malformed(
                    "`how` is missing; goods of an order need ship, pickup or carry_out",
                    f"{name}[{index}].how",
                )

    return check


def services_fulfil_nothing(request: RecordSale) -> None:
    """Only goods fulfil an order line."""
    for index, line in enumerate(request.lines):
        if line.kind == "service":
            _goods_only(line, f"lines[{index}]", "fulfils")


def services_have_no_state(request: RecordReturn) -> None:
    """Only goods enter stock in a state."""
    for index, line in enumerate(request.lines):
        if line.kind == "service" and line.state != "available":
            raise Malformed(
                "a service moves no stock and has no `state`; leave it out, or send kind goods",
                f"lines[{index}].state",
            )


def _goods_only(line: SoldLine, path: str, *names: str) -> None:
    for name in names:
        if getattr(line, name) is not None:
            raise Malformed(
                f"a service moves no stock and has no `{name}`; leave it out, or send kind goods",
                f"{path}.{name}",
            )
