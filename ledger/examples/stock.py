"""Goods come in, are corrected, moved and counted."""

from typing import Final

from ledger.examples.example import Example

STOCK: Final[tuple[Example, ...]] = (
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
        "type": "count_stock",
        "request_id": "cnt-9",
        "occurred_at": "2026-03-02T07:00:00+01:00",
        "location": "store-7",
        "scope": "named",
        "lines": [{"sku": "MUG-RED", "quantity": 11}],
    },
)
