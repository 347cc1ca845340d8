"""Where an import's requests go: a writer in this process, or whatever keeps the same promises."""

from __future__ import annotations

from collections import deque
from time import monotonic, sleep
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct
from psycopg.sql import SQL, Identifier

from consumers.ingest.faults import ImportStopped
from consumers.writing.writer import DecisionFailed, Mismatch, WriterBusy, WriterStopped
from ledger.domain.words import part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from consumers.ingest.prepare import Prepared
    from consumers.writing.writer import Outcome as Answered
    from ledger.domain.requests import AnyRequest
    from ledger.postgres import ProcessRecorder

MAX_SUBMITS_IN_FLIGHT = 16
BUSY_WAIT_S = 0.01
MAX_BUSY_S = 60.0
ANSWER_TIMEOUT_S = 120.0

_ANY_STREAM = SQL(
    "SELECT originator_id FROM {} WHERE originator_id >= %s AND originator_id < %s LIMIT 1"
)

Result = Literal["accepted", "replayed", "refused", "mismatch", "malformed", "failed"]


class Outcome(Struct, frozen=True):
    """What became of one request; `detail` says more where it is not accepted or replayed."""

    channel: str
    request_id: str
    result: Result
    detail: str = ""


class Sink(Protocol):
    """Takes batches without waiting for each answer, a bounded number of them at a time."""

    def send(self, batch: Sequence[Prepared]) -> Iterable[Outcome]:
        """Hand over a batch; return the outcomes, of this or earlier ones, that are known by now.

        The requests of one channel keep their order, within and between batches. Blocks while too
        many batches are unanswered. Raises ImportStopped if they cannot be handed over.
        """

    def finish(self) -> Iterable[Outcome]:
        """Wait for all that was sent and return the outcomes not yet returned."""

    def knows(self, channel: str, request_id: str) -> bool:
        """Whether the ledger holds this request."""

    def has_stock_events(self, location: str) -> bool:
        """Whether the ledger holds any stock event at this location."""


class Submits(Protocol):
    """What is needed here of `consumers.writing.writer.Writer`."""

    def submit(self, channel: str, requests: Sequence[AnyRequest]) -> Future[list[Answered]]:
        """Answer these requests of one channel, in order; WriterBusy while the queue is full."""


class WriterSink:
    """A sink into a writer of this process, and its ledger in PostgreSQL."""

    def __init__(self, writer: Submits, ledger: ProcessRecorder) -> None:
        self._writer = writer
        self._ledger = ledger
        self._sent: deque[tuple[str, Future[list[Answered]]]] = deque()

    def send(self, batch: Sequence[Prepared]) -> Iterator[Outcome]:
        """Submit each channel's part; wait for the oldest while too many are in flight."""
        outcomes: list[Outcome] = []
        for channel, requests in by_channel(batch):
            while len(self._sent) >= MAX_SUBMITS_IN_FLIGHT:
                outcomes.extend(self._oldest())
            self._sent.append((channel, self._submitted(channel, requests)))
        return iter(outcomes)

    def finish(self) -> Iterator[Outcome]:
        """Wait for all that was submitted."""
        while self._sent:
            yield from self._oldest()

    def knows(self, channel: str, request_id: str) -> bool:
        """Whether the ledger holds the request's stream."""
        stream = f"request/{channel}/{part(request_id)}"
        return bool(self._ledger.select_events(stream, limit=1))

    def has_stock_events(self, location: str) -> bool:
        """Whether the ledger holds any stream of stock at the location."""
        # Streams compare byte for byte, and "0" follows "/": all that begin with the location.
        place = f"stock/{part(location)}"
        query = _ANY_STREAM.format(
            Identifier(self._ledger.datastore.schema, self._ledger.events_table_name)
        )
        with self._ledger.datastore.get_connection() as connection:
            found = connection.execute(query, (f"{place}/", f"{place}0")).fetchone()
        return found is not None

    def _submitted(self, channel: str, requests: list[AnyRequest]) -> Future[list[Answered]]:
        give_up = monotonic() + MAX_BUSY_S
        while True:
            try:
                return self._writer.submit(channel, requests)
            except WriterStopped as error:
                raise ImportStopped(
                    f"the writer stopped: {error}; import the file again"
                ) from error
            except WriterBusy as error:
                if monotonic() > give_up:
                    raise ImportStopped(
                        f"the writer was busy for {MAX_BUSY_S:.0f} s; import the file again"
                    ) from error
                sleep(BUSY_WAIT_S)

    def _oldest(self) -> Iterator[Outcome]:
        channel, future = self._sent.popleft()
        try:
            answers = future.result(ANSWER_TIMEOUT_S)
        except (WriterStopped, TimeoutError) as error:
            raise ImportStopped(f"no answer came from the writer: {error}; import again") from error
        return (outcome_of(channel, answer) for answer in answers)


def by_channel(batch: Sequence[Prepared]) -> Iterator[tuple[str, list[AnyRequest]]]:
    """The requests of each channel in a batch, in their order."""
    channels: dict[str, list[AnyRequest]] = {}
    for channel, request in batch:
        channels.setdefault(channel, []).append(request)
    yield from channels.items()


def outcome_of(channel: str, answer: Answered) -> Outcome:
    """A writer's answer as an outcome."""
    if isinstance(answer, Mismatch):
        at = "" if answer.position is None else f", at position {answer.position}"
        detail = f"the ledger holds it with other content{at}"
        return Outcome(channel, answer.request_id, "mismatch", detail)
    if isinstance(answer, DecisionFailed):
        return Outcome(channel, answer.request_id, "failed", "a fault of the writer: see its log")
    if answer.outcome == "refused":
        return Outcome(channel, answer.request_id, "refused", answer.reason or "")
    return Outcome(channel, answer.request_id, "replayed" if answer.replayed else "accepted")
