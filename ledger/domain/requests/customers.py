"""Facts about customers: opaque ids and names, never personal data."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.domain.requests.base import Request
from ledger.domain.words import ContactMeans, CustomerId


class RegisterCustomer(Request, frozen=True, kw_only=True, tag="register_customer"):
    """A customer by an opaque id. Personal data is not accepted yet."""

    customer_id: CustomerId


class LinkIdentity(Request, frozen=True, kw_only=True, tag="link_identity"):
    """A name by which some system knows a customer: a loyalty card, a shop account, a hash.

    Never personal data in the clear: send a hash of an e-mail address or telephone number.
    """

    customer_id: CustomerId
    scheme: Annotated[
        str, Meta(description="Whose name it is: loyalty, web-account, email-sha256.")
    ]
    identity: Annotated[str, Meta(description="The name itself; opaque.")]


class MergeCustomers(Request, frozen=True, kw_only=True, tag="merge_customers"):
    """Two ids are one person: the history of `customer_id` stands with `into` from now on."""

    customer_id: CustomerId
    into: Annotated[str, Meta(description="The customer id that stays.")]


class UnmergeCustomers(Request, frozen=True, kw_only=True, tag="unmerge_customers"):
    """They were two after all: the history goes back to `customer_id`."""

    customer_id: CustomerId


class ClaimGuestOrders(Request, frozen=True, kw_only=True, tag="claim_guest_orders"):
    """Orders and sales placed as a guest are this customer's."""

    customer_id: CustomerId
    order_ids: Annotated[
        tuple[str, ...],
        Meta(description="Orders; recorded sales as `sale:{channel}:{request_id}`."),
    ]


class RecordContact(Request, frozen=True, kw_only=True, tag="record_contact"):
    """Somebody was in contact with a customer, or about an order. No personal data."""

    means: ContactMeans
    customer_id: CustomerId | None = None
    order_id: (
        Annotated[
            str, Meta(description="The order, or `sale:{channel}:{request_id}`, it was about.")
        ]
        | None
    ) = None
    direction: Annotated[
        Literal["inbound", "outbound"], Meta(description="Who wrote or called.")
    ] = "inbound"
    topic: Annotated[str, Meta(description="What about, in a word.")] | None = None


class GiveConsent(Request, frozen=True, kw_only=True, tag="give_consent"):
    """The customer agreed to a purpose."""

    customer_id: CustomerId
    purpose: Annotated[str, Meta(description="What for: newsletter, profiling, …")]


class WithdrawConsent(Request, frozen=True, kw_only=True, tag="withdraw_consent"):
    """The customer no longer agrees to a purpose."""

    customer_id: CustomerId
    purpose: Annotated[str, Meta(description="What for: newsletter, profiling, …")]
