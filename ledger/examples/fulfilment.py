"""An order is picked, shipped, delivered and collected."""

from typing import Final

from ledger.examples.example import Example

FULFILMENT: Final[tuple[Example, ...]] = (
    {
        "type": "pick_lines",
        "request_id": "dc1-87",
        "occurred_at": "2026-03-01T14:00:00Z",
        "order_id": "web-5001",
        "location": "dc-1",
        "lines": [{"line_id": "1", "quantity": 1}],
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
        "type": "fail_delivery",
        "request_id": "dhl-1",
        "occurred_at": "2026-03-01T15:30:00Z",
        "reason": "was never handed over",
        "order_id": "web-5001",
        "shipment_id": "s-88",
    },
    {
        "type": "void_shipment",
        "request_id": "dc1-89",
        "occurred_at": "2026-03-01T16:00:00Z",
        "order_id": "web-5001",
        "shipment_id": "s-88",
        "location": "dc-1",
        "lines": [{"line_id": "1", "quantity": 1}],
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
        "type": "deliver",
        "request_id": "dhl-2",
        "occurred_at": "2026-03-03T14:10:00+01:00",
        "order_id": "web-5001",
        "shipment_id": "s-90",
        "lines": [{"line_id": "1", "quantity": 1}],
    },
)
