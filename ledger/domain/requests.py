"""What channels send: facts that happened, and claims that ask.

Defined once, here: HTTP bodies, imported lines, the fingerprint and the published schemas all come
from these structs. A fact is recorded always; a claim may be refused. `ledger.door` turns bytes
into these structs and checks what their types do not say.
"""

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct, field

from ledger.domain.words import (
    Bundle,
    ChannelId,
    ChannelKind,
    CountedState,
    Currency,
    CustomerId,
    How,
    LineId,
    LineKind,
    Location,
    LocationKind,
    Lot,
    MicroDegrees,
    OccurredAt,
    OrderId,
    PaymentId,
    PaymentState,
    PriceMinor,
    Quantity,
    RequestId,
    Serial,
    ShipmentId,
    Sku,
    StockState,
    SupplyId,
    TaxMinor,
    UnitCostMinor,
)


class Part(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """A part of a request: strict about unknown fields, silent about defaults."""


class Request(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """What every request carries."""

    request_id: RequestId
    occurred_at: OccurredAt
    actor: Annotated[str, Meta(description="Who did it: a cashier, a robot, a job.")] | None = None
    reason: Annotated[str, Meta(description="Why, in the channel's words.")] | None = None
    reference: (
        Annotated[str, Meta(description="What it belongs to: a basket, a ticket.")] | None
    ) = None


class SaleKey(Part, frozen=True, kw_only=True):
    """A recorded sale is known by its sender and that sender's request_id."""

    channel: ChannelId
    request_id: RequestId


class OrderLineKey(Part, frozen=True, kw_only=True):
    """One line of an order."""

    order_id: OrderId
    line_id: LineId


class Price(Part, frozen=True, kw_only=True):
    """A product's price, for one channel or (without one) for all."""

    price_minor: PriceMinor
    currency: Currency
    channel: ChannelId | None = None


class Place(Part, frozen=True, kw_only=True):
    """Where an order goes: a region and, optionally, coordinates. No personal data."""

    region: Annotated[str, Meta(description="ISO 3166 country or subdivision, such as DE-BE.")]
    latitude_udeg: MicroDegrees | None = None
    longitude_udeg: MicroDegrees | None = None


class SoldLine(Part, frozen=True, kw_only=True):
    """A line of a sale, an order or a return: goods, or a service that moves no stock."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    kind: LineKind = "goods"
    unit_price_minor: PriceMinor | None = None
    tax_minor: TaxMinor | None = None
    lot: Lot | None = None
    serial: Serial | None = None
    bundle: Bundle | None = None


class SaleLine(SoldLine, frozen=True, kw_only=True):
    """A line of a sale; goods may fulfil a line of an order placed before."""

    fulfils: (
        Annotated[OrderLineKey, Meta(description="The order line that these goods fulfil.")] | None
    ) = None


class OrderLine(SoldLine, frozen=True, kw_only=True):
    """A line of an order: how it is handed over, and from where."""

    how: How | None = None
    location: Location | None = None


class ReturnLine(SoldLine, frozen=True, kw_only=True):
    """Goods handed in, or a service refunded; goods enter on_hand in a state."""

    state: StockState = "available"
    of_line_id: (
        Annotated[
            LineId,
            Meta(description="The line they came from; absent: the lines of this sku, in order."),
        ]
        | None
    ) = None


class ReceiptLine(Part, frozen=True, kw_only=True):
    """Goods that came in."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    state: StockState = "available"
    unit_cost_minor: UnitCostMinor | None = None
    lot: Lot | None = None
    serial: Serial | None = None


class AdjustLine(Part, frozen=True, kw_only=True):
    """A correction of stock, with its sign."""

    line_id: LineId
    sku: Sku
    quantity: Annotated[int, Meta(description="Signed and not zero: -3 takes three away.")]
    state: StockState = "available"
    unit_cost_minor: UnitCostMinor | None = None
    lot: Lot | None = None
    serial: Serial | None = None


class MoveLine(Part, frozen=True, kw_only=True):
    """Stock that changes state where it is."""

    line_id: LineId
    sku: Sku
    quantity: Quantity
    from_state: StockState = field(name="from")
    to_state: StockState = field(name="to")


class CountLine(Part, frozen=True, kw_only=True):
    """What was counted of one sku."""

    sku: Sku
    quantity: Annotated[int, Meta(description="What is there: 0 or more.")]
    state: CountedState = "on_hand"
    unit_cost_minor: UnitCostMinor | None = None


class SafetyLine(Part, frozen=True, kw_only=True):
    """How much of a sku is held back."""

    sku: Sku
    quantity: Annotated[int, Meta(description="Held back from claims: 0 or more.")]


class LineQuantity(Part, frozen=True, kw_only=True):
    """So much of a line."""

    line_id: LineId
    quantity: Quantity


class LineCut(Part, frozen=True, kw_only=True):
    """So much of a line, or all of it."""

    line_id: LineId
    quantity: Quantity | None = None


class DescribeProduct(Request, frozen=True, kw_only=True, tag="describe_product"):
    """The one description of a sku that every channel reads."""

    sku: Sku
    title: Annotated[str, Meta(description="The name that customers read.")]
    attributes: Annotated[
        dict[str, str], Meta(description="Free text attributes, such as colour.")
    ] = {}
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


class RegisterCustomer(Request, frozen=True, kw_only=True, tag="register_customer"):
    """A customer by an opaque id. Personal data is not accepted yet."""

    customer_id: CustomerId


class SetSafetyStock(Request, frozen=True, kw_only=True, tag="set_safety_stock"):
    """Policy: how much a location holds back from claims."""

    location: Location
    lines: tuple[SafetyLine, ...]


class ReceiveStock(Request, frozen=True, kw_only=True, tag="receive_stock"):
    """Goods came in."""

    location: Location
    lines: tuple[ReceiptLine, ...]
    supply_id: SupplyId | None = None
    currency: Currency | None = None


class AdjustStock(Request, frozen=True, kw_only=True, tag="adjust_stock"):
    """Stock was corrected; the reason is required (shrinkage, found, damage, write_off, …)."""

    location: Location
    lines: tuple[AdjustLine, ...]
    currency: Currency | None = None


class MoveStock(Request, frozen=True, kw_only=True, tag="move_stock"):
    """Stock changed its state within a location."""

    location: Location
    lines: tuple[MoveLine, ...]


class CountStock(Request, frozen=True, kw_only=True, tag="count_stock"):
    """Somebody counted, as of occurred_at: an anchor for everything that happened before."""

    location: Location
    scope: Annotated[
        Literal["named", "location"],
        Meta(description="The named skus, or the whole location: what is not named is counted 0."),
    ]
    lines: tuple[CountLine, ...]
    currency: Currency | None = None


class RecordSale(Request, frozen=True, kw_only=True, tag="record_sale"):
    """Goods left with the customer."""

    location: Location
    lines: tuple[SaleLine, ...]
    channel: (
        Annotated[ChannelId, Meta(description="The selling channel; default: the sender.")] | None
    ) = None
    customer_id: CustomerId | None = None
    currency: Currency | None = None
    tender: Annotated[str, Meta(description="How it was paid: cash, card, …")] | None = None


class VoidSale(Request, frozen=True, kw_only=True, tag="void_sale"):
    """The sale, or lines of it, never happened."""

    sale: SaleKey
    lines: Annotated[tuple[LineCut, ...], Meta(description="Absent: the whole sale.")] = ()


class RecordReturn(Request, frozen=True, kw_only=True, tag="record_return"):
    """Goods were handed in, at any location, with or without what they came from."""

    location: Location
    lines: tuple[ReturnLine, ...]
    sale: SaleKey | None = None
    order_id: OrderId | None = None
    channel: (
        Annotated[ChannelId, Meta(description="The channel taking it back; default: the sender.")]
        | None
    ) = None
    customer_id: CustomerId | None = None
    currency: Currency | None = None
    tender: Annotated[str, Meta(description="How it was refunded.")] | None = None


class PlaceOrder(Request, frozen=True, kw_only=True, tag="place_order"):
    """Claim: promise these goods to a customer, each line from the location it names."""

    order_id: OrderId
    lines: tuple[OrderLine, ...]
    channel: (
        Annotated[ChannelId, Meta(description="The selling channel; default: the sender.")] | None
    ) = None
    customer_id: CustomerId | None = None
    currency: Currency | None = None
    ship_to: Place | None = None
    allow_part: Annotated[
        bool, Meta(description="What is not there is cancelled at once instead of refusing all.")
    ] = False


class CancelOrder(Request, frozen=True, kw_only=True, tag="cancel_order"):
    """Claim: cancel lines of an order, or without lines all that has not left."""

    order_id: OrderId
    lines: tuple[LineCut, ...] = ()


class ShipLines(Request, frozen=True, kw_only=True, tag="ship_lines"):
    """Fact: goods of an order left in a parcel."""

    order_id: OrderId
    shipment_id: ShipmentId
    location: Location
    lines: tuple[LineQuantity, ...]
    carrier: Annotated[str, Meta(description="Who carries it.")] | None = None
    tracking_number: Annotated[str, Meta(description="The carrier's number.")] | None = None


class ReadyForPickup(Request, frozen=True, kw_only=True, tag="ready_for_pickup"):
    """Fact: goods of an order are prepared and wait for the customer."""

    order_id: OrderId
    location: Location
    lines: tuple[LineQuantity, ...]
    until: Annotated[OccurredAt, Meta(description="Kept for the customer until then.")] | None = (
        None
    )


class CollectLines(Request, frozen=True, kw_only=True, tag="collect_lines"):
    """Fact: the customer took goods of an order."""

    order_id: OrderId
    location: Location
    lines: tuple[LineQuantity, ...]


class RecordPayment(Request, frozen=True, kw_only=True, tag="record_payment"):
    """Fact: what a payment provider said. Independent of stock."""

    payment_id: PaymentId
    order_id: OrderId
    state: Annotated[PaymentState, Meta(description="The latest state, by occurred_at, counts.")]
    amount_minor: Annotated[int, Meta(description="Amount in minor units: 0 or more.")]
    currency: Currency
    provider_reference: Annotated[str, Meta(description="The provider's own id.")] | None = None
    lines: Annotated[tuple[str, ...], Meta(description="The lines paid for; absent: all.")] = ()


Claim = PlaceOrder | CancelOrder
Fact = (
    DescribeProduct
    | DescribeLocation
    | DescribeChannel
    | RegisterCustomer
    | SetSafetyStock
    | ReceiveStock
    | AdjustStock
    | MoveStock
    | CountStock
    | RecordSale
    | VoidSale
    | RecordReturn
    | ShipLines
    | ReadyForPickup
    | CollectLines
    | RecordPayment
)
AnyRequest = Fact | Claim


def kind_of(request: Request) -> str:
    """The request's type as it stands on the wire, such as `place_order`."""
    return _KINDS[type(request)]


_KINDS: Final[dict[type, str]] = {
    request_type: str(request_type.__struct_config__.tag) for request_type in get_args(AnyRequest)
}
