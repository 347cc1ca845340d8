"""One import: survey the file, send what it says, and report what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from consumers.ingest import prepare
from consumers.ingest.faults import BadRow, OpeningRefused
from consumers.ingest.survey import survey
from ledger.domain.requests import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from consumers.ingest.mapping import Mapping
    from consumers.ingest.prepare import Prepared
    from consumers.ingest.sink import Outcome, Sink
    from consumers.ingest.survey import OnBadRow, Survey
    from consumers.ingest.table import OnProgress

MAX_BATCH_REQUESTS = 500
MAX_BATCH_LINES = 2_000
"""A batch ends at whichever comes first; one request alone may have more lines."""
MAX_PROBLEMS_KEPT = 100


class Report(Struct, frozen=True):
    """What an import did.

    `sent` counts requests by type. Of them `accepted` are new in the ledger, `replayed` were there
    already; `problems` are the first of the others: refused, malformed, failed, or there
    with other content.
    `invoices` went in, `invoices_out` were kept out by their bad rows, of which `first_bad` are
    the first.
    """

    file: str
    rows: int
    invoices: int
    invoices_out: int
    bad_rows: int
    first_bad: tuple[BadRow, ...]
    sent: dict[str, int]
    accepted: int
    replayed: int
    refused: int
    mismatched: int
    malformed: int
    failed: int
    problems: tuple[Outcome, ...]

    @property
    def whole(self) -> bool:
        """Whether everything in the file is in the ledger now, as the file says it."""
        wrong = self.refused + self.mismatched + self.malformed + self.failed
        return self.bad_rows + wrong == 0

    @property
    def nothing_new(self) -> bool:
        """Whether the ledger is what it was before."""
        return self.accepted == 0


class _Count(Struct):
    """What was sent and what became of it, so far."""

    sent: dict[str, int] = field(default_factory=dict)
    results: dict[str, int] = field(default_factory=dict)
    problems: list[Outcome] = field(default_factory=list)

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self.results[outcome.result] = self.results.get(outcome.result, 0) + 1
            bad = outcome.result not in {"accepted", "replayed"}
            if bad and len(self.problems) < MAX_PROBLEMS_KEPT:
                self.problems.append(outcome)


def run_import(  # noqa: PLR0913 (one call says all of an import)
    file: Path,
    mapping: Mapping,
    sink: Sink,
    *,
    opening_balances: bool = False,
    opening_last: bool = False,
    on_progress: OnProgress | None = None,
    on_bad_row: OnBadRow | None = None,
) -> Report:
    """Send what a file says to the sink; the same file again adds nothing.

    `opening_balances` sends counts of what must have been there before the first row, ahead of
    all rows (`opening_last`: after them; what results is the same). Raises ImportStopped:
    FileFault and OpeningRefused before anything is sent, unless the file changes meanwhile.
    """
    surveyed = survey(file, mapping, on_progress, on_bad_row)
    counts = list(prepare.openings(mapping, surveyed)) if opening_balances else []
    if counts:
        _refuse_opening_a_used_ledger(mapping, surveyed, sink)
    count = _Count()
    _send(prepare.descriptions(mapping, surveyed), sink, count)
    if not opening_last:
        _send(counts, sink, count)
    _send(prepare.requests(mapping, surveyed, on_progress), sink, count)
    if opening_last:
        _send(counts, sink, count)
    return _report(surveyed, count)


def _refuse_opening_a_used_ledger(mapping: Mapping, surveyed: Survey, sink: Sink) -> None:
    """Opening counts are for a ledger in which nothing happened yet; their repetition is none."""
    if sink.knows(mapping.sender, prepare.opening_id(surveyed, 1)):
        return
    for location in sorted({location for location, _ in surveyed.tally.balances}):
        if sink.has_stock_events(location):
            raise OpeningRefused(
                f"{surveyed.file}: opening balances need a ledger without stock events at "
                f"{location}, and this one has some: import without them, or into an empty ledger"
            )


def _send(requests: Iterable[Prepared], sink: Sink, count: _Count) -> None:
    """Send in batches and wait for all answers."""
    batch: list[Prepared] = []
    lines = 0
    for prepared in requests:
        size = len(getattr(prepared.request, "lines", ())) or 1
        if batch and (len(batch) == MAX_BATCH_REQUESTS or lines + size > MAX_BATCH_LINES):
            count.settle(sink.send(batch))
            batch, lines = [], 0
        batch.append(prepared)
        lines += size
        kind = kind_of(prepared.request)
        count.sent[kind] = count.sent.get(kind, 0) + 1
    if batch:
        count.settle(sink.send(batch))
    count.settle(sink.finish())


def _report(surveyed: Survey, count: _Count) -> Report:
    results = count.results
    assert sum(results.values()) == sum(count.sent.values()), (results, count.sent)
    return Report(
        file=str(surveyed.file),
        rows=surveyed.rows,
        invoices=len(surveyed.invoices),
        invoices_out=surveyed.invoices_out,
        bad_rows=surveyed.bad_rows,
        first_bad=surveyed.first_bad,
        sent=count.sent,
        accepted=results.get("accepted", 0),
        replayed=results.get("replayed", 0),
        refused=results.get("refused", 0),
        mismatched=results.get("mismatch", 0),
        malformed=results.get("malformed", 0),
        failed=results.get("failed", 0),
        problems=tuple(count.problems),
    )
