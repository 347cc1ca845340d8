"""Facts that describe: products, locations, channels and stock policy."""

from ledger.domain.draft import Draft
from ledger.domain.entries import About
from ledger.domain.events import (
    ChannelBufferSet,
    ChannelDescribed,
    LocationDescribed,
    ProductDescribed,
    SafetyStockSet,
)
from ledger.domain.requests import (
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    SetChannelBuffer,
    SetSafetyStock,
)
from ledger.domain.sourcing.backorders import fill_all


def describe_product(draft: Draft, request: DescribeProduct) -> None:
    """The sku is known from now on."""
    described = ProductDescribed(
        *draft.header,
        request.sku,
        request.title,
        request.attributes,
        request.gtin,
        request.prices,
    )
    draft.emit(described)
    draft.resolve("unknown_sku", About(sku=request.sku))


def describe_location(draft: Draft, request: DescribeLocation) -> None:
    """The location is known from now on; the latest description by effective time counts."""
    described = LocationDescribed(
        *draft.header,
        request.location,
        request.kind,
        request.active,
        request.time_zone,
        request.ships,
        request.pickup,
        request.latitude_udeg,
        request.longitude_udeg,
        request.handling_cost_minor,
        request.daily_capacity,
    )
    draft.emit(described)
    draft.resolve("unknown_location", About(location=request.location))
    fill_all(draft)


def describe_channel(draft: Draft, request: DescribeChannel) -> None:
    """Which locations serve a channel; the latest description by effective time counts."""
    for location in request.locations or ():
        draft.names(location)
    described = ChannelDescribed(*draft.header, request.channel, request.kind, request.locations)
    draft.emit(described)
    fill_all(draft)


def set_safety_stock(draft: Draft, request: SetSafetyStock) -> None:
    """What is held back; the latest policy by effective time counts."""
    for line in request.lines:
        draft.names(request.location, line.sku)
        draft.stock(SafetyStockSet(*draft.header, request.location, line.sku, line.quantity))


def set_channel_buffer(draft: Draft, request: SetChannelBuffer) -> None:
    """What a channel leaves to others; the latest policy by effective time counts."""
    for line in request.lines:
        draft.names(None, line.sku)
        buffer = ChannelBufferSet(*draft.header, request.channel, line.sku, line.quantity, line.cap)
        draft.emit(buffer)
    fill_all(draft)
