"""What views are folded from: a ledger, read on in batches, each with where it ends.

Two kinds: a ledger in PostgreSQL, which wakes who waits for it, and one in Kafka, which a waiting
reader asks for blocks that may come.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from eventsourcing.persistence import ApplicationRecorder

from consumers.projecting.batches import read, read_some
from consumers.wake import Wake
from ledger.head import Head
from ledger.kafka.chain import Checkpoint
from projections.projection import Batch


class ViewsAheadOfLedger(Exception):
    """A view has seen events that the ledger does not hold."""


class Taken(NamedTuple):
    """A batch of at least one event, and where the ledger stands with its last.

    From a source that reads only some types of events it may hold none of those.
    """

    events: Batch
    checkpoint: Checkpoint


class Source(Protocol):
    """A ledger for whoever folds it. For one thread at a time but where it says otherwise.

    Every method that reads raises what the recorder raises, and FoldFailed for an event that
    cannot be read.
    """

    def prove(self, stands: Mapping[str, Checkpoint]) -> None:
        """Prove that the ledger holds where each view stands. Raises ViewsAheadOfLedger."""
        ...

    def look(self) -> None:
        """Let `read` go as far as the ledger goes now."""
        ...

    def read(self, after: Checkpoint, stop: int | None, limit: int) -> Taken | None:
        """The events behind a checkpoint, up to position `stop`, some `limit` of them.

        None if there are none: up to where the last `look` or `wait` saw the end. A batch ends
        where a checkpoint can stand.
        """
        ...

    def wait(self) -> None:
        """Return when there may be more to read, or because of `notify`, or for nothing."""
        ...

    def notify(self) -> None:
        """Say that there is more to read, or that nobody shall wait. From any thread."""
        ...

    def end(self) -> int:
        """The last position of the ledger, asked anew. From any thread."""
        ...

    def disconnect(self) -> None:
        """Give up what may have broken: what is needed is opened anew."""
        ...

    def close(self) -> None:
        """Give up everything; nobody may wait any more."""
        ...


class PostgresSource:
    """A ledger in PostgreSQL, whose checkpoints are positions and no more.

    Who waits is woken by `notify`, and, with a `channel`, by NOTIFY in the database, which only
    waiting needs. With `topics` only events of these types are read.
    """

    def __init__(
        self,
        recorder: ApplicationRecorder,
        database_url: str | None = None,
        channel: str | None = None,
        topics: Collection[str] | None = None,
    ) -> None:
        self._recorder = recorder
        self._topics = topics
        self._database_url, self._channel = database_url, channel
        self._wake: Wake | None = None

    def prove(self, stands: Mapping[str, Checkpoint]) -> None:
        """Prove it by the last position."""
        end = self.end()
        for name, stand in stands.items():
            if stand.next_offset:
                raise ViewsAheadOfLedger(
                    f"view {name} was folded from a ledger in Kafka, and this one is in "
                    "PostgreSQL: name the right one, or run `onebook rebuild` to fold the views "
                    "from this"
                )
            if stand.head.position > end:
                raise ViewsAheadOfLedger(
                    f"the ledger lost events after position {end}: view {name} has seen "
                    f"{stand.head.position}; restore the ledger, or run `onebook rebuild` to "
                    "fold the views from what is left"
                )

    def look(self) -> None:
        """Nothing: every read looks."""

    def read(self, after: Checkpoint, stop: int | None, limit: int) -> Taken | None:
        """At most `limit` events; a batch may end anywhere."""
        if self._topics is not None:
            return self._read_some(after.head.position, stop, limit, self._topics)
        batch = read(self._recorder, after.head.position, stop, limit)
        return Taken(batch, Checkpoint(0, Head(batch[-1][0], ""))) if batch else None

    def _read_some(
        self, after: int, stop: int | None, limit: int, topics: Collection[str]
    ) -> Taken | None:
        until = min(self.end(), after + limit)
        until = until if stop is None else min(until, stop)
        if until <= after:
            return None
        batch = read_some(self._recorder, after, until, topics)
        return Taken(batch, Checkpoint(0, Head(until, "")))

    def wait(self) -> None:
        """Block until woken; returns once for nothing after a new connection."""
        if self._wake is None:
            assert self._database_url is not None, "nothing to wait for"
            self._wake = Wake(self._database_url, self._channel)
        self._wake.wait()

    def notify(self) -> None:
        """Wake who waits. Nothing is lost before anybody does: they look once first."""
        if self._wake is not None:
            self._wake.notify()

    def end(self) -> int:
        """The last position."""
        return self._recorder.max_notification_id() or 0

    def disconnect(self) -> None:
        """Listen anew before the next wait."""
        if self._wake is not None:
            self._wake.close()
            self._wake = None

    def close(self) -> None:
        """Nothing but the wake is ours."""
        self.disconnect()
