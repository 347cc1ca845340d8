"""An order is placed, changed, paid and cancelled."""

from typing import Final

from ledger.examples.example import Example

ORDERS: Final[tuple[Example, ...]] = (
    {
        "type": "place_order",
        "request_id": "w-5001",
        "occurred_at": "2026-03-01T11:00:00Z",
        "order_id": "web-5001",
        "customer_id": "c-1",
        "currency": "EUR",
        "ship_to": {"region": "DE-BE", "latitude_udeg": 52520008, "longitude_udeg": 13404954},
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
        "type": "change_order",
        "request_id": "w-5003",
        "occurred_at": "2026-03-01T11:20:00Z",
        "order_id": "web-5001",
        "add": [
            {
                "line_id": "3",
                "sku": "MUG-RED",
                "quantity": 2,
                "unit_price_minor": 990,
                "how": "ship",
                "location": "dc-1",
            }
        ],
    },
    {
        "type": "reassign_line",
        "request_id": "w-5004",
        "occurred_at": "2026-03-01T11:40:00Z",
        "reason": "nearer to the customer",
        "order_id": "web-5001",
        "location": "store-7",
        "lines": [{"line_id": "3", "quantity": 1}],
    },
    {
        "type": "decline_line",
        "request_id": "st7-38",
        "occurred_at": "2026-03-01T13:30:00+01:00",
        "order_id": "web-5001",
        "location": "store-7",
        "cause": "not_found",
        "lines": [{"line_id": "3", "quantity": 1}],
    },
    {
        "type": "cancel_order",
        "request_id": "w-5002",
        "occurred_at": "2026-03-03T10:00:00Z",
        "reason": "customer changed their mind",
        "order_id": "web-5001",
    },
)
