"""Products, locations, channels and policy are described."""

from typing import Final

from ledger.examples.example import Example

DESCRIBED: Final[tuple[Example, ...]] = (
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
        "type": "set_safety_stock",
        "request_id": "plan-3",
        "occurred_at": "2026-02-28T18:00:00+01:00",
        "location": "store-7",
        "lines": [{"sku": "MUG-RED", "quantity": 2}],
    },
    {
        "type": "set_channel_buffer",
        "request_id": "plan-4",
        "occurred_at": "2026-02-28T18:05:00+01:00",
        "channel": "marketplace",
        "lines": [{"sku": "MUG-RED", "quantity": 3, "cap": 20}],
    },
)
