"""What stock is worth, and how old it is: the reports over the layers and averages of costs."""

# ruff: noqa: S608 - queries are put together from our own text only

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from ledger.domain.words import Currency, Location, Sku
from projections.reports.costing import MILLIONTHS
from projections.reports.report import Report, columns_with_types
from projections.sql_views import SqlFunction

Method = Literal["fifo", "average"]
BANDS: Final = (30, 60, 90, 180, 365)
"""Where bands of age begin, in days, unless others are asked for."""
MAX_BANDS: Final = 12
MAX_AGE_DAYS: Final = 36_500


class ValuationRow(Struct, frozen=True, gc=False):
    """What stock is worth, in one currency; without a currency, what has no known cost."""

    sku: Annotated[Sku | None, Meta(description="The goods; null where all are put together.")]
    location: Annotated[
        Location | None, Meta(description="Where they are; null where all are put together.")
    ]
    currency: Annotated[
        Currency | None, Meta(description="ISO 4217 code of the value; null: no cost is known.")
    ]
    units: Annotated[int, Meta(description="Units with a known cost, in this currency.")]
    value_minor: Annotated[
        int | None,
        Meta(
            description="What they cost, in minor units of `currency`; null without one: never 0.",
            extra={"sql": "numeric"},
        ),
    ]
    estimated_units: Annotated[
        int,
        Meta(
            description="Of units: came without a cost, and are valued at the one that was said "
            "last of the sku by then."
        ),
    ]
    uncosted_units: Annotated[int, Meta(description="Units of which no cost is known.")]
    below_zero_units: Annotated[
        int, Meta(description="How far the books are below zero: these have no value.")
    ]


class AgeingRow(Struct, frozen=True, gc=False):
    """Stock of one band of ages, in one currency."""

    sku: Annotated[Sku | None, Meta(description="The goods; null where all are put together.")]
    location: Annotated[
        Location | None, Meta(description="Where they are; null where all are put together.")
    ]
    from_days: Annotated[int, Meta(description="The least age of the band, in whole days.")]
    to_days: Annotated[int | None, Meta(description="The greatest age of it; null: any.")]
    currency: Annotated[
        Currency | None, Meta(description="ISO 4217 code of the value; null: no cost is known.")
    ]
    units: Annotated[int, Meta(description="Units of this age.")]
    value_minor: Annotated[
        int | None,
        Meta(
            description="What they cost, in minor units of `currency`; null without one: never 0.",
            extra={"sql": "numeric"},
        ),
    ]


_ARGUMENTS: Final = ("asked_network text", "at timestamptz")
_ON_HAND: Final = """
on_hand AS (
    SELECT sku, location, sum(quantity)::bigint AS units FROM movements
    WHERE network = asked_network AND effective_at <= at AND (only_sku IS NULL OR sku = only_sku)
    GROUP BY sku, location HAVING sum(quantity) <> 0
)
"""
VALUATION: Final = SqlFunction(
    "stock_valuation",
    "What the stock on hand was worth at a moment, by sku, location and currency: by method fifo, "
    "at what its layers cost, or by average, at the network's moving average of each sku.",
    (*_ARGUMENTS, "method text DEFAULT 'fifo'", "only_sku text DEFAULT NULL"),
    f"""
WITH {_ON_HAND}, valued AS (
    SELECT sku, location, currency, units, units::numeric * unit_cost_minor AS value_minor,
        CASE WHEN cost_basis = 'last' THEN units ELSE 0 END AS estimated
    FROM stock_layers(asked_network, at, only_sku) WHERE method = 'fifo'
    UNION ALL
    SELECT sku, location, cost.currency, there.units,
        div(2 * there.units * cost.average_millionths + {MILLIONTHS}, 2 * {MILLIONTHS}), 0
    FROM on_hand AS there LEFT JOIN stock_averages(asked_network, at, only_sku) AS cost USING (sku)
    WHERE method = 'average' AND there.units > 0
)
SELECT asked_network, sku, location, currency,
    sum(CASE WHEN currency IS NULL THEN 0 ELSE units END)::bigint, sum(value_minor),
    sum(estimated)::bigint, sum(CASE WHEN currency IS NULL THEN units ELSE 0 END)::bigint, 0::bigint
FROM valued GROUP BY sku, location, currency
UNION ALL
SELECT asked_network, sku, location, NULL, 0, NULL, 0, 0, -units FROM on_hand WHERE units < 0
""",
    ("movements",),
    columns_with_types(ValuationRow),
)
AGEING: Final = SqlFunction(
    "stock_ageing",
    "The stock on hand at a moment by how long it has been in the network: by the layers that "
    "first in, first out leaves, in bands that begin at these ages in days.",
    (
        *_ARGUMENTS,
        f"bands int[] DEFAULT '{{{','.join(map(str, BANDS))}}}'",
        "only_sku text DEFAULT NULL",
    ),
    """
SELECT asked_network, sku, location, coalesce(bands[band], 0), bands[band + 1] - 1, currency,
    sum(units)::bigint, sum(units::numeric * unit_cost_minor)
FROM (
    SELECT *, width_bucket(floor(extract(epoch FROM at - age_at) / 86400)::int, bands) AS band
    FROM stock_layers(asked_network, at, only_sku)
) AS layer
GROUP BY sku, location, band, currency
""",
    ("movements",),
    columns_with_types(AgeingRow),
)

STOCK_VALUATION: Final = Report(
    name="stock-valuation",
    title="Stock valuation",
    definition="What the goods on hand cost, at a moment, with all that is known now: by the "
    "layers that first in, first out leaves (fifo), or at each sku's moving average over the "
    "network (average). What came without a cost is valued at the last that was said of the sku "
    "and told as estimated; what has no known cost, and what is below zero, is told apart and has "
    "no value.",
    basis="IAS 2 Inventories, paragraphs 25 and 27: first-in, first-out or weighted average cost, "
    "the average calculated as each shipment is received.",
    row=ValuationRow,
    views=("stock_history",),
    takes=("at", "method", "by", "location", "sku"),
    sums=("units", "value_minor", "estimated_units", "uncosted_units", "below_zero_units"),
    by={
        "item": ("sku", "location"),
        "sku": ("sku",),
        "location": ("location",),
        "network": (),
    },
    always=("currency",),
    source="stock_valuation(%(network)s, %(at)s, %(method)s, %(sku)s)",
)
STOCK_AGEING: Final = Report(
    name="stock-ageing",
    title="Stock ageing",
    definition="The goods on hand at a moment by age: how long the layers that first in, first "
    "out leaves have been in the network. A transfer keeps the age of goods; a return begins it "
    "anew.",
    basis="The layers of IAS 2 paragraph 27; bands of 30, 60, 90, 180 and 365 days, as ageing is "
    "commonly listed.",
    row=AgeingRow,
    views=("stock_history",),
    takes=("at", "bands", "by", "location", "sku"),
    sums=("units", "value_minor"),
    by={
        "item": ("sku", "location"),
        "sku": ("sku",),
        "location": ("location",),
        "network": (),
    },
    always=("from_days", "to_days", "currency"),
    source="stock_ageing(%(network)s, %(at)s, %(bands)s, %(sku)s)",
)
