"""What moved, and why: movements by type and reason."""

# ruff: noqa: S608 - queries are put together from our own text only

from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

from ledger.domain.words import Location, Sku
from projections.reports.report import Report, commented
from projections.reports.selling import ZONES, local_day
from projections.sql_views import SqlView


class MovementsRow(Struct, frozen=True, gc=False):
    """What moved of one kind, for one reason."""

    day: Annotated[
        date | None,
        Meta(
            description="The day on which it took effect, in the time zone of the location (UTC "
            "where none is described); null where all are put together."
        ),
    ]
    location: Annotated[
        Location | None, Meta(description="Where it moved; null where all are put together.")
    ]
    sku: Annotated[Sku | None, Meta(description="The goods; null where all are put together.")]
    type: Annotated[str, Meta(description="The event's type, such as stock_sold.")]
    reason: Annotated[
        str | None, Meta(description="Why stock was adjusted, or returned goods left the books.")
    ]
    movements: Annotated[int, Meta(description="How many movements.")]
    came_units: Annotated[int, Meta(description="Units by which on_hand rose.")]
    went_units: Annotated[int, Meta(description="Units by which on_hand fell.")]
    net_units: Annotated[int, Meta(description="The change of on_hand: came less went.")]
    damaged_units: Annotated[int, Meta(description="The change of damaged.")]
    quality_control_units: Annotated[int, Meta(description="The change of quality_control.")]


MOVEMENTS_BY_DAY: Final = SqlView(
    "movements_by_day",
    "What moved by day, location, sku, type and reason: the sums of the stock card.",
    f"""
    WITH {ZONES}
    SELECT card.network, {local_day("card.effective_at")} AS day, card.location, card.sku,
        card.type, card.reason, count(*),
        coalesce(sum(card.quantity) FILTER (WHERE card.quantity > 0), 0)::bigint,
        coalesce(-sum(card.quantity) FILTER (WHERE card.quantity < 0), 0)::bigint,
        sum(card.quantity)::bigint, sum(card.damaged)::bigint, sum(card.quality_control)::bigint
    FROM movements AS card
        LEFT JOIN zones ON zones.network = card.network AND zones.location = card.location
    GROUP BY card.network, day, card.location, card.sku, card.type, card.reason
    """,
    ("movements", "locations"),
    commented(MovementsRow),
)
MOVEMENTS: Final = Report(
    name="movements",
    title="Movements by reason",
    definition="The changes of what is there in a period, by the type of event and, where stock "
    "was adjusted or returned goods left the books, the reason that was given.",
    basis="The stock card itself: its net change over all time is on_hand.",
    row=MovementsRow,
    views=("stock_history", "locations"),
    takes=("from", "to", "by", "location", "sku"),
    sums=(
        "movements", "came_units", "went_units", "net_units", "damaged_units",
        "quality_control_units",
    ),
    by={
        "reason": (),
        "location": ("location",),
        "sku": ("sku",),
        "day": ("day",),
        "item": ("day", "location", "sku"),
    },
    always=("type", "reason"),
    source="movements_by_day",
    day="day",
)  # fmt: skip
