"""A customer leaves with goods, and brings some back."""

from typing import Final

from ledger.examples.example import Example

SALES: Final[tuple[Example, ...]] = (
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
)
