"""Reading the events that concern an order, a customer or a product, as of then."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed

from ledger.codec import decode
from ledger.domain.events import (
    AnyEvent,
    CustomersMerged,
    GuestOrdersClaimed,
    IdentityLinked,
    OrderPlaced,
    PaymentRecorded,
    SaleRecorded,
)
from ledger.domain.words import sale_id
from projections.apart import apart
from projections.arrays import array_literal
from projections.customers.customer_links import CustomerLinks, MergeRow
from projections.paging import Page, key_of
from projections.past.as_of import AsOf, stands_for
from projections.past.subject_events import NAME, SUBJECT_EVENTS, Named, Subject, identity_subject
from projections.projection import Batch, split
from projections.reading import listing, page, rows
from projections.words import EffectiveAt, Position

MAX_EVENTS: Final = 20_000
"""That one answer as of then is folded from."""
MAX_BYTES: Final = 16 << 20
"""Of these events."""


_TOO_MANY: Final = (
    f"it follows from more than {MAX_EVENTS:,} events, or {MAX_BYTES >> 20} MiB of them"
)


class TooManyEvents(Exception):
    """An answer as of then follows from more events than are folded for one."""


class TimelineEvent(Struct, frozen=True):
    """An event that concerns the subject; `data` is the event as the ledger holds it."""

    position: Position
    stream: Annotated[str, Meta(description="The stream that it stands in.")]
    type: Annotated[str, Meta(description="Its type and version: `order_placed.v1`.")]
    effective_at: EffectiveAt
    data: Annotated[msgspec.Raw, Meta(description="What it says.")]


class Found:
    """The events of some subjects up to AsOf, each once, whichever of them it concerns.

    Within MAX_EVENTS and MAX_BYTES: `add` raises TooManyEvents.
    """

    def __init__(self, conn: AsyncConnection[Any], network: str, as_of: AsOf) -> None:
        self._conn, self._network, self._as_of = conn, network, as_of
        self._events: dict[int, AnyEvent] = {}
        self._bytes = 0

    async def add(self, named: Collection[Named]) -> list[AnyEvent]:
        """The events of these subjects. Raises TooManyEvents, and ViewBehind."""
        params = {
            "network": self._network,
            "subjects": array_literal("text", [subject for subject, _ in named]),
            "subject_ids": array_literal("text", [subject_id for _, subject_id in named]),
            "fetched": MAX_EVENTS + 1,
            "most_bytes": MAX_BYTES - self._bytes,
            **_until(self._as_of),
        }
        statement = _events(timed=self._as_of.until is not None)
        found, shown = await rows(self._conn, _raw, statement, params)
        stands_for(self._as_of, shown)
        return await apart(len(found), self._learn, found)

    def _learn(self, found: Iterable[tuple[int, str, str | None]]) -> list[AnyEvent]:
        events = []
        for position, topic, data in found:
            if position not in self._events:
                if data is None or len(self._events) == MAX_EVENTS:
                    raise TooManyEvents(_TOO_MANY)
                self._bytes += len(data)
                self._events[position] = decode(topic, data.encode())
            events.append(self._events[position])
        return events

    @property
    def batch(self) -> Batch:
        """All that was found, in the order of the ledger."""
        return sorted(self._events.items())


async def of_order(conn: AsyncConnection[Any], network: str, as_of: AsOf, order_id: str) -> Batch:
    """All that the answer on an order or sale follows from. Raises TooManyEvents and ViewBehind."""
    found = Found(conn, network, as_of)
    events = await found.add([("order", order_id)])
    if payments := {e.payment_id for e in events if isinstance(e, PaymentRecorded)}:
        await found.add([("payment", payment_id) for payment_id in payments])
    return found.batch


async def of_orders(
    conn: AsyncConnection[Any], network: str, as_of: AsOf, order_ids: Collection[str]
) -> Batch:
    """All events of these orders and sales. Raises TooManyEvents and ViewBehind."""
    found = Found(conn, network, as_of)
    await found.add([("order", order_id) for order_id in order_ids])
    return found.batch


async def of_product(conn: AsyncConnection[Any], network: str, as_of: AsOf, sku: str) -> Batch:
    """All descriptions of a product. Raises TooManyEvents and ViewBehind."""
    found = Found(conn, network, as_of)
    await found.add([("product", sku)])
    return found.batch


async def of_customer(
    conn: AsyncConnection[Any], network: str, as_of: AsOf, customer_id: str
) -> Batch:
    """All that the answers on the person follow from who a customer was as of then.

    Who is one person follows from merges; what is theirs, from what names any of these ids, from
    whose identities and guest orders those are now, and from all events of their orders.
    Raises TooManyEvents and ViewBehind.
    """
    found = Found(conn, network, as_of)
    ids = await _person(found, customer_id)
    events = await found.add([("customer", each) for each in ids])
    if more := {subject for event in events for subject in _leads_to(event)}:
        await found.add(more)
    return found.batch


async def _person(found: Found, customer_id: str) -> set[str]:
    """All ids that were one person with the customer then: what links that stood then connect."""
    ever: set[str] = set()
    new = {customer_id}
    merges: list[AnyEvent] = []
    while new:
        ever |= new
        merges += await found.add([("merge", each) for each in new])
        linked = [event for event in merges if isinstance(event, CustomersMerged)]
        new = {each for event in linked for each in (event.customer_id, event.into)} - ever
    return _connected(customer_id, _standing(found.batch)) if merges else ever


def _standing(events: Batch) -> Iterable[tuple[str, str]]:
    """Who is merged into whom after these events."""
    view = CustomerLinks(limit=None)
    [own] = split([view], events)
    view.ask(own)
    view.fold(own)
    rows = [MergeRow(*values) for values in view.merges.in_order()]
    return [(row.customer_id, row.merged_into) for row in rows if row.merged_into is not None]


def _connected(customer_id: str, links: Iterable[tuple[str, str]]) -> set[str]:
    beside = defaultdict(set)
    for one, other in links:
        beside[one].add(other)
        beside[other].add(one)
    person: set[str] = set()
    new = {customer_id}
    while new:
        person |= new
        new = {other for one in new for other in beside[one]} - person
    return person


def _leads_to(event: AnyEvent) -> Iterable[Named]:
    """The subjects whose events say what becomes of what this event names."""
    match event:
        case OrderPlaced():
            yield ("order", event.order_id)
        case SaleRecorded():
            yield ("order", sale_id(event.channel, event.request_id))
        case IdentityLinked():
            yield identity_subject(event.scheme, event.identity)
        case GuestOrdersClaimed():
            for order_id in event.order_ids:
                yield ("claim", order_id)
                yield ("order", order_id)


async def timeline(  # noqa: PLR0913 - of what, and which page
    conn: AsyncConnection[Any],
    network: str,
    subject: Subject,
    subject_id: str,
    *,
    as_of: AsOf | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[TimelineEvent]:
    """The events that concern a subject, in the order of the ledger.

    Raises BadToken for an `after` that is not this list's, and ViewBehind.
    """
    params = {
        "network": network,
        "subject": subject,
        "subject_id": subject_id,
        "after": 0 if after is None else key_of(after, int)[0],
        **({} if as_of is None else _until(as_of)),
    }
    timed = as_of is not None and as_of.until is not None
    statement = _timeline(bounded=as_of is not None, timed=timed)
    found = await page(conn, _item, statement, params, limit, lambda item: (item.position,))
    if as_of is None:
        return found
    return Page(found.items, found.next, stands_for(as_of, found.position))


def _until(as_of: AsOf) -> dict[str, int | datetime]:
    until = {} if as_of.until is None else {"until": as_of.until}
    return {"as_of": as_of.position, **until}


def _raw(position: int, topic: str, data: str | None) -> tuple[int, str, str | None]:
    return position, topic, data


def _item(position: int, topic: str, effective_at: datetime, data: str) -> TimelineEvent:
    raw = data.encode()
    return TimelineEvent(position, decode(topic, raw).stream, topic, effective_at, msgspec.Raw(raw))


# Of a subject's events with too many bytes nothing is read but how many these are.
_OF_SUBJECTS: Final = SQL("""
    (SELECT sized.position, sized.type,
      CASE WHEN sized.bytes <= %(most_bytes)s THEN sized.data END AS data
    FROM (
      SELECT once.*, sum(octet_length(once.data)) OVER (ORDER BY once.position) AS bytes FROM (
        SELECT DISTINCT ON (kept.position) kept.position, kept.type, kept.data
        FROM unnest(%(subjects)s::text[], %(subject_ids)s::text[]) AS asked (subject, subject_id)
        CROSS JOIN LATERAL (
          SELECT * FROM subject_events AS each WHERE each.network = %(network)s
          AND each.subject = asked.subject AND each.subject_id = asked.subject_id
          AND each.position <= %(as_of)s {timed} LIMIT %(fetched)s
        ) AS kept ORDER BY kept.position LIMIT %(fetched)s
      ) AS once
    ) AS sized) AS concerning
""")
_BY_THEN: Final = SQL("position <= %(as_of)s")
_BY_TIME: Final = SQL("effective_at <= %(until)s")


@cache
def _events(*, timed: bool) -> Composed:
    source = _OF_SUBJECTS.format(timed=SQL("AND each.{}").format(_BY_TIME) if timed else SQL(""))
    return listing(NAME, ("position", "type", "data"), source, order="position")


@cache
def _timeline(*, bounded: bool, timed: bool) -> Composed:
    where = [
        SQL("network = %(network)s AND subject = %(subject)s AND subject_id = %(subject_id)s"),
        SQL("position > %(after)s"),
        *([_BY_THEN] if bounded else []),
        *([_BY_TIME] if timed else []),
    ]
    columns = ("position", "type", "effective_at", "data")
    source = SUBJECT_EVENTS.name
    return listing(NAME, columns, SQL(source), conditions=where, order="position", limited=True)
