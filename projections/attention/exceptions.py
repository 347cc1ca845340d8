"""What people must look at: exceptions that were raised, variances of counts, refused input.

What stands about stock, orders, supplies and transfers stands with these; the SQL view
`exceptions` brings all of it together.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import astuple, replace

from ledger.domain.events import (
    ExceptionRaised,
    ExceptionResolved,
    InputRefused,
    StockCounted,
    StockCountRevised,
)
from ledger.domain.words import CountedState, Currency, LineId, Location, Sku, part
from projections.attention.exceptions_view import EXCEPTIONS
from projections.episodes import NEVER, Episode, closed, opened
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, Rows
from projections.tables import Table, Values
from projections.words import ListedOrderId, Moment, Sender

NAME = "exceptions"


class RaisedException(Struct, frozen=True, gc=False):
    """Something that was raised, or counted, or refused."""

    exception_id: Annotated[str, Meta(description="What names it, for ever.")]
    kind: Annotated[str, Meta(description="What kind of thing it is, such as unlinked.")]
    detail: Annotated[str, Meta(description="What happened, in words.")]
    order_id: ListedOrderId | None
    line_id: LineId | None
    location: Location | None
    sku: Sku | None
    counted_state: CountedState | None
    subject: Annotated[
        str | None, Meta(description="The stream of what it is about, such as transfer/tr-1.")
    ]
    quantity: Annotated[int | None, Meta(description="How much of it stands.")]
    unit_cost_minor: Annotated[int | None, Meta(description="What one unit costs, as counted.")]
    currency: Currency | None
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it follows from.")]
    since_position: Annotated[
        int | None, Meta(description="Position of the event from which it stands.")
    ]
    since: Annotated[Moment | None, Meta(description="When that was recorded.")]
    until_position: Annotated[
        int | None, Meta(description="Position of the event that ended it; null while it stands.")
    ]
    until: Annotated[Moment | None, Meta(description="When that was recorded.")]


RAISED = Table(
    "raised_exceptions",
    RaisedException,
    key=("exception_id",),
    comment="Exceptions that were raised, variances of counts, and input that was refused.",
    indexes=["(network, since_position)"],
    fillfactor=90,
)
Followed = ExceptionRaised | ExceptionResolved | StockCounted | StockCountRevised | InputRefused


class Exceptions(Projection):
    """Keeps a row an exception that was raised, a count that differs and a refused input."""

    name = NAME
    comment = RAISED.comment
    sql_views = (EXCEPTIONS,)

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.raised: Rows[str, RaisedException] = Rows(
            RAISED.select_by(RAISED.key),
            table=RAISED,
            pack=lambda _, row: astuple(row),
            unpack=lambda values: (values[0], RaisedException(*values)),
            limit=limit,
        )
        self.kept = (self.raised,)
        self.folds = {
            ExceptionRaised: self._raised,
            ExceptionResolved: self._resolved,
            StockCounted: self._counted,
            StockCountRevised: self._revised,
            InputRefused: self._refused,
        }

    def ask(self, batch: Batch) -> None:
        """The exceptions that are named, and the counts that are made or revised."""
        events = (event for _, event in batch)
        self.raised.ask({_id_of(event) for event in events if isinstance(event, Followed)})

    def _raised(self, position: int, event: ExceptionRaised) -> None:
        self._open(
            position,
            event,
            event.kind,
            event.detail,
            (
                event.order_id,
                event.line_id,
                event.location,
                event.sku,
                event.state,
                event.subject,
                event.quantity,
            ),
        )

    def _resolved(self, position: int, event: ExceptionResolved) -> None:
        row = self.raised.get(event.stream)
        assert row is not None, f"{event.stream} was never raised"
        self._put(row, closed(_episode(row), position, event))

    def _counted(self, position: int, event: StockCounted) -> None:
        if event.variance:
            self._differs(position, event, event.variance)
            row = self.raised.get(_id_of(event))
            assert row is not None, event
            cost = event.unit_cost_minor
            self._put(replace(row, unit_cost_minor=cost, currency=event.currency), _episode(row))

    def _revised(self, position: int, event: StockCountRevised) -> None:
        if event.variance:
            self._differs(position, event, event.variance)
            return
        row = self.raised.get(_id_of(event))
        if row is not None:
            self._put(replace(row, quantity=0), closed(_episode(row), position, event))

    def _differs(
        self, position: int, event: StockCounted | StockCountRevised, variance: int
    ) -> None:
        row = self.raised.get(_id_of(event))
        if row is not None:
            episode = opened(_episode(row), position, event)
            self._put(replace(row, quantity=variance), episode)
            return
        detail = f"a count of {event.state} and the books differ"
        about = (None, None, event.location, event.sku, event.state, None, variance)
        self._open(position, event, "variance", detail, about)

    def _refused(self, position: int, event: InputRefused) -> None:
        detail = f"{event.reason}: {event.detail}"
        about = (None, None, None, None, None, event.stream, None)
        self._open(position, event, "input_refused", detail, about)

    def _open(self, position: int, event: Followed, kind: str, detail: str, about: Values) -> None:
        key = _id_of(event)
        self.raised.get(key)
        origin: Values = (None, None, *_origin(event))
        episode = opened(NEVER, position, event)
        row = RaisedException(key, kind, detail, *about, *origin, *astuple(episode))
        self.raised.put(key, row)

    def _put(self, row: RaisedException, episode: Episode) -> None:
        row = replace(
            row,
            since_position=episode.since_position,
            since=episode.since,
            until_position=episode.until_position,
            until=episode.until,
        )
        self.raised.put(row.exception_id, row)


def _id_of(event: Followed) -> str:
    match event:
        case StockCounted() | StockCountRevised():
            request = "/".join(map(part, _origin(event)))
            return f"variance/{request}/{part(event.location)}/{part(event.sku)}/{event.state}"
        case _:
            return event.stream


def _origin(event: Any) -> tuple[str, str]:
    """The request that it follows from: of a variance the count."""
    if isinstance(event, StockCountRevised):
        return (event.count_channel, event.count_request_id)
    return (event.channel, event.request_id)


def _episode(row: RaisedException) -> Episode:
    return Episode(row.since_position, row.since, row.until_position, row.until)
