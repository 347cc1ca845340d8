"""Customers, each under its own id, and all that was said to be of one: a row each.

Which ids are one person is said elsewhere (`customer_links`), and resolved when it is read.
A customer exists from the first event that names them, registered or not. A return belongs to
the customer that it names.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import astuple

from ledger.domain.events import (
    ConsentGiven,
    ConsentWithdrawn,
    ContactRecorded,
    CustomerRegistered,
    CustomersMerged,
    CustomersUnmerged,
    Event,
    GuestOrdersClaimed,
    IdentityLinked,
    OrderPlaced,
    ReturnRecorded,
    SaleRecorded,
)
from ledger.domain.stock.item import effective_at
from ledger.domain.words import ContactMeans, CustomerId, sale_id
from projections.money import total_minor
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows, Rows
from projections.tables import Table
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

NAME = "customers"
Topic = Annotated[
    str,
    Meta(
        description="What a contact was about; the purpose of a consent; the scheme and name of "
        "an identity; the id that it was merged into; how many orders were claimed."
    ),
]
Kind = Literal[
    "sale",
    "order",
    "return",
    "contact",
    "consent_given",
    "consent_withdrawn",
    "identity_linked",
    "merged",
    "unmerged",
    "guest_orders_claimed",
]


class CustomerRow(Struct, frozen=True, gc=False):
    """A customer: known by an opaque id, without personal data."""

    customer_id: CustomerId
    registered: Annotated[bool, Meta(description="False: only named by other facts.")]
    first_seen: Annotated[datetime, Meta(description="The earliest that anything names them.")]
    last_purchase_at: Annotated[
        datetime | None, Meta(description="When the latest sale or order took effect.")
    ]
    sales: Annotated[int, Meta(description="Recorded sales, voided ones included.")]
    orders: Annotated[int, Meta(description="Orders placed, cancelled ones included.")]
    returns: Annotated[int, Meta(description="Recorded returns.")]
    contacts: Annotated[int, Meta(description="Recorded contacts.")]
    position: Annotated[int, Meta(description="Position of the last event that names them.")]


class HistoryRow(Struct, frozen=True, gc=False):
    """Something of a customer: a purchase, a return, a contact, or a word on who they are."""

    customer_id: CustomerId
    position: Position
    kind: Annotated[Kind, Meta(description="What it is.")]
    order_id: Annotated[
        ListedOrderId | None,
        Meta(
            description="The order, or `sale:{channel}:{request_id}`; of a return or a contact "
            "the one that it names."
        ),
    ]
    selling_channel: SellingChannel | None
    location: Annotated[str | None, Meta(description="Where a sale or return happened.")]
    currency: Annotated[str | None, Meta(description="ISO 4217 code of its prices.")]
    total_minor: TotalMinor | None
    reference: Annotated[str | None, Meta(description="What it belongs to.")]
    means: ContactMeans | None
    direction: Annotated[
        Literal["inbound", "outbound"] | None, Meta(description="Who wrote or called.")
    ]
    topic: Topic | None
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it was sent as.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    effective_at: EffectiveAt


CUSTOMERS = Table(
    "customers",
    CustomerRow,
    key=("customer_id",),
    comment="Customers, each under its own id, registered or named by any other fact.",
    fillfactor=80,
)
HISTORY = Table(
    "customer_history",
    HistoryRow,
    key=("customer_id", "position"),
    order=("position",),
    comment="All that names a customer: sales, orders, returns, contacts, consents, links.",
)
Purchase = SaleRecorded | OrderPlaced | ReturnRecorded
_COUNTED: Final = {
    SaleRecorded: (1, 0, 0, 0),
    OrderPlaced: (0, 1, 0, 0),
    ReturnRecorded: (0, 0, 1, 0),
    ContactRecorded: (0, 0, 0, 1),
}
_NOT_COUNTED: Final = (0, 0, 0, 0)
_NO_PURCHASE: Final = (None,) * 5
_NO_CONTACT: Final = (None,) * 3


class Customers(Projection):
    """Keeps a row a customer, and appends a row for everything that names one."""

    name = NAME
    comment = CUSTOMERS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.customers: Rows[str, CustomerRow] = Rows(
            CUSTOMERS.select_by(CUSTOMERS.key),
            table=CUSTOMERS,
            pack=lambda _, row: astuple(row),
            unpack=lambda values: (values[0], CustomerRow(*values)),
            limit=limit,
        )
        self.history = AppendedRows(HISTORY)
        self.kept = (self.customers,)
        self.appended = (self.history,)
        self.folds = {
            CustomerRegistered: self._registered,
            SaleRecorded: self._sold,
            OrderPlaced: self._ordered,
            ReturnRecorded: self._returned,
            ContactRecorded: self._contacted,
            ConsentGiven: self._consented,
            ConsentWithdrawn: self._consented,
            IdentityLinked: self._linked,
            CustomersMerged: self._merged,
            CustomersUnmerged: self._unmerged,
            GuestOrdersClaimed: self._claimed,
        }

    def ask(self, batch: Batch) -> None:
        """The customers that events name."""
        named = {event.customer_id for _, event in batch}  # type: ignore[union-attr]
        named |= {event.into for _, event in batch if event.__class__ is CustomersMerged}
        self.customers.ask(named - {None})  # type: ignore[arg-type]

    def _registered(self, position: int, event: CustomerRegistered) -> None:
        self._seen(position, event.customer_id, event)

    def _sold(self, position: int, event: SaleRecorded) -> None:
        if event.customer_id is not None:
            order_id = sale_id(event.channel, event.request_id)
            self._bought(position, event, ("sale", order_id, event.location))

    def _ordered(self, position: int, event: OrderPlaced) -> None:
        if event.customer_id is not None:
            self._bought(position, event, ("order", event.order_id, None))

    def _returned(self, position: int, event: ReturnRecorded) -> None:
        if event.customer_id is not None:
            self._bought(position, event, ("return", event.order_id, event.location))

    def _contacted(self, position: int, event: ContactRecorded) -> None:
        if event.customer_id is not None:
            self._seen(position, event.customer_id, event)
            contact = (event.means, event.direction, event.topic)
            self._listed(position, event, ("contact", event.order_id, *_NO_PURCHASE, *contact))

    def _consented(self, position: int, event: ConsentGiven | ConsentWithdrawn) -> None:
        kind: Kind = "consent_given" if event.__class__ is ConsentGiven else "consent_withdrawn"
        self._said(position, event, kind, event.purpose)

    def _linked(self, position: int, event: IdentityLinked) -> None:
        self._said(position, event, "identity_linked", f"{event.scheme} {event.identity}")

    def _merged(self, position: int, event: CustomersMerged) -> None:
        self._seen(position, event.into, event)
        self._said(position, event, "merged", event.into)

    def _unmerged(self, position: int, event: CustomersUnmerged) -> None:
        self._said(position, event, "unmerged", None)

    def _claimed(self, position: int, event: GuestOrdersClaimed) -> None:
        self._said(position, event, "guest_orders_claimed", str(len(event.order_ids)))

    def _said(self, position: int, event: Any, kind: Kind, topic: str | None) -> None:
        self._seen(position, event.customer_id, event)
        self._listed(position, event, (kind, None, *_NO_PURCHASE, None, None, topic))

    def _bought(
        self, position: int, event: Purchase, what: tuple[Kind, str | None, str | None]
    ) -> None:
        assert event.customer_id is not None, event
        self._seen(position, event.customer_id, event)
        kind, order_id, location = what
        money = (event.currency, total_minor(event.lines), event.reference)
        purchase = (event.selling_channel, location, *money)
        self._listed(position, event, (kind, order_id, *purchase, *_NO_CONTACT))

    def _seen(self, position: int, customer_id: str, event: Event) -> None:
        time = effective_at(event)
        row = self.customers.get(customer_id)
        if row is None:
            row = CustomerRow(customer_id, False, time, None, 0, 0, 0, 0, position)  # noqa: FBT003
        sales, orders, returns, contacts = _COUNTED.get(event.__class__, _NOT_COUNTED)
        last = row.last_purchase_at
        if sales or orders:
            last = time if last is None else max(last, time)
        self.customers.put(
            customer_id,
            CustomerRow(
                customer_id,
                row.registered or event.__class__ is CustomerRegistered,
                min(row.first_seen, time),
                last,
                row.sales + sales,
                row.orders + orders,
                row.returns + returns,
                row.contacts + contacts,
                position,
            ),
        )

    def _listed(self, position: int, event: Any, what: tuple[Any, ...]) -> None:
        self.history.append(
            (
                event.customer_id,
                position,
                *what,
                event.channel,
                event.request_id,
                event.occurred_at,
                event.recorded_at,
                effective_at(event),
            )
        )
