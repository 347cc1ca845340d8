"""Who is one person: the SQL that follows merges, and finds what is the person's.

Each customer has at most one link, so following links ends at a customer without one, or goes
round a circle, whose smallest id then stands for the person.
"""

from typing import Final

from psycopg.sql import SQL

MAX_SHOWN: Final = 1_000
"""Of each list that stands in the answer about a customer."""

# up: the links from the asked id on, each once. round: as many steps as that, so that the last
# is without a link, or within the circle. top: that one, or the whole circle. person: all who
# lead there.
PERSON: Final = SQL("""
    WITH RECURSIVE link AS NOT MATERIALIZED (
        SELECT customer_id, merged_into FROM customer_merges
        WHERE network = %(network)s AND merged_into IS NOT NULL
    ), up (id) AS (
        SELECT %(customer_id)s::text COLLATE "C"
        UNION SELECT link.merged_into FROM up JOIN link ON link.customer_id = up.id
    ), round (id, step) AS (
        SELECT %(customer_id)s::text COLLATE "C", 0
        UNION ALL SELECT link.merged_into, round.step + 1
        FROM round JOIN link ON link.customer_id = round.id
        WHERE round.step < (SELECT count(*) FROM up)
    ), top (id) AS (
        (SELECT id FROM round ORDER BY step DESC LIMIT 1)
        UNION SELECT link.merged_into FROM top JOIN link ON link.customer_id = top.id
    ), person (id) AS (
        SELECT id FROM top
        UNION SELECT link.customer_id FROM person JOIN link ON link.merged_into = person.id
    ), mine AS (
        SELECT false AS claimed, listed.customer_id AS owner, listed.* FROM orders AS listed
        WHERE listed.network = %(network)s
            AND listed.customer_id = ANY(ARRAY(SELECT id FROM person))
        UNION ALL
        SELECT true, claim.customer_id, listed.*
        FROM guest_order_claims AS claim JOIN orders AS listed USING (network, order_id)
        WHERE claim.network = %(network)s AND listed.customer_id IS NULL
            AND claim.customer_id = ANY(ARRAY(SELECT id FROM person))
    )
""")
"""Of the customer `%(customer_id)s`: `top`, `person`, and `mine`, the orders and sales."""
_AMOUNTS: Final = SQL("""
    SELECT jsonb_agg(to_jsonb(amount) ORDER BY amount.currency) FROM (
        SELECT currency, coalesce(sum(bought), 0) AS bought_minor,
            coalesce(sum(returned), 0) AS returned_minor
        FROM (
            SELECT mine.currency, NULL::numeric AS returned, (
                SELECT sum(
                    line.unit_price_minor::numeric * (line.ordered - line.cancelled - line.expired)
                ) FROM order_lines AS line
                WHERE line.order_id = mine.order_id AND line.network = %(network)s
            ) AS bought
            FROM mine
            UNION ALL
            SELECT currency, total_minor, NULL FROM customer_history AS kept
            WHERE kept.network = %(network)s AND kept.kind = 'return'
                AND kept.customer_id = ANY(ARRAY(SELECT id FROM person))
            UNION ALL
            SELECT coalesce(step.currency, mine.currency),
                coalesce(step.total_minor, step.quantity::numeric * line.unit_price_minor), NULL
            FROM mine JOIN order_history AS step
                ON step.network = %(network)s AND step.order_id = mine.order_id
            LEFT JOIN order_lines AS line ON line.network = %(network)s
                AND line.order_id = step.order_id AND line.line_id = step.line_id
            WHERE step.kind = 'return'
        ) AS part WHERE currency IS NOT NULL GROUP BY currency
    ) AS amount
""")
_IDENTITIES: Final = SQL("""
    SELECT jsonb_agg(to_jsonb(known) ORDER BY known.scheme, known.identity) FROM (
        SELECT scheme, identity, customer_id, effective_at FROM customer_identities
        WHERE network = %(network)s AND customer_id = ANY(ARRAY(SELECT id FROM person))
        ORDER BY scheme, identity LIMIT {shown}
    ) AS known
""").format(shown=MAX_SHOWN)
_CONSENTS: Final = SQL("""
    SELECT jsonb_agg(to_jsonb(said) ORDER BY said.purpose) FROM (
        SELECT DISTINCT ON (purpose) purpose, given, customer_id, effective_at
        FROM customer_consents
        WHERE network = %(network)s AND customer_id = ANY(ARRAY(SELECT id FROM person))
        ORDER BY purpose, effective_at DESC, channel DESC, request_id DESC LIMIT {shown}
    ) AS said
""").format(shown=MAX_SHOWN)
_CLAIMS: Final = SQL("""
    SELECT jsonb_agg(to_jsonb(claim) - 'position' ORDER BY claim.position DESC, claim.order_id)
    FROM (
        SELECT order_id, claim.customer_id, claim.effective_at, claim.position, CASE
            WHEN listed.order_id IS NULL THEN 'waits'
            WHEN listed.customer_id IS NULL THEN 'counts'
            WHEN listed.customer_id = ANY(ARRAY(SELECT id FROM person)) THEN 'own'
            ELSE 'of_another' END AS state
        FROM guest_order_claims AS claim LEFT JOIN orders AS listed USING (network, order_id)
        WHERE claim.network = %(network)s
            AND claim.customer_id = ANY(ARRAY(SELECT id FROM person))
        ORDER BY claim.position DESC, order_id LIMIT {shown}
    ) AS claim
""").format(shown=MAX_SHOWN)
WHOLE_PERSON: Final = SQL("""
    ({person}
    SELECT %(customer_id)s::text AS customer_id,
        nullif((SELECT min(id) FROM top), %(customer_id)s) AS merged_into,
        ARRAY(SELECT id FROM person ORDER BY id LIMIT {shown}) AS ids,
        (SELECT count(*) FROM person) AS id_count,
        seen.registered, seen.first_seen, seen.position,
        bought.last_purchase_at, bought.sales, bought.orders,
        seen.returns + step.returns AS returns, seen.contacts + step.contacts AS contacts,
        coalesce(({amounts}), '[]') AS amounts,
        coalesce(({identities}), '[]') AS identities,
        coalesce(({consents}), '[]') AS consents,
        coalesce(({claims}), '[]') AS claimed_orders
    FROM (
        SELECT bool_or(registered) AS registered, min(first_seen) AS first_seen,
            max(position) AS position, sum(returns)::bigint AS returns,
            sum(contacts)::bigint AS contacts
        FROM customers
        WHERE network = %(network)s AND customer_id = ANY(ARRAY(SELECT id FROM person))
    ) AS seen, (
        SELECT max(least(occurred_at, recorded_at)) AS last_purchase_at,
            count(*) FILTER (WHERE kind = 'sale') AS sales,
            count(*) FILTER (WHERE kind = 'order') AS orders
        FROM mine
    ) AS bought, (
        SELECT count(DISTINCT (step.order_id, step.channel, step.request_id))
                FILTER (WHERE step.kind = 'return') AS returns,
            count(*) FILTER (WHERE step.kind = 'contact') AS contacts
        FROM mine JOIN order_history AS step
            ON step.network = %(network)s AND step.order_id = mine.order_id
        WHERE step.kind IN ('return', 'contact')
    ) AS step
    WHERE EXISTS (
        SELECT FROM customers WHERE network = %(network)s AND customer_id = %(customer_id)s
    )) AS customer
""").format(
    person=PERSON,
    shown=MAX_SHOWN,
    amounts=_AMOUNTS,
    identities=_IDENTITIES,
    consents=_CONSENTS,
    claims=_CLAIMS,
)
"""The one row of a Customer, if anything has named this id."""
TIMELINE: Final = SQL("""
    ({person}
    SELECT * FROM (
        SELECT said.customer_id, said.position, said.kind, said.order_id, listed.state,
            false AS claimed, NULL::bigint AS quantity, said.selling_channel, said.location,
            said.currency, coalesce(listed.total_minor, said.total_minor) AS total_minor,
            said.reference, NULL AS shipment_id, NULL AS return_id, NULL AS payment_id,
            said.means, said.direction, said.topic, said.channel, said.request_id,
            said.occurred_at, said.recorded_at, said.effective_at
        FROM unnest(ARRAY(SELECT id FROM person)) AS member (id) CROSS JOIN LATERAL (
            SELECT * FROM customer_history AS kept
            WHERE kept.network = %(network)s AND kept.customer_id = member.id
                AND kept.position < %(before)s
            ORDER BY kept.position DESC LIMIT %(fetched)s
        ) AS said LEFT JOIN orders AS listed ON listed.network = %(network)s
            AND listed.order_id = said.order_id AND said.kind IN ('sale', 'order')
        UNION ALL
        SELECT owner, position, kind, order_id, state, true, NULL, selling_channel, location,
            currency, total_minor, reference, NULL, NULL, NULL, NULL, NULL, NULL, channel,
            request_id, occurred_at, recorded_at, least(occurred_at, recorded_at)
        FROM mine WHERE claimed AND position < %(before)s
        UNION ALL
        SELECT mine.owner, min(step.position), step.kind, step.order_id, step.payment_state,
            mine.claimed, sum(step.quantity)::bigint, NULL, step.location, step.currency,
            step.total_minor, NULL, step.shipment_id, step.return_id, step.payment_id,
            step.means, step.direction, step.topic, step.channel, step.request_id,
            step.occurred_at, step.recorded_at, step.effective_at
        FROM mine JOIN order_history AS step
            ON step.network = %(network)s AND step.order_id = mine.order_id
        GROUP BY mine.owner, mine.claimed, step.kind, step.order_id, step.payment_state,
            step.location, step.currency, step.total_minor, step.shipment_id, step.return_id,
            step.payment_id, step.means, step.direction, step.topic, step.channel,
            step.request_id, step.occurred_at, step.recorded_at, step.effective_at
        HAVING min(step.position) < %(before)s
    ) AS item ORDER BY position DESC LIMIT %(fetched)s) AS item
""").format(person=PERSON)
"""Rows of a HistoryItem: what names the person, orders that they claimed, steps of all orders.

A step that is about several lines of an order is one item, at its first position.
"""
