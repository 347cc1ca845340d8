"""Importing requests from a file with one JSON object a line, in bounded memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from api.commands.progress import Report as Progressing
from api.commands.terminal import Failure, err, say
from consumers.ingest.prepare import Prepared
from consumers.ingest.sink import Outcome, Sink
from ledger.door import MAX_REQUEST_BYTES, Malformed, channel_id, read_request

GROUP_REQUESTS: Final = 500
GROUP_BYTES: Final = 4 << 20
MAX_SHOWN: Final = 20
PROGRESS: Final = "importing (KiB)"


class LinesReport(msgspec.Struct):
    """What an import of lines did: how many lines got which answer."""

    lines: int = 0
    accepted: int = 0
    replayed: int = 0
    refused: int = 0
    mismatch: int = 0
    malformed: int = 0
    failed: int = 0

    @property
    def whole(self) -> bool:
        """Whether each line is in the ledger now, as an accepted request."""
        return self.lines == self.accepted + self.replayed

    def settle(self, outcome: Outcome) -> None:
        """Count one answer, and say it if it is neither new nor known."""
        setattr(self, outcome.result, getattr(self, outcome.result) + 1)
        if outcome.result not in ("accepted", "replayed"):
            self._say(f"request {outcome.request_id!r}: {outcome.result}: {outcome.detail}")

    def reject(self, line: int, fault: Malformed) -> None:
        """Count one line that is no request."""
        self.malformed += 1
        self._say(f"line {line}: malformed: {fault}")

    def _say(self, text: str) -> None:
        if self.refused + self.mismatch + self.malformed + self.failed <= MAX_SHOWN:
            say(text, to=err)


def run_ndjson(file: Path, channel: str, sink: Sink, progressing: Progressing) -> LinesReport:
    """Send every line; a malformed one is reported and the rest goes on.

    Raises Failure for a channel that may not send and for a file without a line, ImportStopped
    when answers stay out.
    """
    try:
        channel_id(channel)
    except Malformed as fault:
        raise Failure(f"--channel: {fault.detail}") from None
    report = LinesReport()
    total = file.stat().st_size >> 10
    with file.open("rb") as lines:
        for group in _groups(lines, channel, report):
            for outcome in sink.send(group):
                report.settle(outcome)
            progressing(PROGRESS, lines.tell() >> 10, total)
    for outcome in sink.finish():
        report.settle(outcome)
    if report.lines == 0:
        raise Failure(f"no requests in {file}: it is empty, or its lines are blank")
    return report


def show_lines(report: LinesReport) -> None:
    """Print what an import of lines did."""
    say(
        f"{report.lines:,} requests: {report.accepted:,} are new in the ledger, "
        f"{report.replayed:,} were there already, {report.refused:,} refused, "
        f"{report.mismatch:,} there with other content, {report.malformed:,} malformed"
    )


def _groups(lines: BinaryIO, channel: str, report: LinesReport) -> Iterator[list[Prepared]]:
    group: list[Prepared] = []
    size = number = 0
    while line := lines.readline(MAX_REQUEST_BYTES + 2):
        number += 1
        if not line.strip():
            continue
        report.lines += 1
        try:
            group.append(Prepared(channel, read_request(line.strip())))
        except Malformed as fault:
            report.reject(number, fault)
            _skip_rest(lines, line)
        size += len(line)
        if len(group) == GROUP_REQUESTS or size > GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _skip_rest(lines: BinaryIO, line: bytes) -> None:
    """Of a line longer than any request, pass over what was not read."""
    while line and not line.endswith(b"\n"):
        line = lines.readline(MAX_REQUEST_BYTES)
