"""Goods are announced, handed in, inspected and exchanged."""

from typing import Final

from ledger.examples.example import Example

RETURNS: Final[tuple[Example, ...]] = (
    {
        "type": "authorise_return",
        "request_id": "rma-1",
        "occurred_at": "2026-03-02T15:00:00Z",
        "return_id": "ret-1",
        "order_id": "web-5001",
        "lines": [{"line_id": "2", "quantity": 1, "reason": "a chip at the rim"}],
    },
    {
        "type": "exchange",
        "request_id": "rma-2",
        "occurred_at": "2026-03-02T16:00:00Z",
        "return_id": "ret-2",
        "of_sale": {"channel": "till3", "request_id": "till3-000981"},
        "returned": [{"line_id": "1", "quantity": 1}],
        "order_id": "web-5002",
        "customer_id": "c-1",
        "currency": "EUR",
        "lines": [
            {
                "line_id": "1",
                "sku": "MUG-BLUE",
                "quantity": 1,
                "unit_price_minor": 990,
                "how": "pickup",
                "location": "store-7",
            }
        ],
    },
    {
        "type": "receive_return",
        "request_id": "st7-52",
        "occurred_at": "2026-03-04T10:00:00+01:00",
        "return_id": "ret-1",
        "location": "store-7",
        "lines": [
            {"line_id": "2", "sku": "MUG-BLUE", "quantity": 1, "disposition": "quality_control"}
        ],
    },
    {
        "type": "inspect_return",
        "request_id": "st7-53",
        "occurred_at": "2026-03-04T11:00:00+01:00",
        "return_id": "ret-1",
        "location": "store-7",
        "lines": [
            {
                "line_id": "2",
                "sku": "MUG-BLUE",
                "quantity": 1,
                "from": "quality_control",
                "to": "restock",
            }
        ],
    },
)
