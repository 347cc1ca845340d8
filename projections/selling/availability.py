"""What a channel may sell, and what it may order for a day: by the formulas of the domain.

    available_to_sell  = max(0, sum of max(0, available) - buffer), then at most the cap
    available_to_order = max(0, available_to_sell + incoming by that day - backordered - shortage)

Over the active locations that serve the channel; a channel that was never described is served by
all. `backordered` is of the sku, whoever sold it: what comes in goes to those first.
"""

# ruff: noqa: S608 - queries are put together from our own text only; what is given is bound

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed

from ledger.domain.words import ChannelId, Location, Sku
from projections.paging import Page, key_of
from projections.reading import listing, maker, one, page
from projections.sql_views import SqlView
from projections.tables import NETWORK_COMMENT, columns_of

READS: Final = (
    "channel_buffers",
    "channels",
    "inventory",
    "locations",
    "orders",
    "supplies",
    "transfers",
)
"""The views that it is made of."""


class AvailabilityItem(Struct, frozen=True, gc=False):
    """What a channel may sell of a sku, and the parts that explain it."""

    channel: ChannelId
    sku: Sku
    available_to_sell: Annotated[int, Meta(description="What a claim of this channel may take.")]
    available_to_order: Annotated[
        int, Meta(description="With what is still to come: what may be promised for a day.")
    ]
    available: Annotated[
        int, Meta(description="Available at the locations that serve it, none counted below 0.")
    ]
    buffer: Annotated[int, Meta(description="Left to other channels.")]
    cap: Annotated[int | None, Meta(description="The most it may show; null: no cap.")]
    incoming: Annotated[
        int,
        Meta(
            description="To come to these locations, by the day that was asked; what is overdue "
            "is not counted on."
        ),
    ]
    backordered: Annotated[int, Meta(description="Promised from what comes in, to anybody.")]
    shortage: Annotated[int, Meta(description="Promises that these shelves cannot keep.")]


class AvailableAt(Struct, frozen=True, gc=False):
    """What there is for a channel at a location."""

    location: Location
    available: Annotated[int, Meta(description="Shown as it is, also below zero.")]
    shortage: Annotated[int, Meta(description="Promises that this shelf cannot keep.")]


class Coming(Struct, frozen=True, gc=False):
    """What is to come to a location for a channel."""

    due: Annotated[date | None, Meta(description="The day it is due; null: nobody said.")]
    location: Location
    quantity: Annotated[int, Meta(description="How much.")]
    by: Annotated[Literal["supply", "transfer"], Meta(description="What brings it.")]
    source_id: Annotated[str, Meta(description="The supply's or transfer's id.")]


class Availability(AvailabilityItem, frozen=True, gc=False):
    """What a channel may sell of a sku, by location and by day."""

    locations: Annotated[tuple[AvailableAt, ...], Meta(description="Those that serve it.")]
    coming: Annotated[tuple[Coming, ...], Meta(description="What makes up `incoming`, by day.")]


# `asked` gives the channel with its locations (null: all), and the day (null: whenever it comes).
_SITES: Final = """
    SELECT stock.location, stock.available, stock.shortage FROM inventory AS stock
    LEFT JOIN locations AS place USING (network, location)
    WHERE stock.network = asked.network AND stock.sku = wanted.sku
    AND (asked.locations IS NULL OR jsonb_exists(asked.locations, stock.location))
    AND coalesce(place.active, true)
"""
_COMING: Final = """
    SELECT line.due, line.location, line.incoming AS quantity, 'supply' AS by,
        line.supply_id AS source_id
    FROM supply_lines AS line
    WHERE line.network = asked.network AND line.sku = wanted.sku AND line.incoming > 0
    AND NOT line.overdue
    UNION ALL
    SELECT header.due, header.to_location, line.in_transit, 'transfer', line.transfer_id
    FROM transfer_lines AS line JOIN transfers AS header USING (network, transfer_id)
    WHERE line.network = asked.network AND line.sku = wanted.sku AND line.in_transit > 0
    AND NOT header.overdue
"""
_SERVED: Final = f"""
    SELECT coming.* FROM ({_COMING}) AS coming
    LEFT JOIN locations AS place
        ON place.network = asked.network AND place.location = coming.location
    WHERE (asked.locations IS NULL OR jsonb_exists(asked.locations, coming.location))
    AND coalesce(place.active, true)
    AND (asked.day IS NULL OR coming.due <= asked.day)
"""
_PARTS: Final = f"""
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(greatest(0, site.available)), 0)::bigint AS available,
            coalesce(sum(site.shortage), 0)::bigint AS shortage
        FROM ({_SITES}) AS site
    ) AS stock
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(coming.quantity), 0)::bigint AS incoming FROM ({_SERVED}) AS coming
    ) AS brought
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(line.backordered), 0)::bigint AS backordered FROM order_lines AS line
        WHERE line.network = asked.network AND line.sku = wanted.sku AND line.backordered > 0
    ) AS owed
    LEFT JOIN channel_buffers AS own ON own.network = asked.network
        AND own.channel = asked.channel AND own.sku = wanted.sku
    CROSS JOIN LATERAL (
        SELECT least(greatest(0, stock.available - coalesce(own.buffer, 0)), own.cap)
            AS available_to_sell
    ) AS now
"""
_COLUMNS: Final = """
    asked.channel, wanted.sku, now.available_to_sell,
    greatest(0, now.available_to_sell + brought.incoming - owed.backordered - stock.shortage)
        AS available_to_order,
    stock.available, coalesce(own.buffer, 0) AS buffer, own.cap, brought.incoming,
    owed.backordered, stock.shortage
"""

