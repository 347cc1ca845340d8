"""Requests: the answer that each request got."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct
from psycopg import AsyncConnection, Connection
from psycopg.sql import SQL, Composed

from ledger.domain.events import RefusedLine, RequestAccepted, RequestRefused
from ledger.domain.words import Reason, RequestId
from projections.projection import Batch, Projection
from projections.reading import equal, listing, maker, one
from projections.rows import AppendedRows
from projections.tables import Table
from projections.words import OccurredAt, RecordedAt, Sender

NAME = "requests"
Details = tuple[RefusedLine, ...]
Answer = tuple[str, int, int, str | None, list[Any]]
"""Outcome, position, events, reason and details."""


class RequestRow(Struct, frozen=True, gc=False):
    """A request and its answer."""

    channel: Sender
    request_id: RequestId
    kind: Annotated[str, Meta(description="The request's type, such as place_order.")]
    outcome: Annotated[
        Literal["accepted", "refused"],
        Meta(description="A refusal is for ever: asked again, it gets the same answer."),
    ]
    position: Annotated[int, Meta(description="Position of the request's first event.")]
    events: Annotated[int, Meta(description="How many events it made, the first included.")]
    reason: Annotated[Reason | None, Meta(description="Why it was refused.", extra={"sql": "text"})]
    details: Annotated[Details, Meta(description="What the refusal hits, with the numbers.")]
    fingerprint: Annotated[str, Meta(description="SHA-256 of the request's content.")]
    occurred_at: OccurredAt
    recorded_at: RecordedAt
    actor: Annotated[str | None, Meta(description="Who did it.")]
    reference: Annotated[str | None, Meta(description="What it belongs to.")]
    given_reason: Annotated[str | None, Meta(description="Why, in the channel's words.")]


REQUESTS = Table(
    "requests",
    RequestRow,
    key=("channel", "request_id"),
    order=("position",),
    comment="The answer that each request got.",
)


class Requests(Projection):
    """Appends a row for each request."""

    name = NAME
    comment = REQUESTS.comment

    def __init__(self, limit: int | None = None) -> None:
        super().__init__(limit)
        self.answers = AppendedRows(REQUESTS)
        self.appended = (self.answers,)
        self.folds = {RequestAccepted: self._accepted, RequestRefused: self._refused}

    def ask(self, batch: Batch) -> None:
        """Nothing: rows are only added."""

    def _accepted(self, position: int, event: RequestAccepted) -> None:
        answer: Answer = ("accepted", position, event.effects + 1, None, [])
        self._append(event, answer, event.reason)

    def _refused(self, position: int, event: RequestRefused) -> None:
        details = list(msgspec.to_builtins(event.details))
        self._append(event, ("refused", position, 1, str(event.reason), details), None)

    def _append(
        self,
        event: RequestAccepted | RequestRefused,
        answer: Answer,
        given_reason: str | None,
    ) -> None:
        self.answers.append(
            (
                event.channel,
                event.request_id,
                event.kind,
                *answer,
                event.fingerprint,
                event.occurred_at,
                event.recorded_at,
                event.actor,
                event.reference,
                given_reason,
            )
        )


async def request(
    conn: AsyncConnection[Any], network: str, channel: str, request_id: str
) -> tuple[RequestRow | None, int]:
    """The answer that a request got, None if the view has none, and the view's position."""
    params = {"network": network, "channel": channel, "request_id": request_id}
    return await one(conn, _READ, _request(), params)


class FirstAnswer(Struct, frozen=True, gc=False):
    """What a request was told, as its row says."""

    channel: str
    request_id: str
    position: int
    events: int
    reason: Reason | None
    details: Details
    fingerprint: str


def first_answers(
    conn: Connection[Any], network: str, asked: Sequence[tuple[str, str]]
) -> tuple[list[FirstAnswer], int]:
    """The answers that these requests (channel, request_id) got, and the view's position.

    Requests that the view does not know are left out.
    """
    channels, ids = zip(*asked, strict=True)
    params = [list(channels), list(ids), network, network]
    found = conn.execute(_FIRST_ANSWERS, params, prepare=True, binary=True).fetchall()
    if not found:
        return [], 0
    return [_read_first(*values) for _, *values in found if values[0] is not None], found[0][0]


_FIRST_ANSWERS: Final = """
    SELECT checkpoint.position, kept.channel, kept.request_id, kept.position, kept.events,
        kept.reason, kept.details, kept.fingerprint
    FROM projections AS checkpoint LEFT JOIN LATERAL (
        SELECT requests.* FROM unnest(%s::text[], %s::text[]) AS asked (channel, request_id)
        JOIN requests USING (channel, request_id) WHERE requests.network = %s
    ) AS kept ON true
    WHERE checkpoint.network = %s AND checkpoint.view = 'requests'
"""
_read_first = maker(FirstAnswer)
_READ = maker(RequestRow)


@cache
def _request() -> Composed:
    where = equal(["network", "channel", "request_id"])
    columns = RequestRow.__struct_fields__
    return listing(NAME, columns, SQL("requests"), conditions=where, order="position")
