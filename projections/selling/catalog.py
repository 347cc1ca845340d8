"""What things are, as described latest: products, locations, channels and channels' buffers.

Latest is the greatest (effective time, channel, request_id), in whichever order the descriptions
arrived.
"""

from functools import cache
from operator import itemgetter
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta, Struct
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from ledger.domain.events import (
    ChannelBufferSet,
    ChannelDescribed,
    Event,
    LocationDescribed,
    ProductDescribed,
)
from ledger.domain.requests import Price
from ledger.domain.stock.item import stamp_of
from ledger.domain.words import ChannelId, ChannelKind, Location, LocationKind, MicroDegrees, Sku
from projections.paging import Page, key_of
from projections.projection import Batch, Projection
from projections.reading import Reader, equal, listing, maker, one, page
from projections.rows import MAX_ROWS_IN_MEMORY, Rows
from projections.selling.availability import CHANNEL_AVAILABILITY
from projections.tables import Table, Values
from projections.words import EffectiveAt, Position

DescribedBy = Annotated[str, Meta(description="The channel that described it.")]
DescribedIn = Annotated[str, Meta(description="The request that described it.")]


class Product(Struct, frozen=True, gc=False):
    """A product, as described latest."""

    sku: Sku
    title: Annotated[str, Meta(description="The name that customers read.")]
    attributes: Annotated[dict[str, str], Meta(description="Attributes, such as colour.")]
    gtin: Annotated[str | None, Meta(description="GTIN of 8, 12, 13 or 14 digits.")]
    prices: Annotated[
        tuple[Price, ...], Meta(description="Prices; one without a channel is for all channels.")
    ]
    effective_at: EffectiveAt
    described_by: DescribedBy
    described_in: DescribedIn
    position: Position


class LocationItem(Struct, frozen=True, gc=False):
    """A location, as described latest."""

    location: Location
    kind: Annotated[LocationKind, Meta(description="What kind of place it is.")]
    active: Annotated[bool, Meta(description="False: no claim may be served from here.")]
    time_zone: Annotated[str, Meta(description="IANA time zone.")]
    ships: Annotated[bool, Meta(description="Orders may be shipped from here.")]
    pickup: Annotated[bool, Meta(description="Orders may be collected here.")]
    latitude_udeg: MicroDegrees | None
    longitude_udeg: MicroDegrees | None
    handling_cost_minor: Annotated[
        int | None, Meta(description="Cost of handling one parcel, in minor units.")
    ]
    daily_capacity: Annotated[
        int | None, Meta(description="Parcels that can be sourced here on a local day.")
    ]
    effective_at: EffectiveAt
    described_by: DescribedBy
    described_in: DescribedIn
    position: Position


class ChannelItem(Struct, frozen=True, gc=False):
    """A channel, as described latest."""

    channel: ChannelId
    kind: Annotated[ChannelKind, Meta(description="What kind of channel it is.")]
    locations: Annotated[
        tuple[str, ...] | None, Meta(description="Locations that serve it; null: all.")
    ]
    effective_at: EffectiveAt
    described_by: DescribedBy
    described_in: DescribedIn
    position: Position


class ChannelBuffer(Struct, frozen=True, gc=False):
    """How much of a sku a channel leaves to others, as said latest."""

    channel: ChannelId
    sku: Sku
    buffer: Annotated[int, Meta(description="Left to other channels.")]
    cap: Annotated[
        int | None, Meta(description="The most it may show and one claim take; null: no cap.")
    ]
    effective_at: EffectiveAt
    described_by: DescribedBy
    described_in: DescribedIn
    position: Position


STAMP: Final = slice(-4, -1)
"""Where a row's effective_at, described_by and described_in stand."""

PRODUCTS = Table("products", Product, key=("sku",), comment="Products, as described latest.")
LOCATIONS = Table(
    "locations", LocationItem, key=("location",), comment="Locations, as described latest."
)
CHANNELS = Table(
    "channels", ChannelItem, key=("channel",), comment="Channels, as described latest."
)
CHANNEL_BUFFERS = Table(
    "channel_buffers",
    ChannelBuffer,
    key=("channel", "sku"),
    comment="How much of each sku each channel leaves to others, as said latest.",
)

Key = str | tuple[str, ...]


class _Catalog(Projection):
    """Keeps, of each thing, the row of the description that counts; a row begins with its key."""

    table: ClassVar[Table]
    event_type: ClassVar[type[Event]]

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self._key_of = itemgetter(*range(len(self.table.key)))
        self.described: Rows[Key, Values] = Rows(
            self.table.select_by(self.table.key),
            table=self.table,
            pack=lambda _, values: values,
            unpack=lambda values: (self._key_of(values), values),
            limit=limit,
        )
        self.kept = (self.described,)
        self.folds = {self.event_type: self._described}

    @staticmethod
    def row_of(event: Any) -> Values:
        """What the event says, beginning with the key."""
        raise AssertionError(event)

    def ask(self, batch: Batch) -> None:
        """The things that are described."""
        self.described.ask({self._key_of(self.row_of(event)) for _, event in batch})

    def _described(self, position: int, event: Event) -> None:
        row, stamp = self.row_of(event), stamp_of(event)
        key = self._key_of(row)
        kept = self.described.get(key)
        if kept is None or stamp >= kept[STAMP]:
            self.described.put(key, (*row, *stamp, position))


