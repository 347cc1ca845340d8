"""Facts that describe: products, locations, channels, stock policy."""

from typing import Annotated

from msgspec import Meta, field

from ledger.domain.requests.base import Part, Request
from ledger.domain.words import (
    ChannelId,
    ChannelKind,
    Currency,
    Location,
    LocationKind,
    MicroDegrees,
    PriceMinor,
    Sku,
)


class Price(Part, frozen=True, kw_only=True):
    """A product's price, for one channel or (without one) for all."""

    price_minor: PriceMinor
    currency: Currency
    channel: ChannelId | None = None


class SafetyLine(Part, frozen=True, kw_only=True):
    """How much of a sku is held back."""

    sku: Sku
    quantity: Annotated[int, Meta(description="Held back from claims: 0 or more.")]


class DescribeProduct(Request, frozen=True, kw_only=True, tag="describe_product"):
    """The one description of a sku that every channel reads."""

    sku: Sku
    title: Annotated[str, Meta(description="The name that customers read.")]
    attributes: Annotated[
        dict[str, str], Meta(description="Free text attributes, such as colour.")
    ] = field(default_factory=dict)
    gtin: Annotated[str, Meta(description="GTIN of 8, 12, 13 or 14 digits.")] | None = None
    prices: tuple[Price, ...] = ()


class DescribeLocation(Request, frozen=True, kw_only=True, tag="describe_location"):
    """What a location is and can do."""

    location: Location
    kind: LocationKind
    active: Annotated[bool, Meta(description="False: no claim may be served from here.")] = True
    time_zone: Annotated[str, Meta(description="IANA time zone, such as Europe/Berlin.")] = "UTC"
    ships: Annotated[bool, Meta(description="Orders may be shipped from here.")] = True
    pickup: Annotated[bool, Meta(description="Orders may be collected here.")] = True
    latitude_udeg: MicroDegrees | None = None
    longitude_udeg: MicroDegrees | None = None
    handling_cost_minor: (
        Annotated[int, Meta(description="Cost of handling one parcel, in minor units.")] | None
    ) = None
    daily_capacity: (
        Annotated[int, Meta(description="Parcels that can be sourced here on a local day.")] | None
    ) = None


class DescribeChannel(Request, frozen=True, kw_only=True, tag="describe_channel"):
    """What a channel is and which locations serve it."""

    channel: ChannelId
    kind: ChannelKind
    locations: (
        Annotated[tuple[str, ...], Meta(description="Those that serve it; absent: all.")] | None
    ) = None


class SetSafetyStock(Request, frozen=True, kw_only=True, tag="set_safety_stock"):
    """Policy: how much a location holds back from claims."""

    location: Location
    lines: tuple[SafetyLine, ...]


class BufferLine(Part, frozen=True, kw_only=True):
    """How much of a sku a channel leaves to others, and the most it may show."""

    sku: Sku
    quantity: Annotated[int, Meta(description="Left to other channels: 0 or more.")]
    cap: (
        Annotated[int, Meta(description="The most it may show and one claim take; absent: no cap.")]
        | None
    ) = None


class SetChannelBuffer(Request, frozen=True, kw_only=True, tag="set_channel_buffer"):
    """Policy: how much of each sku a channel leaves to others, network-wide."""

    channel: ChannelId
    lines: tuple[BufferLine, ...]
