"""What stock cost: layers of units by first in first out, and moving averages, at any moment.

Movements count by their effective time, so a fact that is told late costs what it would have cost
had it been told at once. Every number here follows from the SQL view `movements` alone.

First in first out without a queue: of one sku at one location, units that came stand on one line
in the order in which they came, units that went on another. The n-th that went is the n-th that
came. So what is there is the end of the first line behind the length of the second, and the units
of a transfer, or of a sale that came back, are found by the place where they left: these are
followed back, location by location, to where their cost was said.
"""

# ruff: noqa: S608 - queries are put together from our own text only

from typing import Final

from projections.sql_views import SqlAggregate, SqlFunction

MILLIONTHS: Final = 1_000_000
"""Averages are kept in millionths of a minor unit."""

_AT: Final = ("asked_network text", "at timestamptz", "only_sku text DEFAULT NULL")
_VOIDS: Final = "('stock_sale_voided', 'stock_shipment_voided')"
_MOVED: Final = f"""
moved AS MATERIALIZED (
    SELECT position, sku, location, type, effective_at, quantity, unit_cost_minor, currency,
        coalesce(transfer_id, order_id) AS of_id,
        CASE WHEN transfer_id IS NULL THEN sku ELSE line_id END AS of_part,
        transfer_id IS NOT NULL AS by_transfer,
        CASE WHEN quantity > 0 AND type NOT IN {_VOIDS} THEN quantity ELSE 0 END AS came,
        CASE WHEN quantity > 0 AND type NOT IN {_VOIDS} THEN 0 ELSE -quantity END AS went
    FROM movements WHERE network = asked_network AND effective_at <= at AND quantity <> 0
        AND (only_sku IS NULL OR sku = only_sku)
)
"""
# lines: where on its two lines a movement stands. A void steps back on the line of what went.
_LINES: Final = """
lines AS MATERIALIZED (
    SELECT *, sum(came) OVER own AS came_to, sum(went) OVER own AS went_to
    FROM moved WINDOW own AS (
        PARTITION BY sku, location ORDER BY effective_at, position ROWS UNBOUNDED PRECEDING
    )
), totals AS (
    SELECT sku, location, sum(came) AS came, greatest(0, sum(went)) AS went
    FROM moved GROUP BY sku, location
)
"""
# costs: of what came without a cost of its own, the one that was said last of the sku. of_to: where
# units stand among all of their transfer's line, or of their order's sku; of_end: without voids.
_ENTRIES: Final = """
costs AS (
    SELECT *, count(unit_cost_minor) OVER (
        PARTITION BY sku ORDER BY effective_at, position ROWS UNBOUNDED PRECEDING
    ) AS known FROM lines WHERE came > 0
), entries AS MATERIALIZED (
    SELECT position, sku, location, effective_at, came, came_to, unit_cost_minor, currency,
        CASE WHEN type IN ('stock_arrived', 'stock_returned') AND unit_cost_minor IS NULL
            THEN of_id END AS of_id, of_part, by_transfer,
        CASE WHEN known > 0 THEN first_value(unit_cost_minor) OVER said END AS last_cost_minor,
        CASE WHEN known > 0 THEN first_value(currency) OVER said END AS last_currency
    FROM costs WINDOW said AS (PARTITION BY sku, known ORDER BY effective_at, position)
), came_back AS MATERIALIZED (
    SELECT position, of_id, of_part, by_transfer, came, sum(came) OVER (
        PARTITION BY by_transfer, of_id, of_part ORDER BY effective_at, position
        ROWS UNBOUNDED PRECEDING
    ) AS of_to
    FROM entries WHERE of_id IS NOT NULL
), leaving AS (
    SELECT position, sku, location, of_id, of_part, by_transfer, effective_at, went, went_to,
        sum(went) OVER (
            PARTITION BY by_transfer, of_id, of_part ORDER BY effective_at, position
            ROWS UNBOUNDED PRECEDING
        ) AS of_to
    FROM lines JOIN (SELECT DISTINCT by_transfer, of_id, of_part FROM came_back) AS asked
        USING (by_transfer, of_id, of_part)
    WHERE went <> 0
), kept AS (
    SELECT *, min(of_to) OVER (
        PARTITION BY by_transfer, of_id, of_part ORDER BY effective_at, position
        ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS of_end
    FROM leaving
), had_left AS MATERIALIZED (
    SELECT * FROM kept WHERE went > 0 AND of_end > of_to - went
)
"""
# A part is units of one layer, `low` to `high` on the line of their entry. `age_at` is when they
# came into the network, or back into it. Back is only ever followed to what came before.
_PARTS: Final = """
parts AS (
    SELECT entry.location, entry.sku, entry.position AS entry,
        greatest(entry.came_to - entry.came, totals.went) AS low, entry.came_to AS high,
        entry.effective_at AS age_at, false AS returned,
        ARRAY[entry.position] AS path, NULL::bigint[] AS parent
    FROM entries AS entry JOIN totals USING (sku, location)
    WHERE entry.came_to > totals.went
    UNION ALL
    SELECT part.location, part.sku, source.position,
        greatest(found.low, source.came_to - source.came), least(found.high, source.came_to),
        CASE WHEN found.returned THEN part.age_at ELSE source.effective_at END, found.returned,
        part.path || found.left_by || source.position, part.path
    FROM parts AS part
    JOIN entries AS entry ON entry.position = part.entry
    JOIN came_back AS back ON back.position = part.entry
    JOIN had_left AS gone ON gone.by_transfer = back.by_transfer AND gone.of_id = back.of_id
        AND gone.of_part = back.of_part
    CROSS JOIN LATERAL (
        SELECT back.of_to - entry.came_to + part.low AS low,
            back.of_to - entry.came_to + part.high AS high
    ) AS asked
    CROSS JOIN LATERAL (
        SELECT gone.went_to - gone.of_to + greatest(asked.low, gone.of_to - gone.went) AS low,
            gone.went_to - gone.of_to + least(asked.high, gone.of_end) AS high,
            part.returned OR NOT back.by_transfer AS returned, gone.position AS left_by
    ) AS found
    JOIN entries AS source ON source.sku = gone.sku AND source.location = gone.location
        AND source.came_to > found.low AND source.came_to - source.came < found.high
        AND (source.effective_at, source.position) < (entry.effective_at, entry.position)
    WHERE found.low < found.high
)
"""
MOVING_AVERAGE: Final = SqlAggregate(
    "stock_moving_average",
    "The average cost, in millionths of a minor unit and rounded half up, after units came at a "
    "cost: of those there were before, none counted below zero, and those that came.",
    ("before", "came", "cost"),
    f"""CASE WHEN state IS NULL OR before <= 0 THEN cost * {MILLIONTHS}
        ELSE div(2 * (before * state + came * cost * {MILLIONTHS}) + before + came,
            2 * (before + came)) END""",
)
LAYERS: Final = SqlFunction(
    "stock_layers",
    "What is on hand at a moment, by the layers in which it came: first in, first out.",
    _AT,
    f"""
WITH RECURSIVE {_MOVED}, {_LINES}, {_ENTRIES}, {_PARTS}, followed AS (
    SELECT parent AS path, sum(high - low) AS units FROM parts WHERE parent IS NOT NULL
    GROUP BY parent
)
SELECT asked_network, part.sku, part.location, entry.position,
    part.age_at, (part.high - part.low - coalesce(followed.units, 0))::bigint,
    coalesce(entry.unit_cost_minor, entry.last_cost_minor),
    CASE WHEN entry.unit_cost_minor IS NULL THEN entry.last_currency ELSE entry.currency END,
    CASE WHEN entry.unit_cost_minor IS NOT NULL THEN 'own'
        WHEN entry.last_cost_minor IS NOT NULL THEN 'last' ELSE 'none' END
FROM parts AS part JOIN entries AS entry ON entry.position = part.entry
    LEFT JOIN followed USING (path)
WHERE part.high - part.low > coalesce(followed.units, 0)
""",
    ("movements",),
    {
        "network": ("text", "The network whose ledger this row follows from."),
        "sku": ("text", "The goods."),
        "location": ("text", "Where they are."),
        "position": ("bigint", "Position of the event with which they came, and their cost."),
        "age_at": (
            "timestamptz",
            "When they came into the network, or came back from a customer; a transfer keeps it.",
        ),
        "units": ("bigint", "How many are left of this layer."),
        "unit_cost_minor": ("bigint", "What each cost, in minor units of `currency`, if known."),
        "currency": ("text", "ISO 4217 code of that cost."),
        "cost_basis": (
            "text",
            "own: it came, or first came, with this cost; last: the last said of the sku; or none.",
        ),
    },
)
AVERAGES: Final = SqlFunction(
    "stock_averages",
    "The moving average cost of each sku over the whole network at a moment.",
    _AT,
    f"""
WITH {_MOVED}, pool AS (
    SELECT *, sum(CASE WHEN by_transfer THEN 0 ELSE quantity END) OVER (
        PARTITION BY sku ORDER BY effective_at, position ROWS UNBOUNDED PRECEDING
    ) - quantity AS before
    FROM moved
), said AS (
    SELECT *, lag(currency) OVER own IS DISTINCT FROM currency AS begins
    FROM pool WHERE came > 0 AND unit_cost_minor IS NOT NULL
    WINDOW own AS (PARTITION BY sku ORDER BY effective_at, position)
), runs AS (
    SELECT *, sum(begins::int) OVER (
        PARTITION BY sku ORDER BY effective_at, position ROWS UNBOUNDED PRECEDING
    ) AS run, sum(begins::int) OVER (PARTITION BY sku) AS last_run
    FROM said
)
SELECT asked_network, sku, min(currency),
    stock_moving_average(before, came, unit_cost_minor ORDER BY effective_at, position)
FROM runs WHERE run = last_run GROUP BY sku
""",
    ("movements",),
    {
        "network": ("text", "The network whose ledger this row follows from."),
        "sku": ("text", "The goods."),
        "currency": ("text", "ISO 4217 code of the costs that it averages: the latest there were."),
        "average_millionths": ("numeric", "What a unit costs, in millionths of a minor unit."),
    },
)
