"""The end of a ledger, as one writer sees it: appends blocks there, reads what others append."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Final, NamedTuple

from eventsourcing.persistence import IntegrityError

from ledger.head import Head
from ledger.kafka.block import GENESIS, Block, encode, hash_of
from ledger.kafka.chain import Checkpoint, Counted, LedgerTruncated, not_rising
from ledger.kafka.follower import Follower
from ledger.kafka.log import Appended, Appender, Log, LogUnavailable
from ledger.recorded import Recorded

IN_FLIGHT_LIMIT_S: Final = 30.0
"""How long reading on waits for an append under way; the appender gives up long before."""

Take = Callable[[Counted], None]


class _Sent(NamedTuple):
    block: Block
    name: str
    at: datetime
    counted: Future[Counted]


def _now() -> datetime:
    return datetime.now(UTC)


class Tip:
    """One writer's end of a ledger. `append` and `read_on` are for one thread; the rest for any.

    A block has won if and only if its predecessor is confirmed and its acknowledged offset is the
    next after the last record that was read here. In every other case (another offset, -1, an
    error, a timeout) nothing more is sent before the log has been read to its end.
    """

    def __init__(  # noqa: PLR0913 - where, who, from where on, and two clocks
        self,
        log: Log,
        network: str,
        writer: str,
        checkpoint: Checkpoint | None = None,
        *,
        clock: Callable[[], datetime] = _now,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.writer = writer
        self._log = log
        self._network = network
        self._clock = clock
        self._follower = Follower(log, network, checkpoint, clock=ticks)
        self._appender: Appender | None = None
        self._changed = threading.Condition()
        self._sent: _Sent | None = None
        self._uncertain = True
        self._clock_ahead_s = 0.0
        self.last_sent: str | None = None
        """The hash of the last block that was given to the appender, whatever became of it."""

    @property
    def checkpoint(self) -> Checkpoint:
        """Behind the last block that is known to count. Asks nobody."""
        return self._follower.checkpoint

    @property
    def head(self) -> Head:
        """The last block that is known to count. Asks nobody."""
        return self._follower.checkpoint.head

    @property
    def ready(self) -> bool:
        """Whether the log was read to its end since the last doubt, and nothing is under way."""
        return not self._uncertain and self._sent is None

    @property
    def clock_ahead_s(self) -> float:
        """How far this machine's clock was ahead of the broker's stamp on the last own append."""
        return self._clock_ahead_s

    @property
    def skipped(self) -> int:
        """How many records did not count."""
        return self._follower.skipped

    def append(
        self,
        events: Sequence[Recorded],
        decided_on: Head,
        tracking: Mapping[str, int],
        recorded_at: datetime | None = None,
    ) -> Future[Counted]:
        """Append one block.

        The future raises IntegrityError if `decided_on` is not the head known here (nothing was
        sent), DataError if the block is too large for a record (likewise), LogUnavailable if the
        outcome is unknown: call `read_on` then.
        """
        counted: Future[Counted] = Future()
        try:
            with self._changed:
                self._refuse_what_cannot_follow(decided_on, tracking)
                now = self._clock()
                block = Block(
                    self._network,
                    self.writer,
                    decided_on.hash,
                    decided_on.position + 1,
                    recorded_at or now,
                    tracking,
                    tuple(events),
                )
                value = encode(block)
                self._sent = sent = _Sent(block, hash_of(value), now, counted)
                self.last_sent = sent.name
            appended = self._ready_appender().send(value)
        except IntegrityError as refusal:
            counted.set_exception(refusal)
        except Exception as fault:  # noqa: BLE001 - told to whoever waits
            self._give_up(counted, fault)
        else:
            appended.add_done_callback(lambda done: self._landed(sent, done))
        return counted

    def read_on(self, take: Take) -> None:
        """Read to the end of the log, giving every block that counts; appends go on from there.

        Raises what `Follower` does; appends stay refused then.
        """
        in_doubt = self._begin_reading()
        if in_doubt:
            self._follower.prove()
        for counted in self._follower.to_the_end():
            take(counted)
        self._uncertain = False

    def wait(self, timeout_s: float, take: Take) -> bool:
        """Wait so long for records behind the last read and give the blocks; whether some came.

        For whoever does not append: appends are refused until `read_on`.
        """
        self._begin_reading()
        before = self._follower.next_offset
        for counted in self._follower.poll(timeout_s):
            take(counted)
        return self._follower.next_offset > before

    def close(self) -> None:
        """Send nothing more and give up the connections."""
        self._discard()
        self._follower.close()

    def _refuse_what_cannot_follow(self, decided_on: Head, tracking: Mapping[str, int]) -> None:
        if self._sent is not None:
            raise IntegrityError("an append is under way: the next is decided on it")
        if self._uncertain:
            raise IntegrityError("the ledger must be read to its end before something is appended")
        if decided_on != self.head:
            raise IntegrityError(
                f"decided on {decided_on}, but the head is {self.head}: nothing was written; read "
                "to the end and decide again"
            )
        refusal = not_rising(tracking, self.checkpoint.trackings)
        if refusal is not None:
            raise IntegrityError(refusal)

    def _ready_appender(self) -> Appender:
        if self.head.hash == GENESIS and not self._follower.is_empty():
            raise LogUnavailable(
                f"{self._log.topic} holds no block, but records have been in it: a first block is "
                "written to an empty topic only. Make a new topic, or restore this one"
            )
        if self._appender is None:
            self._appender = self._log.appender()
        return self._appender

    def _landed(self, sent: _Sent, done: "Future[Appended]") -> None:
        """In the appender's thread, which swallows what is raised: tell who waits."""
        try:
            counted = self._won(sent, *done.result())
        except Exception as fault:  # noqa: BLE001 - told to whoever waits
            self._give_up(sent.counted, fault)
        else:
            sent.counted.set_result(counted)

    def _won(self, sent: _Sent, offset: int, timestamp_ms: int) -> Counted:
        """Count the block if it has won. Raises LogUnavailable if that is not certain.

        Raises LedgerTruncated if it took the place of a record that was read before.
        """
        with self._changed:
            if 0 <= offset < self._follower.next_offset:
                raise LedgerTruncated(
                    f"the ledger lost blocks after position {self.head.position} was reached: a "
                    f"new block is at offset {offset} of {self._log.topic}, which had been read up "
                    f"to {self._follower.next_offset}. It does not count, and nobody may go on; "
                    "see docs/kafka/running.md, `When the ledger lost blocks`"
                )
            if offset != self._follower.next_offset:
                raise LogUnavailable(
                    f"the block is at offset {offset}, not at {self._follower.next_offset}: "
                    "others have written; read on"
                )
            counted = self._follower.won(offset, sent.block, sent.name)
            self._clock_ahead_s = self._ahead_s(sent.at, timestamp_ms)
            self._sent = None
            self._changed.notify_all()
            return counted

    def _ahead_s(self, sent_at: datetime, timestamp_ms: int) -> float:
        """What is certain of it: the broker stamped the record after `sent_at` and before now."""
        if timestamp_ms < 0:
            return 0.0
        stamp_s = timestamp_ms / 1000
        at_least, at_most = sent_at.timestamp() - stamp_s, self._clock().timestamp() - stamp_s
        return max(0.0, at_least) + min(0.0, at_most)

    def _give_up(self, counted: Future[Counted], fault: BaseException) -> None:
        with self._changed:
            self._uncertain, self._sent = True, None
            self._changed.notify_all()
        counted.set_exception(fault)

    def _begin_reading(self) -> bool:
        """Wait for what is under way; from here on appends are refused. Whether there was doubt."""
        with self._changed:
            self._changed.wait_for(lambda: self._sent is None, IN_FLIGHT_LIMIT_S)
            if self._sent is not None:
                raise LogUnavailable("an append has been under way for too long")
            in_doubt = self._uncertain
            if in_doubt:
                self._discard()
            self._uncertain = True
        return in_doubt

    def _discard(self) -> None:
        if self._appender is not None:
            self._appender.discard()
            self._appender = None


def pass_on_positions(sent: Future[Counted], positions: Future[list[int]]) -> None:
    """Have the second future hold the positions of the block that the first one promises."""

    def landed(done: Future[Counted]) -> None:
        fault = done.exception()
        if fault is not None:
            positions.set_exception(fault)
        else:
            block = done.result().block
            positions.set_result(list(range(block.first, block.last + 1)))

    sent.add_done_callback(landed)
