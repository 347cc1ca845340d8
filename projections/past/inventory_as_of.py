"""Inventory as of then: what was known at a position, and what was true by a time.

Known at a position is the last row of the stock history of each item up to there. True by a time,
as known now, is how the last day by then ended; on a day on which something took effect, how the
day before ended and what took effect on it by then. Either way an item costs an index probe or
four, however long the ledger is.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time
from functools import cache
from typing import Any, Final, Literal

from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from ledger.domain.stock.item import StockItem
from projections.paging import FIRST_PAGE, Page, key_of
from projections.past.as_of import AsOf, stands_for
from projections.reading import Params, equal, listing, page, rows
from projections.stock import inventory, stock_history
from projections.stock.inventory import InventoryItem, item_of
from projections.stock.stock_history import QUANTITIES

VIEWS: Final = (inventory.NAME, stock_history.NAME)
"""Whose positions these reads show: the least of them."""

Clock = Literal["known", "true", "bounded"]
"""Up to a position; by a time, of all that is shown; by a time, of what was known at a position."""

_KNOWN: Final = SQL("""
    (SELECT keys.network, keys.sku, keys.location, {quantities},
      CASE WHEN keys.position <= bound.position THEN keys.position ELSE last.position END
        AS position
    FROM (SELECT least(%(as_of)s, checkpoint.position) AS position OFFSET 0) AS bound
    CROSS JOIN inventory AS keys
    LEFT JOIN LATERAL (
      SELECT {kept}, kept.position FROM stock_history AS kept WHERE kept.network = keys.network
      AND kept.sku = keys.sku AND kept.location = keys.location
      AND kept.position <= bound.position AND keys.position > bound.position
      ORDER BY kept.position DESC LIMIT 1
    ) AS last ON true
    WHERE keys.position <= bound.position OR last.position IS NOT NULL) AS items
""")
"""An item to which nothing happened since is as it stands: no index is touched for it."""
_TRUE: Final = SQL("""
    (SELECT keys.network, keys.sku, keys.location, {quantities},
      CASE WHEN ended.is_asked THEN asked.position ELSE ended.position END AS position
    FROM {bound} CROSS JOIN inventory AS keys CROSS JOIN LATERAL (
      SELECT {kept}, kept.position, kept.day = bound.day AS is_asked FROM inventory_days AS kept
      WHERE kept.network = keys.network AND kept.sku = keys.sku AND kept.location = keys.location
      AND kept.day <= bound.day ORDER BY kept.day DESC LIMIT 1
    ) AS ended
    LEFT JOIN LATERAL (
      SELECT {on_day}, greatest(before.position, today.position) AS position
      FROM (
        SELECT {sums}, max(kept.position) AS position FROM stock_history AS kept
        WHERE kept.network = keys.network AND kept.sku = keys.sku
        AND kept.location = keys.location
        AND kept.effective_at >= bound.midnight AND kept.effective_at <= bound.until
      ) AS today
      LEFT JOIN LATERAL (
        SELECT {kept}, kept.position FROM inventory_days AS kept
        WHERE kept.network = keys.network AND kept.sku = keys.sku
        AND kept.location = keys.location AND kept.day < bound.day ORDER BY kept.day DESC LIMIT 1
      ) AS before ON true
      LEFT JOIN LATERAL (
        SELECT kept.safety_stock_set FROM stock_history AS kept
        WHERE kept.network = keys.network AND kept.sku = keys.sku
        AND kept.location = keys.location
        AND kept.safety_stock_set IS NOT NULL AND kept.effective_at <= bound.until
        ORDER BY kept.effective_at DESC, kept.channel DESC, kept.request_id DESC,
          kept.position DESC
        LIMIT 1
      ) AS policy ON true
      WHERE ended.is_asked OFFSET 0
    ) AS asked ON true
    WHERE NOT ended.is_asked OR asked.position IS NOT NULL) AS items
""")
"""Of an item more than its last day by then is read only if that is the asked day itself: OFFSET 0
keeps the rest together, behind that one question."""
_BOUNDED: Final = SQL("""
    (SELECT items.network, items.sku, items.location, {quantities},
      CASE WHEN later.found > 0 THEN last.position ELSE items.position END AS position
    FROM {true} CROSS JOIN {known_by}
    CROSS JOIN LATERAL (
      SELECT {sums}, count(*) AS found FROM stock_history AS kept
      WHERE kept.network = items.network AND kept.sku = items.sku
      AND kept.location = items.location
      AND kept.position > known_by.as_of AND kept.effective_at <= known_by.until
    ) AS later
    LEFT JOIN LATERAL (
      SELECT kept.position FROM stock_history AS kept WHERE kept.network = items.network
      AND kept.sku = items.sku AND kept.location = items.location
      AND kept.position <= known_by.as_of AND kept.effective_at <= known_by.until
      AND later.found > 0
      ORDER BY kept.position DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
      SELECT kept.safety_stock_set FROM stock_history AS kept WHERE kept.network = items.network
      AND kept.sku = items.sku AND kept.location = items.location
      AND kept.safety_stock_set IS NOT NULL AND kept.effective_at <= known_by.until
      AND kept.position <= known_by.as_of AND later.found > 0
      ORDER BY kept.effective_at DESC, kept.channel DESC, kept.request_id DESC, kept.position DESC
      LIMIT 1
    ) AS policy ON true
    WHERE later.found = 0 OR last.position IS NOT NULL) AS bounded
