"""The latest word on customers: who is merged into whom, whose names, consents and orders.

Of two words on one thing the one that took effect later counts, whichever arrived first; ties go
by channel, then request_id (domain rule 13). A merge is one row: the views of the merged customer
are not rewritten, and who is one person is found when it is read.
"""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from ledger.domain.events import (
    ConsentGiven,
    ConsentWithdrawn,
    CustomersMerged,
    CustomersUnmerged,
    Event,
    GuestOrdersClaimed,
    IdentityLinked,
)
from ledger.domain.stock.item import stamp_of
from ledger.domain.words import CustomerId
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, Rows
from projections.tables import Table, Values
from projections.words import EffectiveAt, ListedOrderId, Position, Sender

NAME = "customer_links"
SaidBy = Annotated[str, Meta(description="The request that said so.")]


class MergeRow(Struct, frozen=True, gc=False):
    """Into whom a customer is merged."""

    customer_id: CustomerId
    merged_into: Annotated[
        str | None,
        Meta(description="The customer that it is one person with; null: it was unmerged."),
    ]
    effective_at: EffectiveAt
    channel: Sender
    request_id: SaidBy
    position: Position


class IdentityRow(Struct, frozen=True, gc=False):
    """By which name some system knows which customer."""

    scheme: Annotated[str, Meta(description="Whose name it is: loyalty, web-account.")]
    identity: Annotated[str, Meta(description="The name itself; opaque.")]
    customer_id: CustomerId
    effective_at: EffectiveAt
    channel: Sender
    request_id: SaidBy
    position: Position


class ConsentRow(Struct, frozen=True, gc=False):
    """Whether a customer agrees to a purpose."""

    customer_id: CustomerId
    purpose: Annotated[str, Meta(description="What for: newsletter, profiling.")]
    given: Annotated[bool, Meta(description="False: withdrawn.")]
    effective_at: EffectiveAt
    channel: Sender
    request_id: SaidBy
    position: Position


class ClaimRow(Struct, frozen=True, gc=False):
    """Who says that a guest's order is theirs."""

    order_id: ListedOrderId
    customer_id: Annotated[
        CustomerId,
        Meta(
            description="Who claimed it last. An order that names a customer itself, or is not "
            "known, is not theirs all the same."
        ),
    ]
    effective_at: EffectiveAt
    channel: Sender
    request_id: SaidBy
    position: Position


MERGES = Table(
    "customer_merges",
    MergeRow,
    key=("customer_id",),
    comment="The latest word on each customer that was merged or unmerged: into whom.",
    indexes=["(network, merged_into) WHERE merged_into IS NOT NULL"],
    fillfactor=90,
)
IDENTITIES = Table(
    "customer_identities",
    IdentityRow,
    key=("scheme", "identity"),
    comment="The names by which systems know customers; the latest link of a name counts.",
    indexes=["(network, customer_id)"],
    fillfactor=90,
)
CONSENTS = Table(
    "customer_consents",
    ConsentRow,
    key=("customer_id", "purpose"),
    comment="The latest word of each customer on each purpose.",
    fillfactor=90,
)
CLAIMS = Table(
    "guest_order_claims",
    ClaimRow,
    key=("order_id",),
    comment="The latest claim of each guest order.",
    indexes=["(network, customer_id)"],
    fillfactor=90,
)
GIVEN: Final = True
WITHDRAWN: Final = False
STAMP: Final = slice(-4, -1)
"""Where effective_at, channel and request_id stand in each of these rows."""


class LatestWords(Rows[Any, Values]):
    """A table of the latest word on each thing, known by its key."""

    def __init__(self, table: Table, limit: int | None) -> None:
        places = [table.names.index(name) for name in table.key]
        super().__init__(
            table.select_by(table.key),
            table=table,
            pack=lambda _, values: values,
            unpack=lambda values: (_key(values, places), values),
            limit=limit,
        )
        self._places = places

    def say(self, position: int, event: Event, *said: object) -> None:
        """Keep this word, unless a later one is there."""
        stamp = stamp_of(event)
        key = _key(said, self._places)
        kept = self.get(key)
        if kept is None or stamp >= kept[STAMP]:
            self.put(key, (*said, *stamp, position))


def _key(values: Values, places: list[int]) -> Any:
    """A text, or several: as rows are asked for."""
    if len(places) == 1:
        return values[places[0]]
    return tuple(values[place] for place in places)


class CustomerLinks(Projection):
    """Keeps the latest word on merges, identities, consents and claims of guest orders."""

    name = NAME
    comment = "The latest word on customers: merges, identities, consents, claims of guest orders."

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.merges = LatestWords(MERGES, limit)
        self.identities = LatestWords(IDENTITIES, limit)
        self.consents = LatestWords(CONSENTS, limit)
        self.claims = LatestWords(CLAIMS, limit)
        self.kept = (self.merges, self.identities, self.consents, self.claims)
        self.folds = {
            CustomersMerged: self._merged,
            CustomersUnmerged: self._unmerged,
            IdentityLinked: self._linked,
            ConsentGiven: self._given,
            ConsentWithdrawn: self._withdrawn,
            GuestOrdersClaimed: self._claimed,
        }

    def ask(self, batch: Batch) -> None:
        """What the events say a word on."""
        words = (self.merges, self.identities, self.consents, self.claims)
        asked: dict[LatestWords, set[Any]] = {rows: set() for rows in words}
        for _, event in batch:
            match event:
                case CustomersMerged() | CustomersUnmerged():
                    asked[self.merges].add(event.customer_id)
                case IdentityLinked():
                    asked[self.identities].add((event.scheme, event.identity))
                case ConsentGiven() | ConsentWithdrawn():
                    asked[self.consents].add((event.customer_id, event.purpose))
                case GuestOrdersClaimed():
                    asked[self.claims].update(event.order_ids)
        for rows, keys in asked.items():
            rows.ask(keys)

    def _merged(self, position: int, event: CustomersMerged) -> None:
        self.merges.say(position, event, event.customer_id, event.into)

    def _unmerged(self, position: int, event: CustomersUnmerged) -> None:
        self.merges.say(position, event, event.customer_id, None)

    def _linked(self, position: int, event: IdentityLinked) -> None:
        self.identities.say(position, event, event.scheme, event.identity, event.customer_id)

    def _given(self, position: int, event: ConsentGiven) -> None:
        self.consents.say(position, event, event.customer_id, event.purpose, GIVEN)

    def _withdrawn(self, position: int, event: ConsentWithdrawn) -> None:
        self.consents.say(position, event, event.customer_id, event.purpose, WITHDRAWN)

    def _claimed(self, position: int, event: GuestOrdersClaimed) -> None:
        for order_id in event.order_ids:
            self.claims.say(position, event, order_id, event.customer_id)
