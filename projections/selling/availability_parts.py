"""The parts that availability is made of, by sku, each with the position that its view shows.

Read at one instant, so that whoever knows the events behind these positions can move them on.
"""

# ruff: noqa: S608 - queries are put together from our own text only; what is given is bound

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from msgspec import Struct
from psycopg import AsyncConnection

from ledger.domain.entries import (
    Buffer,
    ChannelPolicy,
    LineKey,
    SupplyLineState,
    TransferLineState,
)
from ledger.domain.orders.lines import Line
from ledger.domain.stock.item import Stamp, StockItem
from projections.selling.availability import READS

LOCATIONS, CHANNELS, BUFFERS = "locations", "channels", "channel_buffers"
STOCK, ORDERS, SUPPLIES, TRANSFERS = "inventory", "orders", "supplies", "transfers"
"""The views of the parts."""
UNFINISHED: Final = ["requested", "in_transit"]
"""Transfers of which something may still be sent."""

Kind = str
"""`supply`, `transfer` or `order`."""
Source = tuple[Kind, str]
"""What has lines of skus: its kind and its id."""


class Place(Struct, frozen=True, gc=False):
    """Whether claims may be served from a location, and which word said so."""

    stamp: Stamp
    active: bool


class Way(Struct, frozen=True, gc=False):
    """A transfer, as far as what it brings goes."""

    to_location: str
    due: date | None
    overdue: bool = False


class SkuParts(Struct):
    """What is known of one sku. Lines of which nothing is to come, and none waits, are left out.

    `moved_at` are the positions of the last events of its stock, by location. `supplies` may hold
    lines that were asked for by name and are of another sku.
    """

    stock: dict[str, StockItem] = {}
    moved_at: dict[str, int] = {}
    buffers: dict[str, Buffer] = {}
    supplies: dict[LineKey, SupplyLineState] = {}
    transfers: dict[LineKey, TransferLineState] = {}
    ways: dict[str, Way] = {}
    lines: dict[LineKey, Line] = {}


class Parts(Struct, frozen=True):
    """What is known of some skus, and the position that each view shows."""

    stands: Mapping[str, int]
    skus: dict[str, SkuParts]


class Shared(Struct, frozen=True):
    """What all skus share; `skus` are those that ever had stock, None for more than the limit."""

    stands: Mapping[str, int]
    places: dict[str, Place]
    channels: dict[str, ChannelPolicy]
    skus: list[str] | None


class Named(Struct, frozen=True):
    """Lines to be read though nothing of them may be to come or wait: by the sku it is for."""

    supplies: dict[str, set[LineKey]]
    transfers: dict[str, set[str]]
    orders: dict[str, set[LineKey]]


async def shared(conn: AsyncConnection[Any], network: str, max_skus: int) -> Shared:
    """The locations, the channels and the names of all skus, at one instant."""
    params = {"network": network, "views": list(READS), "fetched": max_skus + 1}
    async with conn.transaction():
        await conn.execute(_ONE_INSTANT)
        stands = await _stands(conn, params)
        places = {
            location: Place((at, by, request), active)
            for location, active, at, by, request in await _rows(conn, _PLACES, params)
        }
        channels = {
            channel: ChannelPolicy((at, by, request), None if served is None else frozenset(served))
            for channel, served, at, by, request in await _rows(conn, _CHANNELS, params)
        }
        skus = [sku for [sku] in await _rows(conn, _SKUS, params)]
    return Shared(stands, places, channels, skus if len(skus) <= max_skus else None)


async def parts(
    conn: AsyncConnection[Any], network: str, skus: Collection[str], named: Named
) -> Parts:
    """All that is known of these skus at one instant; a sku without any stock event is empty."""
    wanted = {sku: SkuParts({}, {}, {}, {}, {}, {}, {}) for sku in skus}
    params = {"network": network, "views": list(READS), "skus": list(wanted)}
    async with conn.transaction():
        await conn.execute(_ONE_INSTANT)
        stands = await _stands(conn, params)
        _stock(wanted, await _rows(conn, _STOCK, params))
        for sku, channel, quantity, cap, *stamp in await _rows(conn, _BUFFERS, params):
            wanted[sku].buffers[channel] = Buffer(_stamp(stamp), quantity, cap)
        _supplies(wanted, await _rows(conn, _SUPPLIES, params))
        _transfers(wanted, await _rows(conn, _TRANSFERS, params))
        _lines(wanted, await _rows(conn, _LINES, params))
        await _read_named(conn, params, wanted, named)
    return Parts(stands, wanted)


