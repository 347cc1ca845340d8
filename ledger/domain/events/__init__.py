"""What happened: the immutable consequences of requests.

Every event is self-contained: who sent the request, both clocks, and its own data. Its bytes are
its fields as JSON in this order, without those at their default. A published version never
changes; a new meaning is a new version and an upcaster in `ledger.codec`.

Quantities are whole stock units, amounts minor units, times UTC. `effective_at` stands only where
a movement takes the time of another (a void takes that of its sale, a fact that waited unlinked
its own); elsewhere a movement is effective at min(occurred_at, recorded_at).
"""

from ledger.domain.events.base import Event
from ledger.domain.events.customers import (
    ConsentGiven,
    ConsentWithdrawn,
    ContactRecorded,
    CustomerEvent,
    CustomerRegistered,
    CustomersMerged,
    CustomersUnmerged,
    GuestOrdersClaimed,
    IdentityLinked,
)
from ledger.domain.events.described import (
    ChannelBufferSet,
    ChannelDescribed,
    LocationCounted,
    LocationDescribed,
    ProductDescribed,
)
from ledger.domain.events.exceptions import ExceptionKind, ExceptionRaised, ExceptionResolved
from ledger.domain.events.holds import (
    AnyHoldEvent,
    HoldEvent,
    HoldExpired,
    HoldExtended,
    HoldPlaced,
    HoldReleased,
)
from ledger.domain.events.orders import (
    AnyOrderEvent,
    BackorderFilled,
    BackorderOverdue,
    CollectionVoided,
    DeliveryFailed,
    LineCollected,
    LineDelivered,
    LinePicked,
    LineRefunded,
    LineReturned,
    LineShipped,
    LineShort,
    OrderChanged,
    OrderEvent,
    OrderLineBackordered,
    OrderLineCancelled,
    OrderLineDeclined,
    OrderLineReassigned,
    OrderLineSourced,
    OrderPlaced,
    PaymentRecorded,
    PickupExpired,
    PickupReady,
    RunnerUp,
    ShipmentVoided,
    SourcingRule,
)
from ledger.domain.events.requests import (
    InputReason,
    InputRefused,
    RefusedLine,
    RequestAccepted,
    RequestRefused,
    input_stream,
)
from ledger.domain.events.returns import (
    AnyReturnEvent,
    ReturnAuthorised,
    ReturnEvent,
    ReturnInspected,
    ReturnReceived,
)
from ledger.domain.events.sales import ReturnRecorded, SaleRecorded, SaleVoided
from ledger.domain.events.stock import (
    AnyStockEvent,
    ReleaseReason,
    ReservedFor,
    SafetyStockSet,
    ShortageCleared,
    ShortageFound,
    ShortLine,
    ShortReservation,
    StockAdjusted,
    StockArrived,
    StockCollected,
    StockCommitted,
    StockCounted,
    StockCountRevised,
    StockEvent,
    StockExpected,
    StockMoved,
    StockReceived,
    StockReleased,
    StockReserved,
    StockReturned,
    StockSaleVoided,
    StockSent,
    StockShipmentVoided,
    StockShipped,
    StockSold,
    StockUncommitted,
    StockWrittenOut,
    UncommitCause,
)
from ledger.domain.events.supply import (
    AnySupplyEvent,
    SupplyCancelled,
    SupplyEvent,
    SupplyExpected,
    SupplyOverdue,
    SupplyReceived,
    SupplyRescheduled,
)
from ledger.domain.events.transfers import (
    AnyTransferEvent,
    TransferCancelled,
    TransferClosed,
    TransferEvent,
    TransferOverdue,
    TransferReceived,
    TransferRequested,
    TransferShipped,
)

__all__ = [
    "AnyEvent",
    "AnyHoldEvent",
    "AnyOrderEvent",
    "AnyReturnEvent",
    "AnyStockEvent",
    "AnySupplyEvent",
    "AnyTransferEvent",
    "BackorderFilled",
    "BackorderOverdue",
    "ChannelBufferSet",
    "ChannelDescribed",
    "CollectionVoided",
    "ConsentGiven",
    "ConsentWithdrawn",
    "ContactRecorded",
    "CustomerEvent",
    "CustomerRegistered",
    "CustomersMerged",
    "CustomersUnmerged",
    "DeliveryFailed",
    "Event",
    "ExceptionKind",
    "ExceptionRaised",
    "ExceptionResolved",
    "GuestOrdersClaimed",
    "HoldEvent",
    "HoldExpired",
    "HoldExtended",
    "HoldPlaced",
    "HoldReleased",
    "IdentityLinked",
    "InputReason",
    "InputRefused",
    "LineCollected",
    "LineDelivered",
    "LinePicked",
    "LineRefunded",
    "LineReturned",
    "LineShipped",
    "LineShort",
    "LocationCounted",
    "LocationDescribed",
    "OrderChanged",
    "OrderEvent",
    "OrderLineBackordered",
    "OrderLineCancelled",
    "OrderLineDeclined",
    "OrderLineReassigned",
    "OrderLineSourced",
    "OrderPlaced",
    "PaymentRecorded",
    "PickupExpired",
    "PickupReady",
    "ProductDescribed",
    "RefusedLine",
    "ReleaseReason",
    "RequestAccepted",
    "RequestRefused",
    "ReservedFor",
    "ReturnAuthorised",
    "ReturnEvent",
    "ReturnInspected",
    "ReturnReceived",
    "ReturnRecorded",
    "RunnerUp",
    "SafetyStockSet",
    "SaleRecorded",
    "SaleVoided",
    "ShipmentVoided",
    "ShortLine",
    "ShortReservation",
    "ShortageCleared",
    "ShortageFound",
    "SourcingRule",
    "StockAdjusted",
    "StockArrived",
    "StockCollected",
    "StockCommitted",
    "StockCountRevised",
    "StockCounted",
    "StockEvent",
    "StockExpected",
    "StockMoved",
    "StockReceived",
    "StockReleased",
    "StockReserved",
    "StockReturned",
    "StockSaleVoided",
    "StockSent",
    "StockShipmentVoided",
    "StockShipped",
    "StockSold",
    "StockUncommitted",
    "StockWrittenOut",
    "SupplyCancelled",
    "SupplyEvent",
    "SupplyExpected",
    "SupplyOverdue",
    "SupplyReceived",
    "SupplyRescheduled",
    "TransferCancelled",
    "TransferClosed",
    "TransferEvent",
    "TransferOverdue",
    "TransferReceived",
    "TransferRequested",
    "TransferShipped",
    "UncommitCause",
    "input_stream",
]

AnyEvent = (
    RequestAccepted
    | RequestRefused
    | InputRefused
    | AnyStockEvent
    | LocationDescribed
    | LocationCounted
    | ProductDescribed
    | ChannelDescribed
    | ChannelBufferSet
    | CustomerRegistered
    | IdentityLinked
    | CustomersMerged
    | CustomersUnmerged
    | GuestOrdersClaimed
    | ContactRecorded
    | ConsentGiven
    | ConsentWithdrawn
    | SaleRecorded
    | SaleVoided
    | ReturnRecorded
    | AnyOrderEvent
    | AnyHoldEvent
    | AnySupplyEvent
    | AnyTransferEvent
    | AnyReturnEvent
    | ExceptionRaised
    | ExceptionResolved
)
