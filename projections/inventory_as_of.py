"""Inventory as of then: what was known at a position, and what was true by a time.

Known at a position is the last row of the stock history of each item up to there. True by a time,
as known now, is how the day before ended, and what took effect on the day itself by then. Either
way an item costs a few index probes, however long the ledger is.
"""

from datetime import UTC, datetime, time
from functools import cache
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from ledger.domain.stock.item import StockItem
from projections import inventory, stock_history
from projections.as_of import AsOf, stands_for
from projections.inventory import InventoryItem
from projections.paging import FIRST_PAGE, Page, key_of
from projections.reading import Params, equal, listing, page, rows
from projections.stock_history import QUANTITIES

VIEWS: Final = (inventory.NAME, stock_history.NAME)
"""Whose positions these reads show: the least of them."""

_KNOWN: Final = SQL("""
    (SELECT keys.network, keys.sku, keys.location, {quantities}, last.position
    FROM inventory AS keys CROSS JOIN LATERAL (
      SELECT * FROM stock_history AS kept WHERE kept.network = keys.network
      AND kept.sku = keys.sku AND kept.location = keys.location
      AND kept.position <= least(%(as_of)s, checkpoint.position)
      ORDER BY kept.position DESC LIMIT 1
    ) AS last) AS items
""")
_TRUE: Final = SQL("""
    (SELECT keys.network, keys.sku, keys.location, {quantities},
      greatest(ended.position, today.position) AS position
    FROM inventory AS keys
    LEFT JOIN LATERAL (
      SELECT * FROM inventory_days AS kept WHERE kept.network = keys.network
      AND kept.sku = keys.sku AND kept.location = keys.location AND kept.day < %(day)s
      ORDER BY kept.day DESC LIMIT 1
    ) AS ended ON true
    CROSS JOIN LATERAL (
      SELECT {sums}, max(position) AS position FROM stock_history AS kept
      WHERE kept.network = keys.network AND kept.sku = keys.sku AND kept.location = keys.location
      AND kept.effective_at >= %(midnight)s AND kept.effective_at <= %(until)s
    ) AS today
    LEFT JOIN LATERAL (
      SELECT safety_stock_set FROM stock_history AS kept WHERE kept.network = keys.network
      AND kept.sku = keys.sku AND kept.location = keys.location
      AND kept.safety_stock_set IS NOT NULL AND kept.effective_at <= %(until)s
      ORDER BY kept.effective_at DESC, kept.channel DESC, kept.request_id DESC, kept.position DESC
      LIMIT 1
    ) AS policy ON true
    WHERE ended.position IS NOT NULL OR today.position IS NOT NULL) AS items
""")
_SUMMED: Final = tuple(name for name in QUANTITIES if name != "safety_stock")
"""Of safety_stock the latest setting by then counts; the others are sums of changes."""


async def for_sku(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
    network: str,
    as_of: AsOf | None,
    sku: str,
    *,
    location: str | None = None,
    views: tuple[str, ...] = VIEWS,
) -> tuple[list[InventoryItem], int]:
    """The items of a sku by location, and the position that this stands for.

    No item: it had no stock event by then. `as_of` None is as of where `views` stand.
    Raises ViewBehind.
    """
    asked = as_of or AsOf(FIRST_PAGE)
    given = {"sku": sku} | ({} if location is None else {"location": location})
    params = _params(network, asked) | given
    statement = _statement(asked.until is None, tuple(given), views)
    items, shown = await rows(conn, _item, statement, params)
    return items, shown if as_of is None else stands_for(as_of, shown)


