"""One valid example of each request, for the reference docs, the API's document and the tests.

Together they are a few days in a shop: read in order, each makes sense after those before.
"""

from copy import deepcopy
from datetime import datetime
from typing import Final

from ledger.examples.customers import CUSTOMERS
from ledger.examples.described import DESCRIBED
from ledger.examples.example import Example
from ledger.examples.fulfilment import FULFILMENT
from ledger.examples.holds import HOLDS
from ledger.examples.orders import ORDERS
from ledger.examples.returns import RETURNS
from ledger.examples.sales import SALES
from ledger.examples.stock import STOCK
from ledger.examples.supply import SUPPLY
from ledger.examples.transfers import TRANSFERS

__all__ = ["EXAMPLES", "Example", "example_of"]


def _happened(example: Example) -> datetime:
    return datetime.fromisoformat(str(example["occurred_at"]))


EXAMPLES: Final[tuple[Example, ...]] = tuple(
    sorted(
        (
            *(*DESCRIBED, *CUSTOMERS, *SUPPLY, *STOCK, *SALES, *HOLDS, *TRANSFERS),
            *(*ORDERS, *FULFILMENT, *RETURNS),
        ),
        key=_happened,
    )
)
"""In the order in which they happened."""


def example_of(kind: str) -> Example:
    """A copy of the example of a request type, such as `place_order`. KeyError if there is none."""
    return deepcopy({str(example["type"]): example for example in EXAMPLES}[kind])