class Products(_Catalog):
    """Products, by sku."""

    name = "products"
    comment = PRODUCTS.comment
    table = PRODUCTS
    event_type = ProductDescribed

    @staticmethod
    def row_of(event: ProductDescribed) -> Values:
        """What the event says, beginning with the sku."""
        prices = list(msgspec.to_builtins(event.prices))
        return (event.sku, event.title, event.attributes, event.gtin, prices)


class Locations(_Catalog):
    """Locations, by id."""

    name = "locations"
    comment = LOCATIONS.comment
    table = LOCATIONS
    event_type = LocationDescribed

    @staticmethod
    def row_of(event: LocationDescribed) -> Values:
        """What the event says, beginning with the location."""
        return (
            event.location,
            event.kind,
            event.active,
            event.time_zone,
            event.ships,
            event.pickup,
            event.latitude_udeg,
            event.longitude_udeg,
            event.handling_cost_minor,
            event.daily_capacity,
        )


class Channels(_Catalog):
    """Channels, by id."""

    name = "channels"
    comment = CHANNELS.comment
    table = CHANNELS
    sql_views = (CHANNEL_AVAILABILITY,)
    event_type = ChannelDescribed

    @staticmethod
    def row_of(event: ChannelDescribed) -> Values:
        """What the event says, beginning with the channel it is about."""
        locations = None if event.locations is None else list(event.locations)
        return (event.described, event.kind, locations)


class ChannelBuffers(_Catalog):
    """Channels' buffers, by channel and sku."""

    name = "channel_buffers"
    comment = CHANNEL_BUFFERS.comment
    table = CHANNEL_BUFFERS
    event_type = ChannelBufferSet

    @staticmethod
    def row_of(event: ChannelBufferSet) -> Values:
        """What the event says, beginning with the channel it is about and the sku."""
        return (event.described, event.sku, event.quantity, event.cap)


async def product(conn: Reader, network: str, sku: str) -> tuple[Product | None, int]:
    """A described product, None if there is none, and the view's position."""
    return await one(conn, maker(Product), _one(Products), {"network": network, "sku": sku})


async def product_list(
    conn: AsyncConnection[Any], network: str, *, after: str | None = None, limit: int = 100
) -> Page[Product]:
    """Described products by sku. Raises BadToken for an `after` that is not this list's."""
    params = _params(network, after)
    return await page(conn, maker(Product), _list(Products), params, limit, lambda p: (p.sku,))


async def location(
    conn: AsyncConnection[Any], network: str, location: str
) -> tuple[LocationItem | None, int]:
    """A described location, None if there is none, and the view's position."""
    params = {"network": network, "location": location}
    return await one(conn, LocationItem, _one(Locations), params)


async def location_list(
    conn: AsyncConnection[Any], network: str, *, after: str | None = None, limit: int = 100
) -> Page[LocationItem]:
    """Described locations by id. Raises BadToken for an `after` that is not this list's."""
    params = _params(network, after)
    return await page(conn, LocationItem, _list(Locations), params, limit, lambda i: (i.location,))


async def channel_list(
    conn: AsyncConnection[Any], network: str, *, after: str | None = None, limit: int = 100
) -> Page[ChannelItem]:
    """Described channels by id. Raises BadToken for an `after` that is not this list's."""
    params = _params(network, after)
    make = maker(ChannelItem)
    return await page(conn, make, _list(Channels), params, limit, lambda item: (item.channel,))


async def buffer_list(
    conn: AsyncConnection[Any],
    network: str,
    channel: str,
    *,
    after: str | None = None,
    limit: int = 100,
) -> Page[ChannelBuffer]:
    """A channel's buffers by sku. Raises BadToken for an `after` that is not this list's."""
    params = {**_params(network, after), "channel": channel}
    return await page(conn, ChannelBuffer, _buffers(), params, limit, lambda item: (item.sku,))


def _params(network: str, after: str | None) -> dict[str, Any]:
    # Every id is greater than the empty string.
    return {"network": network, "after": "" if after is None else key_of(after, str)[0]}


@cache
def _one(view: type[_Catalog]) -> Composed:
    [key] = view.table.key
    where, source = equal(["network", key]), Identifier(view.table.name)
    return listing(view.name, view.table.names, source, conditions=where, order=key)


@cache
def _buffers() -> Composed:
    where: list[Composed | SQL] = [*equal(["network", "channel"]), SQL("sku > %(after)s")]
    columns, source = CHANNEL_BUFFERS.names, Identifier(CHANNEL_BUFFERS.name)
    name = ChannelBuffers.name
    return listing(name, columns, source, conditions=where, order="sku", limited=True)


@cache
def _list(view: type[_Catalog]) -> Composed:
    [key] = view.table.key
    where = [*equal(["network"]), SQL("{} > %(after)s").format(Identifier(key))]
    source = Identifier(view.table.name)
    return listing(view.name, view.table.names, source, conditions=where, order=key, limited=True)
