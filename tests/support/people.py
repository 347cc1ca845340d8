"""Facts about customers as a test says them: `merged("c-2", "c-1")`, `claimed("c-1", "A")`."""

from typing import Any

from asks import Ask, ask

from ledger.domain.requests import (
    ClaimGuestOrders,
    GiveConsent,
    LinkIdentity,
    MergeCustomers,
    RecordContact,
    UnmergeCustomers,
    WithdrawConsent,
)


def linked(customer_id: str, identity: str, scheme: str = "loyalty", **more: Any) -> Ask:
    said = {"customer_id": customer_id, "scheme": scheme, "identity": identity}
    return _ask(LinkIdentity, said, more)


def merged(customer_id: str, into: str, **more: Any) -> Ask:
    return _ask(MergeCustomers, {"customer_id": customer_id, "into": into}, more)


def unmerged(customer_id: str, **more: Any) -> Ask:
    return _ask(UnmergeCustomers, {"customer_id": customer_id}, more)


def claimed(customer_id: str, *order_ids: str, **more: Any) -> Ask:
    """Guest orders; a sale is `sale:till:{name}`."""
    return _ask(ClaimGuestOrders, {"customer_id": customer_id, "order_ids": order_ids}, more)


def contact(means: str = "whatsapp", **more: Any) -> Ask:
    """`customer_id`, `order_id` or both say about whom and what."""
    return _ask(RecordContact, {"means": means}, more)


def agreed(customer_id: str, purpose: str = "newsletter", **more: Any) -> Ask:
    return _ask(GiveConsent, {"customer_id": customer_id, "purpose": purpose}, more)


def withdrew(customer_id: str, purpose: str = "newsletter", **more: Any) -> Ask:
    return _ask(WithdrawConsent, {"customer_id": customer_id, "purpose": purpose}, more)


def _ask(request_type: Any, fields: dict[str, Any], more: dict[str, Any]) -> Ask:
    """Sent by the crm, unless `channel` says other."""
    return ask(request_type, fields, {"channel": "crm"} | more)
