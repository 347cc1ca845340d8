"""What was sold and what came back: by channel, location and day, and the rates that follow."""

# ruff: noqa: S608 - queries are put together from our own text only

from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

from ledger.domain.words import Currency, Location, Sku
from projections.reports.report import Report, basis_points, columns_with_types, commented
from projections.sql_views import SqlFunction, SqlView

Minor = Annotated[
    int | None,
    Meta(description="Minor units of `currency`; null without one.", extra={"sql": "numeric"}),
]
SoldUnits = Annotated[
    int, Meta(description="Units that left to customers: sold, shipped, collected, net of voids.")
]
ReturnedUnits = Annotated[int, Meta(description="Units that customers brought back.")]
_Sku = Annotated[
    Sku | None, Meta(description="The goods or service; null where all are put together.")
]
_Place = Annotated[
    Location | None,
    Meta(description="Where goods left or came back; null where all are put together, or nowhere."),
]
_Channel = Annotated[
    str | None,
    Meta(
        description="The channel that sold, or of a return took back; null where all are put "
        "together."
    ),
]


class SalesRow(Struct, frozen=True, gc=False):
    """Sales and returns of a day, in one currency."""

    day: Annotated[
        date | None,
        Meta(
            description="The day on which goods left or came back, in the time zone of the "
            "location (UTC where none is described); null where all are put together."
        ),
    ]
    channel: _Channel
    location: _Place
    sku: _Sku
    currency: Annotated[
        Currency | None, Meta(description="ISO 4217 code of the prices; null: without a price.")
    ]
    sold_units: SoldUnits
    sold_minor: Annotated[
        Minor, Meta(description="These units at their prices, in minor units of `currency`.")
    ]
    returned_units: ReturnedUnits
    returned_minor: Annotated[
        Minor,
        Meta(
            description="These at the prices of their returns, authorised ones at their order's, "
            "in minor units of `currency`."
        ),
    ]
    service_minor: Annotated[
        Minor,
        Meta(
            description="Services (lines that move no stock) sold, less those cancelled or voided, "
            "in minor units of `currency`; of an order, on the day it was placed."
        ),
    ]
    service_returned_minor: Annotated[
        Minor, Meta(description="Services refunded by returns, in minor units of `currency`.")
    ]


class SellThroughRow(Struct, frozen=True, gc=False):
    """How much of what there was is sold."""

    sku: _Sku
    location: _Place
    sold_units: SoldUnits
    on_hand_units: Annotated[
        int, Meta(description="On hand at the end of the period, none counted below zero.")
    ]
    received_units: Annotated[int, Meta(description="Received in the period, from outside.")]
    returned_units: ReturnedUnits
    sell_through_bp: Annotated[
        int | None,
        Meta(
            description="sold / (sold + on hand at the end), in basis points: 10,000 is all of it; "
            "null of nothing."
        ),
    ]
    sold_of_received_bp: Annotated[
        int | None,
        Meta(description="sold / received in the period, in basis points; null of nothing."),
    ]


class ReturnsRateRow(Struct, frozen=True, gc=False):
    """How much came back beside what was sold."""

    sku: _Sku
    channel: _Channel
    location: _Place
    sold_units: SoldUnits
    returned_units: ReturnedUnits
    returns_rate_bp: Annotated[
        int | None,
        Meta(
            description="returned / sold, both in the period, in basis points: 10,000 is as much "
            "as was sold; null where nothing was."
        ),
    ]


ZONES: Final = """
    zones AS MATERIALIZED (
        SELECT place.network, place.location, known.name AS zone
        FROM locations AS place JOIN pg_timezone_names AS known ON known.name = place.time_zone
    )
"""


def local_day(moment: str) -> str:
    """SQL of the day of a time, where the location of `zones` is."""
    return f"({moment} AT TIME ZONE coalesce(zones.zone, 'UTC'))::date"


def _amount(name: str) -> str:
    return f"CASE WHEN currency IS NOT NULL THEN coalesce(sum({name}), 0) END"


