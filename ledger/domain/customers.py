"""Customers: opaque ids, and which of them are one person (domain rule 14)."""

from ledger.domain.draft import Draft
from ledger.domain.events import CustomerRegistered
from ledger.domain.requests import RegisterCustomer


def register_customer(draft: Draft, request: RegisterCustomer) -> None:
    """A customer by an opaque id."""
    draft.emit(CustomerRegistered(*draft.header, request.customer_id))