CHANNEL_AVAILABILITY: Final = SqlView(
    "channel_availability",
    "What each described channel may sell of each sku, and order with all that is to come.",
    f"""
    SELECT asked.network, {_COLUMNS}
    FROM (SELECT network, channel, locations, NULL::date AS day FROM channels) AS asked
    JOIN (SELECT DISTINCT network, sku FROM inventory) AS wanted USING (network)
    {_PARTS}
    """,
    (
        "channels",
        "channel_buffers",
        "inventory",
        "locations",
        "order_lines",
        "supply_lines",
        "transfer_lines",
        "transfers",
    ),
    {
        "network": NETWORK_COMMENT,
        **{column.name: column.comment for column in columns_of(AvailabilityItem)},
    },
)

_ASKED: Final = """
    (SELECT %(network)s::text AS network, %(channel)s::text AS channel, (
        SELECT locations FROM channels
        WHERE channels.network = %(network)s AND channels.channel = %(channel)s
    ) AS locations, %(day)s::date AS day) AS asked
"""
_SOME_SKUS: Final = """
    (SELECT DISTINCT sku FROM inventory WHERE network = %(network)s AND sku > %(after)s
    ORDER BY sku LIMIT %(fetched)s) AS wanted
"""
_NAMED_SKUS: Final = """
    (SELECT DISTINCT sku FROM inventory WHERE network = %(network)s AND sku = ANY(%(skus)s))
    AS wanted
"""
_ONE_SKU: Final = """
    (SELECT sku FROM inventory WHERE network = %(network)s AND sku = %(sku)s LIMIT 1) AS wanted
"""
_DETAILS: Final = f"""
    coalesce((
        SELECT jsonb_agg(to_jsonb(site) ORDER BY site.location) FROM ({_SITES}) AS site
    ), '[]') AS locations,
    coalesce((
        SELECT jsonb_agg(to_jsonb(coming) ORDER BY coming.due, coming.by, coming.source_id)
        FROM ({_SERVED}) AS coming
    ), '[]') AS coming
"""


async def availability(
    conn: AsyncConnection[Any], network: str, channel: str, sku: str, *, day: date | None = None
) -> tuple[Availability | None, int]:
    """What a channel may sell of a sku; None for a sku without any stock event.

    `day`: only what is due by then counts as incoming; without it, all that is to come.
    """
    params = {"network": network, "channel": channel, "sku": sku, "day": day}
    return await one(conn, maker(Availability), _one(), params)


async def availability_list(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
    network: str,
    channel: str,
    *,
    day: date | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[AvailabilityItem]:
    """What a channel may sell, by sku. Raises BadToken for an `after` not of this list."""
    behind = "" if after is None else key_of(after, str)[0]  # every sku is greater than ""
    params = {"network": network, "channel": channel, "day": day, "after": behind}
    return await page(conn, AvailabilityItem, _list(), params, limit, lambda item: (item.sku,))


async def availability_of(
    conn: AsyncConnection[Any],
    network: str,
    channel: str,
    skus: Sequence[str],
    *,
    day: date | None = None,
) -> Page[AvailabilityItem]:
    """What a channel may sell of these skus, by sku; those without any stock event are left out."""
    params = {"network": network, "channel": channel, "day": day, "skus": list(skus)}
    return await page(conn, AvailabilityItem, _named(), params, len(skus), lambda i: (i.sku,))


@cache
def _one() -> Composed:
    source = f"(SELECT {_COLUMNS}, {_DETAILS} FROM {_ASKED} CROSS JOIN {_ONE_SKU} {_PARTS}) AS item"
    return listing(READS, Availability.__struct_fields__, SQL(source), order="sku")


@cache
def _named() -> Composed:
    source = f"(SELECT {_COLUMNS} FROM {_ASKED} CROSS JOIN {_NAMED_SKUS} {_PARTS}) AS item"
    columns = AvailabilityItem.__struct_fields__
    return listing(READS, columns, SQL(source), order="sku", limited=True)


@cache
def _list() -> Composed:
    source = f"(SELECT {_COLUMNS} FROM {_ASKED} CROSS JOIN {_SOME_SKUS} {_PARTS}) AS item"
    columns = AvailabilityItem.__struct_fields__
    return listing(READS, columns, SQL(source), order="sku", limited=True)
