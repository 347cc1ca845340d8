"""Since when, until when and how deep shelves were oversold, or could not keep their promises."""

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from ledger.domain.words import Location, Sku
from projections.reports.report import Report
from projections.sql_views import SqlView
from projections.tables import NETWORK_COMMENT, columns_of

EpisodeKind = Literal["oversold", "shortage"]


class Episode(Struct, frozen=True, gc=False):
    """One time that a sku at a location was oversold or short."""

    sku: Sku
    location: Location
    kind: Annotated[
        EpisodeKind,
        Meta(
            description="oversold: on_hand was below zero; shortage: more was promised and "
            "reserved than there was fit for sale."
        ),
    ]
    began_position: Annotated[int, Meta(description="Position of the event with which it began.")]
    began_at: Annotated[datetime, Meta(description="When that was recorded.")]
    ended_position: Annotated[
        int | None, Meta(description="Position of the event that ended it; null while it stands.")
    ]
    ended_at: Annotated[datetime | None, Meta(description="When that was recorded.")]
    deepest_units: Annotated[int, Meta(description="The most units that were missing.")]


class ShortagesRow(Struct, frozen=True, gc=False):
    """An episode, or the episodes of a sku or location together."""

    sku: Annotated[Sku | None, Meta(description="The goods; null where all are put together.")]
    location: Annotated[
        Location | None, Meta(description="Where it was; null where all are put together.")
    ]
    kind: Annotated[
        EpisodeKind,
        Meta(
            description="oversold: on_hand was below zero; shortage: more was promised and "
            "reserved than there was fit for sale."
        ),
    ]
    began_position: Annotated[
        int | None,
        Meta(
            description="Position of the event with which it began; null where episodes are put "
            "together."
        ),
    ]
    began_at: Annotated[datetime, Meta(description="When the first of them began.")]
    ended_at: Annotated[
        datetime | None, Meta(description="When the last that has ended did; null: none has.")
    ]
    deepest_units: Annotated[int, Meta(description="The most units that were missing at once.")]
    episodes: Annotated[int, Meta(description="How many episodes.")]
    standing: Annotated[int, Meta(description="How many of them stand.")]
    lasted_s: Annotated[
        int, Meta(description="How long those that have ended lasted, in whole seconds.")
    ]


# The last row of each decision counts: what it moves to and fro within was never so.
EPISODES: Final = SqlView(
    "stock_episodes",
    "Every time that a sku at a location was oversold or short: from when to when, and how deep.",
    """
    WITH missing AS (
        SELECT network, sku, location, position, recorded_at, channel, request_id,
            greatest(0, -on_hand) AS oversold,
            CASE WHEN committed + reserved > 0 THEN greatest(0, committed + reserved
                - (on_hand - greatest(0, damaged) - greatest(0, quality_control))) ELSE 0 END
                AS short
        FROM stock_history
    ), decisions AS (
        SELECT *, (channel, request_id) IS DISTINCT FROM
            (lead(channel) OVER own, lead(request_id) OVER own) AS decided
        FROM missing JOIN (
            SELECT DISTINCT network, sku, location FROM missing WHERE oversold > 0 OR short > 0
        ) AS ever USING (network, sku, location)
        WINDOW own AS (PARTITION BY network, sku, location ORDER BY position)
    ), stood AS (
        SELECT network, sku, location, position, recorded_at, kind, units,
            units > 0 AND lag(units, 1, 0::bigint) OVER own = 0 AS begins,
            lead(position) OVER own AS next_position, lead(recorded_at) OVER own AS next_at
        FROM decisions CROSS JOIN LATERAL (
            VALUES ('oversold', oversold), ('shortage', short)
        ) AS depth (kind, units)
        WHERE decided
        WINDOW own AS (PARTITION BY network, sku, location, kind ORDER BY position)
    ), numbered AS (
        SELECT *, sum(begins::int) OVER (
            PARTITION BY network, sku, location, kind ORDER BY position ROWS UNBOUNDED PRECEDING
        ) AS episode
        FROM stood
    )
    SELECT network, sku, location, kind, min(position), min(recorded_at),
        CASE WHEN bool_and(next_position IS NOT NULL) THEN max(next_position) END,
        CASE WHEN bool_and(next_position IS NOT NULL) THEN max(next_at) END, max(units)
    FROM numbered WHERE units > 0 GROUP BY network, sku, location, kind, episode
    """,
    ("stock_history",),
    {
        "network": NETWORK_COMMENT,
        **{column.name: column.comment for column in columns_of(Episode)},
    },
)
SHORTAGES: Final = Report(
    name="shortages",
    title="Oversold and shortage history",
    definition="Every time that a sku at a location was oversold (on_hand below zero) or short "
    "(more promised and reserved than there was fit for sale), as it was known when: from the "
    "recording of the decision that began it to that of the one that ended it, and how deep. A "
    "period bounds when it began.",
    basis="The states `on_hand` and `shortage` of docs/concepts.md, after each decision.",
    row=ShortagesRow,
    views=("stock_history",),
    takes=("from", "to", "by", "kind", "location", "sku"),
    rates={
        "episodes": "count(*)",
        "standing": "count(*) FILTER (WHERE ended_at IS NULL)",
        "lasted_s": "coalesce(floor(extract(epoch FROM sum(ended_at - began_at))), 0)::bigint",
    },
    least=("began_at",),
    greatest=("ended_at", "deepest_units"),
    by={
        "episode": ("sku", "location", "kind", "began_position"),
        "sku": ("sku", "kind"),
        "location": ("location", "kind"),
        "network": ("kind",),
    },
    source="stock_episodes",
    day="(began_at AT TIME ZONE 'UTC')::date",
)
