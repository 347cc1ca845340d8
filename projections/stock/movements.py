"""Movements: the stock card. Every change of what is there, with the balance after it.

An SQL view over `stock_history`: its rows of the types that move stock.
"""

from functools import cache
from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed

from ledger.domain.words import Location, Sku
from projections.paging import FIRST_PAGE, Page, key_of
from projections.reading import equal, listing, page
from projections.sql_views import SqlView
from projections.tables import NETWORK_COMMENT, columns_of
from projections.words import EffectiveAt, ListedOrderId, OccurredAt, Position, RecordedAt, Sender

_SHOWS: Final = "stock_history"
"""The view whose position these reads show."""


class Movement(Struct, frozen=True, gc=False):
    """One line of the stock card of a sku at a location."""

    position: Position
    sku: Sku
    location: Location
    type: Annotated[str, Meta(description="The event's type, such as stock_sold.")]
    quantity: Annotated[
        int, Meta(description="Change of on_hand; 0 where goods only changed their state.")
    ]
    on_hand: Annotated[int, Meta(description="on_hand after it.")]
    damaged: Annotated[int, Meta(description="Change of damaged.")]
    quality_control: Annotated[int, Meta(description="Change of quality_control.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    effective_at: EffectiveAt
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it follows from.")]
    order_id: Annotated[
        ListedOrderId | None, Meta(description="The order or sale it belongs to, if any.")
    ]
    line_id: Annotated[str | None, Meta(description="The line of its request, order or sale.")]
    reason: Annotated[
        str | None, Meta(description="Why stock was adjusted, or returned goods left the books.")
    ]
    supply_id: Annotated[str | None, Meta(description="The supply that a receipt belongs to.")]
    transfer_id: Annotated[str | None, Meta(description="The transfer it belongs to.")]
    return_id: Annotated[str | None, Meta(description="The authorised return it belongs to.")]
    shipment_id: Annotated[str | None, Meta(description="The shipment it belongs to.")]
    unit_cost_minor: Annotated[
        int | None, Meta(description="What a unit cost, in minor units, if the event says.")
    ]
    currency: Annotated[str | None, Meta(description="The currency of unit_cost_minor.")]


_CHANGES: Final = {
    "quantity": "coalesce(on_hand_change, 0)",
    "damaged": "coalesce(damaged_change, 0)",
    "quality_control": "coalesce(quality_control_change, 0)",
}
_COLUMNS: Final = {column.name: column.comment for column in columns_of(Movement)}
_SELECTED: Final = ", ".join(_CHANGES.get(name, name) for name in _COLUMNS)
MOVEMENTS: Final = SqlView(
    "movements",
    "The stock card: every change of what is there, with the balance after it.",
    f"SELECT network, {_SELECTED} FROM stock_history WHERE moves",  # noqa: S608 - ours
    ("stock_history",),
    {"network": NETWORK_COMMENT, **_COLUMNS},
)


async def for_sku(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
    network: str,
    sku: str,
    *,
    location: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[Movement]:
    """The stock card of a sku, newest first. Raises BadToken for an `after` not of this list."""
    before = FIRST_PAGE if after is None else key_of(after, int)[0]
    params = {"network": network, "sku": sku, "before": before, "location": location}
    statement = _for_sku(location is not None)
    return await page(conn, Movement, statement, params, limit, lambda row: (row.position,))


@cache
def _for_sku(at_location: bool) -> Composed:  # noqa: FBT001 - a cache key
    columns = Movement.__struct_fields__
    named = ["network", "sku", *(["location"] if at_location else [])]
    where: list[Composed | SQL] = [*equal(named), SQL("position < %(before)s")]
    return listing(
        _SHOWS, columns, SQL("movements"), conditions=where, order="position DESC", limited=True
    )
