"""What the reports must say of an Online Retail file: summed from its rows, apart from the import.

Naive on purpose, as `independent_sums`: no SQL, no request, no event.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.independent_sums import _channel, _kind, _pence, _rows, _service, _sku

PLACE = "uk-dc"
ZONE = ZoneInfo("Europe/London")
Row = dict[str, str]
Found = dict[Any, Any]


class Invoices:
    """The file's invoices, each with its kind, its channel and the earliest time of its rows."""

    def __init__(self, path: Path) -> None:
        by_number: dict[str, list[Row]] = defaultdict(list)
        self.rows = _rows(path)
        for row in self.rows:
            by_number[row["InvoiceNo"]].append(row)
        self.kind = {number: _kind(rows) for number, rows in by_number.items()}
        self.channel = {number: _channel(rows) for number, rows in by_number.items()}
        self.time = {
            number: min(datetime.fromisoformat(row["InvoiceDate"]) for row in rows)
            for number, rows in by_number.items()
        }
        self.customer = {
            number: rows[0]["CustomerID"].removesuffix(".0") for number, rows in by_number.items()
        }
        self.by_number = by_number

    def of_kind(self, kind: str, *, goods: bool) -> Iterable[tuple[str, Row]]:
        """The rows of invoices of a kind: of goods, or of services."""
        for row in self.rows:
            number = row["InvoiceNo"]
            if self.kind[number] == kind and _service(_sku(row)) != goods:
                yield number, row

    def day(self, number: str) -> date:
        """The day on which an invoice was written, as it stands in the file."""
        return self.time[number].date()


def sales(told: Invoices) -> Found:
    """Sold units and pence, returned units and pence, services sold and refunded; by item."""
    found: Found = defaultdict(lambda: [0] * 6)
    for place, kind, goods in ((0, "sale", True), (2, "return", True)):
        for number, row in told.of_kind(kind, goods=goods):
            units = int(row["Quantity"]) * (1 if kind == "sale" else -1)
            item = found[(told.day(number), told.channel[number], _sku(row))]
            item[place] += units
            item[place + 1] += units * _pence(row)
    for place, kind in ((4, "sale"), (5, "return")):
        for number, row in told.of_kind(kind, goods=False):
            units = int(row["Quantity"]) * (1 if kind == "sale" else -1)
            item = found[(told.day(number), told.channel[number], _sku(row))]
            item[place] += units * _pence(row)
    return {key: tuple(sums) for key, sums in found.items()}


def movements(told: Invoices) -> Found:
    """How many movements there were and what they came to, by type and reason; without counts."""
    found: Found = defaultdict(lambda: [0, 0])
    for kind, name in (("sale", "stock_sold"), ("return", "stock_returned")):
        for _, row in told.of_kind(kind, goods=True):
            found[(name, None)][0] += 1
            found[(name, None)][1] -= int(row["Quantity"])
    for _, row in told.of_kind("adjustment", goods=True):
        reason = row["Description"].strip() or "not stated"
        found[("stock_adjusted", reason)][0] += 1
        found[("stock_adjusted", reason)][1] += int(row["Quantity"])
    return {key: tuple(sums) for key, sums in found.items()}


def openings(told: Invoices) -> Counter[str]:
    """What must have been there of each sku for no running sum of the file to be below zero."""
    running, lowest = Counter[str](), Counter[str]()
    for row in told.rows:
        sku = _sku(row)
        if not _service(sku):
            adjusts = told.kind[row["InvoiceNo"]] == "adjustment"
            running[sku] += int(row["Quantity"]) * (1 if adjusts else -1)
            lowest[sku] = min(lowest[sku], running[sku])
    return Counter({sku: -low for sku, low in lowest.items() if low})


def sold_and_left(told: Invoices) -> dict[str, tuple[int, int, int]]:
    """Of each sku: sold, returned, and what is on hand in the end."""
    sold, returned, there = Counter[str](), Counter[str](), Counter(openings(told))
    for kind, sums, sign in (("sale", sold, 1), ("return", returned, -1)):
        for _, row in told.of_kind(kind, goods=True):
            sums[_sku(row)] += sign * int(row["Quantity"])
            there[_sku(row)] -= int(row["Quantity"])
    for _, row in told.of_kind("adjustment", goods=True):
        there[_sku(row)] += int(row["Quantity"])
    skus = sold.keys() | returned.keys() | there.keys()
    return {sku: (sold[sku], returned[sku], there[sku]) for sku in skus}


def ages(told: Invoices, at: datetime, bands: tuple[int, ...]) -> Found:
    """Units on hand in the end by sku and the band of their age: what is left is what came last."""
    came: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    begun = min(told.time.values()) - timedelta(seconds=1)
    for sku, units in openings(told).items():
        came[sku].append((begun, units))
    for number, row in told.of_kind("return", goods=True):
        came[_sku(row)].append((told.time[number], -int(row["Quantity"])))
    for number, row in told.of_kind("adjustment", goods=True):
        if int(row["Quantity"]) > 0:
            came[_sku(row)].append((told.time[number], int(row["Quantity"])))
    found: Found = Counter()
    for sku, (_, _, there) in sold_and_left(told).items():
        left = there
        for time, units in sorted(came[sku], reverse=True):
            taken = min(left, units)
            left -= taken
            age = (at - time.replace(tzinfo=ZONE).astimezone(UTC)) // timedelta(days=1)
            found[(sku, max([0, *(day for day in bands if day <= age)]))] += taken
    return {key: units for key, units in found.items() if units}


def customers(told: Invoices) -> Found:
    """Purchases, pence bought, pence returned of each customer."""
    found: Found = defaultdict(lambda: [0, 0, 0])
    for number, customer in told.customer.items():
        if customer and told.kind[number] in {"sale", "return"}:
            worth = sum(int(row["Quantity"]) * _pence(row) for row in told.by_number[number])
            is_sale = told.kind[number] == "sale"
            found[customer][0] += is_sale
            found[customer][1 if is_sale else 2] += worth if is_sale else -worth
    return {customer: tuple(sums) for customer, sums in found.items()}


def rate(part: int, whole: int) -> int | None:
    """A part of a whole in basis points, halves away from zero; None of nothing."""
    if whole == 0:
        return None
    doubled, sign = abs(20_000 * part), 1 if part * whole >= 0 else -1
    return sign * ((doubled + abs(whole)) // (2 * abs(whole)))
