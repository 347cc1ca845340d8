"""Goods are expected from outside."""

from typing import Final

from ledger.examples.example import Example

SUPPLY: Final[tuple[Example, ...]] = (
    {
        "type": "expect_supply",
        "request_id": "po-12-1",
        "occurred_at": "2026-02-20T09:00:00+01:00",
        "supply_id": "po-12",
        "location": "dc-1",
        "due": "2026-02-27",
        "currency": "EUR",
        "lines": [
            {"line_id": "1", "sku": "MUG-RED", "quantity": 40, "unit_cost_minor": 310},
            {"line_id": "2", "sku": "MUG-BLUE", "quantity": 20, "unit_cost_minor": 310},
        ],
    },
    {
        "type": "reschedule_supply",
        "request_id": "po-12-2",
        "occurred_at": "2026-02-26T16:00:00+01:00",
        "reason": "late at the port",
        "supply_id": "po-12",
        "due": "2026-03-01",
    },
    {
        "type": "cancel_supply",
        "request_id": "po-12-3",
        "occurred_at": "2026-03-05T09:00:00+01:00",
        "reason": "no longer made",
        "supply_id": "po-12",
        "line_ids": ["2"],
    },
)
