"""Stock goes from one location to another."""

from typing import Final

from ledger.examples.example import Example

TRANSFERS: Final[tuple[Example, ...]] = (
    {
        "type": "request_transfer",
        "request_id": "t-1",
        "occurred_at": "2026-03-01T09:00:00Z",
        "transfer_id": "tr-1",
        "from": "dc-1",
        "to": "store-7",
        "lines": [{"line_id": "1", "sku": "MUG-RED", "quantity": 10}],
    },
    {
        "type": "ship_transfer",
        "request_id": "t-2",
        "occurred_at": "2026-03-01T12:00:00Z",
        "transfer_id": "tr-1",
        "lines": [{"line_id": "1", "quantity": 10}],
    },
    {
        "type": "cancel_transfer",
        "request_id": "t-5",
        "occurred_at": "2026-03-01T13:00:00Z",
        "reason": "the store is full",
        "transfer_id": "tr-1",
    },
    {
        "type": "receive_transfer",
        "request_id": "t-3",
        "occurred_at": "2026-03-02T09:00:00Z",
        "transfer_id": "tr-1",
        "lines": [{"line_id": "1", "accepted": 7, "damaged": 2, "missing": 1}],
    },
    {
        "type": "close_transfer",
        "request_id": "t-4",
        "occurred_at": "2026-03-02T18:00:00Z",
        "transfer_id": "tr-1",
    },
)
