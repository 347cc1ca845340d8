"""What stops an import, and what keeps one invoice out of it."""

from __future__ import annotations

from msgspec import Struct


class ImportStopped(Exception):
    """Nothing could be imported, or not all; the message says why and what to do next."""


class MappingFault(ImportStopped):
    """The mapping file cannot be used: names the file, the key and what is allowed."""


class FileFault(ImportStopped):
    """The sales file cannot be read with this mapping."""


class OpeningRefused(ImportStopped):
    """Opening balances were asked for in a ledger that already has stock events there."""


class BadCell(Exception):
    """A cell that cannot be read; `column` is its header, or None for the whole row."""

    def __init__(self, column: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


class BadRow(Struct, frozen=True):
    """A row that keeps its whole invoice out. `line` is the line of the file where it begins."""

    file: str
    line: int
    column: str | None
    reason: str
    invoice: str | None

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}"
        return f"{where}{f', column {self.column}' if self.column else ''}: {self.reason}"
