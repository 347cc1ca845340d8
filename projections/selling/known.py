"""What the writer knows of some skus, as far as an order of them asks: read from the views.

A process without a writer has no state of its own. What stands in the views at one instant is put
together here to a small one, on which the writer's own decisions can be made.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from msgspec import Struct
from psycopg import AsyncConnection

from ledger.domain.entries import (
    Backorder,
    Buffer,
    ChannelPolicy,
    LocationPolicy,
    SupplyLineState,
    Transfer,
    TransferLineState,
)
from ledger.domain.orders.lines import Line
from ledger.domain.requests import PlaceOrder
from ledger.domain.sourcing.calendar import end_of_day
from ledger.domain.state import State
from ledger.domain.stock.item import StockItem

READS: Final = (
    "channel_buffers",
    "channels",
    "exceptions",
    "inventory",
    "locations",
    "orders",
    "parcels",
    "products",
    "supplies",
    "transfers",
)
"""The views that it is put together from."""
_STAMP: Final = (datetime(1, 1, 1, tzinfo=UTC), "", "")
"""Of words that count: which they are, the views know."""
_WAITING: Final = "\0"
"""The id of the one order that stands for all that wait for a sku."""
_DAYS: Final = 1
"""Local days are at most one before or after that of UTC."""

Rows = Iterable[Sequence[Any]]


class Known(Struct):
    """What is known of some skus at a position; `recorded_at`: when its last event was."""

    state: State
    position: int
    recorded_at: datetime | None


async def known(
    conn: AsyncConnection[Any], network: str, request: PlaceOrder, selling: str, now: datetime
) -> Known:
    """All that `place_order` asks for this order, and from which position."""
    skus = sorted({line.sku for line in request.lines if line.kind == "goods"})
    params = {
        "network": network,
        "channel": selling,
        "skus": skus,
        "today": now.date(),
        "views": list(READS),
        "days": _DAYS,
    }
    state = State()
    async with conn.transaction():
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        [[position, recorded_at]] = await _rows(conn, _POSITION, params)
        _locations(state, await _rows(conn, _LOCATIONS, params))
        _never_described(state, await _rows(conn, _NAMED, params))
        for [sku] in await _rows(conn, _SKUS, params):
            state.products[sku] = True
        _channel(state, selling, await _rows(conn, _CHANNEL, params))
        for sku, buffer, cap in await _rows(conn, _BUFFERS, params):
            state.buffers[(selling, sku)] = Buffer(_STAMP, buffer, cap)
        _stock(state, await _rows(conn, _STOCK, params))
        for location, day, parcels in await _rows(conn, _PARCELS, params):
            state.parcels[(location, day)] = parcels
        _supplies(state, await _rows(conn, _SUPPLIES, params))
        _transfers(state, await _rows(conn, _TRANSFERS, params))
        _waiting(state, await _rows(conn, _BACKORDERED, params))
    return Known(state, position or 0, recorded_at)


async def _rows(
    conn: AsyncConnection[Any], statement: str, params: dict[str, Any]
) -> list[Sequence[Any]]:
    cursor = conn.cursor(binary=True)
    await cursor.execute(statement, params, prepare=True)
    return list(await cursor.fetchall())


def _locations(state: State, rows: Rows) -> None:
    for location, *policy in rows:
        state.locations[location] = LocationPolicy(_STAMP, *policy)


def _never_described(state: State, rows: Rows) -> None:
    for [location] in rows:
        state.learn_location(location)


def _channel(state: State, selling: str, rows: Rows) -> None:
    for [locations] in rows:
        served = None if locations is None else frozenset(locations)
        state.channels[selling] = ChannelPolicy(_STAMP, served)
        _never_described(state, [[location] for location in served or ()])


def _stock(state: State, rows: Rows) -> None:
    """Whom a shortage hits does not matter here, but that it hit somebody does."""
    for sku, location, *quantities in rows:
        names = ("on_hand", "damaged", "quality_control", "committed", "reserved", "safety_stock")
        item = StockItem(**dict(zip(names, quantities, strict=True)))
        promised = item.committed + item.reserved
        short = min(item.shortage, promised)
        item = StockItem(**dict(zip(names, quantities, strict=True)), short=short)
        state.learn_location(location)
        state.products[sku] = True
        state.stocked[sku] = (*state.stocked.get(sku, ()), location)
        state.stock_changed((location, sku), item)


def _supplies(state: State, rows: Rows) -> None:
    for supply_id, line_id, sku, location, incoming, due, due_until, overdue in rows:
        key = (supply_id, line_id)
        state.supply_lines[key] = SupplyLineState(
            sku, location, incoming, _STAMP, due=due, due_until=due_until, overdue=overdue
        )
        state.incoming[sku] = (*state.incoming.get(sku, ()), ("supply", *key))


def _transfers(state: State, rows: Rows) -> None:
    for transfer_id, line_id, sku, start, end, in_transit, due, overdue in rows:
        key = (transfer_id, line_id)
        until = None if due is None else end_of_day(state, end, due)
        state.transfers[transfer_id] = Transfer(start, end, (), due, until, overdue=overdue)
        line = TransferLineState(sku, in_transit, shipped=in_transit)
        state.transfer_lines[key] = line
        state.incoming[sku] = (*state.incoming.get(sku, ()), ("transfer", *key))


def _waiting(state: State, rows: Rows) -> None:
    for sku, quantity in rows:
        key = (_WAITING, sku)
        state.lines[key] = Line(
            sku, None, goods=True, ordered=quantity, backorder_asked=quantity, backorder=1
        )
        state.backorders[sku] = (Backorder(date.max, 1, *key),)
        state.backordered[sku] = quantity


_POSITION: Final = """
    SELECT min(position), max(recorded_at) FROM projections
    WHERE network = %(network)s AND view = ANY(%(views)s)
