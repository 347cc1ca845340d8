"""The `eventsourcing` library's recorders on Kafka, by the block rule.

`ReadOnlyRecorder` is for everyone who is not a writer. `ApplicationRecorder` and
`ProcessRecorder` append: Onebook's writer with `decided_on`, one block in flight; other
applications without it, their concurrent inserts committed together.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from threading import RLock
from typing import Any, Final, Self, cast
from uuid import UUID

from eventsourcing import persistence as library
from eventsourcing.persistence import (
    IntegrityError,
    Notification,
    NotSupportedError,
    StoredEvent,
    Tracking,
)

from ledger.head import Head
from ledger.kafka.chain import Checkpoint
from ledger.kafka.commit import (
    MAX_GROUP_BYTES,
    MAX_GROUP_EVENTS,
    Commit,
    Insert,
    LastVersion,
)
from ledger.kafka.follower import Follower
from ledger.kafka.history import History
from ledger.kafka.log import Log
from ledger.kafka.streams import Streams
from ledger.kafka.tip import Tip, pass_on_positions
from ledger.recorded import Recorded

SUBSCRIPTION_POLL_S: Final = 0.5
SUBSCRIPTION_PAGE: Final = 500


class ReadOnlyRecorder(library.ApplicationRecorder):
    """Reads one ledger; never writes. Every method may be called from any thread."""

    def __init__(self, log: Log, network: str, *, checkpoint: Checkpoint | None = None) -> None:
        self._log, self._network = log, network
        self._reading = RLock()
        self._history = History(log, network, checkpoint)
        self._latest = Follower(log, network, checkpoint)
        self._streams: Streams | None = None

    @property
    def network(self) -> str:
        """Whose ledger it is."""
        return self._network

    @property
    def log(self) -> Log:
        """The topic, for whoever follows its blocks."""
        return self._log

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return a stream's events; the first call reads the whole ledger for an index."""
        with self._reading:
            streams = self._known_streams()
            return streams.select(str(originator_id), gt=gt, lte=lte, desc=desc, limit=limit)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return at most `limit` events from `start` to `stop`, in the order of positions."""
        first = 0 if start is None else start if inclusive_of_start else start + 1
        with self._reading:
            return self._history.select(max(0, first - 1), limit, stop, topics)

    def max_notification_id(self) -> int | None:
        """Return the last position, None for an empty ledger. Asks the broker."""
        return self.head().position or None

    def head(self) -> Head:
        """Return the head of the ledger. Asks the broker."""
        return self._latest_checkpoint().head

    def max_tracking_id(self, application_name: str) -> int | None:
        """Return how far an input is consumed, None if nothing of it is. Asks the broker."""
        return self._latest_checkpoint().trackings.get(application_name)

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Refuse: raises NotSupportedError."""
        raise NotSupportedError(
            f"this recorder only reads the ledger of {self._network}: {len(stored_events)} events "
            f"were not written ({', '.join(kwargs) or 'no condition'}); writers write"
        )

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> library.Subscription[library.ApplicationRecorder]:
        """Return an iterator over events after `gt` that waits at the end for more."""
        return cast(
            "library.Subscription[library.ApplicationRecorder]", KafkaSubscription(self, gt, topics)
        )

    def history(self, checkpoint: Checkpoint | None = None) -> History:
        """A reader of its own, for one thread that follows the ledger; close it."""
        return History(self._log, self._network, checkpoint)

    def close(self) -> None:
        """Give up the connections."""
        with self._reading:
            self._history.close()
            self._latest.close()
            if self._streams is not None:
                self._streams.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def _latest_checkpoint(self) -> Checkpoint:
        with self._reading:
            for _ in self._latest.to_the_end():
                pass
            return self._latest.checkpoint

    def _known_streams(self) -> Streams:
        if self._streams is None:
            self._streams = Streams(self._log, self._network)
        self._streams.read_on()
        return self._streams


