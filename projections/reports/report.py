"""What a report is: its definition, the rows it has, and what may be asked of it."""

from datetime import date, datetime
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import fields

from projections.tables import NETWORK_COMMENT, Column, columns_of

Takes = Literal[
    "at", "bands", "by", "channel", "currency", "customer", "from", "kind", "location", "method",
    "sku", "to",
]  # fmt: skip
"""What a report may be asked for."""
FILTERS: Final[dict[Takes, str]] = {
    "channel": "channel",
    "currency": "currency",
    "customer": "customer_id",
    "kind": "kind",
    "location": "location",
    "sku": "sku",
}
"""Columns of which one value may be asked for."""


class Asked(Struct, frozen=True, kw_only=True):
    """What a report is asked for; None: everything, or what the report says."""

    at: datetime | None = None
    first: date | None = None
    last: date | None = None
    by: str = ""
    method: str = "fifo"
    bands: tuple[int, ...] = ()
    filters: dict[Takes, str] = {}


class Report(Struct, frozen=True, kw_only=True):
    """A report over the flat tables.

    `source` is what stands after FROM: a SQL view, or a function of parameters. Its rows are
    summed up: `by` says, for each way of grouping them, by which columns (the first way is the
    default), `always` by which in each way, `sums` what is summed, `rates` what follows from the
    sums, as SQL; `first_of` and `last_of` are the least and greatest. `views` are the views that
    it reads: its position is the least of theirs. `day` is the column of the period.
    """

    name: str
    title: str
    definition: str
    basis: str
    row: type[Struct]
    views: tuple[str, ...]
    takes: tuple[Takes, ...]
    source: str
    by: dict[str, tuple[str, ...]]
    sums: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    rates: dict[str, str] = {}
    least: tuple[str, ...] = ()
    greatest: tuple[str, ...] = ()
    day: str | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns, with their types and comments."""
        return columns_of(self.row)

    @property
    def default_by(self) -> str:
        """How its rows are grouped unless it is said."""
        return next(iter(self.by))

    def key(self, by: str) -> tuple[str, ...]:
        """The columns that tell rows apart, in their order."""
        return (*self.by[by], *self.always)

    def grouped(self) -> frozenset[str]:
        """All columns by which rows may be told apart."""
        return frozenset(name for by in self.by for name in self.key(by))


def basis_points(part: str, whole: str) -> str:
    """SQL of a part of a whole in hundredths of a percent, rounded half up; null of nothing."""
    # Halves are rounded away from zero by numeric's own round.
    return f"round(10000 * ({part})::numeric / nullif({whole}, 0))::bigint"


def columns_with_types(row: type[Struct]) -> dict[str, tuple[str, str]]:
    """Columns of a function's rows, the network first."""
    return {
        "network": ("text", NETWORK_COMMENT),
        **{column.name: (column.sql_type, column.comment) for column in columns_of(row)},
    }


def commented(row: type[Struct], *names: str) -> dict[str, str]:
    """Columns of a SQL view, the network first; of the row's columns these, or all."""
    comments = {column.name: column.comment for column in columns_of(row)}
    return {"network": NETWORK_COMMENT, **{name: comments[name] for name in names or comments}}


def row_types(row: type[Struct]) -> dict[str, Any]:
    """The type of each column's field."""
    return {field.name: field.type for field in fields(row)}