async def item_list(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
    network: str,
    as_of: AsOf,
    *,
    location: str | None = None,
    sku: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[InventoryItem]:
    """Items by sku and location that had a stock event by then.

    Raises BadToken for an `after` that is not this list's, and ViewBehind.
    """
    filters = {"location": location, "sku": sku}
    given = {name: value for name, value in filters.items() if value is not None}
    params = _params(network, as_of) | given
    if after is not None:
        params["after_sku"], params["after_location"] = key_of(after, str, str)
    statement = _statement(as_of.until is None, tuple(given), after=after is not None, limited=True)
    found = await page(
        conn, _item, statement, params, limit, lambda item: (item.sku, item.location)
    )
    return Page(found.items, found.next, stands_for(as_of, found.position))


async def first_event(
    conn: AsyncConnection[Any], network: str, sku: str, location: str | None = None
) -> tuple[int, datetime] | None:
    """The position and effective time of the first events of a sku; None if there is none.

    The first by position need not be the first to have taken effect.
    """
    params = {"network": network, "sku": sku, "location": location}
    cursor = conn.cursor(binary=True)
    await cursor.execute(_FIRST, params, prepare=True)
    [(position, effective_at)] = await cursor.fetchall()
    return None if position is None else (position, effective_at)


def _params(network: str, as_of: AsOf) -> Params:
    params: Params = {"network": network, "as_of": as_of.position}
    if as_of.until is not None:
        day = as_of.until.astimezone(UTC).date()
        midnight = datetime.combine(day, time(), UTC)
        params |= {"day": day, "midnight": midnight, "until": as_of.until}
    return params


def _item(sku: str, location: str, *values: Any) -> InventoryItem:
    """An item of its quantities; the domain says what of it can be sold."""
    *quantities, position = values
    now = StockItem(**dict(zip(QUANTITIES, quantities, strict=True)))
    return InventoryItem(
        sku=sku,
        location=location,
        on_hand=now.on_hand,
        committed=now.committed,
        reserved=now.reserved,
        damaged=now.damaged,
        quality_control=now.quality_control,
        safety_stock=now.safety_stock,
        available=now.available,
        incoming=now.incoming,
        shortage=now.shortage,
        position=position,
    )


@cache
def _statement(
    known: bool,  # noqa: FBT001 - a cache key
    given: tuple[str, ...],
    views: tuple[str, ...] = VIEWS,
    *,
    after: bool = False,
    limited: bool = False,
) -> Composed:
    where: list[Composed | SQL] = [*equal(["network", *given])]
    if after:
        where.append(SQL("(sku, location) > (%(after_sku)s, %(after_location)s)"))
    return listing(
        views,
        ("sku", "location", *QUANTITIES, "position"),
        _known() if known else _true(),
        conditions=where,
        order="sku, location",
        limited=limited,
    )


def _known() -> Composed:
    names = [SQL("last.{}").format(Identifier(name)) for name in QUANTITIES]
    return _KNOWN.format(quantities=SQL(", ").join(names))


def _true() -> Composed:
    total = SQL("(coalesce(ended.{0}, 0) + coalesce(today.{0}, 0))::bigint AS {0}")
    safety = SQL("coalesce(policy.safety_stock_set, 0) AS safety_stock")
    sums = [
        SQL("sum({}) AS {}").format(Identifier(f"{name}_change"), Identifier(name))
        for name in _SUMMED
    ]
    quantities = [
        total.format(Identifier(name)) if name in _SUMMED else safety for name in QUANTITIES
    ]
    return _TRUE.format(quantities=SQL(", ").join(quantities), sums=SQL(", ").join(sums))


_FIRST: Final = """
    SELECT min(first.position), min(earliest.effective_at) FROM inventory AS keys
    CROSS JOIN LATERAL (
      SELECT position FROM stock_history AS kept WHERE kept.network = keys.network
      AND kept.sku = keys.sku AND kept.location = keys.location ORDER BY position LIMIT 1
    ) AS first
    CROSS JOIN LATERAL (
      SELECT effective_at FROM stock_history AS kept WHERE kept.network = keys.network
      AND kept.sku = keys.sku AND kept.location = keys.location ORDER BY effective_at LIMIT 1
    ) AS earliest
    WHERE keys.network = %(network)s AND keys.sku = %(sku)s
    AND (%(location)s::text IS NULL OR keys.location = %(location)s)
"""
