"""The port to one Kafka topic of one partition: append a value, read records on.

What is behind it is Kafka (`ledger.kafka.client`) or, in the deterministic model of the tests, a
simulated broker that loses, delays and doubles.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple, Protocol

from eventsourcing.persistence import OperationalError


class LogUnavailable(OperationalError):
    """The topic cannot be read or written now; whether an append landed is not known."""


class Record(NamedTuple):
    """One record: `timestamp_ms` is the broker's clock at the append, since the epoch."""

    offset: int
    value: bytes | None
    timestamp_ms: int


class Appended(NamedTuple):
    """What the broker says of an append. An offset of -1 says nothing of where it stands."""

    offset: int
    timestamp_ms: int


class Appender(Protocol):
    """Appends values in the order of the calls, from one thread at a time."""

    def send(self, value: bytes) -> Future[Appended]:
        """Append; the future is done, in any thread, when all in-sync replicas have the record.

        After any exception in the future (or from this call) it may stand there, now or later.
        """
        ...

    def discard(self) -> None:
        """Send nothing more. One value that is under way may still land."""
        ...


class Reader(Protocol):
    """Reads records in order, for one thread at a time."""

    def seek(self, offset: int) -> None:
        """Go on from this offset."""
        ...

    def poll(self, timeout_s: float) -> Sequence[Record]:
        """The next records; waits for the first so long, none if none came.

        Raises LedgerTruncated (of ledger.kafka.chain) if the topic does not hold the offset,
        LogUnavailable if it cannot be read.
        """
        ...

    def start(self) -> int:
        """The first offset that the topic holds. Raises LogUnavailable."""
        ...

    def end(self) -> int:
        """The offset behind the last record that all in-sync replicas have. Raises as `start`."""
        ...

    def close(self) -> None:
        """Give up the connection."""
        ...


class Log(Protocol):
    """One topic."""

    topic: str

    def appender(self) -> Appender:
        """A new appender."""
        ...

    def reader(self, *, few: bool = False) -> Reader:
        """A new reader, at offset 0. `few`: of single records here and there, not of all."""
        ...
