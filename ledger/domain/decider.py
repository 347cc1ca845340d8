"""`decide(state, arrival)`: the events that a request leads to. Pure; `evolve` applies them."""

from collections.abc import Callable
from typing import Any, Final

from ledger.domain.changing import cancel_order, change_order, reassign_line
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
from ledger.domain.declining import decline_line
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
from ledger.domain.fulfilment import (
    collect_lines,
    deliver,
    fail_delivery,
    pick_lines,
    ready_for_pickup,
    void_shipment,
)
from ledger.domain.holds import extend_hold, place_hold, release_hold
from ledger.domain.joining import join_order, ship_and_join
from ledger.domain.payments import record_payment
from ledger.domain.placing import place_order
from ledger.domain.refusal import Refusal
from ledger.domain.requests import (
    AdjustStock,
    CancelOrder,
    ChangeOrder,
    ClaimGuestOrders,
    CollectLines,
    CountStock,
    DeadlinePassed,
    DeclineLine,
    Deliver,
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    ExtendHold,
    FailDelivery,
    GiveConsent,
    LinkIdentity,
    MergeCustomers,
    MoveStock,
    PickLines,
    PlaceHold,
    PlaceOrder,
    ReadyForPickup,
    ReassignLine,
    ReceiveStock,
    RecordContact,
    RecordPayment,
    RecordReturn,
    RecordSale,
    RegisterCustomer,
    ReleaseHold,
    SetChannelBuffer,
    SetSafetyStock,
    ShipLines,
    UnmergeCustomers,
    VoidSale,
    VoidShipment,
    WithdrawConsent,
    kind_of,
)
from ledger.domain.sales import record_return, record_sale, void_sale
from ledger.domain.settling import settle
from ledger.domain.shelf import adjust_stock, count_stock, move_stock, receive_stock
from ledger.domain.state import State
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
    CancelOrder: cancel_order,
    ChangeOrder: change_order,
    ExtendHold: extend_hold,
    PlaceHold: place_hold,
    PlaceOrder: place_order,
    ReassignLine: reassign_line,
}
_RECORD: Final[dict[type, Callable[[Draft, Any], None]]] = {
    AdjustStock: adjust_stock,
    ClaimGuestOrders: claim_guest_orders,
    CollectLines: collect_lines,
    CountStock: count_stock,
    DeadlinePassed: pass_deadline,
    DeclineLine: decline_line,
    Deliver: deliver,
    DescribeChannel: describe_channel,
    DescribeLocation: describe_location,
    DescribeProduct: describe_product,
    FailDelivery: fail_delivery,
    GiveConsent: give_consent,
    LinkIdentity: link_identity,
    MergeCustomers: merge_customers,
    MoveStock: move_stock,
    PickLines: pick_lines,
    ReadyForPickup: ready_for_pickup,
    ReceiveStock: receive_stock,
    RecordContact: record_contact,
    RecordPayment: record_payment,
    RecordReturn: record_return,
    RecordSale: _record_sale,
    RegisterCustomer: register_customer,
    ReleaseHold: release_hold,
    SetChannelBuffer: set_channel_buffer,
    SetSafetyStock: set_safety_stock,
    ShipLines: ship_and_join,
    UnmergeCustomers: unmerge_customers,
    VoidSale: void_sale,
    VoidShipment: void_shipment,
    WithdrawConsent: withdraw_consent,
}