# A sale that serves an order's line without a price of its own has that line's.
_LEFT: Final = f"""
    SELECT moved.network, {local_day("moved.effective_at")} AS day,
        placed.selling_channel AS channel, moved.location, moved.sku,
        CASE WHEN line.unit_price_minor IS NOT NULL THEN placed.currency
            WHEN ordered.unit_price_minor IS NOT NULL THEN origin.currency END AS currency,
        -moved.quantity AS sold_units, -moved.quantity::numeric
            * coalesce(line.unit_price_minor, ordered.unit_price_minor) AS sold_minor,
        0::bigint AS returned_units, NULL::numeric AS returned_minor,
        NULL::numeric AS service_minor, NULL::numeric AS service_returned_minor
    FROM movements AS moved
        JOIN orders AS placed USING (network, order_id)
        JOIN order_lines AS line USING (network, order_id, line_id)
        LEFT JOIN order_lines AS ordered ON ordered.network = line.network
            AND ordered.order_id = line.fulfils_order_id
            AND ordered.line_id = line.fulfils_line_id
        LEFT JOIN orders AS origin ON origin.network = line.network
            AND origin.order_id = line.fulfils_order_id
        LEFT JOIN zones ON zones.network = moved.network AND zones.location = moved.location
    WHERE moved.type IN ('stock_sold', 'stock_sale_voided', 'stock_shipped',
        'stock_shipment_voided', 'stock_collected')
"""
_SERVICES: Final = f"""
    SELECT line.network, {local_day("least(placed.occurred_at, placed.recorded_at)")},
        placed.selling_channel, placed.location, line.sku,
        CASE WHEN line.unit_price_minor IS NOT NULL THEN placed.currency END, 0, NULL, 0, NULL,
        line.unit_price_minor::numeric * (line.ordered - line.cancelled), NULL
    FROM order_lines AS line JOIN orders AS placed USING (network, order_id)
        LEFT JOIN zones ON zones.network = placed.network AND zones.location = placed.location
    WHERE line.kind = 'service'
"""
_CAME_BACK: Final = f"""
    SELECT back.network, {local_day("back.effective_at")}, back.selling_channel, back.location,
        back.sku, CASE WHEN back.unit_price_minor IS NOT NULL THEN back.currency END, 0, NULL,
        CASE WHEN back.kind = 'goods' THEN back.quantity ELSE 0 END,
        CASE WHEN back.kind = 'goods' THEN back.quantity::numeric * back.unit_price_minor END,
        NULL,
        CASE WHEN back.kind <> 'goods' THEN back.quantity::numeric * back.unit_price_minor END
    FROM recorded_returns AS back
        LEFT JOIN zones ON zones.network = back.network AND zones.location = back.location
    UNION ALL
    SELECT moved.network, {local_day("moved.effective_at")},
        coalesce(placed.selling_channel, moved.channel), moved.location, moved.sku,
        CASE WHEN line.unit_price_minor IS NOT NULL THEN placed.currency END, 0, NULL,
        moved.quantity, moved.quantity::numeric * line.unit_price_minor, NULL, NULL
    FROM movements AS moved
        LEFT JOIN returns AS allowed USING (network, return_id)
        LEFT JOIN orders AS placed ON placed.network = allowed.network
            AND placed.order_id = allowed.order_id
        LEFT JOIN order_lines AS line ON line.network = allowed.network
            AND line.order_id = allowed.order_id AND line.line_id = moved.line_id
        LEFT JOIN zones ON zones.network = moved.network AND zones.location = moved.location
    WHERE moved.type = 'stock_returned' AND moved.return_id IS NOT NULL
"""
_READS: Final = (
    "movements", "orders", "order_lines", "locations", "recorded_returns", "returns",
)  # fmt: skip
_VIEWS: Final = ("stock_history", "orders", "locations", "recorded_returns", "returns")
SALES_BY_DAY: Final = SqlView(
    "sales_by_day",
    "What was sold and what came back by day, channel, location, sku and currency. Goods are sold "
    "when they leave to the customer, net of voids; returns stand apart.",
    f"""
    WITH {ZONES}
    SELECT network, day, channel, location, sku, currency, sum(sold_units)::bigint,
        {_amount("sold_minor")}, sum(returned_units)::bigint, {_amount("returned_minor")},
        {_amount("service_minor")}, {_amount("service_returned_minor")}
    FROM ({_LEFT} UNION ALL {_SERVICES} UNION ALL {_CAME_BACK}) AS each
    GROUP BY network, day, channel, location, sku, currency
    """,
    _READS,
    commented(SalesRow),
)
_PERIOD: Final = ("asked_network text", "first date", "last date")
_IN_PERIOD: Final = "(first IS NULL OR day >= first) AND (last IS NULL OR day <= last)"
SELL_THROUGH_PARTS: Final = SqlFunction(
    "sell_through",
    "What was sold, received and returned in the days of a period, and what was on hand at its "
    "end, by sku and location; a day that is null does not bound it.",
    _PERIOD,
    f"""
WITH {ZONES}, moved AS (
    SELECT card.sku, card.location, card.type, card.quantity,
        {local_day("card.effective_at")} AS day
    FROM movements AS card
        LEFT JOIN zones ON zones.network = card.network AND zones.location = card.location
    WHERE card.network = asked_network
), sums AS (
    SELECT sku, location,
        -coalesce(sum(quantity) FILTER (WHERE {_IN_PERIOD} AND type IN ('stock_sold',
            'stock_sale_voided', 'stock_shipped', 'stock_shipment_voided', 'stock_collected')), 0)
            AS sold,
        sum(quantity) AS on_hand,
        coalesce(sum(quantity) FILTER (WHERE {_IN_PERIOD} AND type = 'stock_received'), 0)
            AS received,
        coalesce(sum(quantity) FILTER (WHERE {_IN_PERIOD} AND type = 'stock_returned'), 0)
            AS returned
    FROM moved WHERE last IS NULL OR day <= last GROUP BY sku, location
)
SELECT asked_network, sku, location, sold::bigint, greatest(0, on_hand)::bigint, received::bigint,
    returned::bigint, {basis_points("sold", "sold + greatest(0, on_hand)")},
    {basis_points("sold", "received")}
FROM sums WHERE sold <> 0 OR on_hand <> 0 OR received <> 0 OR returned <> 0
""",
    ("movements", "locations"),
    columns_with_types(SellThroughRow),
)

