"""Payments: recorded as the provider says, independent of stock (domain rule 12)."""

from msgspec.structs import replace

from ledger.domain.draft import Draft
from ledger.domain.entries import About
from ledger.domain.events import LineRefunded, PaymentRecorded
from ledger.domain.events.orders import order_stream
from ledger.domain.requests import RecordPayment


def record_payment(draft: Draft, request: RecordPayment) -> None:
    """An unknown order's payment is unlinked until it appears.

    A payment is known by its id alone. One that names another order than before is one of two
    payments that share an id, or a mistake: its latest state counts, and people must look at it.
    """
    before = draft.state.payments.get(request.payment_id, request.order_id)
    recorded = PaymentRecorded(
        *draft.header,
        request.order_id,
        request.payment_id,
        request.state,
        request.amount_minor,
        request.currency,
        request.provider_reference,
        request.lines,
    )
    draft.emit(recorded)
    if before != request.order_id:
        detail = f"payment {request.payment_id!r} named {before!r} before; use an id of its own"
        draft.exception("payment_moved", detail, About(order_id=request.order_id))
    if request.order_id not in draft.state.orders:
        stream = order_stream(request.order_id)
        draft.wait(request, stream, order_id=request.order_id)
    else:
        refund_lines(draft, request)


def refund_lines(draft: Draft, request: RecordPayment) -> None:
    """The lines that a refund names; those that are not known wait."""
    if request.state != "refunded":
        return
    unknown = []
    for line_id in request.lines:
        if (request.order_id, line_id) in draft.state.lines:
            refunded = LineRefunded(*draft.header, request.order_id, line_id, request.payment_id)
            draft.emit(refunded)
        else:
            unknown.append(line_id)
    if unknown:
        waits = replace(request, lines=tuple(unknown))
        draft.wait(waits, order_stream(request.order_id), order_id=request.order_id)
