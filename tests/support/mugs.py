"""A shop that sells mugs: the few requests with which tests of writers get by."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from ledger.domain.requests import OrderLine, PlaceOrder, ReceiptLine, ReceiveStock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATIENCE_S = 30.0


def received(quantity: int, request_id: str = "grn-1") -> ReceiveStock:
    """So many mugs came in."""
    line = ReceiptLine(line_id="1", sku="MUG", quantity=quantity)
    return ReceiveStock(request_id=request_id, occurred_at=NOON, location="dc-1", lines=(line,))


def order(number: int, quantity: int = 1) -> PlaceOrder:
    """An order of mugs: request `w-1` for order `web-1`, and so on."""
    line = OrderLine(line_id="1", sku="MUG", quantity=quantity, how="ship", location="dc-1")
    return PlaceOrder(
        request_id=f"w-{number}", occurred_at=NOON, order_id=f"web-{number}", lines=(line,)
    )


def until(condition: Callable[[], object]) -> None:
    """Wait until it holds; fail after PATIENCE_S."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.005)
