"""An import into a ledger that is a dictionary: what was sent, each request once."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from consumers.ingest.examples import MAPPING, example
from consumers.ingest.mapping import Mapping, load_mapping
from consumers.ingest.prepare import Prepared
from consumers.ingest.run import Report, run_import
from consumers.ingest.sink import Outcome
from ledger.codec import encode
from ledger.domain.requests import AnyRequest
from ledger.door import read_request

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


class DictionarySink:
    """Answers as a ledger would: the same id with the same content is a repetition.

    Every request goes through the door on its way, so what it refuses fails the test.
    """

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], AnyRequest] = {}
        self.batches: list[Sequence[Prepared]] = []
        self._late: list[Outcome] = []

    def send(self, batch: Sequence[Prepared]) -> Iterable[Outcome]:
        self.batches.append(batch)
        known, self._late = self._late, [self._answered(*prepared) for prepared in batch]
        return known

    def finish(self) -> Iterable[Outcome]:
        known, self._late = self._late, []
        return known

    def knows(self, channel: str, request_id: str) -> bool:
        return (channel, request_id) in self.kept

    def has_stock_events(self, location: str) -> bool:
        return any(getattr(r, "location", None) == location and hasattr(r, "lines") for r in self)

    def _answered(self, channel: str, request: AnyRequest) -> Outcome:
        assert read_request(encode(request)) == request
        first = self.kept.setdefault((channel, request.request_id), request)
        result = "accepted" if first is request else "replayed" if first == request else "mismatch"
        return Outcome(channel, request.request_id, result)

    def __iter__(self):
        return iter(self.kept.values())

    def of(self, kind: type, channel: str | None = None) -> list:
        return [
            request
            for (sender, _), request in self.kept.items()
            if isinstance(request, kind) and channel in {None, sender}
        ]

    def __getitem__(self, request_id: str) -> AnyRequest:
        [found] = [request for request in self if request.request_id == request_id]
        return found


@pytest.fixture(scope="session")
def mapping() -> Mapping:
    """The example's mapping."""
    return load_mapping(example(MAPPING))


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Write an export: rows under the header of the Online Retail file, or any bytes."""

    def write(*rows: str | bytes, name: str = "sales.csv", header: str = HEADER) -> Path:
        lines = [row if isinstance(row, bytes) else row.encode() for row in rows]
        (tmp_path / name).write_bytes(header.encode() + b"".join(line + b"\n" for line in lines))
        return tmp_path / name

    return write


@pytest.fixture
def ledger_of_nothing() -> DictionarySink:
    """An empty ledger."""
    return DictionarySink()


Imported = tuple[Report, DictionarySink]


@pytest.fixture
def imported(export: Callable[..., Path], mapping: Mapping) -> Callable[..., Imported]:
    """Import rows into an empty ledger, or into that of `sink`."""

    def run(
        *rows: str | bytes, sink: DictionarySink | None = None, header: str = HEADER, **options
    ) -> Imported:
        sink = DictionarySink() if sink is None else sink
        return run_import(export(*rows, header=header), mapping, sink, **options), sink

    return run
