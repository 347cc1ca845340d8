"""Facts that waited for an order or a sale take effect when it appears.

1. A handler meets an order, sale or line that is not known: `fulfilment.wait`.
2. It emits `exception_raised(unlinked)`, which keeps the fact; `evolve` notes it as waiting.
3. `place_order` and `record_sale` make the subject known, and call `join`.
4. `join` resolves each exception and calls the fact's own handler again, at the fact's own time.
5. What still finds no line waits again, with its first sender and time (`Draft.joining`).
"""

from ledger.domain.draft import Draft
from ledger.domain.fulfilment import collect_lines, ready_for_pickup, ship_lines
from ledger.domain.requests import (
    CollectLines,
    Fact,
    ReadyForPickup,
    RecordReturn,
    RecordSale,
    ShipLines,
    VoidSale,
)
from ledger.domain.sales import join_fulfilment, link_return, void_sale
from ledger.domain.state import Waiting


def join(draft: Draft, order_id: str) -> None:
    """Let every fact that waits for this order or sale take effect, in order of arrival."""
    for waiting in draft.state.waiting.get(order_id, ()):
        draft.joined(order_id, waiting)
        draft.joining = waiting
        _take_effect(draft, order_id, waiting)
        draft.joining = None


def _take_effect(draft: Draft, order_id: str, waiting: Waiting) -> None:
    fact: Fact = waiting.fact
    match fact:
        case ShipLines():
            ship_lines(draft, fact, waiting.effective_at)
        case CollectLines():
            collect_lines(draft, fact, waiting.effective_at)
        case ReadyForPickup():
            ready_for_pickup(draft, fact)
        case RecordSale():
            join_fulfilment(draft, fact, waiting.channel)
        case RecordReturn():
            link_return(draft, fact, order_id)
        case VoidSale():
            void_sale(draft, fact)
        case _:
            """A payment was recorded when it came; nothing is left to do."""
