"""One valid example of each request, for the reference docs, the API's document and the tests.

Together they are a short day in a shop: read in order, each makes sense after those before.
"""

from copy import deepcopy
from typing import Final

Example = dict[str, object]

EXAMPLES: Final[tuple[Example, ...]] = (
    {
        "type": "describe_product",
        "request_id": "p-1",
        "occurred_at": "2026-01-01T08:00:00Z",
        "sku": "MUG-RED",
        "title": "Mug, red",
        "attributes": {"colour": "red", "volume": "300 ml"},
        "gtin": "4006381333931",
        "prices": [
            {"price_minor": 990, "currency": "EUR"},
            {"price_minor": 1190, "currency": "EUR", "channel": "marketplace"},
        ],
    },
    {
        "type": "describe_location",
        "request_id": "loc-7",
        "occurred_at": "2026-01-01T08:00:00Z",
        "location": "store-7",
        "kind": "store",
        "active": True,
        "time_zone": "Europe/Berlin",
        "ships": True,
        "pickup": True,
        "latitude_udeg": 52520008,
        "longitude_udeg": 13404954,
        "handling_cost_minor": 120,
        "daily_capacity": 60,
    },
    {
        "type": "describe_channel",
        "request_id": "ch-1",
        "occurred_at": "2026-01-01T08:00:00Z",
        "channel": "web",
        "kind": "web",
        "locations": ["dc-1", "store-7"],
    },
    {
        "type": "register_customer",
        "request_id": "crm-1",
        "occurred_at": "2026-02-01T10:00:00Z",
        "customer_id": "c-1",
    },
    {
        "type": "set_safety_stock",
        "request_id": "plan-3",
        "occurred_at": "2026-02-28T18:00:00+01:00",
        "location": "store-7",
        "lines": [{"sku": "MUG-RED", "quantity": 2}],
    },
    {
        "type": "receive_stock",
        "request_id": "grn-77",
        "occurred_at": "2026-03-01T08:00:00+01:00",
        "location": "dc-1",
        "supply_id": "po-12",
        "currency": "EUR",
        "lines": [{"line_id": "1", "sku": "MUG-RED", "quantity": 40, "unit_cost_minor": 310}],
    },
    {
        "type": "adjust_stock",
        "request_id": "adj-5",
        "occurred_at": "2026-03-01T08:30:00+01:00",
        "reason": "damage",
        "actor": "cashier-3",
        "location": "dc-1",
        "lines": [{"line_id": "1", "sku": "MUG-RED", "quantity": -3}],
    },
    {
        "type": "move_stock",
        "request_id": "mv-2",
        "occurred_at": "2026-03-01T09:00:00+01:00",
        "location": "dc-1",
        "lines": [
            {
                "line_id": "1",
                "sku": "MUG-RED",
                "quantity": 1,
                "from": "available",
                "to": "quality_control",
            }
        ],
    },
    {
        "type": "record_sale",
        "request_id": "till3-000981",
        "occurred_at": "2026-03-01T10:12:05+01:00",
        "location": "store-7",
        "customer_id": "c-1",
        "currency": "EUR",
        "tender": "card",
        "lines": [
            {"line_id": "1", "sku": "MUG-RED", "quantity": 2, "unit_price_minor": 990},
            {
                "line_id": "2",
                "kind": "service",
                "sku": "GIFT-WRAP",
                "quantity": 1,
                "unit_price_minor": 150,
            },
        ],
    },
    {
        "type": "place_order",
        "request_id": "w-5001",
        "occurred_at": "2026-03-01T11:00:00Z",
        "order_id": "web-5001",
        "customer_id": "c-1",
        "currency": "EUR",
        "ship_to": {
            "region": "DE-BE",
            "latitude_udeg": 52520008,
            "longitude_udeg": 13404954,
        },
        "lines": [
            {
                "line_id": "1",
                "sku": "MUG-RED",
                "quantity": 1,
                "unit_price_minor": 990,
                "how": "ship",
                "location": "dc-1",
            },
            {
                "line_id": "2",
                "sku": "MUG-BLUE",
                "quantity": 1,
                "unit_price_minor": 990,
                "how": "pickup",
                "location": "store-7",
            },
        ],
    },
    {
        "type": "record_payment",
        "request_id": "psp-4",
        "occurred_at": "2026-03-01T11:00:05Z",
        "payment_id": "pay-4",
        "order_id": "web-5001",
        "state": "captured",
        "amount_minor": 1980,
        "currency": "EUR",
    },
    {
        "type": "ship_lines",
        "request_id": "dc1-88",
        "occurred_at": "2026-03-01T15:00:00Z",
        "order_id": "web-5001",
        "shipment_id": "s-88",
        "location": "dc-1",
        "carrier": "dhl",
        "tracking_number": "JD01",
        "lines": [{"line_id": "1", "quantity": 1}],
    },
    {
        "type": "ready_for_pickup",
        "request_id": "st7-40",
        "occurred_at": "2026-03-01T16:00:00+01:00",
        "order_id": "web-5001",
        "location": "store-7",
        "until": "2026-03-08T20:00:00+01:00",
        "lines": [{"line_id": "2", "quantity": 1}],
    },
    {
        "type": "count_stock",
        "request_id": "cnt-9",
        "occurred_at": "2026-03-02T07:00:00+01:00",
        "location": "store-7",
        "scope": "named",
        "lines": [{"sku": "MUG-RED", "quantity": 11}],
    },
    {
        "type": "collect_lines",
        "request_id": "st7-41",
        "occurred_at": "2026-03-02T12:00:00+01:00",
        "order_id": "web-5001",
        "location": "store-7",
        "lines": [{"line_id": "2", "quantity": 1}],
    },
    {
        "type": "record_return",
        "request_id": "till3-000990",
        "occurred_at": "2026-03-03T09:30:00+01:00",
        "location": "store-7",
        "sale": {"channel": "till3", "request_id": "till3-000981"},
        "currency": "EUR",
        "lines": [
            {
                "line_id": "1",
                "sku": "MUG-RED",
                "quantity": 1,
                "unit_price_minor": 990,
                "state": "available",
            }
        ],
    },
    {
        "type": "void_sale",
        "request_id": "till3-000991",
        "occurred_at": "2026-03-03T09:35:00+01:00",
        "reason": "rung up twice",
        "sale": {"channel": "till3", "request_id": "till3-000981"},
        "lines": [{"line_id": "1", "quantity": 1}],
    },
    {
        "type": "cancel_order",
        "request_id": "w-5002",
        "occurred_at": "2026-03-03T10:00:00Z",
        "reason": "customer changed their mind",
        "order_id": "web-5001",
    },
)


def example_of(kind: str) -> Example:
    """A copy of the example of a request type, such as `place_order`. KeyError if there is none."""
    return deepcopy({str(example["type"]): example for example in EXAMPLES}[kind])
