"""Amounts as given: no tax, no currency arithmetic."""

from collections.abc import Iterable

from ledger.domain.requests import SoldLine


def total_minor(lines: Iterable[SoldLine]) -> int | None:
    """Sum of unit price times quantity over the priced lines; None where no line has a price."""
    amounts = [
        line.unit_price_minor * line.quantity for line in lines if line.unit_price_minor is not None
    ]
    return sum(amounts) if amounts else None
