"""The first reading of a file: what each invoice is, and which rows keep theirs out.

What is kept grows with the number of invoices, products and items, never with the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from consumers.ingest.faults import BadCell, BadRow, FileFault
from consumers.ingest.rules import Class
from consumers.ingest.table import reading
from consumers.ingest.tally import Provisional, Tally
from ledger.domain.words import MAX_LINES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from consumers.ingest.mapping import Mapping
    from consumers.ingest.source import Record
    from consumers.ingest.table import OnProgress, Row, Table

MAX_HELD_ROWS = 1_000_000
"""Rows of invoices begun and not yet complete that the second reading may hold at once."""
MAX_BAD_ROWS_KEPT = 100

OnBadRow: TypeAlias = Callable[[BadRow], None]


class Invoice:
    """What the rows of one invoice, as far as read, have in common. A line 0 is none."""

    __slots__ = (
        "customer_id",
        "every",
        "first",
        "found",
        "last",
        "line",
        "location",
        "negative_line",
        "occurred_at",
        "positive_line",
        "provisional",
        "rows",
        "service_line",
        "some",
    )

    def __init__(self, row: Row, number: int) -> None:
        self.line = row.line
        self.first = self.last = number
        self.rows = 0
        self.some, self.every = 0, -1
        self.occurred_at = row.occurred_at
        self.customer_id = row.customer_id
        self.location = row.location
        self.negative_line = self.positive_line = self.service_line = 0
        self.found: Class | str = ""
        self.provisional: Provisional | None = None

    def add(self, row: Row, number: int) -> None:
        """Count one more row; `number` is its place among the rows of the file."""
        self.rows += 1
        self.last = number
        self.some |= row.bits
        self.every &= row.bits
        self.occurred_at = min(self.occurred_at, row.occurred_at)
        if row.quantity < 0:
            self.negative_line = self.negative_line or row.line
        else:
            self.positive_line = self.positive_line or row.line
        if row.service:
            self.service_line = self.service_line or row.line

    @property
    def decided(self) -> Class:
        """Its class, once the survey has let it in."""
        assert isinstance(self.found, Class)
        return self.found

    @property
    def place(self) -> str:
        """The location at which its goods moved."""
        return self.decided.location or self.location or ""


class Survey(Struct, frozen=True):
    """What the first reading found.

    `invoices` are those that go in; `digest` is the SHA-256, in hexadecimal, of the file's
    (unpacked) content followed by the mapping file's.
    """

    file: Path
    rows: int
    digest: str
    content: str
    earliest: datetime | None
    invoices: dict[str, Invoice]
    tally: Tally
    bad_rows: int
    first_bad: tuple[BadRow, ...]
    invoices_out: int


def survey(
    file: Path,
    mapping: Mapping,
    on_progress: OnProgress | None = None,
    on_bad_row: OnBadRow | None = None,
) -> Survey:
    """Read the file once (and once more if bad rows or late conditions change what it adds up to).

    Raises FileFault. Bad rows are told to `on_bad_row`, all of them, and the first are kept.
    """
    with reading(file, mapping, "reading", on_progress) as read:
        surveyor = _Surveyor(str(file), mapping, read.table, on_bad_row)
        for record in read.records:
            surveyor.see(record)
        content = read.source.digest
    surveyor.judge()
    _refuse_what_memory_cannot_hold(file, surveyor.good.values())
    tally = surveyor.tally
    if surveyor.guessed_wrong:
        tally = _tallied_again(file, mapping, surveyor.good, on_progress)
    whole = content.copy()
    whole.update(mapping.content)
    return Survey(
        file=file,
        rows=surveyor.rows,
        digest=whole.hexdigest(),
        content=content.hexdigest(),
        earliest=surveyor.earliest,
        invoices=surveyor.good,
        tally=tally,
        bad_rows=surveyor.bad_rows,
        first_bad=tuple(sorted(surveyor.first_bad, key=lambda bad: bad.line)),
        invoices_out=len(surveyor.out),
    )


class _Surveyor:
    """The first reading, row by row."""

    def __init__(
        self, file: str, mapping: Mapping, table: Table, on_bad_row: OnBadRow | None
    ) -> None:
        self._file = file
        self._columns = mapping.columns
        self._table = table
        self._on_bad_row = on_bad_row
        self.rows = 0
        self.earliest: datetime | None = None
        self.good: dict[str, Invoice] = {}
        self.out: set[str] = set()
        self.tally = Tally()
        self.guessed_wrong = False
        self.bad_rows = 0
        self.first_bad: list[BadRow] = []

    def see(self, record: Record) -> None:
        """Count one record of the file."""
        self.rows += 1
        try:
            row = self._table.row(record)
            invoice = self._invoice_of(row)
        except BadCell as bad:
            self._keep_out(self._table.invoice(record), record.line, bad.column, bad.reason)
            return
        if self.earliest is None or row.occurred_at < self.earliest:
            self.earliest = row.occurred_at
        if invoice is not None:
            self._count(row, invoice)

    def judge(self) -> None:
        """After the last row: keep out the invoices that contradict what they are."""
        for number, invoice in list(self.good.items()):
            fault = _contradiction(invoice)
            if fault is not None:
                line, role, reason = fault
                self._keep_out(number, line, getattr(self._columns, role), reason)

    def _invoice_of(self, row: Row) -> Invoice | None:
        """The invoice of a good row; None if the invoice is out already. Raises BadCell."""
        invoice = self.good.get(row.invoice)
        if invoice is None:
            if row.invoice in self.out:
                return None
            invoice = self.good[row.invoice] = Invoice(row, self.rows)
        if row.customer_id != invoice.customer_id:
            raise BadCell(self._columns.customer_id, f"differs within invoice {row.invoice}")
        if row.location != invoice.location:
            raise BadCell(self._columns.location, f"differs within invoice {row.invoice}")
        return invoice

    def _count(self, row: Row, invoice: Invoice) -> None:
        invoice.add(row, self.rows)
        rules, before = self._table.rules, invoice.found
        found = rules.classify(invoice.rows, invoice.some, invoice.every)
        if found is not before:
            invoice.found = found
            if invoice.rows > 1:
                self._correct(invoice, before, found)
        if isinstance(found, Class):
            provisional = invoice.rows == 1 and found.by_rows
            invoice.provisional = self.tally.add(row, found, provisional=provisional)

    def _correct(self, invoice: Invoice, before: Class | str, now: Class | str) -> None:
        """One more row made the invoice something else: count anew what was counted of it."""
        said = invoice.provisional
        if not isinstance(before, Class) or not isinstance(now, Class):
            self.guessed_wrong = True
        elif before.counts_as == now.counts_as:
            return
        elif said is not None and before.location == now.location:
            self.tally.correct(said, before, now)
        else:
            self.guessed_wrong = True

    def _keep_out(self, invoice: str | None, line: int, column: str | None, reason: str) -> None:
        bad = BadRow(self._file, line, column, reason, invoice)
        self.bad_rows += 1
        if len(self.first_bad) < MAX_BAD_ROWS_KEPT:
            self.first_bad.append(bad)
        if self._on_bad_row is not None:
            self._on_bad_row(bad)
        if invoice is not None:
            self.out.add(invoice)
            self.guessed_wrong |= self.good.pop(invoice, None) is not None


def _contradiction(invoice: Invoice) -> tuple[int, str, str] | None:
    """The line, the role of the column, and why the invoice cannot be what it is."""
    found = invoice.found
    if not isinstance(found, Class):
        return invoice.line, "invoice", found
    if invoice.rows > MAX_LINES:
        reason = f"has {invoice.rows} rows; a request has at most {MAX_LINES}: split the invoice"
        return invoice.line, "invoice", reason
    if found.kind == "adjustment":
        reason = "is a service, which has no stock to adjust"
        return (invoice.service_line, "sku", reason) if invoice.service_line else None
    wrong, must_be = (
        (invoice.positive_line, "below 0") if found.sign < 0 else (invoice.negative_line, "above 0")
    )
    return (wrong, "quantity", f"must be {must_be} in a {found.kind}") if wrong else None


def _refuse_what_memory_cannot_hold(file: Path, invoices: Iterable[Invoice]) -> None:
    begun = [(invoice.first, invoice.rows) for invoice in invoices]
    ended = [(invoice.last, -invoice.rows) for invoice in invoices]
    held = max(accumulate(rows for _, rows in sorted(begun + ended)), default=0)
    if held > MAX_HELD_ROWS:
        raise FileFault(
            f"{file}: the rows of its invoices lie so far apart that {held} would have to be held "
            f"at once, more than {MAX_HELD_ROWS}: sort the file by invoice"
        )


def _tallied_again(
    file: Path, mapping: Mapping, invoices: dict[str, Invoice], on_progress: OnProgress | None
) -> Tally:
    """Another reading, now that it is known what each invoice is."""
    tally = Tally()
    with reading(file, mapping, "reading again", on_progress) as read:
        for record in read.records:
            number = read.table.invoice(record)
            if number is not None and number in invoices:
                row = read.table.row(record)
                tally.add(row, invoices[number].decided, provisional=False)
    return tally