class ApplicationRecorder(ReadOnlyRecorder):
    """Stored events in one total order of positions 1, 2, 3 … without gaps.

    `tip` is the end of the ledger as this recorder writes it. Whoever folds the ledger to decide
    reads on by `tip.read_on` alone, so that no block passes it by. `dense`: the versions of a
    stream have no gaps, which is true of events and not of snapshots.
    """

    def __init__(
        self,
        log: Log,
        network: str,
        writer: str,
        *,
        checkpoint: Checkpoint | None = None,
        dense: bool = True,
    ) -> None:
        super().__init__(log, network, checkpoint=checkpoint)
        self.tip = Tip(log, network, writer, checkpoint)
        self._commit = Commit(self.tip, self._versions, dense=dense)
        self._waiting: deque[Insert] = deque()
        self._committing = ThreadPoolExecutor(1, thread_name_prefix="ledger-commit")

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Write events and trackings in one block; return the events' positions.

        Takes `decided_on`, `trackings` and `tracking` as `append` does. Raises IntegrityError if
        `decided_on` is not the head, a version of a stream does not follow its last or a tracking
        does not rise: nothing is written then. After any other error the outcome is unknown: read
        to the end of the ledger and believe it.
        """
        return self._queued(_insert(stored_events, **kwargs)).result()

    def append(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        decided_on: Head | None = None,
        trackings: Sequence[Tracking] = (),
        tracking: Tracking | None = None,
        recorded_at: datetime | None = None,
    ) -> Future[list[int]]:
        """Write events and trackings in one block, in the order of the calls.

        The future holds the events' positions, or what `insert_events` raises. On a `decided_on`
        that is the tip's head the block is sent at once, with nothing asked of anybody: then
        versions are the caller's to know, and any failure means that the outcome is unknown.
        Without one, and for heads that the tip has not read, appends that wait are committed
        together, their versions checked.
        """
        insert = _insert(
            stored_events, decided_on=decided_on, trackings=trackings, tracking=tracking
        )
        if decided_on is not None and decided_on == self.tip.head and self.tip.ready:
            return self._sent(insert, recorded_at)
        return self._queued(insert)

    def close(self) -> None:
        """Write what waits, then give up the connections."""
        self._committing.shutdown()
        self.tip.close()
        super().close()

    def _sent(self, insert: Insert, recorded_at: datetime | None) -> Future[list[int]]:
        """The writer's way: one round trip, no thread between."""
        assert insert.decided_on is not None
        if insert.events or insert.tracking:
            sent = self.tip.append(insert.events, insert.decided_on, insert.tracking, recorded_at)
            pass_on_positions(sent, insert.positions)
        else:
            insert.positions.set_result([])
        return insert.positions

    def _queued(self, insert: Insert) -> Future[list[int]]:
        self._waiting.append(insert)
        self._committing.submit(self._commit_waiting)
        return insert.positions

    def _commit_waiting(self) -> None:
        group: list[Insert] = []
        events = size = 0
        while self._waiting:
            following = self._waiting[0]
            events += len(following.events)
            size += sum(len(event.state) for event in following.events)
            if group and (
                events > MAX_GROUP_EVENTS
                or size > MAX_GROUP_BYTES
                or (following.decided_on or group[0].decided_on) is not None
            ):
                break
            group.append(self._waiting.popleft())
        if group:
            self._commit.write(group)

    def _versions(self) -> LastVersion:
        with self._reading:
            return self._known_streams().last_version


class AggregateRecorder(ApplicationRecorder):
    """Streams alone, such as snapshots: nobody asks for positions in their order."""

    def insert_events(  # type: ignore[override] # None is what the library's cases ask for
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> None:
        """Write events in one block. Raises as `ApplicationRecorder.insert_events`."""
        super().insert_events(stored_events, **kwargs)


class _Tracks(ApplicationRecorder):
    """Trackings alone: a block without events."""

    def insert_tracking(self, tracking: Tracking) -> None:
        """Record how far an input is consumed. Raises as `insert_events`."""
        self.insert_events([], tracking=tracking)


class TrackingRecorder(_Tracks, library.TrackingRecorder):
    """How far each input has been consumed, kept in the blocks of a ledger."""


class ProcessRecorder(_Tracks, library.ProcessRecorder):
    """A ledger together with how far each input has been consumed."""


class KafkaSubscription(library.Subscription[ReadOnlyRecorder]):
    """Events as they are written. It waits at the brokers, in the thread that asks for the next."""

    def __init__(
        self, recorder: ReadOnlyRecorder, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._history = recorder.history()
        self._ready: deque[Notification] = deque()
        self._read_to = gt or 0

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        super().__exit__(*args, **kwargs)
        self._history.close()

    def __next__(self) -> Notification:
        """The next event; raises StopIteration once stopped, and what reading raises."""
        while not self._ready and not self._has_been_stopped:
            found = self._history.select(self._read_to, SUBSCRIPTION_PAGE, topics=self._topics)
            self._ready.extend(found)
            if len(found) == SUBSCRIPTION_PAGE:
                self._read_to = found[-1].id
            else:  # nothing else of these topics is written yet
                self._read_to = max(self._read_to, self._history.checkpoint.head.position)
            if not found:
                self._history.wait(SUBSCRIPTION_POLL_S)
        if self._has_been_stopped:
            raise StopIteration
        notification = self._ready.popleft()
        self._last_notification_id = notification.id
        return notification


def _insert(
    stored_events: Sequence[StoredEvent],
    *,
    decided_on: Head | None = None,
    trackings: Sequence[Tracking] = (),
    tracking: Tracking | None = None,
) -> Insert:
    moved = [*trackings] if tracking is None else [*trackings, tracking]
    tracked = {one.application_name: one.notification_id for one in moved}
    if len(tracked) < len(moved):
        raise IntegrityError(f"one input is tracked twice in one insert: {moved}")
    events = tuple(
        Recorded(str(e.originator_id), e.originator_version, e.topic, e.state)
        for e in stored_events
    )
    return Insert(events, decided_on, tracked, Future())
