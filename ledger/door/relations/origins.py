"""What a request is about: one thing, and said clearly."""

from functools import cache
from typing import Any

from ledger.domain.requests import (
    ChangeOrder,
    MergeCustomers,
    PlaceHold,
    RecordContact,
    RecordReturn,
)
from ledger.door.faults import Malformed, shown
from ledger.door.relations.lines import Check


@cache
def names_one(first: str, second: str) -> Check:
    """A check that exactly one of two fields is there."""

    def check(request: Any) -> None:
        given = (getattr(request, first) is not None) + (getattr(request, second) is not None)
        if given != 1:
            said = f"both `{first}` and" if given else f"neither `{first}` nor"
            raise Malformed(f"names {said} `{second}`; send one of them", second)

    return check


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


def held_somewhere(request: PlaceHold) -> None:
    """A hold is at the location it names, or wherever the writer chooses."""
    if request.location is None and not request.anywhere:
        raise Malformed("`location` is missing; send it, or `anywhere` true", "location")
    if request.location is not None and request.anywhere:
        raise Malformed("names a `location` and `anywhere`; send one of them", "anywhere")


def adds_or_cuts(request: ChangeOrder) -> None:
    """A change changes something, and no line is both new and cut."""
    if not request.add and not request.cut:
        raise Malformed("there is nothing to change; send `add` or `cut`, or both", "add")
    added = {line.line_id for line in request.add}
    for index, line in enumerate(request.cut):
        if line.line_id in added:
            raise Malformed(
                f"`line_id` {shown(line.line_id)} is also in `add`; give a new line a new id",
                f"cut[{index}].line_id",
            )


def merged_into_another(request: MergeCustomers) -> None:
    """Two ids are merged, not one."""
    if request.customer_id == request.into:
        raise Malformed(
            f"`customer_id` and `into` are both {shown(request.into)}; name two customers", "into"
        )


def is_about_something(request: RecordContact) -> None:
    """A contact is about a customer, an order, or both."""
    if request.customer_id is None and request.order_id is None:
        raise Malformed("names nobody; send `customer_id`, `order_id` or both", "customer_id")
