"""What channels send: facts that happened, and claims that ask.

Defined once, here: HTTP bodies, Kafka messages, imported lines, the fingerprint and the published
schemas all come from these structs. A fact is recorded always; a claim may be refused.
`ledger.door` turns bytes into these structs and checks what their types do not say.
"""

from typing import Final, get_args

from ledger.domain.requests.base import Part, Request
from ledger.domain.requests.customers import (
    ClaimGuestOrders,
    GiveConsent,
    LinkIdentity,
    MergeCustomers,
    RecordContact,
    RegisterCustomer,
    UnmergeCustomers,
    WithdrawConsent,
)
from ledger.domain.requests.deadlines import DeadlineKind, DeadlinePassed
from ledger.domain.requests.described import (
    BufferLine,
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    Price,
    SafetyLine,
    SetChannelBuffer,
    SetSafetyStock,
)
from ledger.domain.requests.fulfilment import (
    CollectLines,
    Deliver,
    FailDelivery,
    PickLines,
    ReadyForPickup,
    ShipLines,
    VoidShipment,
)
from ledger.domain.requests.holds import ExtendHold, HoldLine, PlaceHold, ReleaseHold
from ledger.domain.requests.orders import (
    CancelOrder,
    ChangeOrder,
    DeclineLine,
    OrderLine,
    PlaceOrder,
    ReassignLine,
    RecordPayment,
)
from ledger.domain.requests.parts import (
    LineCut,
    LineQuantity,
    OrderLineKey,
    Place,
    SaleKey,
    SoldLine,
)
from ledger.domain.requests.returns import (
    AuthoriseReturn,
    Exchange,
    InspectedLine,
    InspectReturn,
    ReceivedLine,
    ReceiveReturn,
    ReturnedLine,
)
from ledger.domain.requests.sales import RecordReturn, RecordSale, ReturnLine, SaleLine, VoidSale
from ledger.domain.requests.stock import (
    AdjustLine,
    AdjustStock,
    CountLine,
    CountStock,
    MoveLine,
    MoveStock,
    ReceiptLine,
    ReceiveStock,
)
from ledger.domain.requests.supply import CancelSupply, ExpectSupply, RescheduleSupply, SupplyLine
from ledger.domain.requests.transfers import (
    ArrivedLine,
    CancelTransfer,
    CloseTransfer,
    ReceiveTransfer,
    RequestTransfer,
    ShipTransfer,
    TransferLine,
)

__all__ = [
    "AdjustLine",
    "AdjustStock",
    "AnyRequest",
    "ArrivedLine",
    "AuthoriseReturn",
    "BufferLine",
    "CancelOrder",
    "CancelSupply",
    "CancelTransfer",
    "ChangeOrder",
    "Claim",
    "ClaimGuestOrders",
    "CloseTransfer",
    "CollectLines",
    "CountLine",
    "CountStock",
    "DeadlineKind",
    "DeadlinePassed",
    "Decided",
    "DeclineLine",
    "Deliver",
    "DescribeChannel",
    "DescribeLocation",
    "DescribeProduct",
    "Exchange",
    "ExpectSupply",
    "ExtendHold",
    "Fact",
    "FailDelivery",
    "GiveConsent",
    "HoldLine",
    "InspectReturn",
    "InspectedLine",
    "LineCut",
    "LineQuantity",
    "LinkIdentity",
    "MergeCustomers",
    "MoveLine",
    "MoveStock",
    "OrderLine",
    "OrderLineKey",
    "Part",
    "PickLines",
    "Place",
    "PlaceHold",
    "PlaceOrder",
    "Price",
    "ReadyForPickup",
    "ReassignLine",
    "ReceiptLine",
    "ReceiveReturn",
    "ReceiveStock",
    "ReceiveTransfer",
    "ReceivedLine",
    "RecordContact",
    "RecordPayment",
    "RecordReturn",
    "RecordSale",
    "RegisterCustomer",
    "ReleaseHold",
    "Request",
    "RequestTransfer",
    "RescheduleSupply",
    "ReturnLine",
    "ReturnedLine",
    "SafetyLine",
    "SaleKey",
    "SaleLine",
    "SetChannelBuffer",
    "SetSafetyStock",
    "ShipLines",
    "ShipTransfer",
    "SoldLine",
    "SupplyLine",
    "TransferLine",
    "UnmergeCustomers",
    "VoidSale",
    "VoidShipment",
    "WithdrawConsent",
    "kind_of",
]

Claim = (
    PlaceHold
    | ExtendHold
    | PlaceOrder
    | ChangeOrder
    | CancelOrder
    | ReassignLine
    | RequestTransfer
    | CancelTransfer
    | AuthoriseReturn
    | Exchange
)
Fact = (
    DescribeProduct
    | DescribeLocation
    | DescribeChannel
    | SetSafetyStock
    | SetChannelBuffer
    | ReceiveStock
    | AdjustStock
    | MoveStock
    | CountStock
    | ExpectSupply
    | RescheduleSupply
    | CancelSupply
    | RecordSale
    | VoidSale
    | RecordReturn
    | ReleaseHold
    | RecordPayment
    | DeclineLine
    | ShipLines
    | ReadyForPickup
    | CollectLines
    | PickLines
    | VoidShipment
    | Deliver
    | FailDelivery
    | ShipTransfer
    | ReceiveTransfer
    | CloseTransfer
    | ReceiveReturn
    | InspectReturn
    | RegisterCustomer
    | LinkIdentity
    | MergeCustomers
    | UnmergeCustomers
    | ClaimGuestOrders
    | RecordContact
    | GiveConsent
    | WithdrawConsent
)
AnyRequest = Fact | Claim
"""What a channel may send."""
Decided = AnyRequest | DeadlinePassed
"""What is decided: also what the writer does by the clock."""


def kind_of(request: Request) -> str:
    """The request's type as it stands on the wire, such as `place_order`."""
    return _KINDS[type(request)]


_KINDS: Final[dict[type, str]] = {
    request_type: str(request_type.__struct_config__.tag) for request_type in get_args(Decided)
}
