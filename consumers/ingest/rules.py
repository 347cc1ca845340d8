"""Rules of a mapping, evaluated: every condition is a bit, an invoice two sums of bits.

A row's bits say which conditions hold for it. An invoice keeps the bits that held for some row and
those that held for every row; with its number of rows they decide its class. So an invoice can be
judged at its last row without its rows being kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from consumers.ingest import cells
from consumers.ingest.faults import BadCell
from consumers.ingest.mapping import ChannelRule, KindRule, LocationRule, Mapping, Rule, Test

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

Bits: TypeAlias = Callable[[list[str], bool], int]


class Class(Struct, frozen=True, gc=False):
    """What an invoice is: its kind, its channel, and its location if rules say it.

    A quantity of 1 in the file means `sign` in the request, and moves stock by `movement`.
    """

    kind: Literal["sale", "return", "adjustment"]
    sign: int
    movement: int
    by_rows: bool
    channel: str
    location: str | None

    @property
    def counts_as(self) -> tuple[str, int, str | None]:
        """What matters of it to titles and balances."""
        return self.kind, self.movement, self.location


class Rules:
    """The rules of one mapping for files with one header."""

    def __init__(self, mapping: Mapping, columns: dict[str, int]) -> None:
        self._mapping = mapping
        self._tests = _distinct(
            test for rule in mapping.rules for test in (*rule.every, *rule.some)
        )
        self.bits = _bits(mapping, columns, self._tests)
        self._longest = max((rule.rows or 0 for rule in mapping.rules), default=0) + 1
        self._classes: dict[tuple[int, int, int], Class | str] = {}

    def classify(self, rows: int, some: int, every: int) -> Class | str:
        """The class of an invoice of so many rows, or the sentence that says why it has none."""
        key = (min(rows, self._longest), some, every)
        known = self._classes.get(key)
        if known is None:
            known = self._classes[key] = self._decided(*key)
        return known

    def _decided(self, rows: int, some: int, every: int) -> Class | str:
        def first(rules: Sequence[Rule]) -> Rule | None:
            return next((rule for rule in rules if self._holds(rule, rows, some, every)), None)

        kind, channel = first(self._mapping.kinds), first(self._mapping.channels)
        place = None if self._mapping.columns.location else first(self._mapping.locations)
        if not isinstance(kind, KindRule):
            return "no rule of kinds holds for this invoice"
        if not isinstance(channel, ChannelRule):
            return "no rule of channels holds for this invoice"
        if isinstance(place, LocationRule):
            return _class(kind, channel.channel, place.location)
        if self._mapping.columns.location:
            return _class(kind, channel.channel, None)
        return "no rule of locations holds for this invoice"

    def _holds(self, rule: Rule, rows: int, some: int, every: int) -> bool:
        return (
            rule.rows in {None, rows}
            and all(every >> self._tests.index(test) & 1 for test in rule.every)
            and all(some >> self._tests.index(test) & 1 for test in rule.some)
        )


def _class(rule: KindRule, channel: str, location: str | None) -> Class:
    sign = -1 if rule.quantity == "negated" else 1
    movement = -sign if rule.kind == "sale" else sign
    return Class(rule.kind, sign, movement, rule.rows is not None, channel, location)


def _distinct(tests: Iterable[Test]) -> list[Test]:
    found: list[Test] = []
    for test in tests:
        if test not in found:
            found.append(test)
    return found


def _bits(mapping: Mapping, columns: dict[str, int], tests: list[Test]) -> Bits:
    """A function from a row's cells, and whether its line is a service, to its bits."""
    services = sum(1 << at for at, test in enumerate(tests) if test.line == "service")
    goods = sum(1 << at for at, test in enumerate(tests) if test.line == "goods")
    of_column = [
        (columns[column], _bits_of_column(mapping, column, tests))
        for column in sorted({test.column for test in tests if test.column})
    ]

    def bits(row: list[str], service: bool) -> int:  # noqa: FBT001 (a cell's value)
        found = services if service else goods
        for at, judge in of_column:
            found |= judge(row[at])
        return found

    return bits


def _bits_of_column(mapping: Mapping, column: str, tests: list[Test]) -> Callable[[str], int]:
    clean = _cleaner(mapping, column)
    number = cells.numbers(column, mapping.file)
    asked = [
        (1 << at, _question(test, clean, number))
        for at, test in enumerate(tests)
        if test.column == column
    ]

    def judge(cell: str) -> int:
        return sum(bit for bit, holds in asked if holds(cell))

    return lru_cache(cells.REMEMBERED)(judge)


def _cleaner(mapping: Mapping, column: str) -> Callable[[str], str]:
    """A code and a customer's id are compared as they are kept, everything else as trimmed."""
    if column == mapping.columns.sku:
        sku = cells.skus(column, mapping.sku)
        return lambda cell: sku(cell).sku
    if column == mapping.columns.customer_id:
        customer = cells.customers(column, mapping.customer)
        return lambda cell: customer(cell) or ""
    return str.strip


def _question(
    test: Test, clean: Callable[[str], str], number: cells.Read[Decimal]
) -> Callable[[str], bool]:
    if test.one_of is not None:
        allowed = {clean(text) for text in test.one_of}
        return lambda cell: clean(cell) in allowed
    if test.matches is not None:
        pattern = re.compile(test.matches)
        return lambda cell: pattern.fullmatch(clean(cell)) is not None
    if test.empty is not None:
        return lambda cell: (not clean(cell)) == test.empty
    return lambda cell: _sign(cell, number) == test.sign


def _sign(cell: str, number: cells.Read[Decimal]) -> str | None:
    try:
        value = number(cell)
    except BadCell:
        return None
    return "zero" if value == 0 else "negative" if value < 0 else "positive"
