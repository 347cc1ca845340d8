"""What describes products, locations, channels and customers must make sense."""

import pytest
from at_the_door import Row, changed, check_row

PRODUCT, LOCATION = "describe_product", "describe_location"
IDENTITY, MERGE, CLAIM, CONTACT = (
    "link_identity",
    "merge_customers",
    "claim_guest_orders",
    "record_contact",
)
ROWS: dict[str, Row] = {
    "a list price below nothing": (
        changed("describe_product", prices=[{"price_minor": -1, "currency": "EUR"}]),
        "prices[0].price_minor",
        "from 0",
    ),
    "a GTIN of nine digits": (changed("describe_product", gtin="123456789"), "gtin", "GS1"),
    "a GTIN misread": (changed("describe_product", gtin="4006381333932"), "gtin", "check digit"),
    "a GTIN in other digits": (changed("describe_product", gtin="٤٠٠٦٣٨١٣"), "gtin", "digits"),
    "a time zone of nowhere": (
        changed("describe_location", time_zone="Europe/Atlantis"),
        "time_zone",
        "IANA",
    ),
    "a time zone as a path": (
        changed("describe_location", time_zone="../../etc/passwd"),
        "time_zone",
        "IANA",
    ),
    "a location beyond the pole": (
        changed("describe_location", latitude_udeg=90_000_001),
        "latitude_udeg",
        "90,000,000",
    ),
    "a location beyond the date line": (
        changed("describe_location", longitude_udeg=-180_000_001),
        "longitude_udeg",
        "180,000,000",
    ),
    "a latitude alone": (
        changed("describe_location", longitude_udeg=None),
        "longitude_udeg",
        "both",
    ),
    "a capacity below nothing": (
        changed("describe_location", daily_capacity=-1),
        "daily_capacity",
        "from 0",
    ),
    "too many attributes": (
        changed("describe_product", attributes={str(n): "x" for n in range(201)}),
        "attributes",
        "at most 200",
    ),
    "an attribute without a name": (
        changed("describe_product", attributes={"": "x"}),
        "attributes",
        "under a name",
    ),
    "a long attribute": (
        changed("describe_product", attributes={"a": "x" * 1_001}),
        "attributes",
        "1,000",
    ),
    "an attribute that is no text": (
        changed("describe_product", attributes={"a": 1}),
        "attributes[...]",
        "a text",
    ),
    "two prices for one channel": (
        changed("describe_product", prices=[{"price_minor": 1, "currency": "EUR"}] * 2),
        "prices[1].currency",
        "twice",
    ),
    "a location that serves twice": (
        changed("describe_channel", locations=["a", "a"]),
        "locations",
        "different",
    ),
    "a handling cost below nothing": (
        changed(LOCATION, handling_cost_minor=-1),
        "handling_cost_minor",
        "from 0",
    ),
    "a customer merged with themselves": (changed(MERGE, into="c-2"), "into", "two customers"),
    "a customer merged with nobody": (changed(MERGE, into=" "), "into", "space"),
    "an identity of no scheme": (changed(IDENTITY, scheme=""), "scheme", "1 to 128"),
    "an identity of no name": (changed(IDENTITY, identity=""), "identity", "1 to 128"),
    "a long identity": (changed(IDENTITY, identity="x" * 129), "identity", "1 to 128"),
    "no guest orders": (changed(CLAIM, order_ids=[]), "order_ids", "at least one"),
    "a guest order twice": (changed(CLAIM, order_ids=["o-1", "o-1"]), "order_ids", "different"),
    "a guest order of no name": (changed(CLAIM, order_ids=["o-1", ""]), "order_ids", "1 to 128"),
    "a guest's sale without its request": (
        changed(CLAIM, order_ids=["sale:till3"]),
        "order_ids",
        "sale:{channel}",
    ),
    "a guest's sale of a bad channel": (
        changed(CLAIM, order_ids=["sale:Till:1"]),
        "order_ids",
        "sale:{channel}",
    ),
    "a guest's sale of the reserved channel": (
        changed(CLAIM, order_ids=["sale:onebook:1"]),
        "order_ids",
        "sale:",
    ),
    "guest orders as a text": (changed(CLAIM, order_ids="o-1"), "order_ids", "a list"),
    "a contact about nothing": (
        changed(CONTACT, customer_id=None, order_id=None),
        "customer_id",
        "or both",
    ),
    "a contact about half a sale": (
        changed(CONTACT, order_id="sale:"),
        "order_id",
        "sale:{channel}",
    ),
    "a contact by pigeon": (changed(CONTACT, means="pigeon"), "means", "unknown value"),
    "a contact by no means": (changed(CONTACT, means=None), "means", "missing"),
    "a contact in circles": (changed(CONTACT, direction="around"), "direction", "unknown value"),
    "a contact about spaces": (changed(CONTACT, topic="  "), "topic", "not only spaces"),
    "consent to nothing": (changed("give_consent", purpose=""), "purpose", "1 to 128"),
    "consent withdrawn from nothing": (
        changed("withdraw_consent", purpose=None),
        "purpose",
        "missing",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_described_makes_sense(name: str) -> None:
    check_row(ROWS[name])
