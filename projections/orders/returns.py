"""Returns that were authorised: what may come back, what did, and what was done with it.

Goods handed in without being authorised stand among the movements and in a customer's history.
"""

from functools import cache
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import astuple, replace
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed

from ledger.domain.events import ReturnAuthorised, ReturnEvent, ReturnInspected, ReturnReceived
from ledger.domain.words import Disposition, LineId, Location, ReturnId, Sku
from projections.projection import Batch, Projection
from projections.reading import listing, maker, one
from projections.rows import MAX_ROWS_IN_MEMORY, AppendedRows, GroupedRows, Rows
from projections.tables import Table, Values
from projections.words import (
    ListedOrderId,
    OccurredAt,
    Position,
    RecordedAt,
    Sender,
)

NAME = "returns"
ReturnState = Literal["authorised", "partly_received", "received"]


class ReturnRow(Struct, frozen=True, gc=False):
    """An authorised return, and the state that follows from its lines."""

    return_id: ReturnId
    order_id: Annotated[ListedOrderId, Meta(description="The order or sale it came from.")]
    state: Annotated[
        ReturnState,
        Meta(description="authorised: nothing came yet; received: all that may come did."),
    ]
    authorised: Annotated[int, Meta(description="Units that may come back.")]
    received: Annotated[int, Meta(description="Units that came back.")]
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that it was authorised by.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    position: Position
    changed_position: Annotated[int, Meta(description="Position of the last event of it.")]


class ReturnLineItem(Struct, frozen=True, gc=False):
    """A line of a return, and how many of its goods were given which disposition by now."""

    line_id: Annotated[LineId, Meta(description="The order's line.")]
    sku: Annotated[Sku | None, Meta(description="What was handed in; null: nothing yet.")]
    reason: Annotated[str | None, Meta(description="Why, in the customer's words.")]
    authorised: Annotated[int, Meta(description="May come back.")]
    received: Annotated[int, Meta(description="Came back.")]
    restock: Annotated[int, Meta(description="Of these: for sale again.")]
    quality_control: Annotated[int, Meta(description="Of these: wait for a check.")]
    damaged: Annotated[int, Meta(description="Of these: damaged.")]
    scrap: Annotated[int, Meta(description="Of these: scrapped.")]
    return_to_vendor: Annotated[int, Meta(description="Of these: sent to the vendor.")]
    missing: Annotated[int, Meta(description="Said to have come, and not there.")]


class ReturnLineRow(ReturnLineItem, frozen=True, gc=False):
    """A line as it is stored."""

    return_id: ReturnId
    number: Annotated[int, Meta(description="The line's place in the return, from 1.")]


class Inspection(Struct, frozen=True, gc=False):
    """Goods of a return that were received, or whose disposition was decided anew."""

    position: Position
    return_id: ReturnId
    line_id: LineId
    number: Annotated[int, Meta(description="Its place in its event, from 1.")]
    sku: Sku
    location: Annotated[Location, Meta(description="Where the goods lie.")]
    quantity: Annotated[int, Meta(description="How many.")]
    from_disposition: Annotated[
        Disposition | None, Meta(description="What they were before; null: they came in.")
    ]
    to_disposition: Annotated[Disposition, Meta(description="What they are now.")]
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that said so.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt


RETURNS = Table(
    "returns",
    ReturnRow,
    key=("return_id",),
    comment="Authorised returns.",
    indexes=["(network, order_id)"],
    fillfactor=80,
)
RETURN_LINES = Table(
    "return_lines",
    ReturnLineRow,
    key=("return_id", "line_id"),
    comment="Lines of authorised returns, with what was done with the goods.",
    fillfactor=80,
)
INSPECTIONS = Table(
    "return_inspections",
    Inspection,
    key=("position", "number"),
    comment="Every receipt and inspection of returned goods: they sum to the lines of returns.",
    indexes=["(network, return_id, position)"],
)

LineKey = tuple[str, str]


