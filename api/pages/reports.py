"""What a report's page shows: the columns that say something, and each cell as people read it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from projections.reports.report import Report

BASIS_POINTS = "_bp"
MINOR = "_minor"
NOTHING = "\N{EN DASH}"


class Column(NamedTuple):
    """A column as it is shown: its heading, whether it holds numbers, and what it says."""

    name: str
    heading: str
    is_number: bool
    comment: str


class Shown(NamedTuple):
    """A table: columns, and rows of cells."""

    columns: list[Column]
    rows: list[list[str]]


def shown(report: Report, items: Sequence[Any]) -> Shown:
    """The rows as a table, without columns that say nothing in any of them."""
    columns = [
        Column(c.name, heading(c.name), c.sql_type in {"bigint", "numeric"}, c.comment)
        for c in report.columns
        if any(getattr(item, c.name) is not None for item in items)
    ]
    rows = [[cell(c.name, getattr(item, c.name)) for c in columns] for item in items]
    return Shown(columns, rows)


def heading(name: str) -> str:
    """A column's name as words, without its unit where the cells show it."""
    for ending in (BASIS_POINTS, MINOR):
        name = name.removesuffix(ending)
    return name.replace("_", " ")


def cell(name: str, value: Any) -> str:
    """A value as people read it: amounts with two decimals, rates in percent, times in UTC."""
    if value is None:
        return NOTHING
    if name.endswith(BASIS_POINTS):
        return f"{value / 100:.2f} %".replace("-", "\N{MINUS SIGN}")
    if name.endswith(MINOR):
        sign = "\N{MINUS SIGN}" if value < 0 else ""
        return f"{sign}{abs(value) // 100:,}.{abs(value) % 100:02d}"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "\N{MINUS SIGN}")
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
