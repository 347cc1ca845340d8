"""How orders were served: from stock at once, by the promised day, or not."""

from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

from ledger.domain.words import LineId, Sku
from projections.reports.report import Report, basis_points
from projections.sql_views import SqlView
from projections.tables import NETWORK_COMMENT, columns_of


class DemandLine(Struct, frozen=True, gc=False):
    """A line that was ordered, or that a refused order was refused for."""

    day: Annotated[date, Meta(description="The day in UTC on which it was ordered, or refused.")]
    channel: Annotated[str, Meta(description="The channel that sold; of a refused order, asked.")]
    sku: Annotated[Sku | None, Meta(description="The goods.")]
    order_id: Annotated[
        str, Meta(description="The order; of a refused one `refused:{channel}:{request_id}`.")
    ]
    line_id: LineId | None
    refused: Annotated[bool, Meta(description="Its order was refused for want of stock.")]
    units: Annotated[int, Meta(description="Units ordered, or asked for.")]
    at_once_units: Annotated[
        int, Meta(description="Of these: promised from stock in the decision that ordered them.")
    ]
    by_promise: Annotated[
        bool,
        Meta(
            description="All of it was promised from stock at once, or nothing of it waits any "
            "more and its promised day never passed while something did."
        ),
    ]
    whole_order: Annotated[
        bool, Meta(description="All lines of its order were promised from stock at once.")
    ]


class FillRateRow(Struct, frozen=True, gc=False):
    """How much of what was asked for was served from stock at once, or by the promise."""

    day: Annotated[
        date | None,
        Meta(description="The day in UTC of the order; null where all are put together."),
    ]
    channel: Annotated[
        str | None,
        Meta(description="The channel that sold, or asked; null where all are put together."),
    ]
    sku: Annotated[Sku | None, Meta(description="The goods; null where all are put together.")]
    orders: Annotated[int, Meta(description="Orders asked for, refused ones included.")]
    refused_orders: Annotated[
        int,
        Meta(
            description="Of these: refused for want of stock (out_of_stock, channel_limit, "
            "no_capacity)."
        ),
    ]
    orders_at_once: Annotated[
        int, Meta(description="Of these: every line was promised from stock at once.")
    ]
    lines: Annotated[
        int, Meta(description="Lines of goods ordered, and those that a refusal names.")
    ]
    lines_at_once: Annotated[
        int, Meta(description="Of these: all units were promised from stock at once.")
    ]
    lines_by_promise: Annotated[
        int, Meta(description="Of these: at once, or served without its promised day passing.")
    ]
    units: Annotated[int, Meta(description="Units of these lines.")]
    units_at_once: Annotated[int, Meta(description="Of these: promised from stock at once.")]
    order_fill_bp: Annotated[
        int | None, Meta(description="orders at once / orders, in basis points of 10,000.")
    ]
    line_fill_bp: Annotated[
        int | None, Meta(description="lines at once / lines, in basis points of 10,000.")
    ]
    promise_fill_bp: Annotated[
        int | None, Meta(description="lines by promise / lines, in basis points of 10,000.")
    ]
    unit_fill_bp: Annotated[
        int | None, Meta(description="units at once / units, in basis points of 10,000.")
    ]