async def skus_of(conn: AsyncConnection[Any], network: str, sources: Iterable[Source]) -> set[str]:
    """The skus that lines of these supplies, transfers and orders have ever named."""
    ids: dict[Kind, list[str]] = {"supply": [], "transfer": [], "order": []}
    for kind, source_id in sources:
        ids[kind].append(source_id)
    found = await _rows(conn, _SKUS_OF, {"network": network, **ids})
    return {sku for [sku] in found}


class Stand(NamedTuple):
    """Where a view stands, and how often its rows were replaced."""

    position: int
    generation: int


async def stands_of_views(conn: AsyncConnection[Any], network: str) -> dict[str, Stand]:
    """Where the views stand that availability is read from, by name."""
    params = {"network": network, "views": list(READS)}
    return {view: Stand(*stand) for view, *stand in await _rows(conn, _STANDS, params)}


async def _read_named(
    conn: AsyncConnection[Any], params: dict[str, Any], wanted: dict[str, SkuParts], named: Named
) -> None:
    """The lines that were asked for by name; each goes to the sku that asks for it."""
    for asked, statement, put in (
        (named.supplies, _NAMED_SUPPLIES, _supplies),
        (named.orders, _NAMED_LINES, _lines),
    ):
        keys = {key for of in asked.values() for key in of}
        if keys:
            ids = {"ids": [key[0] for key in keys], "line_ids": [key[1] for key in keys]}
            rows = {row[1:3]: row for row in await _rows(conn, statement, params | ids)}
            for sku, of in asked.items():
                put(wanted, [(sku, *rows[key][1:]) for key in of if key in rows])
    transfers = {transfer_id for of in named.transfers.values() for transfer_id in of}
    if transfers:
        ids = {"ids": list(transfers)}
        _transfers(wanted, await _rows(conn, _NAMED_TRANSFERS, params | ids))


def _stamp(values: Sequence[Any]) -> Stamp:
    at, by, request = values
    return (at, by, request)


def _stock(wanted: dict[str, SkuParts], rows: Iterable[Sequence[Any]]) -> None:
    names = (
        *("on_hand", "damaged", "quality_control", "committed", "reserved", "safety_stock"),
        "incoming",
    )
    for sku, location, position, at, by, request, *quantities in rows:
        stamp = None if at is None else (at, by, request)
        known = dict(zip(names, quantities, strict=True))
        wanted[sku].stock[location] = StockItem(**known, safety_stamp=stamp)
        wanted[sku].moved_at[location] = position


def _supplies(wanted: dict[str, SkuParts], rows: Iterable[Sequence[Any]]) -> None:
    for sku, supply_id, line_id, line_sku, location, expected, received, due, *rest in rows:
        until, cancelled, overdue, *stamps = rest
        wanted[sku].supplies[(supply_id, line_id)] = SupplyLineState(
            line_sku,
            location,
            expected,
            _stamp(stamps[:3]),
            received,
            due,
            until,
            None if stamps[3] is None else _stamp(stamps[3:]),
            cancelled=cancelled,
            overdue=overdue,
        )


def _transfers(wanted: dict[str, SkuParts], rows: Iterable[Sequence[Any]]) -> None:
    for sku, transfer_id, line_id, to_location, due, overdue, *quantities in rows:
        known = wanted[sku]
        known.ways[transfer_id] = Way(to_location, due, overdue)
        known.transfers[(transfer_id, line_id)] = TransferLineState(sku, *quantities)


def _lines(wanted: dict[str, SkuParts], rows: Iterable[Sequence[Any]]) -> None:
    for sku, order_id, line_id, line_sku, ordered, *asked in rows:
        names = ("cancel_asked", "shipped", "collected", "expire_asked", "backorder_asked")
        line = Line(
            line_sku, None, goods=True, ordered=ordered, **dict(zip(names, asked, strict=True))
        )
        wanted[sku].lines[(order_id, line_id)] = line


async def _stands(conn: AsyncConnection[Any], params: dict[str, Any]) -> dict[str, int]:
    found = await stands_of_views(conn, params["network"])
    return {view: stand.position for view, stand in found.items()}


