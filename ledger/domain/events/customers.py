"""Customers: opaque ids, and which of them are one person."""

from typing import Literal

from ledger.domain.events.base import Event
from ledger.domain.words import ContactMeans, part


def customer_stream(customer_id: str) -> str:
    """The stream of a customer."""
    return f"customer/{part(customer_id)}"


class CustomerEvent(Event, frozen=True):
    """An event of one customer."""

    customer_id: str

    @property
    def stream(self) -> str:
        return customer_stream(self.customer_id)


class CustomerRegistered(CustomerEvent, frozen=True):
    """There is a customer of this id."""


class IdentityLinked(CustomerEvent, frozen=True):
    """Some system knows the customer by this name."""

    scheme: str
    identity: str


class CustomersMerged(CustomerEvent, frozen=True):
    """`customer_id` and `into` are one person; history stands with `into`."""

    into: str


class CustomersUnmerged(CustomerEvent, frozen=True):
    """`customer_id` stands for itself again."""


class GuestOrdersClaimed(CustomerEvent, frozen=True):
    """These orders, or sales as `sale:{channel}:{request_id}`, are the customer's."""

    order_ids: tuple[str, ...]


class ContactRecorded(Event, frozen=True):
    """Somebody was in contact with a customer, or about an order, or both."""

    means: ContactMeans
    direction: Literal["inbound", "outbound"]
    customer_id: str | None = None
    order_id: str | None = None
    topic: str | None = None

    @property
    def stream(self) -> str:
        if self.customer_id is not None:
            return customer_stream(self.customer_id)
        return f"contact/{self.channel}/{part(self.request_id)}"


class ConsentGiven(CustomerEvent, frozen=True):
    purpose: str


class ConsentWithdrawn(CustomerEvent, frozen=True):
    purpose: str
