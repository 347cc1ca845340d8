"""Why a quantity is what it is: the events that sum to it, newest first.

What can be sold, and what is short, follow from other quantities; they are explained by every
event that changed one of those. The changes of all entries add up to the value, exactly.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Final, Literal, LiteralString

from msgspec import Meta, Struct
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from ledger.domain.stock.item import StockItem
from ledger.domain.words import Location
from projections import requests
from projections.paging import BadToken, key_of, token
from projections.past import inventory_as_of
from projections.past.as_of import AsOf
from projections.reading import Params, listing, rows
from projections.stock.inventory import InventoryItem
from projections.stock.stock_history import QUANTITIES
from projections.words import EffectiveAt, ListedOrderId, OccurredAt, Position, RecordedAt, Sender

Quantity = Literal[
    "on_hand",
    "committed",
    "reserved",
    "damaged",
    "quality_control",
    "safety_stock",
    "incoming",
    "available",
    "shortage",
]
Sign = Literal[1, -1]
MAX_SKIP: Final = 100_000
"""Entries of one item that took effect at the same instant, shown on earlier pages."""
VIEWS: Final = (*inventory_as_of.VIEWS, requests.NAME)
"""Whose positions an explanation shows: the least of them."""
BEYOND: Final = "beyond_promises"
"""What shelves have beyond their promises; a shortage counts it back in: it is never below 0."""

_SELLABLE: Final[dict[str, Sign]] = {
    "on_hand": 1,
    "damaged": -1,
    "quality_control": -1,
    "committed": -1,
    "reserved": -1,
    "safety_stock": -1,
}
_SHORT: Final[dict[str, Sign]] = {
    "committed": 1,
    "reserved": 1,
    "on_hand": -1,
    "damaged": 1,
    "quality_control": 1,
}
_SIGNS: Final[dict[str, dict[str, Sign]]] = {
    **{name: {name: 1} for name in QUANTITIES},
    "available": _SELLABLE,
    "shortage": _SHORT,
}
"""Which quantities each follows from, and how they count."""


class QuantityPart(Struct, frozen=True):
    """What a quantity is the sum of: `sign` times `value`."""

    quantity: Annotated[
        str,
        Meta(
            description="on_hand, damaged … as in an inventory item; damaged and quality_control "
            "count where they are above 0. beyond_promises, of a shortage: what shelves have "
            "beyond what they promised."
        ),
    ]
    sign: Annotated[Sign, Meta(description="Whether it adds to the quantity, or takes from it.")]
    value: Annotated[int, Meta(description="How much of it there is.")]


class Entry(Struct, frozen=True):
    """One event that changed the quantity, or a part of it."""

    position: Position
    type: Annotated[str, Meta(description="The event's type, such as stock_sold.")]
    location: Location
    change: Annotated[int, Meta(description="By how much it changed the quantity.")]
    balance: Annotated[
        int, Meta(description="The quantity after it: of the location asked for, else of the sku.")
    ]
    changes: Annotated[
        dict[str, int], Meta(description="By how much it changed each part of the quantity.")
    ]
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it follows from.")]
    actor: Annotated[str | None, Meta(description="Who did it, if the request said.")]
    reason: Annotated[str | None, Meta(description="Why, if the event says.")]
    order_id: Annotated[
        ListedOrderId | None, Meta(description="The order or sale it belongs to, if any.")
    ]
    line_id: Annotated[str | None, Meta(description="The line of its request, order or sale.")]
    supply_id: Annotated[str | None, Meta(description="The supply it belongs to.")]
    transfer_id: Annotated[str | None, Meta(description="The transfer it belongs to.")]
    return_id: Annotated[str | None, Meta(description="The authorised return it belongs to.")]
    shipment_id: Annotated[str | None, Meta(description="The shipment it belongs to.")]
    hold_owner: Annotated[str | None, Meta(description="Whose hold it belongs to.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    effective_at: EffectiveAt


class Explanation(Struct, frozen=True):
    """A quantity of a sku as of then, what it is the sum of, and a page of what made it so."""

    sku: str
    location: Annotated[str | None, Meta(description="The location asked for; null: all of them.")]
    quantity: Quantity
    value: Annotated[int, Meta(description="What it was then: the sum of all changes.")]
    parts: Annotated[list[QuantityPart], Meta(description="What it is the sum of.")]
    items: Annotated[list[Entry], Meta(description="What changed it, newest first.")]
    next: Annotated[
        str | None, Meta(description="Goes back as `after` for older ones; null: there are none.")
    ]


_SAID: Final = tuple(
    name for name in Entry.__struct_fields__ if name not in {"change", "balance", "changes"}
)
"""What an entry says as its row does: what stands before `change`, and what stands behind."""
_BEFORE: Final = Entry.__struct_fields__.index("change")
_POSITION: Final = _SAID.index("position")
_LOCATION: Final = _SAID.index("location")
_EFFECTIVE_AT: Final = _SAID.index("effective_at")
Row = tuple[Any, ...]
"""A row of the history: what `_SAID` names, and the change of each part of the quantity."""


class _Start(Struct, frozen=True):
    """What a page begins with: what counted last as of then, less the first `skip` entries."""

    as_of: AsOf
    skip: int = 0


async def explain(  # noqa: PLR0913 - what is asked
    conn: AsyncConnection[Any],
    network: str,
    sku: str,
    quantity: Quantity,
    *,
    location: str | None = None,
    as_of: AsOf | None = None,
    after: str | None = None,
    limit: int = 100,
) -> tuple[Explanation | None, int]:
    """At most `limit` entries, and the position they stand for; None: no stock event by then.

    By the occurred clock they stand in the order in which they took effect, as known at the
    position of the first page.
    Raises BadToken and ViewBehind.
    """
    if after is not None:
        as_of, start = _begun(after, as_of)
    items, shown = await _items(conn, network, sku, location, as_of)
    if not items:
        return None, shown
    now = as_of or AsOf(shown)
    if after is None:
        start, then = _Start(now), items
    else:
        then, _ = await _items(conn, network, sku, location, start.as_of)
    params = {"network": network, "sku": sku, "location": location}
    found = await _rows(conn, quantity, params, start, limit)
    entries = list(_entries(quantity, then, found))
    return Explanation(
        sku=sku,
        location=location,
        quantity=quantity,
        value=sum(getattr(item, quantity) for item in items),
        parts=_parts(quantity, items),
        items=entries[start.skip : start.skip + limit],
        next=_next(now, start, found, start.skip + limit),
    ), shown


async def _items(
    conn: AsyncConnection[Any], network: str, sku: str, location: str | None, as_of: AsOf | None
) -> tuple[list[InventoryItem], int]:
    return await inventory_as_of.for_sku(
        conn, network, as_of, sku, location=location, views=VIEWS, bounded=True
    )


async def _rows(
    conn: AsyncConnection[Any], quantity: Quantity, params: Params, start: _Start, limit: int
) -> list[Row]:
    """The page's rows, the skipped ones before them and, if there is more, one behind them."""
    until = start.as_of.until
    params = params | {
        "start": start.as_of.position if until is None else until,
        "as_of": start.as_of.position,
        "fetched": start.skip + limit + 1,
    }
    statement = _statement(quantity, params["location"] is not None, until is None)
    found, _ = await rows(conn, _row, statement, params)
    return found


