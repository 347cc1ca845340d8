"""Facts that describe: products, locations, channels, customers and stock policy."""

from ledger.domain.draft import Draft
from ledger.domain.events import (
    ChannelDescribed,
    CustomerRegistered,
    LocationDescribed,
    ProductDescribed,
    SafetyStockSet,
)
from ledger.domain.requests import (
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    RegisterCustomer,
    SetSafetyStock,
)
from ledger.domain.state import About


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


def describe_channel(draft: Draft, request: DescribeChannel) -> None:
    """Which locations serve a channel; the latest description by effective time counts."""
    for location in request.locations or ():
        draft.names(location)
    described = ChannelDescribed(*draft.header, request.channel, request.kind, request.locations)
    draft.emit(described)


def register_customer(draft: Draft, request: RegisterCustomer) -> None:
    """A customer by an opaque id."""
    draft.emit(CustomerRegistered(*draft.header, request.customer_id))


def set_safety_stock(draft: Draft, request: SetSafetyStock) -> None:
    """What is held back; the latest policy by effective time counts."""
    for line in request.lines:
        draft.names(request.location, line.sku)
        draft.emit(SafetyStockSet(*draft.header, request.location, line.sku, line.quantity))
