"""A CSV file as records with their line numbers: plain or gzip, read as often as needed."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from consumers.ingest.faults import FileFault
from ledger.domain.words import MAX_TEXT_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from consumers.ingest.mapping import FileFormat

READ_BYTES = 1 << 18
MAX_CELL_LENGTH = 1 << 17
"""Characters of one cell: a quote that never closes ends there, not with the memory."""
_GZIP = b"\x1f\x8b"
_UNDECODED = re.compile("[\ud800-\udfff]")


class Record(NamedTuple):
    """A row: the line where it begins, its cells, and what is wrong with it as a whole.

    `column` is the header's number of the faulty cell, if it is one cell's fault.
    """

    line: int
    cells: list[str]
    fault: str | None = None
    column: int | None = None


class Source:
    """One reading of a file, from its header on. Made by `opened`."""

    def __init__(self, raw: BinaryIO, plain: _Digested, text: io.TextIOWrapper, mark: str) -> None:
        self._raw = raw
        self._plain = plain
        self._lines: list[str] = []
        self._delimiter = mark
        self._reader = csv.reader(self._kept(text), delimiter=mark, strict=True)
        self.header = [cell.strip() for cell in next(self._reader, [])]

    @property
    def bytes_read(self) -> int:
        """How far the file is read, in bytes as it is stored."""
        return self._raw.tell()

    @property
    def digest(self) -> hashlib._Hash:
        """SHA-256 of the (unpacked) content read so far: all of it after the last record."""
        return self._plain.digest

    def records(self) -> Iterator[Record]:
        """Every row after the header; blank lines are none."""
        reader, lines, width = self._reader, self._lines, len(self.header)
        line = reader.line_num + 1
        lines.clear()
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield from self._spoilt(line, [], f"is no CSV row: {error}")
            else:
                if len(cells) == width and len(lines) == 1 and lines[0].isascii():
                    yield Record(line, cells)
                elif cells:
                    yield from self._examined(line, cells)
            line = reader.line_num + 1
            lines.clear()

    def _kept(self, text: io.TextIOWrapper) -> Iterator[str]:
        for line in text:
            self._lines.append(line)
            yield line

    def _examined(self, line: int, cells: list[str]) -> Iterator[Record]:
        width = len(self.header)
        bad = next((at for at, cell in enumerate(cells) if _UNDECODED.search(cell)), None)
        if len(cells) != width:
            yield from self._spoilt(line, cells, f"has {len(cells)} cells, the header has {width}")
        elif bad is not None:
            yield from self._spoilt(line, cells, "holds bytes of another encoding", bad)
        elif len(self._lines) > 1 and any(len(cell) > MAX_TEXT_LENGTH for cell in cells):
            yield from self._spoilt(line, cells, "holds a quote that closes many lines later")
        else:
            yield Record(line, cells)

    def _spoilt(
        self, line: int, cells: list[str], fault: str, column: int | None = None
    ) -> Iterator[Record]:
        """The bad row and, if it spans lines, the rows that it may have swallowed."""
        first, *swallowed = self._split(self._lines) or [[]]
        yield Record(line, cells or first, fault, column)
        for number, row in enumerate(swallowed, line + 1):
            if row:
                yield Record(number, row, f"stands inside the bad row that begins on line {line}")

    def _split(self, lines: list[str]) -> list[list[str]]:
        # Quotes cannot be trusted here, and only the invoice is wanted.
        return [
            next(csv.reader([line], delimiter=self._delimiter, quoting=csv.QUOTE_NONE), [])
            for line in lines
        ]


class _Digested(io.RawIOBase):
    """A stream that is digested while it is read."""

    def __init__(self, stream: BinaryIO | gzip.GzipFile) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # of RawIOBase: Buffer
        chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.digest.update(chunk)
        return len(chunk)


@contextmanager
def opened(path: Path, written: FileFormat) -> Iterator[Source]:
    """Read a file from its beginning. Raises FileFault, also while its records are read."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            plain = _Digested(gzip.GzipFile(fileobj=raw) if packed else raw)
            yield _source(raw, plain, written)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileFault(f"{path}: is damaged: {error}; fetch it again") from error
    except OSError as error:
        raise FileFault(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeError as error:
        raise FileFault(f"{path}: is not {written.encoding} text: {error}") from error


def _source(raw: BinaryIO, plain: _Digested, written: FileFormat) -> Source:
    encoding = "utf-8-sig" if written.encoding.lower() in {"utf-8", "utf8"} else written.encoding
    buffered = io.BufferedReader(plain, READ_BYTES)
    text = io.TextIOWrapper(buffered, encoding, errors="surrogateescape", newline="")
    return Source(raw, plain, text, written.delimiter)


def size_of(path: Path) -> int:
    """The file's size in bytes as it is stored. Raises FileFault."""
    try:
        return path.stat().st_size
    except OSError as error:
        raise FileFault(f"{path}: cannot be read: {error.strerror or error}") from error