async def _rows(
    conn: AsyncConnection[Any], statement: str, params: dict[str, Any]
) -> list[Sequence[Any]]:
    cursor = conn.cursor(binary=True)
    await cursor.execute(statement, params, prepare=True)
    return list(await cursor.fetchall())


_ONE_INSTANT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_PLACES: Final = """
    SELECT location, active, effective_at, described_by, described_in
    FROM locations WHERE network = %(network)s
"""
_CHANNELS: Final = """
    SELECT channel, locations, effective_at, described_by, described_in
    FROM channels WHERE network = %(network)s
"""
_SKUS: Final = """
    SELECT DISTINCT sku FROM inventory WHERE network = %(network)s ORDER BY sku LIMIT %(fetched)s
"""
_STOCK: Final = """
    SELECT sku, location, position, safety_at, safety_channel, safety_request_id,
        on_hand, damaged, quality_control, committed, reserved, safety_stock, incoming
    FROM inventory WHERE network = %(network)s AND sku = ANY(%(skus)s)
"""
_BUFFERS: Final = """
    SELECT sku, channel, buffer, cap, effective_at, described_by, described_in
    FROM channel_buffers WHERE network = %(network)s AND sku = ANY(%(skus)s)
"""
_SUPPLY_COLUMNS: Final = """
    line.supply_id, line.line_id, line.sku, line.location, line.expected, line.received, line.due,
    line.due_until, line.cancelled, line.overdue, line.said_at, line.said_by, line.said_in,
    line.due_said_at, line.due_said_by, line.due_said_in
"""
_SUPPLIES: Final = f"""
    SELECT line.sku, {_SUPPLY_COLUMNS} FROM supply_lines AS line
    WHERE network = %(network)s AND sku = ANY(%(skus)s) AND incoming > 0
"""
_NAMED_SUPPLIES: Final = f"""
    SELECT line.sku, {_SUPPLY_COLUMNS}
    FROM unnest(%(ids)s::text[], %(line_ids)s::text[]) AS asked (supply_id, line_id)
    JOIN supply_lines AS line USING (supply_id, line_id) WHERE network = %(network)s
"""
_TRANSFER_COLUMNS: Final = """
    line.sku, line.transfer_id, line.line_id, header.to_location, header.due, header.overdue,
    line.requested, line.shipped, line.accepted, line.damaged, line.missing, line.reserved,
    0 AS number, line.closed
"""
_TRANSFERS: Final = f"""
    SELECT {_TRANSFER_COLUMNS}
    FROM transfers AS header JOIN transfer_lines AS line USING (network, transfer_id)
    WHERE network = %(network)s AND header.state = ANY('{{{",".join(UNFINISHED)}}}')
    AND line.sku = ANY(%(skus)s)
"""
_NAMED_TRANSFERS: Final = f"""
    SELECT {_TRANSFER_COLUMNS}
    FROM transfers AS header JOIN transfer_lines AS line USING (network, transfer_id)
    WHERE network = %(network)s AND transfer_id = ANY(%(ids)s) AND line.sku = ANY(%(skus)s)
"""
_LINE_COLUMNS: Final = """
    line.order_id, line.line_id, line.sku, line.ordered, line.cancel_asked, line.shipped,
    line.collected, line.expire_asked, line.backorder_asked
"""
_LINES: Final = f"""
    SELECT line.sku, {_LINE_COLUMNS} FROM order_lines AS line
    WHERE network = %(network)s AND sku = ANY(%(skus)s) AND backordered > 0
"""
_NAMED_LINES: Final = f"""
    SELECT line.sku, {_LINE_COLUMNS}
    FROM unnest(%(ids)s::text[], %(line_ids)s::text[]) AS asked (order_id, line_id)
    JOIN order_lines AS line USING (order_id, line_id) WHERE network = %(network)s
"""
_STANDS: Final = """
    SELECT view, position, generation FROM projections
    WHERE network = %(network)s AND view = ANY(%(views)s)
"""
_SKUS_OF: Final = """
    SELECT sku FROM supply_lines
    WHERE network = %(network)s AND supply_id = ANY(%(supply)s)
    UNION SELECT sku FROM transfer_lines
    WHERE network = %(network)s AND transfer_id = ANY(%(transfer)s)
    UNION SELECT sku FROM order_lines
    WHERE network = %(network)s AND order_id = ANY(%(order)s)
"""
