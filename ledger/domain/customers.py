"""Customers: opaque ids, which of them are one person, and what is theirs (domain rule 14).

Nothing is remembered of a customer: every word on one is recorded as it comes, and the views let
the latest by effective time win. All that is looked at is whether an order is known, and whose.
"""

from msgspec.structs import replace

from ledger.domain.draft import Draft
from ledger.domain.entries import About
from ledger.domain.events import (
    ConsentGiven,
    ConsentWithdrawn,
    ContactRecorded,
    CustomerRegistered,
    CustomersMerged,
    CustomersUnmerged,
    GuestOrdersClaimed,
    IdentityLinked,
)
from ledger.domain.events.customers import customer_stream
from ledger.domain.events.orders import order_stream
from ledger.domain.requests import (
    ClaimGuestOrders,
    GiveConsent,
    LinkIdentity,
    MergeCustomers,
    RecordContact,
    RegisterCustomer,
    UnmergeCustomers,
    WithdrawConsent,
)


def register_customer(draft: Draft, request: RegisterCustomer) -> None:
    """A customer by an opaque id."""
    draft.emit(CustomerRegistered(*draft.header, request.customer_id))


def link_identity(draft: Draft, request: LinkIdentity) -> None:
    """Some system knows the customer by a name; the latest link of a name counts."""
    linked = IdentityLinked(*draft.header, request.customer_id, request.scheme, request.identity)
    draft.emit(linked)


def merge_customers(draft: Draft, request: MergeCustomers) -> None:
    """Two ids are one person, until the customer is unmerged, or merged into another."""
    draft.emit(CustomersMerged(*draft.header, request.customer_id, request.into))


def unmerge_customers(draft: Draft, request: UnmergeCustomers) -> None:
    """The customer stands for itself again, merged before or not."""
    draft.emit(CustomersUnmerged(*draft.header, request.customer_id))


def claim_guest_orders(draft: Draft, request: ClaimGuestOrders) -> None:
    """Orders placed as a guest are the customer's; one not yet known is, once it appears."""
    claimed = GuestOrdersClaimed(*draft.header, request.customer_id, request.order_ids)
    draft.emit(claimed)
    join_claim(draft, request)


def join_claim(draft: Draft, request: ClaimGuestOrders) -> None:
    """See whose the claimed orders are, as far as they are known; the others wait."""
    for order_id in request.order_ids:
        order = draft.state.orders.get(order_id)
        if order is None:
            claim = replace(request, order_ids=(order_id,))
            draft.wait(claim, order_stream(order_id), order_id=order_id)
        elif order.customer_id not in {None, request.customer_id}:
            _claimed_twice(draft, request.customer_id, order_id, order.customer_id)


def _claimed_twice(
    draft: Draft, customer_id: str, order_id: str, of_customer_id: str | None
) -> None:
    detail = (
        f"order {order_id!r} names customer {of_customer_id!r} itself, and stays theirs; "
        f"merge the two customers if they are one person"
    )
    about = About(order_id=order_id, subject=customer_stream(customer_id))
    draft.exception("claimed_twice", detail, about)


def record_contact(draft: Draft, request: RecordContact) -> None:
    """Somebody wrote or called; a contact about an unknown order is told until it appears."""
    recorded = ContactRecorded(
        *draft.header,
        request.means,
        request.direction,
        request.customer_id,
        request.order_id,
        request.topic,
    )
    draft.emit(recorded)
    order_id = request.order_id
    if order_id is not None and order_id not in draft.state.orders:
        draft.wait(request, order_stream(order_id), order_id=order_id)


def give_consent(draft: Draft, request: GiveConsent) -> None:
    """The customer agreed to a purpose; the latest word on it counts."""
    draft.emit(ConsentGiven(*draft.header, request.customer_id, request.purpose))


def withdraw_consent(draft: Draft, request: WithdrawConsent) -> None:
    """The customer no longer agrees to a purpose."""
    draft.emit(ConsentWithdrawn(*draft.header, request.customer_id, request.purpose))