# promised: what each decision promised of a line. A line came with its order, or was added.
_ORDERED: Final = """
    SELECT placed.network, (least(placed.occurred_at, placed.recorded_at) AT TIME ZONE 'UTC')::date
            AS day,
        placed.selling_channel AS channel, line.sku, placed.order_id, line.line_id,
        line.ordered AS units, least(line.ordered, coalesce(promised.units, 0)) AS at_once_units,
        line.backordered = 0 AND line.cancelled = 0 AND line.expired = 0
            AND line.overdue_since_position IS NULL AS kept
    FROM orders AS placed JOIN order_lines AS line USING (network, order_id)
        LEFT JOIN order_additions AS added USING (network, order_id, line_id)
        LEFT JOIN (
            SELECT network, order_id, line_id, channel, request_id,
                sum(committed_change)::bigint AS units
            FROM stock_history WHERE type = 'stock_committed'
            GROUP BY network, order_id, line_id, channel, request_id
        ) AS promised ON promised.network = placed.network
            AND promised.order_id = placed.order_id AND promised.line_id = line.line_id
            AND promised.channel = coalesce(added.channel, placed.channel)
            AND promised.request_id = coalesce(added.request_id, placed.request_id)
    WHERE placed.kind = 'order' AND line.kind = 'goods'
"""
_REFUSED: Final = """
    SELECT network, (least(occurred_at, recorded_at) AT TIME ZONE 'UTC')::date, channel,
        hit ->> 'sku', 'refused:' || channel || ':' || request_id, hit ->> 'line_id', true,
        coalesce((hit ->> 'asked')::bigint, 0), 0, false, false
    FROM requests CROSS JOIN LATERAL jsonb_array_elements(details) AS hit
    WHERE kind = 'place_order' AND outcome = 'refused'
        AND reason IN ('out_of_stock', 'channel_limit', 'no_capacity')
"""
DEMAND: Final = SqlView(
    "demand_lines",
    "Lines of goods that were ordered, and how they were served; and the lines for which orders "
    "were refused for want of stock.",
    f"""
    SELECT network, day, channel, sku, order_id, line_id, false, units, at_once_units,
        at_once_units = units OR kept,
        bool_and(at_once_units = units) OVER (PARTITION BY network, order_id)
    FROM ({_ORDERED}) AS ordered
    UNION ALL {_REFUSED}
    """,  # noqa: S608 - ours
    ("orders", "order_lines", "order_additions", "stock_history", "requests"),
    {
        "network": NETWORK_COMMENT,
        **{column.name: column.comment for column in columns_of(DemandLine)},
    },
)
_ORDERS: Final = "count(DISTINCT order_id)"
_WHOLE: Final = f"{_ORDERS} FILTER (WHERE whole_order)"
_AT_ONCE: Final = "count(*) FILTER (WHERE NOT refused AND at_once_units = units)"
_KEPT: Final = "count(*) FILTER (WHERE by_promise)"
FILL_RATE: Final = Report(
    name="fill-rate",
    title="Fill rate",
    definition="Of what was asked for in a period, how much was promised from stock in the very "
    "decision that took the order: by orders (all of their lines), by lines (all of their units) "
    "and by units. Lines by promise also counts what waited and was served before its promised "
    "day was over. What was refused for want of stock was asked for and not served.",
    basis="First-time fill rate by order, line and unit: satisfied from stock at once / requested; "
    "the service measure P2 of Silver, Pyke and Thomas, Inventory and Production Management in "
    "Supply Chains.",
    row=FillRateRow,
    views=("orders", "order_additions", "stock_history", "requests"),
    takes=("from", "to", "by", "channel", "sku"),
    sums=("units",),
    rates={
        "orders": _ORDERS,
        "refused_orders": f"{_ORDERS} FILTER (WHERE refused)",
        "orders_at_once": _WHOLE,
        "lines": "count(*)",
        "lines_at_once": _AT_ONCE,
        "lines_by_promise": _KEPT,
        "units_at_once": "sum(at_once_units)::bigint",
        "order_fill_bp": basis_points(_WHOLE, _ORDERS),
        "line_fill_bp": basis_points(_AT_ONCE, "count(*)"),
        "promise_fill_bp": basis_points(_KEPT, "count(*)"),
        "unit_fill_bp": basis_points("sum(at_once_units)", "sum(units)"),
    },
    by={
        "network": (),
        "channel": ("channel",),
        "day": ("day",),
        "sku": ("sku",),
        "item": ("day", "channel", "sku"),
    },
    source="demand_lines",
    day="day",
)
