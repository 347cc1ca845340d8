"""Cells to values: trimmed, checked, and each text converted once.

A reader raises BadCell with the column's header and what is wrong. It remembers what it has read
(up to REMEMBERED texts), since an export repeats its codes, dates and prices.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from consumers.ingest.faults import BadCell
from ledger.domain.words import (
    MAX_AMOUNT_MINOR,
    MAX_ID_LENGTH,
    MAX_QUANTITY,
    MAX_TEXT_LENGTH,
)

if TYPE_CHECKING:
    from consumers.ingest.mapping import Customers, FileFormat, Prices, Skus, Time

T = TypeVar("T")
Read: TypeAlias = Callable[[str], T]

REMEMBERED = 1 << 16
MAX_NUMBER_LENGTH = 40
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_BREAKS = re.compile("[\t\r\n]+")


class Sku(NamedTuple):
    """A code as it is kept, and whether it is a service."""

    sku: str
    service: bool


class Price(NamedTuple):
    """A price in minor units, and its sign as written: 0.001 rounds to 0 and is above 0."""

    minor: int | None
    positive: bool
    below_zero: bool


def numbers(column: str, written: FileFormat) -> Read[Decimal]:
    """A reader of decimals as the file writes them; no exponents, no NaN."""
    mark, group = re.escape(written.decimal), re.escape(written.thousands)
    grouped = f"|[0-9]{{1,3}}(?:{group}[0-9]{{3}})+" if group else ""
    number = re.compile(f"[+-]?(?:[0-9]+{grouped})(?:{mark}[0-9]+)?")

    def read(cell: str) -> Decimal:
        text = cell.strip()
        if not number.fullmatch(text) or len(text) > MAX_NUMBER_LENGTH:
            raise BadCell(column, f"{_quoted(text)} is not a number such as {_example(written)}")
        if written.thousands:
            text = text.replace(written.thousands, "")
        return Decimal(text.replace(written.decimal, "."))

    return lru_cache(REMEMBERED)(read)


def quantities(column: str, written: FileFormat) -> Read[int]:
    """A reader of whole quantities, signed and not zero."""
    number = numbers(column, written)

    def read(cell: str) -> int:
        value = number(cell)
        if value != int(value):
            raise BadCell(column, f"{_quoted(cell)} is not a whole number")
        if not 0 < abs(value) <= MAX_QUANTITY:
            raise BadCell(column, f"{_quoted(cell)} must be 1 to {MAX_QUANTITY}, or that below 0")
        return int(value)

    return lru_cache(REMEMBERED)(read)


def prices(column: str, written: FileFormat, price: Prices) -> Read[Price]:
    """A reader of prices in minor units, rounded half to even."""
    number = numbers(column, written)

    def read(cell: str) -> Price:
        value = number(cell)
        minor = value.scaleb(price.decimals)
        if abs(minor) > MAX_AMOUNT_MINOR:
            raise BadCell(column, f"{_quoted(cell)} is beyond {MAX_AMOUNT_MINOR} minor units")
        rounded = int(minor.to_integral_value(ROUND_HALF_EVEN))
        return Price(rounded, positive=value > 0, below_zero=value < 0)

    return lru_cache(REMEMBERED)(read)


def times(column: str, time: Time) -> Read[datetime]:
    """A reader of local times, as UTC. A time that occurs twice is the first of the two."""
    zone = ZoneInfo(time.zone)

    def read(cell: str) -> datetime:
        text = cell.strip()
        try:
            local = datetime.strptime(text, time.format)  # noqa: DTZ007 (its zone is the mapping's)
            aware = local if local.tzinfo else local.replace(tzinfo=zone, fold=0)
            utc = aware.astimezone(UTC)
            there = utc.astimezone(zone).replace(tzinfo=None)
        except (ValueError, OverflowError):
            reason = f"{_quoted(text)} is not a time written as {time.format}"
            raise BadCell(column, reason) from None
        if local.tzinfo is None and there != local:
            raise BadCell(column, f"{text} does not exist in {time.zone}: clocks went forward")
        return utc

    return lru_cache(REMEMBERED)(read)


def skus(column: str, sku: Skus) -> Read[Sku]:
    """A reader of codes: trimmed, cased, and told whether they are services."""
    clean = ids(column)
    cases: dict[str, Read[str]] = {"upper": str.upper, "lower": str.lower, "as_written": str}
    case = cases[sku.case]
    services = {case(code.strip()) for code in sku.services}
    prefixes = tuple(case(prefix) for prefix in sku.service_prefixes)

    def read(cell: str) -> Sku:
        code = case(clean(cell))
        return Sku(code, code in services or code.startswith(prefixes))

    return lru_cache(REMEMBERED)(read)


def customers(column: str, customer: Customers) -> Read[str | None]:
    """A reader of customer ids; None is a guest."""
    clean = ids(column)

    def read(cell: str) -> str | None:
        text = cell.strip().removesuffix(customer.remove_suffix)
        return clean(text) if text else None

    return lru_cache(REMEMBERED)(read)


def ids(column: str) -> Read[str]:
    """A reader of ids: trimmed, printable, not empty."""

    def read(cell: str) -> str:
        text = cell.strip()
        if not text:
            raise BadCell(column, "is empty")
        if len(text) > MAX_ID_LENGTH or not text.isprintable():
            raise BadCell(column, f"{_quoted(text)} is not 1-{MAX_ID_LENGTH} printable characters")
        return text

    return lru_cache(REMEMBERED)(read)


def texts(column: str) -> Read[str]:
    """A reader of free text on one line; it may be empty."""

    def read(cell: str) -> str:
        text = _LINE_BREAKS.sub(" ", cell.strip())
        if len(text) > MAX_TEXT_LENGTH or _CONTROL.search(text):
            raise BadCell(
                column, f"{_quoted(text)} is not up to {MAX_TEXT_LENGTH} printable characters"
            )
        return text

    return lru_cache(REMEMBERED)(read)


def _quoted(text: str) -> str:
    short = text if len(text) <= 40 else f"{text[:40]}…"
    return repr(short) if short else "an empty cell"


def _example(written: FileFormat) -> str:
    return f"1{written.thousands}234{written.decimal}50"
