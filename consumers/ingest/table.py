"""A file seen through its mapping: records become rows of cleaned values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from msgspec import Struct

from consumers.ingest import cells
from consumers.ingest.faults import BadCell, FileFault
from consumers.ingest.rules import Rules
from consumers.ingest.source import Record, Source, opened, size_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from consumers.ingest.mapping import Mapping

T = TypeVar("T")

_UNPRICED = cells.Price(None, positive=True, below_zero=False)
PROGRESS_EVERY = 2_000
"""Rows between two reports of progress."""


class Progress(Struct, frozen=True):
    """How far one reading of the file is. Bytes are of the file as it is stored."""

    stage: str
    rows: int
    bytes_read: int
    bytes_total: int


OnProgress: TypeAlias = Callable[[Progress], None]


class Row(Struct, frozen=True, gc=False):
    """One row, cleaned; `bits` are the conditions of the mapping that hold for it."""

    line: int
    invoice: str
    sku: str
    service: bool
    quantity: int
    occurred_at: datetime
    price_minor: int | None
    priced: bool
    customer_id: str | None
    title: str
    reason: str
    location: str | None
    bits: int


class Table:
    """A mapping bound to the header of one file."""

    def __init__(self, mapping: Mapping, header: list[str]) -> None:
        columns = {name: at for at, name in enumerate(header)}
        of, written = mapping.columns, mapping.file
        self.header = header
        self.rules = Rules(mapping, columns)
        self._invoice_at, self._invoice = columns[of.invoice], cells.ids(of.invoice)
        self._sku_at, self._sku = columns[of.sku], cells.skus(of.sku, mapping.sku)
        self._quantity_at = columns[of.quantity]
        self._quantity = cells.quantities(of.quantity, written)
        self._time_at, self._time = columns[of.time], cells.times(of.time, mapping.time)
        self._price = _optional(
            columns, of.unit_price, lambda name: _prices(mapping, name), _UNPRICED
        )
        self._customer = _optional(
            columns, of.customer_id, lambda name: cells.customers(name, mapping.customer), None
        )
        self._title = _optional(columns, of.title, cells.texts, "")
        self._reason = _optional(columns, of.reason, cells.texts, "")
        self._location = _optional(columns, of.location, cells.ids, None)
        self._price_column = of.unit_price

    def row(self, record: Record) -> Row:
        """The record as a row. Raises BadCell."""
        line, row, fault, column = record
        if fault is not None:
            raise BadCell(None if column is None else self.header[column], fault)
        sku, service = self._sku(row[self._sku_at])
        price = self._price(row)
        if price.below_zero and not service:
            raise BadCell(self._price_column, "is below 0, and only a service's price may be")
        return Row(
            line,
            self._invoice(row[self._invoice_at]),
            sku,
            service,
            self._quantity(row[self._quantity_at]),
            self._time(row[self._time_at]),
            price.minor,
            price.positive,
            self._customer(row),
            self._title(row),
            self._reason(row),
            self._location(row),
            self.rules.bits(row, service),
        )

    def invoice(self, record: Record) -> str | None:
        """The invoice that even a bad record belongs to, if it can be read."""
        try:
            return self._invoice(record.cells[self._invoice_at])
        except (BadCell, IndexError):
            return None


def _optional(
    columns: dict[str, int],
    name: str | None,
    reader: Callable[[str], cells.Read[T]],
    absent: T,
) -> Callable[[list[str]], T]:
    """A reader of the cell in a row; of a column that the file does not have, `absent`."""
    if name is None:
        return lambda _: absent
    at, read = columns[name], reader(name)
    return lambda row: read(row[at])


def _prices(mapping: Mapping, name: str) -> cells.Read[cells.Price]:
    assert mapping.price is not None  # the mapping gives both or neither
    return cells.prices(name, mapping.file, mapping.price)


class Reading(Struct, frozen=True):
    """One reading of a file: its table, its records, and where they come from."""

    table: Table
    records: Iterator[Record]
    source: Source


@contextmanager
def reading(
    path: Path, mapping: Mapping, stage: str, on_progress: OnProgress | None = None
) -> Iterator[Reading]:
    """Read the file from its beginning. Raises FileFault, also while its records are read."""
    total = size_of(path)
    with opened(path, mapping.file) as source:
        table = Table(mapping, _checked(path, mapping, source.header))
        yield Reading(table, _watched(source, stage, total, on_progress), source)


def _watched(
    source: Source, stage: str, total: int, on_progress: OnProgress | None
) -> Iterator[Record]:
    if on_progress is None:
        yield from source.records()
        return
    rows = 0
    for rows, record in enumerate(source.records(), 1):
        if rows % PROGRESS_EVERY == 0:
            on_progress(Progress(stage, rows, source.bytes_read, total))
        yield record
    on_progress(Progress(stage, rows, total, total))


def _checked(path: Path, mapping: Mapping, header: list[str]) -> list[str]:
    """The header, if it has every column that the mapping names. Raises FileFault."""
    if not header:
        raise FileFault(f"{path}: is empty: its first line must name the columns")
    tested = {test.column for rule in mapping.rules for test in (*rule.every, *rule.some)}
    named = [name for _, name in mapping.columns]
    for name in (*named, *sorted(name for name in tested if name)):
        if name and header.count(name) != 1:
            said = "has no column" if name not in header else "has twice the column"
            raise FileFault(f"{path}: {said} {name}; its columns are: {', '.join(header)}")
    return header