"""
_LOCATIONS: Final = """
    SELECT location, active, ships, pickup, time_zone, latitude_udeg, longitude_udeg,
        handling_cost_minor, daily_capacity
    FROM locations WHERE network = %(network)s ORDER BY location
"""
# Whatever location a fact named before it was described was raised to people's attention.
_NAMED: Final = """
    SELECT DISTINCT location FROM raised_exceptions
    WHERE network = %(network)s AND kind = 'unknown_location' AND location IS NOT NULL
    ORDER BY location
"""
_SKUS: Final = """
    SELECT sku FROM products WHERE network = %(network)s AND sku = ANY(%(skus)s)
    UNION SELECT sku FROM channel_buffers WHERE network = %(network)s AND sku = ANY(%(skus)s)
    UNION SELECT sku FROM raised_exceptions
        WHERE network = %(network)s AND kind = 'unknown_sku' AND sku = ANY(%(skus)s)
"""
_CHANNEL: Final = """
    SELECT locations FROM channels WHERE network = %(network)s AND channel = %(channel)s
"""
_BUFFERS: Final = """
    SELECT sku, buffer, cap FROM channel_buffers
    WHERE network = %(network)s AND channel = %(channel)s AND sku = ANY(%(skus)s)
"""
_STOCK: Final = """
    SELECT sku, location, on_hand, damaged, quality_control, committed, reserved, safety_stock
    FROM inventory WHERE network = %(network)s AND sku = ANY(%(skus)s) ORDER BY sku, location
"""
_PARCELS: Final = """
    SELECT location, day, parcels FROM parcels WHERE network = %(network)s
    AND day BETWEEN %(today)s::date - %(days)s::int AND %(today)s::date + %(days)s::int
"""
_SUPPLIES: Final = """
    SELECT supply_id, line_id, sku, location, incoming, due, due_until, overdue
    FROM supply_lines
    WHERE network = %(network)s AND sku = ANY(%(skus)s) AND incoming > 0
    ORDER BY supply_id, number
"""
_TRANSFERS: Final = """
    SELECT line.transfer_id, line.line_id, line.sku, header.from_location, header.to_location,
        line.in_transit, header.due, header.overdue
    FROM transfer_lines AS line JOIN transfers AS header USING (network, transfer_id)
    WHERE line.network = %(network)s AND line.sku = ANY(%(skus)s) AND line.in_transit > 0
    ORDER BY line.transfer_id, line.number
"""
_BACKORDERED: Final = """
    SELECT sku, sum(backordered)::bigint FROM order_lines
    WHERE network = %(network)s AND sku = ANY(%(skus)s) AND backordered > 0 GROUP BY sku
"""