class Returns(Projection):
    """Folds authorised returns."""

    name = NAME
    comment = RETURNS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.returns: Rows[str, ReturnRow] = Rows(
            RETURNS.select_by(RETURNS.key),
            table=RETURNS,
            pack=lambda _, row: astuple(row),
            unpack=lambda values: (values[0], ReturnRow(*values)),
            limit=limit,
        )
        self.lines: GroupedRows[str, LineKey, ReturnLineRow] = GroupedRows(
            RETURN_LINES.select_by(["return_id"]),
            group_of=lambda key: key[0],
            table=RETURN_LINES,
            pack=lambda _, row: astuple(row),
            unpack=_unpack,
            limit=limit,
        )
        self.inspections = AppendedRows(INSPECTIONS)
        self.kept = (self.returns, self.lines)
        self.appended = (self.inspections,)
        self.folds = {
            ReturnAuthorised: self._authorised,
            ReturnReceived: self._received,
            ReturnInspected: self._inspected,
        }

    def ask(self, batch: Batch) -> None:
        """The returns that events name, with all their lines."""
        named = {event.return_id for _, event in batch if isinstance(event, ReturnEvent)}
        self.returns.ask(named)
        self.lines.ask(named)

    def _authorised(self, position: int, event: ReturnAuthorised) -> None:
        row = ReturnRow(
            event.return_id,
            event.order_id,
            "authorised",
            0,
            0,
            event.channel,
            event.request_id,
            event.occurred_at,
            event.recorded_at,
            position,
            position,
        )
        self.returns.put(event.return_id, row)
        for said in event.lines:
            line = self._line(event.return_id, said.line_id)
            authorised = line.authorised + said.quantity
            self._put(replace(line, authorised=authorised, reason=said.reason))
        self._changes(position, event)

    def _received(self, position: int, event: ReturnReceived) -> None:
        for number, said in enumerate(event.lines, start=1):
            line = self._line(event.return_id, said.line_id)
            came = 0 if said.disposition == "missing" else said.quantity
            line = replace(line, sku=said.sku, received=line.received + came)
            self._put(_moved(line, None, said.disposition, said.quantity))
            what = (said.line_id, number, said.sku, event.location, said.quantity)
            self._seen(position, event, what, (None, said.disposition))
        self._changes(position, event)

    def _inspected(self, position: int, event: ReturnInspected) -> None:
        for number, said in enumerate(event.lines, start=1):
            line = replace(self._line(event.return_id, said.line_id), sku=said.sku)
            self._put(_moved(line, said.from_disposition, said.to, said.quantity))
            what = (said.line_id, number, said.sku, event.location, said.quantity)
            self._seen(position, event, what, (said.from_disposition, said.to))
        self._changes(position, event)

    def _seen(
        self,
        position: int,
        event: ReturnReceived | ReturnInspected,
        what: Values,
        dispositions: Values,
    ) -> None:
        when = (event.channel, event.request_id, event.occurred_at, event.recorded_at)
        self.inspections.append((position, event.return_id, *what, *dispositions, *when))

    def _line(self, return_id: str, line_id: str) -> ReturnLineRow:
        """The line; one that was not authorised may be handed in all the same."""
        found = self.lines.get((return_id, line_id))
        if found is not None:
            return found
        number = self.lines.size(return_id) + 1
        return ReturnLineRow(line_id, None, None, *(0,) * 8, return_id, number)

    def _put(self, line: ReturnLineRow) -> None:
        self.lines.put((line.return_id, line.line_id), line)

    def _changes(self, position: int, event: ReturnEvent) -> None:
        row = self.returns.get(event.return_id)
        assert row is not None, f"return {event.return_id} is not there"
        lines = list(self.lines.group(event.return_id))
        after = replace(
            row,
            state=_state(lines),
            authorised=sum(line.authorised for line in lines),
            received=sum(line.received for line in lines),
            changed_position=position,
        )
        self.returns.put(event.return_id, after)


def _moved(
    line: ReturnLineRow, before: Disposition | None, after: Disposition, quantity: int
) -> ReturnLineRow:
    if before == after:
        return line
    changes = {after: getattr(line, after) + quantity}
    if before is not None:
        changes[before] = getattr(line, before) - quantity
    return replace(line, **changes)


def _state(lines: list[ReturnLineRow]) -> ReturnState:
    if all(line.received >= line.authorised for line in lines):
        return "received"
    return "partly_received" if any(line.received for line in lines) else "authorised"


def _unpack(values: Values) -> tuple[LineKey, ReturnLineRow]:
    row = ReturnLineRow(*values)
    return (row.return_id, row.line_id), row


class Return(ReturnRow, frozen=True, gc=False):
    """An authorised return with its lines and all that was done."""

    lines: Annotated[tuple[ReturnLineItem, ...], Meta(description="In the order as they came.")]
    inspections: Annotated[
        tuple[Inspection, ...], Meta(description="Receipts and decisions, in order.")
    ]


_WITH_LINES = SQL("""
    (SELECT returns.*, (
        SELECT jsonb_agg(to_jsonb(line) ORDER BY line.number) FROM return_lines AS line
        WHERE line.network = %(network)s AND line.return_id = %(return_id)s
    ) AS lines, coalesce((
        SELECT jsonb_agg(to_jsonb(seen) ORDER BY seen.position, seen.number)
        FROM return_inspections AS seen
        WHERE seen.network = %(network)s AND seen.return_id = %(return_id)s
    ), '[]') AS inspections
    FROM returns WHERE network = %(network)s AND return_id = %(return_id)s) AS item
""")


async def return_(
    conn: AsyncConnection[Any], network: str, return_id: str
) -> tuple[Return | None, int]:
    """An authorised return, None if there is none, and the view's position."""
    params = {"network": network, "return_id": return_id}
    return await one(conn, maker(Return), _return(), params)


@cache
def _return() -> Composed:
    return listing(NAME, Return.__struct_fields__, _WITH_LINES, order="return_id")
