"""How often Python looks for garbage in processes that hold a ledger's state."""

from typing import Final

GARBAGE_THRESHOLDS: Final = (50_000, 20, 100)
"""Allocations between collections, for `gc.set_threshold`. Objects here live long and hold no
cycles: with Python's own (700, 10, 10) a good part of the time goes into searching them."""
