"""The events that concern each order, customer and product: what their answers are folded from.

An answer as of then is a fold of the events that it follows from, up to there. So every event is
found here under each subject whose answer it can change, with its bytes, by one index probe.

Some answers also follow from a word on something that the subject once named: a payment that names
another order now, an identity that was linked to somebody else, a guest order that another claimed,
a merge of somebody else into the customer. Such things are subjects of their own.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta, Struct

from ledger.codec import TOPICS, encode
from ledger.domain.events import (
    AnyOrderEvent,
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
    PaymentRecorded,
    ProductDescribed,
    ReturnRecorded,
    SaleRecorded,
    SaleVoided,
    StockCollected,
    StockCommitted,
    StockShipped,
    StockSold,
    StockUncommitted,
)
from ledger.domain.stock.item import effective_at
from ledger.domain.words import part, sale_id
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows
from projections.tables import Table
from projections.words import Position

NAME = "subject_events"
Subject = Literal["claim", "customer", "identity", "merge", "order", "payment", "product"]
Named = tuple[Subject, str]
"""A subject and its id."""


class SubjectEvent(Struct, frozen=True, gc=False):
    """An event, under one of the subjects that it concerns."""

    subject: Annotated[
        Subject,
        Meta(
            description="order (a sale too), customer, product: what it concerns; payment, "
            "identity, claim (of a guest order), merge (of a customer): on what it is a word."
        ),
    ]
    subject_id: Annotated[
        str,
        Meta(
            description="The id of that; of a sale `sale:{channel}:{request_id}`, of an identity "
            "`{scheme}/{identity}`, of a claim the order's, of a merge a customer's."
        ),
    ]
    position: Position
    type: Annotated[str, Meta(description="The event's type and version: `order_placed.v1`.")]
    effective_at: Annotated[
        datetime,
        Meta(
            description="When it took effect: its own effective_at if it has one, else the "
            "earlier of occurred_at and recorded_at."
        ),
    ]
    data: Annotated[str, Meta(description="The event, as the ledger holds it: JSON.")]


SUBJECT_EVENTS = Table(
    "subject_events",
    SubjectEvent,
    key=("subject", "subject_id", "position"),
    order=("position", "subject", "subject_id"),
    comment="The events that concern each order, customer and product, with all they say.",
)
_OF_STOCK: Final = (StockCommitted, StockUncommitted, StockShipped, StockCollected)
_OF_CUSTOMER: Final = (CustomerRegistered, ConsentGiven, ConsentWithdrawn)


class SubjectEvents(Projection):
    """Appends a row for each subject of an event; nothing is kept."""

    name = NAME
    comment = SUBJECT_EVENTS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.events = AppendedRows(SUBJECT_EVENTS)
        self.appended = (self.events,)
        self.folds = {
            **dict.fromkeys((*get_args(AnyOrderEvent), *_OF_STOCK), self._of_order),
            **dict.fromkeys(_OF_CUSTOMER, self._of_customer),
            OrderPlaced: self._placed,
            PaymentRecorded: self._paid,
            StockSold: self._goods_sold,
            SaleRecorded: self._sold,
            SaleVoided: self._voided,
            ReturnRecorded: self._may_name_both,
            ContactRecorded: self._may_name_both,
            IdentityLinked: self._linked,
            CustomersMerged: self._merged,
            CustomersUnmerged: self._unmerged,
            GuestOrdersClaimed: self._claimed,
            ProductDescribed: self._described,
        }

    def ask(self, batch: Batch) -> None:
        """Nothing: rows are only added."""

    def _of_order(self, position: int, event: Any) -> None:
        # Most events: written out, since it is done for each of them.
        data = encode(event).decode()
        topic = TOPICS[event.__class__]
        self.events.append(("order", event.order_id, position, topic, effective_at(event), data))

    def _of_customer(self, position: int, event: Any) -> None:
        self._append(position, event, [("customer", event.customer_id)])

    def _placed(self, position: int, event: OrderPlaced) -> None:
        self._append(position, event, _both(event.customer_id, event.order_id))

    def _paid(self, position: int, event: PaymentRecorded) -> None:
        named: list[Named] = [("order", event.order_id), ("payment", event.payment_id)]
        self._append(position, event, named)

    def _goods_sold(self, position: int, event: StockSold) -> None:
        if event.order_id is not None:
            self._append(position, event, [("order", event.order_id)])

    def _sold(self, position: int, event: SaleRecorded) -> None:
        order_id = sale_id(event.channel, event.request_id)
        self._append(position, event, _both(event.customer_id, order_id))

    def _voided(self, position: int, event: SaleVoided) -> None:
        order_id = sale_id(event.sale_channel, event.sale_request_id)
        self._append(position, event, [("order", order_id)])

    def _may_name_both(self, position: int, event: ReturnRecorded | ContactRecorded) -> None:
        self._append(position, event, _both(event.customer_id, event.order_id))

    def _linked(self, position: int, event: IdentityLinked) -> None:
        identity = identity_subject(event.scheme, event.identity)
        self._append(position, event, [("customer", event.customer_id), identity])

    def _merged(self, position: int, event: CustomersMerged) -> None:
        ids = sorted({event.customer_id, event.into})
        named: list[Named] = [("customer", each) for each in ids]
        self._append(position, event, [*named, *(("merge", each) for each in ids)])

    def _unmerged(self, position: int, event: CustomersUnmerged) -> None:
        customer_id = event.customer_id
        self._append(position, event, [("customer", customer_id), ("merge", customer_id)])

    def _claimed(self, position: int, event: GuestOrdersClaimed) -> None:
        claims: list[Named] = [("claim", order_id) for order_id in sorted(set(event.order_ids))]
        self._append(position, event, [*claims, ("customer", event.customer_id)])

    def _described(self, position: int, event: ProductDescribed) -> None:
        self._append(position, event, [("product", event.sku)])

    def _append(self, position: int, event: Event, named: Iterable[Named]) -> None:
        """A row for each subject, which stand in the table's order."""
        data = encode(event).decode()
        rest = (position, TOPICS[event.__class__], effective_at(event), data)
        for subject in named:
            self.events.append((*subject, *rest))


def identity_subject(scheme: str, identity: str) -> Named:
    """The subject of words on whose name this is."""
    return ("identity", f"{part(scheme)}/{part(identity)}")


def _both(customer_id: str | None, order_id: str | None) -> list[Named]:
    named: list[Named] = [] if customer_id is None else [("customer", customer_id)]
    return named if order_id is None else [*named, ("order", order_id)]
