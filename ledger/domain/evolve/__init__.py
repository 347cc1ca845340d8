"""`evolve(state, event)`: what the writer knows after an event. Live and on replay alike."""

from collections.abc import Callable
from typing import Any, Final

from ledger.domain import events as e
from ledger.domain.deadlines import key_of
from ledger.domain.events import AnyEvent
from ledger.domain.evolve import (
    described,
    exceptions,
    holds,
    lines,
    returns,
    stock,
    supply,
    transfers,
)
from ledger.domain.evolve.exceptions import STANDING, about
from ledger.domain.state import State
from ledger.domain.words import WRITER_CHANNEL

__all__ = ["STANDING", "about", "evolve"]


def evolve(state: State, event: AnyEvent) -> None:
    """Change the state by one event of its network's ledger, in order of positions."""
    _EVOLVE[type(event)](state, event)


def _nothing(_state: State, _event: AnyEvent) -> None:
    """Nothing that a later decision needs."""


def _accepted(state: State, event: e.RequestAccepted) -> None:
    """What the writer did by the clock is done."""
    if event.channel == WRITER_CHANNEL:
        state.end_deadline(key_of(event.request_id, event.occurred_at))


_EVOLVE: Final[dict[type, Callable[[State, Any], Any]]] = {
    e.RequestAccepted: _accepted,
    e.RequestRefused: _nothing,
    e.InputRefused: _nothing,
    e.StockReceived: stock.stock_moves,
    e.StockAdjusted: stock.stock_moves,
    e.StockMoved: stock.stock_moves,
    e.StockSold: stock.sold,
    e.StockSaleVoided: stock.stock_moves,
    e.StockReturned: stock.stock_moves,
    e.StockReserved: stock.reserved,
    e.StockReleased: stock.released,
    e.StockExpected: stock.item_changes,
    e.StockSent: stock.sent,
    e.StockArrived: stock.stock_moves,
    e.StockWrittenOut: stock.stock_moves,
    e.StockShipped: stock.left_for_order,
    e.StockShipmentVoided: stock.stock_moves,
    e.StockCollected: stock.left_for_order,
    e.StockCounted: stock.counted,
    e.StockCountRevised: stock.count_revised,
    e.StockCommitted: stock.committed,
    e.StockUncommitted: stock.uncommitted,
    e.SafetyStockSet: stock.item_changes,
    e.ShortageFound: _nothing,
    e.ShortageCleared: _nothing,
    e.LocationDescribed: described.location_described,
    e.LocationCounted: stock.location_counted,
    e.ProductDescribed: described.product_described,
    e.ChannelDescribed: described.channel_described,
    e.ChannelBufferSet: described.channel_buffer_set,
    e.CustomerRegistered: _nothing,
    e.IdentityLinked: _nothing,
    e.CustomersMerged: _nothing,
    e.CustomersUnmerged: _nothing,
    e.GuestOrdersClaimed: _nothing,
    e.ContactRecorded: _nothing,
    e.ConsentGiven: _nothing,
    e.ConsentWithdrawn: _nothing,
    e.SaleRecorded: lines.sale_recorded,
    e.SaleVoided: lines.sale_voided,
    e.ReturnRecorded: _nothing,
    e.OrderPlaced: lines.order_placed,
    e.OrderChanged: lines.order_changed,
    e.OrderLineSourced: lines.sourced,
    e.OrderLineReassigned: lines.line_changes,
    e.OrderLineDeclined: lines.line_changes,
    e.OrderLineBackordered: lines.line_changes,
    e.BackorderFilled: lines.line_changes,
    e.BackorderOverdue: lines.line_changes,
    e.OrderLineCancelled: lines.line_changes,
    e.PaymentRecorded: lines.payment_recorded,
    e.LinePicked: lines.line_changes,
    e.LineShipped: lines.shipped,
    e.ShipmentVoided: lines.shipment_voided,
    e.LineDelivered: lines.line_changes,
    e.DeliveryFailed: _nothing,
    e.PickupReady: lines.pickup_ready,
    e.PickupExpired: lines.line_changes,
    e.LineCollected: lines.line_changes,
    e.CollectionVoided: lines.line_changes,
    e.LineShort: lines.line_changes,
    e.LineReturned: lines.line_changes,
    e.LineRefunded: _nothing,
    e.HoldPlaced: holds.placed,
    e.HoldExtended: holds.extended,
    e.HoldReleased: _nothing,
    e.HoldExpired: _nothing,
    e.SupplyExpected: supply.expected,
    e.SupplyRescheduled: supply.rescheduled,
    e.SupplyReceived: supply.received,
    e.SupplyCancelled: supply.cancelled,
    e.SupplyOverdue: supply.overdue,
    e.TransferRequested: transfers.requested,
    e.TransferShipped: transfers.shipped,
    e.TransferReceived: transfers.received,
    e.TransferClosed: transfers.closed,
    e.TransferCancelled: transfers.cancelled,
    e.TransferOverdue: transfers.overdue,
    e.ReturnAuthorised: returns.authorised,
    e.ReturnReceived: returns.received,
    e.ReturnInspected: _nothing,
    e.ExceptionRaised: exceptions.exception_raised,
    e.ExceptionResolved: exceptions.exception_resolved,
}