def _row(*values: Any) -> Row:
    return values


def _entries(
    quantity: Quantity, items: Iterable[InventoryItem], found: Iterable[Row]
) -> Iterator[Entry]:
    """Entries of rows, going back from what there was as of the first of them."""
    parts, said = tuple(_SIGNS[quantity]), len(_SAID)
    changed = _Changed(quantity, items)
    for row in found:
        changes = {name: n for name, n in zip(parts, row[said:], strict=True) if n}
        change = changed.by(row[_LOCATION], changes)
        values = (*row[:_BEFORE], change, changed.balance, changes, *row[_BEFORE:said])
        yield Entry(*values)
        changed.balance -= change


class _Changed:
    """Goes back from what there was; `balance` is the quantity before the last that went back."""

    def __init__(self, quantity: Quantity, items: Iterable[InventoryItem]) -> None:
        self._quantity, self._is_part = quantity, len(_SIGNS[quantity]) == 1
        self._there = {
            item.location: {name: getattr(item, name) for name in _SIGNS[quantity]}
            for item in items
        }
        self.balance = sum(getattr(item, quantity) for item in items)

    def by(self, location: str, changes: dict[str, int]) -> int:
        """By how much an event changed the quantity, which is then as it was before it."""
        if self._is_part:
            return changes.get(self._quantity, 0)
        there = self._there[location]
        after: int = getattr(StockItem(**there), self._quantity)
        for name, change in changes.items():
            there[name] -= change
        before: int = getattr(StockItem(**there), self._quantity)
        return after - before


def _parts(quantity: Quantity, items: Iterable[InventoryItem]) -> list[QuantityPart]:
    signs = _SIGNS[quantity]
    clamped = {"damaged", "quality_control"} if len(signs) > 1 else set()
    parts = []
    for name, sign in signs.items():
        each = [getattr(item, name) for item in items]
        parts.append(
            QuantityPart(name, sign, sum(max(0, n) if name in clamped else n for n in each))
        )
    if quantity == "shortage":
        uncovered = sum(part.sign * part.value for part in parts)
        beyond = sum(item.shortage for item in items) - uncovered
        parts.append(QuantityPart(BEYOND, 1, beyond))
    return parts


def _next(now: AsOf, start: _Start, found: list[Row], end: int) -> str | None:
    """The token of what follows the first `end` rows."""
    if len(found) <= end:
        return None
    following = found[end]
    if start.as_of.until is None:
        return token(now.position, following[_POSITION])
    time = following[_EFFECTIVE_AT]
    shown = sum(row[_EFFECTIVE_AT] == time for row in found[:end])
    return token(now.position, time.isoformat(), shown)


