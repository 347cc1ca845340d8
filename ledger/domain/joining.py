"""Facts that waited for something take effect when it appears.

1. A handler meets an order, sale, line, supply, transfer, return or shipment that is not known:
   `Draft.wait`.
2. It emits `exception_raised(unlinked)`, which keeps the fact; `evolve` notes it as waiting, by
   the stream of what it waits for.
3. Whoever makes that known calls `join` with the stream.
4. `join` resolves each exception and lets the fact take effect, at the fact's own time
   (`Draft.at`): by its own handler, or by the part of it that was left.
5. What still finds no line waits again, with its first sender and time (`Draft.joining`).
"""

from collections.abc import Callable
from typing import Any, Final

from ledger.domain.customers import join_claim
from ledger.domain.draft import Draft
from ledger.domain.entries import About
from ledger.domain.events.orders import order_stream
from ledger.domain.orders.declining import decline_line
from ledger.domain.orders.fulfilment import (
    collect_lines,
    deliver,
    fail_delivery,
    pick_lines,
    ready_for_pickup,
    ship_lines,
    shipment_stream,
    void_shipment,
)
from ledger.domain.orders.payments import refund_lines
from ledger.domain.orders.returns import link_inspected, link_received
from ledger.domain.orders.sales import join_fulfilment, link_return, void_sale
from ledger.domain.requests import (
    CancelSupply,
    ClaimGuestOrders,
    CloseTransfer,
    CollectLines,
    DeclineLine,
    Deliver,
    ExpectSupply,
    FailDelivery,
    InspectReturn,
    PickLines,
    ReadyForPickup,
    ReceiveReturn,
    ReceiveStock,
    ReceiveTransfer,
    RecordPayment,
    RecordReturn,
    RecordSale,
    RescheduleSupply,
    ShipLines,
    ShipTransfer,
    VoidSale,
    VoidShipment,
)
from ledger.domain.supply import (
    cancel_supply,
    expect_supply,
    link_receipt,
    reschedule_supply,
    supply_stream,
    tell_overdue,
    wait_again,
)
from ledger.domain.transfers import close_transfer, receive_transfer, ship_transfer

TakesEffect = Callable[[Draft, Any], None]


def join(draft: Draft, stream: str, *, order_id: str | None = None) -> None:
    """Let every fact that waits for this take effect, in order of arrival."""
    about = About(order_id=order_id) if order_id is not None else About(subject=stream)
    for waiting in draft.state.waiting.get(stream, ()):
        draft.joined(waiting, about)
        draft.joining = waiting
        _TAKES_EFFECT.get(type(waiting.fact), _was_recorded)(draft, waiting.fact)
        draft.joining = None


def join_order(draft: Draft, order_id: str) -> None:
    """What waits for this order or sale."""
    join(draft, order_stream(order_id), order_id=order_id)


def ship_and_join(draft: Draft, request: ShipLines) -> None:
    """Goods left in a parcel; its void or delivery may have been heard of before."""
    ship_lines(draft, request)
    _join_shipment(draft, request)


def _join_shipment(draft: Draft, fact: ShipLines) -> None:
    stream = shipment_stream(fact.order_id, fact.shipment_id)
    if stream in draft.state.waiting:
        joining = draft.joining
        join(draft, stream)
        draft.joining = joining


def expect_and_join(draft: Draft, request: ExpectSupply) -> None:
    """Goods are expected; receipts of them, and other words on them, may have been there before."""
    homeless = expect_supply(draft, request)
    join(draft, supply_stream(request.supply_id))
    wait_again(draft, homeless)
    tell_overdue(draft, request.supply_id)


def _was_recorded(_draft: Draft, _fact: object) -> None:
    """All that it says was recorded when it came."""


_TAKES_EFFECT: Final[dict[type, TakesEffect]] = {
    CancelSupply: cancel_supply,
    ClaimGuestOrders: join_claim,
    CloseTransfer: close_transfer,
    CollectLines: collect_lines,
    DeclineLine: decline_line,
    Deliver: deliver,
    FailDelivery: fail_delivery,
    InspectReturn: link_inspected,
    PickLines: pick_lines,
    ReadyForPickup: ready_for_pickup,
    ReceiveReturn: link_received,
    ReceiveStock: link_receipt,
    ReceiveTransfer: receive_transfer,
    RecordPayment: refund_lines,
    RecordReturn: link_return,
    RecordSale: join_fulfilment,
    RescheduleSupply: reschedule_supply,
    ShipLines: ship_and_join,
    ShipTransfer: ship_transfer,
    VoidSale: void_sale,
    VoidShipment: void_shipment,
}
