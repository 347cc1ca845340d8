"""What the books say, whichever way it got there: read from views, and compared line by line."""

from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.independent_sums import Sums, sums_of_file, sums_of_views

MAX_SHOWN = 5

SAME_IN_ANY_ORDER = {
    "inventory": "location, sku, on_hand, damaged, quality_control, available, shortage",
    "orders": "order_id, state, selling_channel, customer_id, total_minor, location, occurred_at",
    "order_lines": "order_id, line_id, number, sku, kind, ordered, collected, returned, "
    "unit_price_minor",
    "customers": "customer_id, first_seen, last_purchase_at, sales, returns",
    "customer_history": "customer_id, kind, order_id, request_id, total_minor, effective_at",
    "products": "sku, title",
}
"""What the order of arrival does not change: columns by table."""

Books = dict[str, list[tuple[Any, ...]]]


def differences(said: Sums, kept: Sums) -> dict[str, list[str]]:
    """By what is compared: a sentence for each key of it that differs."""
    found: dict[str, list[str]] = {}
    for name in (field.name for field in fields(Sums)):
        file, views = getattr(said, name), getattr(kept, name)
        found[name] = [
            f"{key}: the file says {file.get(key)}, the views {views.get(key)}"
            for key in sorted(file.keys() | views.keys())
            if file.get(key) != views.get(key)
        ]
    return found


def books_of(database_url: str, network: str = "main") -> Books:
    """All that does not depend on the order of arrival, sorted."""
    with psycopg.connect(database_url) as conn:
        return {
            name: conn.execute(
                f"SELECT {columns} FROM {name} WHERE network = %s ORDER BY {columns}",
                [network],
            ).fetchall()
            for name, columns in SAME_IN_ANY_ORDER.items()
        }


def compare_sums(file: Path, database_url: str, network: str = "main") -> bool:
    """Print what the file and the views say; whether they say the same."""
    with psycopg.connect(database_url) as conn:
        said, kept = sums_of_file(file), sums_of_views(conn, network)
    found = differences(said, kept)
    for name, wrong in found.items():
        print_compared(name, len(getattr(said, name)), len(wrong))
        for sentence in wrong[:MAX_SHOWN]:
            print(f"    {sentence}")
    return not any(found.values())


def compare_books(before: Books, after: Books, when: str) -> bool:
    """Print how many rows differ, and the first of them; whether none does."""
    for name, rows in before.items():
        gone, new = Counter(rows) - Counter(after[name]), Counter(after[name]) - Counter(rows)
        print_compared(name, len(rows), gone.total() + new.total(), when)
        for row in list(gone)[:MAX_SHOWN]:
            print(f"    not there {when}: {row}")
        for row in list(new)[:MAX_SHOWN]:
            print(f"    only there {when}: {row}")
    return before == after


def print_compared(name: str, compared: int, wrong: int, when: str = "") -> None:
    """Print the line of one thing that was compared."""
    print(f"{name:20} {compared:>9,} compared, {wrong:>7,} differ {when}".rstrip(), flush=True)
