"""What the Online Retail file says, summed by code that shares nothing with the import.

Naive on purpose: the whole file in memory, and the data set's rules written out once more.
"""

import csv
import gzip
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import psycopg

SERVICES = "POST", "DOT", "C2", "M", "D", "S", "B", "AMAZONFEE", "BANK CHARGES", "CRUK", "PADS"
Counts = dict[str, int]


@dataclass
class Sums:
    """Goods by sku; lines (sku, quantity, pence) and customers by invoice number."""

    opening: Counts = field(default_factory=dict)
    sold: Counts = field(default_factory=dict)
    returned: Counts = field(default_factory=dict)
    adjusted: Counts = field(default_factory=dict)
    on_hand: Counts = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    sale_lines: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)
    history: dict[str, list[str]] = field(default_factory=dict)
    channels: Counts = field(default_factory=dict)


def sums_of_file(path: Path) -> Sums:
    """Sum a file by the rules of the data set."""
    rows = _rows(path)
    by_invoice: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_invoice[row["InvoiceNo"]].append(row)
    sold, returned, adjusted, running, lowest = (Counter[str]() for _ in range(5))
    for row in rows:
        sku, quantity = _sku(row), int(row["Quantity"])
        if _service(sku):
            continue
        kind = _kind(by_invoice[row["InvoiceNo"]])
        {"sale": sold, "return": returned, "adjustment": adjusted}[kind][sku] += (
            -quantity if kind == "return" else quantity
        )
        running[sku] += quantity if kind == "adjustment" else -quantity
        lowest[sku] = min(lowest[sku], running[sku])
    return Sums(
        opening={sku: -low for sku, low in lowest.items()},
        sold={sku: n for sku, n in sold.items() if n},
        returned={sku: n for sku, n in returned.items() if n},
        adjusted={sku: n for sku, n in adjusted.items() if n},
        on_hand={sku: running[sku] - low for sku, low in lowest.items()},
        titles=_titles(by_invoice),
        sale_lines={
            number: [(_sku(row), int(row["Quantity"]), _pence(row)) for row in invoice]
            for number, invoice in by_invoice.items()
            if _kind(invoice) == "sale"
        },
        history=_history(by_invoice),
        channels=dict(Counter(_channel(invoice) for invoice in by_invoice.values())),
    )


def sums_of_views(conn: psycopg.Connection[Any], network: str = "main") -> Sums:
    """The same of the views, by plain SQL."""
    moved = _dict(
        conn,
        "SELECT type, sku, sum(quantity)::bigint FROM movements WHERE network = %s GROUP BY 1, 2",
        network,
    )
    counted = Counter[str]()
    for (kind, sku), quantity in moved.items():
        if kind in {"stock_counted", "stock_count_revised"}:
            counted[sku] += quantity
    lines: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for request_id, sku, ordered, pence in conn.execute(
        "SELECT request_id, sku, ordered, unit_price_minor FROM orders JOIN order_lines "
        "USING (network, order_id) WHERE network = %s AND orders.kind = 'sale' "
        "ORDER BY request_id, number",
        [network],
    ):
        lines[request_id].append((sku, ordered, pence))
    history: dict[str, list[str]] = defaultdict(list)
    for customer_id, request_id in conn.execute(
        "SELECT customer_id, request_id FROM customer_history WHERE network = %s", [network]
    ):
        history[customer_id].append(request_id)
    channels = _dict(
        conn,
        "SELECT channel, count(*) FROM requests WHERE network = %s AND kind IN "
        "('record_sale', 'record_return', 'adjust_stock') GROUP BY 1",
        network,
    )
    return Sums(
        opening=dict(counted),
        sold={sku: -n for (kind, sku), n in moved.items() if kind == "stock_sold" and n},
        returned={sku: n for (kind, sku), n in moved.items() if kind == "stock_returned" and n},
        adjusted={sku: n for (kind, sku), n in moved.items() if kind == "stock_adjusted" and n},
        on_hand=_dict(conn, "SELECT sku, on_hand FROM inventory WHERE network = %s", network),
        titles=_dict(conn, "SELECT sku, title FROM products WHERE network = %s", network),
        sale_lines=dict(lines),
        history={customer: sorted(found) for customer, found in history.items()},
        channels=channels,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    unpack = gzip.open if path.suffix == ".gz" else open
    with unpack(path, "rt", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _sku(row: dict[str, str]) -> str:
    return row["StockCode"].strip().upper()


def _service(sku: str) -> bool:
    return sku in SERVICES or sku.startswith("GIFT_0001_")


def _pence(row: dict[str, str]) -> int:
    return int((Decimal(row["UnitPrice"]) * 100).quantize(Decimal(1), ROUND_HALF_EVEN))


def _kind(invoice: list[dict[str, str]]) -> str:
    first = invoice[0]
    if first["InvoiceNo"].startswith("C"):
        return "return"
    alone = len(invoice) == 1 and Decimal(first["UnitPrice"]) == 0 and not first["CustomerID"]
    if alone and first["InvoiceNo"].isdigit() and not _service(_sku(first)):
        return "adjustment"
    return "sale"


def _channel(invoice: list[dict[str, str]]) -> str:
    if "DOT" in map(_sku, invoice):
        return "web"
    return "wholesale" if invoice[0]["CustomerID"] else "store"


def _titles(by_invoice: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    found: dict[str, tuple[str, str, int, str]] = {}
    for number, invoice in by_invoice.items():
        if _kind(invoice) != "sale":
            continue
        for place, row in enumerate(invoice):
            title = row["Description"].strip()
            if title and Decimal(row["UnitPrice"]) > 0:
                key = (row["InvoiceDate"], number, place, title)
                found[_sku(row)] = min(key, found.get(_sku(row), key))
    return {sku: title for sku, (_, _, _, title) in found.items()}


def _history(by_invoice: dict[str, list[dict[str, str]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for number, invoice in by_invoice.items():
        if customer := invoice[0]["CustomerID"]:
            found[customer.removesuffix(".0")].append(number)
    return {customer: sorted(numbers) for customer, numbers in found.items()}


def _dict(conn: psycopg.Connection[Any], query: str, network: str) -> dict[Any, Any]:
    """Rows as a dictionary: the last column by the others."""
    rows = conn.execute(query, [network]).fetchall()
    return {row[0] if len(row) == 2 else row[:-1]: row[-1] for row in rows}