def _begun(after: str, as_of: AsOf | None) -> tuple[AsOf, _Start]:
    """As of when the first page was, and where this one begins. Raises BadToken."""
    if as_of is not None and as_of.until is not None:
        pinned, said, skip = key_of(after, int, str, int)
        time = _time(said)
        if skip > MAX_SKIP or time > as_of.until:
            raise BadToken("after is not a token of this list: use its own `next`")
        return AsOf(pinned, as_of.until), _Start(AsOf(pinned, time), skip)
    pinned, position = key_of(after, int, int)
    if position > pinned or (as_of is not None and pinned != as_of.position):
        raise BadToken("after is a token of another as_of: go on with that, or without a token")
    return AsOf(pinned), _Start(AsOf(position))


def _time(said: str) -> datetime:
    try:
        return datetime.fromisoformat(said).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadToken("after is not a token of this list: use its own `next`") from None


@cache
def _statement(quantity: Quantity, located: bool, known: bool) -> Composed:  # noqa: FBT001 - a cache key
    order = ("position",) if known else ("effective_at", "channel", "request_id", "position")
    columns = (*_SAID, *(f"{name}_change" for name in _SIGNS[quantity]))
    # By position, one quantity of a sku over all locations has an index of its own.
    of_sku = known and not located and len(_SIGNS[quantity]) == 1
    at_once = of_sku or located
    found = (_OF_SKU if at_once else _BY_LOCATION).format(
        key=SQL("kept.*") if at_once else _listed("kept.{}", order),
        at=Identifier(order[0]),
        bound=SQL("" if known else "AND kept.position <= %(as_of)s"),
        changed=_changed(quantity, known=known),
        newest=_listed("{} DESC", order),
        located=SQL("AND kept.location = %(location)s" if located else ""),
    )
    safety = SQL("entry.safety_stock_change") if known else _SAFETY_BY_TIME
    selected = [
        safety if name == "safety_stock_change" else SQL("entry.{}").format(Identifier(name))
        for name in columns
        if name != "actor"
    ]
    source = _ENTRIES.format(
        selected=SQL(", ").join(selected),
        entries=SQL("({found}) AS entry" if at_once else _FOUND).format(found=found),
    )
    return listing(VIEWS, columns, source, order=", ".join(f"{name} DESC" for name in order))


def _listed(each: LiteralString, names: Iterable[str]) -> Composed:
    return SQL(", ").join(SQL(each).format(Identifier(name)) for name in names)


def _changed(quantity: Quantity, *, known: bool) -> Composed:
    """SQL: whether a row changed a part of the quantity. Each finds an index of its own."""
    finds = {
        "on_hand": "kept.moves AND kept.on_hand_change IS NOT NULL",
        "safety_stock": "kept.safety_stock_set IS NOT NULL"
        + (" AND kept.safety_stock_change IS NOT NULL" if known else ""),
    }
    changes = [finds.get(name, f"kept.{name}_change IS NOT NULL") for name in _SIGNS[quantity]]
    return SQL(" OR ".join(f"({change})" for change in changes)).format()  # ours


_OF_SKU: Final = SQL("""
    SELECT {key} FROM stock_history AS kept WHERE kept.network = %(network)s
    AND kept.sku = %(sku)s {located} AND kept.{at} <= %(start)s {bound} AND ({changed})
    ORDER BY {newest} LIMIT %(fetched)s
""")
_BY_LOCATION: Final = SQL("""
    SELECT newest.* FROM inventory AS keys CROSS JOIN LATERAL (
      SELECT {key} FROM stock_history AS kept WHERE kept.network = keys.network
      AND kept.sku = keys.sku AND kept.location = keys.location
      AND kept.{at} <= %(start)s {bound} AND ({changed})
      ORDER BY {newest} LIMIT %(fetched)s
    ) AS newest
    WHERE keys.network = %(network)s AND keys.sku = %(sku)s
    ORDER BY {newest} LIMIT %(fetched)s
""")
_FOUND: Final = """
    ({found}) AS found JOIN stock_history AS entry
      ON entry.network = %(network)s AND entry.position = found.position
"""
"""Rows of many locations are sorted by their keys alone."""
_ENTRIES: Final = SQL("""
    (SELECT {selected}, told.actor FROM {entries}
    LEFT JOIN requests AS told ON told.network = entry.network
      AND told.channel = entry.channel AND told.request_id = entry.request_id
    ) AS entries
""")
_SAFETY_BY_TIME: Final = SQL("""
    entry.safety_stock_set - coalesce((
      SELECT kept.safety_stock_set FROM stock_history AS kept WHERE kept.network = entry.network
      AND kept.sku = entry.sku AND kept.location = entry.location
      AND kept.safety_stock_set IS NOT NULL AND kept.position <= %(as_of)s
      AND (kept.effective_at, kept.channel, kept.request_id, kept.position)
        < (entry.effective_at, entry.channel, entry.request_id, entry.position)
      ORDER BY kept.effective_at DESC, kept.channel DESC, kept.request_id DESC, kept.position DESC
      LIMIT 1
    ), 0) AS safety_stock_change
""")
"""What a setting changed, where each counts from its own time on."""
