"""`decide(state, arrival)`: the events that a request leads to. Pure; `evolve` applies them."""

from collections.abc import Callable
from typing import Any, Final

from ledger.domain.claims import Refusal, cancel_order, place_order
from ledger.domain.described import (
    describe_channel,
    describe_location,
    describe_product,
    register_customer,
    set_safety_stock,
)
from ledger.domain.draft import Arrival, Draft
from ledger.domain.events import AnyEvent, RequestAccepted, RequestRefused
from ledger.domain.fulfilment import collect_lines, ready_for_pickup, record_payment, ship_lines
from ledger.domain.joining import join
from ledger.domain.requests import (
    AdjustStock,
    CancelOrder,
    CollectLines,
    CountStock,
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    Fact,
    MoveStock,
    PlaceOrder,
    ReadyForPickup,
    ReceiveStock,
    RecordPayment,
    RecordReturn,
    RecordSale,
    RegisterCustomer,
    SetSafetyStock,
    ShipLines,
    VoidSale,
    kind_of,
)
from ledger.domain.sales import record_return, record_sale, void_sale
from ledger.domain.shelf import adjust_stock, count_stock, move_stock, receive_stock
from ledger.domain.state import About, State
from ledger.domain.words import sale_id

__all__ = ["Arrival", "State", "decide"]


def decide(state: State, arrival: Arrival) -> tuple[AnyEvent, ...]:
    """The request's own event, then its effects; the state is left as it was.

    A claim that cannot be granted yields one `request_refused`; a fact is always accepted.
    """
    request = arrival.request
    match request:
        case PlaceOrder():
            outcome = place_order(state, arrival, request)
        case CancelOrder():
            outcome = cancel_order(state, arrival, request)
        case _:
            outcome = _record(state, arrival, request)
    return _answered(arrival, outcome)


def _record(state: State, arrival: Arrival, fact: Fact) -> tuple[AnyEvent, ...]:
    draft = Draft(state, arrival)
    _RECORD[type(fact)](draft, fact)
    if fact.occurred_at > arrival.recorded_at:
        detail = "occurred_at is ahead of recorded_at; set the sender's clock"
        draft.exception("clock_ahead", detail, About())
    return draft.settle()


def _record_sale(draft: Draft, request: RecordSale) -> None:
    record_sale(draft, request)
    join(draft, sale_id(draft.arrival.channel, request.request_id))


def _answered(arrival: Arrival, outcome: tuple[AnyEvent, ...] | Refusal) -> tuple[AnyEvent, ...]:
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


_RECORD: Final[dict[type, Callable[[Draft, Any], None]]] = {
    DescribeProduct: describe_product,
    DescribeLocation: describe_location,
    DescribeChannel: describe_channel,
    RegisterCustomer: register_customer,
    SetSafetyStock: set_safety_stock,
    ReceiveStock: receive_stock,
    AdjustStock: adjust_stock,
    MoveStock: move_stock,
    CountStock: count_stock,
    RecordSale: _record_sale,
    VoidSale: void_sale,
    RecordReturn: record_return,
    ShipLines: ship_lines,
    ReadyForPickup: ready_for_pickup,
    CollectLines: collect_lines,
    RecordPayment: record_payment,
}
