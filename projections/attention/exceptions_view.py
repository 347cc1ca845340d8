"""The SQL view `exceptions`: all that people must look at, wherever it stands, and its reads."""

# ruff: noqa: S608 - the query is put together from our own text only

from functools import cache
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed

from ledger.domain.events import ExceptionKind
from ledger.domain.words import Currency, LineId, Location, Sku
from projections.paging import BadToken, Page, key_of
from projections.reading import equal, listing, page
from projections.sql_views import SqlView
from projections.tables import columns_of
from projections.words import ListedOrderId, Moment

Kind = (
    Literal[
        "paid_short",
        "short",
        "shortage",
        "backorder_overdue",
        "supply_overdue",
        "transfer_overdue",
        "variance",
        "input_refused",
    ]
    | ExceptionKind
)

READS: Final = ("exceptions", "inventory", "orders", "supplies", "transfers")
"""The views that it is made of."""


class ExceptionItem(Struct, frozen=True, gc=False):
    """Something that people must look at, or had to."""

    exception_id: Annotated[str, Meta(description="What names it.")]
    kind: Annotated[
        str,
        Meta(
            description="paid_short (paid for, and the shelf cannot keep it), short, shortage, "
            "backorder_overdue, supply_overdue, transfer_overdue, variance, input_refused, or the "
            "kind under which it was raised, such as unlinked."
        ),
    ]
    state: Annotated[
        Literal["open", "resolved"],
        Meta(description="What was so once and cannot be undone stays open."),
    ]
    detail: Annotated[str, Meta(description="What happened, in words.")]
    order_id: ListedOrderId | None
    line_id: LineId | None
    location: Location | None
    sku: Sku | None
    subject: Annotated[
        str | None, Meta(description="The stream of what it is about, such as transfer/tr-1.")
    ]
    quantity: Annotated[int | None, Meta(description="How much of it stands.")]
    amount_minor: Annotated[
        int | None,
        Meta(
            description="What that quantity is worth at its price or cost, in minor units of "
            "`currency`; null where neither is known.",
            extra={"sql": "numeric"},
        ),
    ]
    currency: Currency | None
    channel: Annotated[
        str | None, Meta(description="The sender of the request that raised it, if one did.")
    ]
    request_id: Annotated[str | None, Meta(description="That request.")]
    opened_position: Annotated[int, Meta(description="Position of the event from which it stands.")]
    opened_at: Annotated[Moment, Meta(description="When that was recorded.")]
    resolved_position: Annotated[
        int | None, Meta(description="Position of the event that ended it; null while it stands.")
    ]
    resolved_at: Annotated[Moment | None, Meta(description="When that was recorded.")]


def _part(column: str) -> str:
    """One part of an id: `%` and `/` percent-encoded, so that parts cannot run together."""
    return f"replace(replace({column}, '%', '%25'), '/', '%2F')"


def _about(prefix: str) -> str:
    """The state, and behind all else from when to when, by the columns of an episode."""
    return f"CASE WHEN {prefix}until_position IS NULL THEN 'open' ELSE 'resolved' END"


def _when(prefix: str) -> str:
    names = ("since_position", "since", "until_position", "until")
    return ", ".join(f"{prefix}{name}" for name in names)


