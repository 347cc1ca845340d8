"""A cart holds a mug, and lets it go."""

from typing import Final

from ledger.examples.example import Example

HOLDS: Final[tuple[Example, ...]] = (
    {
        "type": "place_hold",
        "request_id": "h-1",
        "occurred_at": "2026-03-01T09:00:00Z",
        "owner": "cart-1",
        "location": "store-7",
        "expires_at": "2026-03-01T09:15:00Z",
        "lines": [{"line_id": "1", "sku": "MUG-RED", "quantity": 1}],
    },
    {
        "type": "extend_hold",
        "request_id": "h-2",
        "occurred_at": "2026-03-01T09:10:00Z",
        "owner": "cart-1",
        "expires_at": "2026-03-01T09:30:00Z",
        "line_ids": ["1"],
    },
    {
        "type": "release_hold",
        "request_id": "h-3",
        "occurred_at": "2026-03-01T09:20:00Z",
        "owner": "cart-1",
        "lines": [{"line_id": "1", "quantity": 1}],
    },
)
