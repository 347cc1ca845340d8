"""The trade's words as types: what a field of a request or an event means, said once.

`Meta` carries descriptions only. Constraints there would make decoding several times slower, so
`ledger.door` checks them after a plain decode.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from msgspec import Meta

MAX_ID_LENGTH: Final = 128
MAX_TEXT_LENGTH: Final = 1_000
MAX_LINES: Final = 10_000
MAX_ATTRIBUTES: Final = 200
MAX_QUANTITY: Final = 1_000_000_000
"""Of one line, in the sku's stock unit: nine digits, so that sums of any ledger fit 64 bits."""
MAX_AMOUNT_MINOR: Final = 1_000_000_000_000

WRITER_CHANNEL: Final = "onebook"
"""The reserved channel of what the writer itself asks for; no sender may use it."""
SALE_PREFIX: Final = "sale:"
"""A recorded sale is listed among the orders as `sale:{channel}:{request_id}`."""

ChannelId = Annotated[
    str, Meta(description="A channel: 1-40 of a-z, 0-9 and -, beginning with a letter or digit.")
]
RequestId = Annotated[
    str,
    Meta(description="Chosen by the channel, unique in it for ever: asking twice is asking once."),
]
OccurredAt = Annotated[
    datetime, Meta(description="When it happened by the channel's clock: RFC 3339 with offset.")
]
Location = Annotated[str, Meta(description="A store, warehouse or other place that holds stock.")]
Sku = Annotated[str, Meta(description="The stock-keeping unit, compared byte for byte.")]
LineId = Annotated[str, Meta(description="The line's id, unique within its request or order.")]
OrderId = Annotated[
    str, Meta(description="The order's id, unique in the network; never begins with `sale:`.")
]
CustomerId = Annotated[
    str, Meta(description="An opaque customer id; no personal data. Absent: a guest.")
]
Quantity = Annotated[
    int, Meta(description="A whole number of the sku's stock unit, 1 to 1,000,000,000.")
]
Currency = Annotated[str, Meta(description="ISO 4217 code, three capitals; required with a price.")]
PriceMinor = Annotated[
    int, Meta(description="Price of one unit in the currency's minor unit (cents).")
]
TaxMinor = Annotated[int, Meta(description="Tax contained in the line, in minor units, as given.")]
UnitCostMinor = Annotated[int, Meta(description="Cost of one unit in minor units.")]
Lot = Annotated[str, Meta(description="Lot or batch, kept as text; no stock is kept by it.")]
Serial = Annotated[str, Meta(description="Serial number, kept as text; no stock is kept by it.")]
Bundle = Annotated[str, Meta(description="What this component line was sold as part of.")]
ShipmentId = Annotated[str, Meta(description="The shipment's id, from whoever ships.")]
PaymentId = Annotated[
    str, Meta(description="The payment's id; later states of it name the same id.")
]
SupplyId = Annotated[str, Meta(description="The purchase order or supply this receipt belongs to.")]
TransferId = Annotated[str, Meta(description="The transfer's id, unique in the network.")]
ReturnId = Annotated[str, Meta(description="The authorised return's id, unique in the network.")]
Owner = Annotated[
    str, Meta(description="Who holds: a cart, a session, a quote. Its holds are known by line.")
]
DueDate = Annotated[
    date, Meta(description="The day it is due, in the time zone of the location it goes to.")
]
MicroDegrees = Annotated[int, Meta(description="Degrees times 1,000,000, as a whole number.")]

StockState = Annotated[
    Literal["available", "damaged", "quality_control"],
    Meta(description="Which part of on_hand: sellable, damaged, or waiting for a check."),
]
CountedState = Annotated[
    Literal["on_hand", "damaged", "quality_control"],
    Meta(
        description="What was counted: all that is there (default), or one unsellable part of it."
    ),
]
LineKind = Annotated[
    Literal["goods", "service"],
    Meta(description="Goods move stock; services (postage, fees, discounts) do not."),
]
How = Annotated[
    Literal["ship", "pickup", "carry_out"], Meta(description="How the goods reach the customer.")
]
LocationKind = Annotated[
    Literal["store", "warehouse", "dark_store", "supplier"], Meta(description="What the place is.")
]
ChannelKind = Annotated[
    Literal["store", "web", "marketplace", "app", "social", "phone", "erp"],
    Meta(description="What the channel is."),
]
Disposition = Annotated[
    Literal["restock", "quality_control", "damaged", "scrap", "return_to_vendor", "missing"],
    Meta(description="What is done with returned goods."),
]
DeclineCause = Annotated[
    Literal["not_found", "damaged", "too_busy"],
    Meta(
        description="Why a location cannot serve a line; not_found also takes it from on_hand, "
        "damaged also moves it there."
    ),
]
ContactMeans = Annotated[
    Literal["whatsapp", "social", "phone", "store"],
    Meta(description="By which means somebody was in contact."),
]
PaymentState = Annotated[
    Literal["authorised", "captured", "failed", "refunded"],
    Meta(description="What became of the payment; the latest state, by occurred_at, counts."),
]


class Reason(StrEnum):
    """Why a claim is refused, in order of precedence: the first that holds wins."""

    ID_TAKEN = "id_taken"
    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_LINE = "unknown_line"
    UNKNOWN_TRANSFER = "unknown_transfer"
    UNKNOWN_LOCATION = "unknown_location"
    UNKNOWN_SKU = "unknown_sku"
    LOCATION_REQUIRED = "location_required"
    LOCATION_INACTIVE = "location_inactive"
    NOT_SERVED = "not_served"
    EXPIRED = "expired"
    BEYOND_QUANTITY = "beyond_quantity"
    ALREADY_LEFT = "already_left"
    CHANNEL_LIMIT = "channel_limit"
    OUT_OF_STOCK = "out_of_stock"
    NO_CAPACITY = "no_capacity"


def part(text: str) -> str:
    """One part of a stream name: `%` and `/` percent-encoded, so that parts cannot run together."""
    if "%" in text or "/" in text:
        return text.replace("%", "%25").replace("/", "%2F")
    return text


def sale_id(channel: str, request_id: str) -> str:
    """The id under which a recorded sale stands among the orders."""
    return f"{SALE_PREFIX}{channel}:{request_id}"