SALES: Final = Report(
    name="sales",
    title="Sales by channel, location and day",
    definition="Goods that left to customers, net of voided sales and shipments, on the day and "
    "from the location where they left, at the prices of their lines; what came back stands "
    "apart, on its own day. Currencies are never added up; what has no price has no currency.",
    basis="Goods count when they are handed over, as revenue does by IFRS 15 paragraph 38; "
    "returns apart, as gross sales and returns commonly are.",
    row=SalesRow,
    views=_VIEWS,
    takes=("from", "to", "by", "channel", "location", "sku", "currency"),
    sums=(
        "sold_units", "sold_minor", "returned_units", "returned_minor", "service_minor",
        "service_returned_minor",
    ),
    by={
        "day": ("day", "channel", "location"),
        "channel": ("channel",),
        "location": ("location",),
        "sku": ("sku",),
        "item": ("day", "channel", "location", "sku"),
        "network": (),
    },
    always=("currency",),
    source="sales_by_day",
    day="day",
)  # fmt: skip
SELL_THROUGH: Final = Report(
    name="sell-through",
    title="Sell-through",
    definition="Of the goods that there were in a period, how much was sold: units sold (net of "
    "voids, returns not taken off) / (units sold + units on hand at the end of the period). Sold "
    "of what was received stands beside it.",
    basis="The trade's usual rate of a period, as Report Toaster has it for Shopify shops: sold / "
    "(on hand + sold); of a season's buy, sold / received.",
    row=SellThroughRow,
    views=("stock_history", "locations"),
    takes=("from", "to", "by", "location", "sku"),
    sums=("sold_units", "on_hand_units", "received_units", "returned_units"),
    rates={
        "sell_through_bp": basis_points("sum(sold_units)", "sum(sold_units) + sum(on_hand_units)"),
        "sold_of_received_bp": basis_points("sum(sold_units)", "sum(received_units)"),
    },
    by={
        "sku": ("sku",),
        "item": ("sku", "location"),
        "location": ("location",),
        "network": (),
    },
    source="sell_through(%(network)s, %(first)s, %(last)s)",
)
RETURNS_RATE: Final = Report(
    name="returns-rate",
    title="Returns rate",
    definition="Units that came back in a period / units that were sold in it, net of voids. What "
    "comes back later than the period of its sale counts in its own.",
    basis="The trade's usual rate of a period: items returned / items sold.",
    row=ReturnsRateRow,
    views=_VIEWS,
    takes=("from", "to", "by", "channel", "location", "sku"),
    sums=("sold_units", "returned_units"),
    rates={"returns_rate_bp": basis_points("sum(returned_units)", "sum(sold_units)")},
    by={
        "sku": ("sku",),
        "channel": ("channel",),
        "location": ("location",),
        "network": (),
    },
    source="sales_by_day",
    day="day",
)
