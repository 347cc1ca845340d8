"""Reports as CSV: all rows, in bounded memory, safe to open in a spreadsheet.

A cell of text that a spreadsheet would take for a formula (it begins with =, +, -, @, a tab or a
carriage return) gets an apostrophe in front, as OWASP advises. Numbers stay as they are. Rows are
written to a file first: whoever fetches it slowly keeps no connection to the database, and what
fails is said before the first byte.
"""

import csv
import tempfile
import weakref
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from io import TextIOWrapper
from typing import IO, Any, Final

from starlette.responses import StreamingResponse

from api.problems import BAD_PARAMETER, TOO_MANY_STREAMS, Problem
from api.replies import POSITION_HEADER
from api.times import said
from projections.reports.report import Report

MAX_DOWNLOADS: Final = 4
MAX_ROWS: Final = 2_000_000
IN_MEMORY_BYTES: Final = 4 << 20
CHUNK_BYTES: Final = 64 << 10
MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"
FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")

Rows = AsyncIterator[tuple[int, tuple[Any, ...] | None]]


class Downloads:
    """The downloads that are being written or fetched in this process: a few at a time."""

    def __init__(self) -> None:
        self._open = 0

    async def csv(self, report: Report, rows: Rows) -> StreamingResponse:
        """All rows as CSV, with a header row. Raises Problem: 503 when too many are under way."""
        if self._open >= MAX_DOWNLOADS:
            raise Problem(TOO_MANY_STREAMS, f"{self._open} downloads are under way")
        self._open += 1
        try:
            file, position = await _written(report, rows)
        except BaseException:
            self._open -= 1
            raise
        headers = {
            POSITION_HEADER: str(position),
            "Content-Disposition": f'attachment; filename="{report.name}.csv"',
        }
        response = StreamingResponse(_chunks(file), headers=headers, media_type=MEDIA_TYPE)
        # Also where nobody ever begins to fetch it.
        weakref.finalize(response, self._fetched, file)
        return response

    def _fetched(self, file: IO[bytes]) -> None:
        file.close()
        self._open -= 1


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


async def _written(report: Report, rows: Rows) -> tuple[IO[bytes], int]:
    """A file with all rows, at its beginning, and the position that they show."""
    spooled = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - sent later
    text = TextIOWrapper(spooled, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(column.name for column in report.columns)
    position, count = 0, -1
    async for shown, row in rows:
        position, count = shown, count + 1
        if count > MAX_ROWS:
            raise _too_many_rows(report)
        if row is not None:
            writer.writerow(map(cell, row))
    text.detach().seek(0)
    return spooled, position


def _too_many_rows(report: Report) -> Problem:
    """The problem of a report that no download holds."""
    why = f"{report.name} has more than {MAX_ROWS:,} rows as asked: ask by fewer, or filter"
    return Problem(BAD_PARAMETER, why, parameter="by")


def cell(value: Any) -> Any:
    """A value as it stands in a CSV file."""
    match value:
        case None:
            return ""
        case str() if value.startswith(FORMULAS):
            return f"'{value}"
        case datetime():
            return said(value)
    return value
