"""Lines of orders and sales as they are stored, and as the writer's fold knows them.

A new line is stored at once, without a detour: most sales never change.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Final

from msgspec import Meta, Struct

from ledger.domain.orders import Label, Line, label, ordered_line, sold_line
from ledger.domain.requests import OrderLine, SaleLine
from ledger.domain.words import (
    Bundle,
    How,
    LineId,
    LineKind,
    Location,
    Lot,
    PriceMinor,
    Serial,
    Sku,
    TaxMinor,
)
from projections.tables import Table, Values
from projections.words import ListedOrderId, ListedOrderKind


class OrderLineItem(Struct, frozen=True, gc=False):
    """A line of an order or sale: what was asked for, and what became of it."""

    line_id: LineId
    sku: Sku
    location: Annotated[Location | None, Meta(description="Where the goods come from.")]
    how: How | None
    kind: LineKind
    ordered: Annotated[int, Meta(description="Asked for.")]
    cancelled: Annotated[int, Meta(description="Cancelled, or voided, and not left all the same.")]
    committed: Annotated[int, Meta(description="Promised, not yet left.")]
    ready: Annotated[int, Meta(description="Of committed: prepared, waiting for the customer.")]
    short: Annotated[int, Meta(description="Of committed: the shelf cannot keep it.")]
    shipped: Annotated[int, Meta(description="Left in a parcel.")]
    collected: Annotated[int, Meta(description="Taken along by the customer.")]
    returned: Annotated[int, Meta(description="Came back.")]
    excess: Annotated[int, Meta(description="Left beyond what was ordered and not cancelled.")]
    over_returned: Annotated[int, Meta(description="Came back beyond what left.")]
    unit_price_minor: PriceMinor | None
    tax_minor: TaxMinor | None
    lot: Lot | None
    serial: Serial | None
    bundle: Bundle | None


class OrderLineRow(OrderLineItem, frozen=True, gc=False):
    """A line as it is stored: with what its fold goes on from."""

    order_id: ListedOrderId
    number: Annotated[int, Meta(description="The line's place in the order, from 1.")]
    cancel_asked: Annotated[
        int, Meta(description="All that was cancelled or voided, also what left all the same.")
    ]
    prepared: Annotated[int, Meta(description="All that was ever made ready for the customer.")]


ORDER_LINES = Table(
    "order_lines",
    OrderLineRow,
    key=("order_id", "line_id"),
    comment="Lines of orders and recorded sales: what was asked for, and what became of it.",
    fillfactor=90,
)

QUANTITIES: Final = slice(
    ORDER_LINES.names.index("ordered"), ORDER_LINES.names.index("over_returned") + 1
)
"""Where a stored line's quantities stand: ordered … over_returned."""
LINE_ORDER_ID: Final = ORDER_LINES.names.index("order_id")
"""Where a stored line's order_id stands."""


@lru_cache(maxsize=4096)  # most lines are of a few pieces
def _fresh(order_kind: ListedOrderKind, line_kind: LineKind, quantity: int) -> Line:
    """A line as it was placed or sold; no quantity depends on its sku or location."""
    if order_kind == "order":
        return ordered_line(OrderLine(line_id="", sku="", kind=line_kind, quantity=quantity))
    return sold_line(SaleLine(line_id="", sku="", kind=line_kind, quantity=quantity), "")


def label_of(order_kind: ListedOrderKind, said: Iterable[OrderLine | SaleLine]) -> Label:
    """The label of an order or sale that nothing has happened to yet."""
    # A label depends on which lines there are, not on how many are the same.
    return _fresh_label(order_kind, frozenset([(line.kind, line.quantity) for line in said]))


@lru_cache(maxsize=4096)
def _fresh_label(order_kind: ListedOrderKind, different: frozenset[tuple[LineKind, int]]) -> Label:
    return label(order_kind, [_fresh(order_kind, *line) for line in different])


@lru_cache(maxsize=4096)
def _fresh_quantities(
    order_kind: ListedOrderKind, line_kind: LineKind, quantity: int
) -> tuple[int, ...]:
    return _quantities(_fresh(order_kind, line_kind, quantity))


def _quantities(line: Line) -> tuple[int, ...]:
    cancelled, left, committed = line.parts
    return (
        line.ordered,
        cancelled,
        committed,
        line.ready if line.prepared else 0,
        line.short,
        line.shipped,
        line.collected,
        line.returned,
        line.excess,
        max(0, line.returned - left),
    )


def new_line(
    order_kind: ListedOrderKind,
    said: OrderLine | SaleLine,
    location: str | None,
    how: How | None,
    place: tuple[str, int],
) -> Values:
    """The stored line of a new order or sale; `place` is its order_id and its number there."""
    return (
        said.line_id,
        said.sku,
        location,
        how,
        said.kind,
        *_fresh_quantities(order_kind, said.kind, said.quantity),
        said.unit_price_minor,
        said.tax_minor,
        said.lot,
        said.serial,
        said.bundle,
        *place,
        0,
        0,
    )


def line_of(values: Values) -> Line:
    """What the fold of line events goes on from."""
    row = OrderLineRow(*values)
    return Line(
        row.sku,
        row.location,
        row.kind == "goods",
        row.ordered,
        cancel_asked=row.cancel_asked,
        shipped=row.shipped,
        collected=row.collected,
        returned=row.returned,
        prepared=row.prepared,
        short=row.short,
    )


def with_line(values: Values, line: Line) -> Values:
    """The stored line after its quantities have changed."""
    before, after = values[: QUANTITIES.start], values[QUANTITIES.stop : -2]
    return (*before, *_quantities(line), *after, line.cancel_asked, line.prepared)
