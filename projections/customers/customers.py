"""Reading customers: who is one person now, what is theirs, and all of it on one timeline.

Merges are links. A person is found by following them when it is read, so that a merge, or its
undoing, is one row, whatever the customers have bought (`docs/customers.md`).
"""

from datetime import datetime
from functools import cache
from typing import Annotated, Literal

from msgspec import Meta, Struct
from psycopg.sql import Composed

from ledger.domain.words import ContactMeans, CustomerId, PaymentId, ReturnId, ShipmentId
from projections.customers import customer_fold, customer_links
from projections.customers.customer_fold import Kind, Topic
from projections.customers.person import TIMELINE, WHOLE_PERSON
from projections.orders import order_history, orders
from projections.orders.order_history import Step
from projections.paging import FIRST_PAGE, Page, key_of
from projections.reading import Reader, listing, maker, one, page
from projections.words import (
    EffectiveAt,
    ListedOrderId,
    OccurredAt,
    Position,
    RecordedAt,
    SellingChannel,
    Sender,
    TotalMinor,
)

VIEWS = (customer_fold.NAME, customer_links.NAME, order_history.NAME, orders.NAME)
"""What is read; the position of an answer is that of the one that is behind."""


class Amount(Struct, frozen=True):
    """Money of one currency; currencies are never added up."""

    currency: Annotated[str, Meta(description="ISO 4217 code.")]
    bought_minor: Annotated[
        int,
        Meta(
            description="Sales and orders at their prices, less what was cancelled or not "
            "collected in time."
        ),
    ]
    returned_minor: Annotated[
        int, Meta(description="Returns at their prices; authorised ones at their order's.")
    ]


class Identity(Struct, frozen=True):
    """A name by which some system knows the person."""

    scheme: Annotated[str, Meta(description="Whose name it is: loyalty, web-account.")]
    identity: Annotated[str, Meta(description="The name itself; opaque.")]
    customer_id: Annotated[str, Meta(description="Which of the person's ids it was linked to.")]
    effective_at: EffectiveAt


class Consent(Struct, frozen=True):
    """The person's latest word on a purpose, under whichever id."""

    purpose: Annotated[str, Meta(description="What for: newsletter, profiling.")]
    given: Annotated[bool, Meta(description="False: withdrawn.")]
    customer_id: Annotated[str, Meta(description="Which of the person's ids it was said of.")]
    effective_at: EffectiveAt


class ClaimedOrder(Struct, frozen=True):
    """A guest's order that the person claimed; only one that counts is in their history."""

    order_id: ListedOrderId
    state: Annotated[
        Literal["counts", "waits", "own", "of_another"],
        Meta(
            description="counts: it is theirs; waits: no such order is known yet; own, "
            "of_another: it names a customer itself, who is this person, or is not."
        ),
    ]
    customer_id: Annotated[str, Meta(description="Which of the person's ids claimed it.")]
    effective_at: EffectiveAt


class Customer(Struct, frozen=True):
    """A person under all their ids: known by opaque ids, without personal data.

    Lists hold the first 1,000.
    """

    customer_id: Annotated[CustomerId, Meta(description="The id that was asked for.")]
    merged_into: Annotated[
        CustomerId | None,
        Meta(description="The id that stands for the person; null: the one that was asked for."),
    ]
    ids: Annotated[tuple[str, ...], Meta(description="All ids that are this person, by id.")]
    id_count: Annotated[int, Meta(description="How many ids these are.")]
    registered: Annotated[bool, Meta(description="False: only named by other facts.")]
    first_seen: Annotated[datetime, Meta(description="The earliest that anything names them.")]
    last_purchase_at: Annotated[
        datetime | None, Meta(description="When the latest sale or order took effect.")
    ]
    sales: Annotated[int, Meta(description="Recorded sales, voided and claimed ones included.")]
    orders: Annotated[int, Meta(description="Orders, cancelled and claimed ones included.")]
    returns: Annotated[int, Meta(description="Returns, recorded or received.")]
    contacts: Annotated[int, Meta(description="Contacts with them, or about their orders.")]
    amounts: Annotated[tuple[Amount, ...], Meta(description="One for each currency, by code.")]
    identities: Annotated[tuple[Identity, ...], Meta(description="By scheme, then name.")]
    consents: Annotated[tuple[Consent, ...], Meta(description="The latest word, by purpose.")]
    claimed_orders: Annotated[
        tuple[ClaimedOrder, ...], Meta(description="Claimed last comes first.")
    ]
    position: Annotated[int, Meta(description="Position of the last event that names them.")]


class HistoryItem(Struct, frozen=True, gc=False):
    """Something of a person: a purchase, a step of an order, a contact, a word on who they are."""

    customer_id: Annotated[CustomerId, Meta(description="Which of the person's ids it is of.")]
    position: Position
    kind: Annotated[Kind | Step, Meta(description="What it is.")]
    order_id: Annotated[ListedOrderId | None, Meta(description="The order or sale it is about.")]
    state: Annotated[
        str | None,
        Meta(description="The state of now of an order or sale; the state that a payment came to."),
    ]
    claimed: Annotated[
        bool, Meta(description="It was a guest's, or is of a guest's order, and was claimed.")
    ]
    quantity: Annotated[int | None, Meta(description="How many units, over all lines.")]
    selling_channel: SellingChannel | None
    location: Annotated[str | None, Meta(description="Where it happened.")]
    currency: Annotated[str | None, Meta(description="ISO 4217 code of its amount.")]
    total_minor: Annotated[
        TotalMinor | None,
        Meta(description="Total of a purchase or return, amount of a payment, in minor units."),
    ]
    reference: Annotated[str | None, Meta(description="What it belongs to.")]
    shipment_id: ShipmentId | None
    return_id: ReturnId | None
    payment_id: PaymentId | None
    means: ContactMeans | None
    direction: Annotated[
        Literal["inbound", "outbound"] | None, Meta(description="Who wrote or called.")
    ]
    topic: Topic | None
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it follows from.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    effective_at: EffectiveAt


async def customer(conn: Reader, network: str, customer_id: str) -> tuple[Customer | None, int]:
    """The person that a customer is, None if nothing has named this id, and the position."""
    params = {"network": network, "customer_id": customer_id}
    return await one(conn, maker(Customer), _customer(), params)


async def history(
    conn: Reader,
    network: str,
    customer_id: str,
    *,
    after: str | None = None,
    limit: int = 100,
) -> Page[HistoryItem]:
    """All of the person that a customer is, newest first.

    Raises BadToken for an `after` that is not this list's.
    """
    before = FIRST_PAGE if after is None else key_of(after, int)[0]
    params = {"network": network, "customer_id": customer_id, "before": before}
    return await page(conn, HistoryItem, _history(), params, limit, lambda row: (row.position,))


@cache
def _customer() -> Composed:
    return listing(VIEWS, Customer.__struct_fields__, WHOLE_PERSON, order="customer_id")


@cache
def _history() -> Composed:
    columns = HistoryItem.__struct_fields__
    return listing(VIEWS, columns, TIMELINE, order="position DESC", limited=True)
