"""A customer is known by several names, asks, and agrees."""

from typing import Final

from ledger.examples.example import Example

CUSTOMERS: Final[tuple[Example, ...]] = (
    {
        "type": "register_customer",
        "request_id": "crm-1",
        "occurred_at": "2026-02-01T10:00:00Z",
        "customer_id": "c-1",
    },
    {
        "type": "link_identity",
        "request_id": "crm-2",
        "occurred_at": "2026-02-01T10:01:00Z",
        "customer_id": "c-1",
        "scheme": "loyalty",
        "identity": "4711-0815",
    },
    {
        "type": "give_consent",
        "request_id": "crm-3",
        "occurred_at": "2026-02-01T10:02:00Z",
        "customer_id": "c-1",
        "purpose": "newsletter",
    },
    {
        "type": "record_contact",
        "request_id": "wa-1",
        "occurred_at": "2026-03-02T08:15:00Z",
        "means": "whatsapp",
        "direction": "inbound",
        "customer_id": "c-1",
        "order_id": "web-5001",
        "topic": "where is my parcel",
    },
    {
        "type": "claim_guest_orders",
        "request_id": "crm-4",
        "occurred_at": "2026-03-04T10:00:00Z",
        "customer_id": "c-2",
        "order_ids": ["web-4999", "sale:till3:till3-000975"],
    },
    {
        "type": "merge_customers",
        "request_id": "crm-5",
        "occurred_at": "2026-03-04T10:05:00Z",
        "reason": "one person with two accounts",
        "customer_id": "c-2",
        "into": "c-1",
    },
    {
        "type": "unmerge_customers",
        "request_id": "crm-6",
        "occurred_at": "2026-03-05T09:00:00Z",
        "reason": "father and son",
        "customer_id": "c-2",
    },
    {
        "type": "withdraw_consent",
        "request_id": "crm-7",
        "occurred_at": "2026-03-05T10:00:00Z",
        "customer_id": "c-1",
        "purpose": "newsletter",
    },
)