_RAISED = f"""
SELECT network, exception_id, kind, {_about("")}, detail, order_id, line_id, location, sku, subject,
    quantity, unit_cost_minor::numeric * abs(quantity),
    CASE WHEN unit_cost_minor IS NOT NULL THEN currency END, channel, request_id, {_when("")}
FROM raised_exceptions
"""
_SHORTAGES = f"""
SELECT network, 'shortage/' || {_part("location")} || '/' || {_part("sku")}, 'shortage',
    {_about("short_")}, 'more is promised here than the shelf can keep', NULL, NULL, location, sku,
    NULL, shortage, NULL, NULL, NULL, NULL, {_when("short_")}
FROM inventory WHERE short_since_position IS NOT NULL
"""
_SHORT_LINES = f"""
SELECT there.network,
    'short/' || {_part("there.order_id")} || '/' || {_part("there.line_id")} || '/'
        || {_part("there.location")},
    CASE WHEN EXISTS (
        SELECT FROM payments AS paid WHERE paid.network = there.network
        AND paid.order_id = there.order_id AND paid.state = 'captured'
        AND (paid.lines IS NULL OR jsonb_exists(paid.lines, there.line_id))
    ) THEN 'paid_short' ELSE 'short' END,
    {_about("there.short_")}, 'the shelf cannot keep what is promised to this line',
    there.order_id, there.line_id, there.location, line.sku, NULL, there.short,
    line.unit_price_minor::numeric * there.short,
    CASE WHEN line.unit_price_minor IS NOT NULL THEN placed.currency END, NULL, NULL,
    {_when("there.short_")}
FROM order_allocations AS there JOIN order_lines AS line USING (network, order_id, line_id)
    JOIN orders AS placed USING (network, order_id)
WHERE there.short_since_position IS NOT NULL
"""
_OVERDUE_BACKORDERS = f"""
SELECT line.network,
    'backorder_overdue/' || {_part("line.order_id")} || '/' || {_part("line.line_id")},
    'backorder_overdue', {_about("line.overdue_")},
    coalesce('was promised for ' || line.promise, 'was promised'), line.order_id, line.line_id,
    line.location, line.sku, NULL, line.backordered,
    line.unit_price_minor::numeric * line.backordered,
    CASE WHEN line.unit_price_minor IS NOT NULL THEN placed.currency END, NULL, NULL,
    {_when("line.overdue_")}
FROM order_lines AS line JOIN orders AS placed USING (network, order_id)
WHERE line.overdue_since_position IS NOT NULL
"""
_OVERDUE_SUPPLIES = f"""
SELECT network, 'supply_overdue/' || {_part("supply_id")} || '/' || {_part("line_id")},
    'supply_overdue', {_about("overdue_")}, coalesce('due on ' || due, 'was due'), NULL, line_id,
    location, sku, 'supply/' || {_part("supply_id")}, incoming,
    unit_cost_minor::numeric * incoming, CASE WHEN unit_cost_minor IS NOT NULL THEN currency END,
    NULL, NULL, {_when("overdue_")}
FROM supply_lines WHERE overdue_since_position IS NOT NULL
"""
_OVERDUE_TRANSFERS = f"""
SELECT network, 'transfer_overdue/' || {_part("transfer_id")}, 'transfer_overdue',
    {_about("overdue_")}, coalesce('due on ' || due, 'was due'), NULL, NULL, to_location, NULL,
    'transfer/' || {_part("transfer_id")},
    in_transit + greatest(0, requested - shipped), NULL, NULL, NULL, NULL, {_when("overdue_")}
FROM transfers WHERE overdue_since_position IS NOT NULL
"""

_PARTS: Final = (
    _RAISED,
    _SHORTAGES,
    _SHORT_LINES,
    _OVERDUE_BACKORDERS,
    _OVERDUE_SUPPLIES,
    _OVERDUE_TRANSFERS,
)

EXCEPTIONS: Final = SqlView(
    "exceptions",
    "What people must look at, open or resolved: what was raised, shortages, short lines, what is "
    "overdue, variances of counts, refused input.",
    "UNION ALL".join(_PARTS),
    (
        "raised_exceptions",
        "inventory",
        "order_allocations",
        "order_lines",
        "orders",
        "payments",
        "supply_lines",
        "transfers",
    ),
    {
        "network": "The network whose ledger this row follows from.",
        **{column.name: column.comment for column in columns_of(ExceptionItem)},
    },
)

_ORDER: Final = (
    "kind <> 'paid_short', coalesce(amount_minor, 0) DESC, opened_position DESC, exception_id"
)
_AFTER: Final = SQL("""
    (kind <> 'paid_short', -coalesce(amount_minor, 0), -opened_position, exception_id)
    > (%(after_rank)s = 1, -%(after_worth)s::numeric, -%(after_position)s::bigint, %(after_id)s)
""")


async def exception_list(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
    network: str,
    *,
    state: Literal["open", "resolved"] | None = None,
    kind: str | None = None,
    location: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[ExceptionItem]:
    """Paid but short first, then the dearest, then the newest; amounts compare as numbers.

    Raises BadToken for an `after` that is not this list's.
    """
    filters = {"kind": kind, "location": location}
    given = {name: value for name, value in filters.items() if value is not None}
    params = {"network": network, **given}
    if after is not None:
        params |= _behind(after)
    statement = _exception_list(state, tuple(given), after is not None)
    return await page(conn, ExceptionItem, statement, params, limit, _key)


def _key(item: ExceptionItem) -> tuple[int, str, int, str]:
    rank = 0 if item.kind == "paid_short" else 1
    return (rank, str(item.amount_minor or 0), item.opened_position, item.exception_id)


def _behind(after: str) -> dict[str, Any]:
    rank, worth, position, exception_id = key_of(after, int, str, int, str)
    if not worth.isascii() or not worth.removeprefix("-").isdecimal():
        raise BadToken(f"after={after[:40]!r} is not a token of this list: use its own `next`")
    behind = {"rank": rank, "worth": int(worth), "position": position}
    return {f"after_{name}": value for name, value in behind.items()} | {"after_id": exception_id}


@cache
def _exception_list(state: str | None, given: tuple[str, ...], after: bool) -> Composed:  # noqa: FBT001 - a cache key
    where: list[Composed | SQL] = [*equal(["network", *given])]
    if state is not None:
        stands = "IS NULL" if state == "open" else "IS NOT NULL"
        where.append(SQL("resolved_position " + stands))
    if after:
        where.append(_AFTER)
    columns = ExceptionItem.__struct_fields__
    return listing(READS, columns, SQL("exceptions"), conditions=where, order=_ORDER, limited=True)
