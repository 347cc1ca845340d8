"""`decide(state, arrival)`: the events that a request leads to. Pure; `evolve` applies them."""

from collections.abc import Callable
from typing import Any, Final

from ledger.domain.clock import pass_deadline
from ledger.domain.customers import (
    claim_guest_orders,
    give_consent,
    link_identity,
    merge_customers,
    record_contact,
    register_customer,
    unmerge_customers,
    withdraw_consent,
)
from ledger.domain.described import (
    describe_channel,
    describe_location,
    describe_product,
    set_channel_buffer,
    set_safety_stock,
)
from ledger.domain.draft import Arrival, Draft
from ledger.domain.entries import About
from ledger.domain.events import AnyEvent, RequestAccepted, RequestRefused
from ledger.domain.holds import extend_hold, place_hold, release_hold
from ledger.domain.joining import expect_and_join, join_order, ship_and_join
from ledger.domain.orders.changing import cancel_order, change_order, reassign_line
from ledger.domain.orders.declining import decline_line
from ledger.domain.orders.exchanges import authorise_return, exchange
from ledger.domain.orders.fulfilment import (
    collect_lines,
    deliver,
    fail_delivery,
    pick_lines,
    ready_for_pickup,
    void_shipment,
)
from ledger.domain.orders.payments import record_payment
from ledger.domain.orders.placing import place_order
from ledger.domain.orders.returns import inspect_return, receive_return
from ledger.domain.orders.sales import record_return, record_sale, void_sale
from ledger.domain.refusal import Refusal
from ledger.domain.requests import (
    AdjustStock,
    AuthoriseReturn,
    CancelOrder,
    CancelSupply,
    CancelTransfer,
    ChangeOrder,
    ClaimGuestOrders,
    CloseTransfer,
    CollectLines,
    CountStock,
    DeadlinePassed,
    DeclineLine,
    Deliver,
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    Exchange,
    ExpectSupply,
    ExtendHold,
    FailDelivery,
    GiveConsent,
    InspectReturn,
    LinkIdentity,
    MergeCustomers,
    MoveStock,
    PickLines,
    PlaceHold,
    PlaceOrder,
    ReadyForPickup,
    ReassignLine,
    ReceiveReturn,
    ReceiveStock,
    ReceiveTransfer,
    RecordContact,
    RecordPayment,
    RecordReturn,
    RecordSale,
    RegisterCustomer,
    ReleaseHold,
    RequestTransfer,
    RescheduleSupply,
    SetChannelBuffer,
    SetSafetyStock,
    ShipLines,
    ShipTransfer,
    UnmergeCustomers,
    VoidSale,
    VoidShipment,
    WithdrawConsent,
    kind_of,
)
from ledger.domain.settling import settle
from ledger.domain.state import State
from ledger.domain.stock.shelf import adjust_stock, count_stock, move_stock, receive_stock
from ledger.domain.supply import cancel_supply, reschedule_supply
from ledger.domain.transfer_claims import cancel_transfer, request_transfer
from ledger.domain.transfers import close_transfer, receive_transfer, ship_transfer
from ledger.domain.words import sale_id

__all__ = ["Arrival", "State", "decide"]

Outcome = tuple[AnyEvent, ...] | Refusal


def decide(state: State, arrival: Arrival) -> tuple[AnyEvent, ...]:
    """The request's own event, then its effects; the state is left as it was.

    A claim that cannot be granted yields one `request_refused`; a fact is always accepted.
    """
    request = arrival.request
    claim = _CLAIM.get(type(request))
    if claim is not None:
        return _answered(arrival, claim(state, arrival, request))
    draft = Draft(state, arrival)
    _RECORD[type(request)](draft, request)
    if request.occurred_at > arrival.recorded_at:
        detail = "occurred_at is ahead of recorded_at; set the sender's clock"
        draft.exception("clock_ahead", detail, About())
    return _answered(arrival, settle(draft))


def _record_sale(draft: Draft, request: RecordSale) -> None:
    record_sale(draft, request)
    join_order(draft, sale_id(draft.arrival.channel, request.request_id))


def _answered(arrival: Arrival, outcome: Outcome) -> tuple[AnyEvent, ...]:
    request = arrival.request
    said = (kind_of(request), arrival.fingerprint)
    if isinstance(outcome, Refusal):
        refused = RequestRefused(
            *arrival.header,
            *said,
            outcome.reason,
            outcome.details,
            request.actor,
            request.reference,
        )
        return (refused,)
    why = (request.actor, request.reason, request.reference)
    return (RequestAccepted(*arrival.header, *said, len(outcome), *why), *outcome)


_CLAIM: Final[dict[type, Callable[[State, Arrival, Any], Outcome]]] = {
    AuthoriseReturn: authorise_return,
    CancelOrder: cancel_order,
    CancelTransfer: cancel_transfer,
    ChangeOrder: change_order,
    Exchange: exchange,
    ExtendHold: extend_hold,
    PlaceHold: place_hold,
    PlaceOrder: place_order,
    ReassignLine: reassign_line,
    RequestTransfer: request_transfer,
}
_RECORD: Final[dict[type, Callable[[Draft, Any], None]]] = {
    AdjustStock: adjust_stock,
    CancelSupply: cancel_supply,
    ClaimGuestOrders: claim_guest_orders,
    CloseTransfer: close_transfer,
    CollectLines: collect_lines,
    CountStock: count_stock,
    DeadlinePassed: pass_deadline,
    DeclineLine: decline_line,
    Deliver: deliver,
    DescribeChannel: describe_channel,
    DescribeLocation: describe_location,
    DescribeProduct: describe_product,
    ExpectSupply: expect_and_join,
    FailDelivery: fail_delivery,
    GiveConsent: give_consent,
    InspectReturn: inspect_return,
    LinkIdentity: link_identity,
    MergeCustomers: merge_customers,
    MoveStock: move_stock,
    PickLines: pick_lines,
    ReadyForPickup: ready_for_pickup,
    ReceiveReturn: receive_return,
    ReceiveStock: receive_stock,
    ReceiveTransfer: receive_transfer,
    RecordContact: record_contact,
    RecordPayment: record_payment,
    RecordReturn: record_return,
    RecordSale: _record_sale,
    RegisterCustomer: register_customer,
    ReleaseHold: release_hold,
    RescheduleSupply: reschedule_supply,
    SetChannelBuffer: set_channel_buffer,
    SetSafetyStock: set_safety_stock,
    ShipLines: ship_and_join,
    ShipTransfer: ship_transfer,
    UnmergeCustomers: unmerge_customers,
    VoidSale: void_sale,
    VoidShipment: void_shipment,
    WithdrawConsent: withdraw_consent,
}