""")
"""The same less what is known only since `as_of`: mostly nothing is."""
_BOUND: Final = SQL("""
    (SELECT %(day)s::date AS day, %(midnight)s::timestamptz AS midnight,
      %(until)s::timestamptz AS until OFFSET 0) AS bound
""")
_KNOWN_BY: Final = SQL("""
    (SELECT %(as_of)s::bigint AS as_of, %(until)s::timestamptz AS until OFFSET 0) AS known_by
""")
"""Kept apart by OFFSET 0, so that a plan for these values looks no better than one for any values:
to plan a prepared statement anew each time cost four times as much as to run it."""
_KEPT: Final = SQL("kept.{}")
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
    bounded: bool = False,
) -> tuple[list[InventoryItem], int]:
    """The items of a sku by location, and the position that this stands for.

    No item: it had no stock event by then. `as_of` None is as of where `views` stand. By the
    occurred clock all counts that the views show, and the answer stands for where they stand;
    `bounded` leaves out what is known only since the position of `as_of`. Raises ViewBehind.
    """
    asked = as_of or AsOf(FIRST_PAGE)
    given = {"sku": sku} | ({} if location is None else {"location": location})
    params = _params(network, asked) | given
    clock = _clock(asked, bounded=bounded)
    items, shown = await rows(conn, _item, _statement(clock, tuple(given), views), params)
    return items, shown if as_of is None else _stands_for(as_of, shown, clock)


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
    """Items by sku and location that had a stock event by then, and the position of the answer.

    By the occurred clock that is where the views stand: all that they show counts.
    Raises BadToken for an `after` that is not this list's, and ViewBehind.
    """
    filters = {"location": location, "sku": sku}
    given = {name: value for name, value in filters.items() if value is not None}
    params = _params(network, as_of) | given
    if after is not None:
        params["after_sku"], params["after_location"] = key_of(after, str, str)
    clock = _clock(as_of)
    statement = _statement(clock, tuple(given), after=after is not None, limited=True)
    found = await page(
        conn, _item, statement, params, limit, lambda item: (item.sku, item.location)
    )
    return Page(found.items, found.next, _stands_for(as_of, found.position, clock))


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


def _clock(as_of: AsOf, *, bounded: bool = False) -> Clock:
    if as_of.until is None:
        return "known"
    return "bounded" if bounded else "true"


def _stands_for(as_of: AsOf, shown: int, clock: Clock) -> int:
    at = stands_for(as_of, shown)
    return shown if clock == "true" else at


def _params(network: str, as_of: AsOf) -> Params:
    params: Params = {"network": network, "as_of": as_of.position}
    if as_of.until is not None:
        day = as_of.until.astimezone(UTC).date()
        midnight = datetime.combine(day, time(), UTC)
        params |= {"day": day, "midnight": midnight, "until": as_of.until}
    return params


def _item(sku: str, location: str, *values: int) -> InventoryItem:
    """An item of its quantities; the domain says what of it can be sold."""
    on_hand, committed, reserved, damaged, control, safety, incoming, position = values
    item = StockItem(
        on_hand,
        damaged,
        control,
        committed,
        safety,
        reserved=reserved,
        incoming=incoming,
    )
    return item_of(sku, location, item, position)


@cache
def _statement(
    clock: Clock,
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
        _SOURCES[clock](),
        conditions=where,
        order="sku, location",
        limited=limited,
    )


def _known() -> Composed:
    each = SQL("CASE WHEN keys.position <= bound.position THEN keys.{0} ELSE last.{0} END AS {0}")
    return _KNOWN.format(quantities=_each(each, each), kept=_each(_KEPT, _KEPT))


def _true() -> Composed:
    each = SQL("CASE WHEN ended.is_asked THEN asked.{0} ELSE ended.{0} END AS {0}")
    total = SQL("(coalesce(before.{0}, 0) + coalesce(today.{0}, 0))::bigint AS {0}")
    safety = SQL("coalesce(policy.safety_stock_set, 0) AS {0}")
    return _TRUE.format(
        bound=_BOUND,
        quantities=_each(each, each),
        kept=_each(_KEPT, _KEPT),
        on_day=_each(total, safety),
        sums=_sums(),
    )


def _bounded() -> Composed:
    less = SQL("(items.{0} - coalesce(later.{0}, 0))::bigint AS {0}")
    safety = SQL(
        "CASE WHEN later.found > 0 THEN coalesce(policy.safety_stock_set, 0) "
        "ELSE items.{0} END AS {0}"
    )
    return _BOUNDED.format(
        quantities=_each(less, safety), sums=_sums(), true=_true(), known_by=_KNOWN_BY
    )


def _each(summed: SQL, safety: SQL) -> Composed:
    """What each quantity is selected as."""
    return SQL(", ").join(
        (summed if name in _SUMMED else safety).format(Identifier(name)) for name in QUANTITIES
    )


def _sums() -> Composed:
    summed = SQL("sum(kept.{}) AS {}")
    return SQL(", ").join(
        summed.format(Identifier(f"{name}_change"), Identifier(name)) for name in _SUMMED
    )


_SOURCES: Final[dict[Clock, Callable[[], Composed]]] = {
    "known": _known,
    "true": _true,
    "bounded": _bounded,
}
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
