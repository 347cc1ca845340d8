"""What customers are worth: all that each person bought and brought back."""

# ruff: noqa: S608 - queries are put together from our own text only

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from ledger.domain.words import Currency
from projections.customers.customers import VIEWS
from projections.reports.report import Report, commented
from projections.sql_views import SqlView


class CustomerValueRow(Struct, frozen=True, gc=False):
    """What one person bought and brought back, in one currency."""

    customer_id: Annotated[
        str | None,
        Meta(
            description="The id that stands for the person; null where all persons are put "
            "together."
        ),
    ]
    currency: Annotated[
        Currency | None, Meta(description="ISO 4217 code of the amounts; null: nothing has one.")
    ]
    ids: Annotated[int, Meta(description="How many customer ids are this person, or persons.")]
    purchases: Annotated[
        int,
        Meta(description="Sales and orders in this currency, those wholly cancelled not counted."),
    ]
    first_purchase_at: Annotated[
        datetime | None, Meta(description="When the first of them took effect.")
    ]
    last_purchase_at: Annotated[
        datetime | None, Meta(description="When the latest of them took effect.")
    ]
    bought_minor: Annotated[
        int,
        Meta(
            description="Sales and orders at their prices, services included, less what was "
            "cancelled or not collected in time, in minor units of `currency`.",
            extra={"sql": "numeric"},
        ),
    ]
    returned_minor: Annotated[
        int,
        Meta(
            description="Returns at their prices, authorised ones at their order's, in minor "
            "units of `currency`.",
            extra={"sql": "numeric"},
        ),
    ]
    value_minor: Annotated[int, Meta(description="Bought less returned.", extra={"sql": "numeric"})]


# reached: where links lead, each place once, so that a circle ends. A person is who they lead to
# that has no link itself, or the smallest id of the circle.
_PERSONS: Final = """
    link AS (
        SELECT network, customer_id, merged_into FROM customer_merges
        WHERE merged_into IS NOT NULL
    ), reached AS (
        SELECT network, customer_id, merged_into AS place FROM link
        UNION
        SELECT reached.network, reached.customer_id, link.merged_into
        FROM reached JOIN link
            ON link.network = reached.network AND link.customer_id = reached.place
    ), circles AS (
        SELECT network, place FROM reached WHERE customer_id = place
    ), ends AS (
        SELECT reached.network, reached.customer_id, coalesce(
            min(reached.place) FILTER (WHERE link.customer_id IS NULL),
            min(reached.place) FILTER (WHERE circles.place IS NOT NULL)
        ) AS person
        FROM reached
            LEFT JOIN link ON link.network = reached.network AND link.customer_id = reached.place
            LEFT JOIN circles ON circles.network = reached.network
                AND circles.place = reached.place
        GROUP BY reached.network, reached.customer_id
    ), persons AS MATERIALIZED (
        SELECT known.network, known.customer_id, coalesce(ends.person, known.customer_id) AS person
        FROM customers AS known LEFT JOIN ends USING (network, customer_id)
    )
"""
# A guest's order that was claimed is the claimer's; returns as in a customer's own page.
_PARTS: Final = """
    mine AS MATERIALIZED (
        SELECT network, customer_id AS owner, order_id, currency,
            least(occurred_at, recorded_at) AS at
        FROM orders WHERE customer_id IS NOT NULL
        UNION ALL
        SELECT listed.network, claim.customer_id, listed.order_id, listed.currency,
            least(listed.occurred_at, listed.recorded_at)
        FROM guest_order_claims AS claim JOIN orders AS listed USING (network, order_id)
        WHERE listed.customer_id IS NULL
    ), bought AS (
        SELECT mine.network, mine.owner, mine.order_id, mine.currency, mine.at,
            sum(line.unit_price_minor::numeric * (line.ordered - line.cancelled - line.expired))
                AS minor,
            sum(line.ordered - line.cancelled - line.expired) AS units
        FROM mine JOIN order_lines AS line USING (network, order_id)
        GROUP BY mine.network, mine.owner, mine.order_id, mine.currency, mine.at
    ), part AS (
        SELECT network, owner, currency, minor AS bought, 0::numeric AS returned, at
        FROM bought WHERE units > 0
        UNION ALL
        SELECT network, customer_id, currency, 0, total_minor, NULL
        FROM customer_history WHERE kind = 'return' AND total_minor IS NOT NULL
        UNION ALL
        SELECT step.network, mine.owner, coalesce(step.currency, mine.currency), 0,
            coalesce(step.total_minor, step.quantity::numeric * line.unit_price_minor), NULL
        FROM order_history AS step JOIN mine USING (network, order_id)
            LEFT JOIN order_lines AS line ON line.network = step.network
                AND line.order_id = step.order_id AND line.line_id = step.line_id
        WHERE step.kind = 'return'
    )
"""
CUSTOMER_VALUE: Final = SqlView(
    "customer_value",
    "What each person, under all their ids, bought and brought back, by currency.",
    f"""
    WITH RECURSIVE {_PERSONS}, {_PARTS}, sizes AS (
        SELECT network, person, count(*) AS ids FROM persons GROUP BY network, person
    )
    SELECT person.network, person.person, part.currency, sizes.ids, count(part.at), min(part.at),
        max(part.at), coalesce(sum(part.bought), 0), coalesce(sum(part.returned), 0),
        coalesce(sum(part.bought), 0) - coalesce(sum(part.returned), 0)
    FROM part JOIN persons AS person
            ON person.network = part.network AND person.customer_id = part.owner
        JOIN sizes ON sizes.network = person.network AND sizes.person = person.person
    GROUP BY person.network, person.person, part.currency, sizes.ids
    """,
    (
        "customers", "customer_merges", "guest_order_claims", "customer_history", "orders",
        "order_lines", "order_history",
    ),
    commented(CustomerValueRow),
)  # fmt: skip
CUSTOMERS: Final = Report(
    name="customer-value",
    title="Customer lifetime value",
    definition="What each person has bought to date less what they brought back, under all the "
    "ids that are merged into one person, with the guest orders that they claimed. Each currency "
    "by itself; nothing is forecast, and no margin is taken.",
    basis="Historic customer lifetime value by revenue: the sum of a customer's purchases, net of "
    "returns.",
    row=CustomerValueRow,
    views=VIEWS,
    takes=("by", "customer", "currency"),
    sums=("ids", "purchases", "bought_minor", "returned_minor", "value_minor"),
    least=("first_purchase_at",),
    greatest=("last_purchase_at",),
    by={"person": ("customer_id",), "network": ()},
    always=("currency",),
    source="customer_value",
)
