"""The tail of a ledger as availability needs it: read in a thread, handed on in batches.

It begins where the views are, so that whatever they show can be moved on from there.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

import psycopg

from consumers.availability.entry import VIEW_OF
from consumers.availability.recent import MAX_RECENT
from consumers.projecting.source import Source
from consumers.projector import PASSING_FAULTS
from ledger.codec import TOPICS
from ledger.kafka.chain import Checkpoint
from ledger.log import get_logger
from projections.keeping import checkpoints
from projections.projection import Batch
from projections.selling.availability import READS

NEEDED: Final = frozenset(TOPICS[event_type] for event_type in VIEW_OF)
"""The event types that are read; others are not even decoded."""
BATCH_EVENTS: Final = 2_000
PAUSE_S: Final = 0.01
"""Between two reads of a ledger that grows: so that a writer beside it is hardly disturbed."""
PAUSE_AFTER_FAULT_S: Final = 0.5
LOOK_AGAIN_S: Final = 1.0
CONNECT_LIMIT_S: Final = 3
STOP_WITHIN_S: Final = 8.0

log = get_logger(__name__)


class Tail:
    """Reads the ledger of one network between `start` and `stop`.

    `begin(position)` is called once, before the first batch; `deliver(batch, position)` with each,
    in the tail's thread: no further batch is read before it returns.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        database_url: str,
        network: str,
        begin: Callable[[int], None],
        deliver: Callable[[Batch, int], None],
    ) -> None:
        self._open_source = open_source
        self._database_url, self._network = database_url, network
        self._begin, self._deliver = begin, deliver
        self._stopping = threading.Event()
        self._source: Source | None = None
        self._thread = threading.Thread(target=self._run, name="availability", daemon=True)
        self._prompter = threading.Thread(
            target=self._prompt, name="availability-beat", daemon=True
        )
        self.fault: BaseException | None = None
        """What ended it, at `ended_at` of the monotonic clock, if something did."""
        self.ended_at = 0.0

    def start(self) -> None:
        """Begin, once."""
        self._thread.start()
        self._prompter.start()

    def stop(self) -> None:
        """End after the batch under way. Blocks."""
        self.tell_to_stop()
        if self._thread.ident is not None:
            self._thread.join(STOP_WITHIN_S)

    def tell_to_stop(self) -> None:
        """Have it end soon; does not block."""
        self._stopping.set()
        if self._source is not None:
            self._source.notify()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping.is_set()

    def _run(self) -> None:
        try:
            self._source = self._open_source()
            at = self._first()
            while at is not None and not self._stopping.is_set():
                at = self._next(at)
        except Exception as fault:  # noqa: BLE001 - whatever it is, readers go on with the views
            self.fault, self.ended_at = fault, time.monotonic()
            log.error("availability_not_followed", error=str(fault))
        finally:
            if self._source is not None:
                self._source.close()

    def _first(self) -> Checkpoint | None:
        """Where the views are, once they are near the ledger's end; None: told to stop."""
        while not self._stopping.is_set():
            try:
                stand = self._where_views_are()
                if stand is not None:
                    self._begin(stand.head.position)
                    return stand
            except PASSING_FAULTS as away:
                log.info("availability_waits_for_views", error=str(away))
                self._disconnect()
            self._stopping.wait(LOOK_AGAIN_S)
        return None

    def _where_views_are(self) -> Checkpoint | None:
        assert self._source is not None, "opened"
        with psycopg.connect(
            self._database_url, autocommit=True, connect_timeout=CONNECT_LIMIT_S
        ) as conn:
            try:
                stands = checkpoints.stands(conn, self._network)
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
                return None
        if not stands.keys() >= set(READS):
            return None
        first = min((stands[view] for view in READS), key=lambda stand: stand.head.position)
        behind = self._source.end() - first.head.position
        return first if behind < MAX_RECENT else None

    def _next(self, at: Checkpoint) -> Checkpoint:
        """Hand on what follows, or wait for it."""
        source = self._source
        assert source is not None, "opened"
        try:
            taken = source.read(at, None, BATCH_EVENTS)
            if taken is None:
                source.wait()
                return at
        except PASSING_FAULTS as away:
            log.warning("availability_waits_for_the_ledger", error=str(away))
            self._disconnect()
            self._stopping.wait(PAUSE_AFTER_FAULT_S)
            return at
        self._deliver(taken.events, taken.checkpoint.head.position)
        if len(taken.events) < BATCH_EVENTS:
            time.sleep(PAUSE_S)
        return taken.checkpoint

    def _disconnect(self) -> None:
        if self._source is not None:
            self._source.disconnect()

    def _prompt(self) -> None:
        """A notification may be lost with a connection: who waits looks around now and then."""
        while not self._stopping.wait(LOOK_AGAIN_S):
            if self._source is not None:
                self._source.notify()
