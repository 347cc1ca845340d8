"""Group commit: inserts that come together go into one block, each wholly or not at all."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Final

from eventsourcing.persistence import IntegrityError, OperationalError
from msgspec import Struct

from ledger.head import Head
from ledger.kafka.block import Block
from ledger.kafka.chain import Counted, not_rising
from ledger.kafka.log import LogUnavailable
from ledger.kafka.tip import Tip
from ledger.recorded import Recorded

MAX_GROUP_EVENTS: Final = 1_000
MAX_GROUP_BYTES: Final = 1 << 20
COMMIT_LIMIT_S: Final = 30.0
"""How long a group is tried before its outcome is unknown to who asked."""
RETRY_PAUSE_S: Final = 0.02

LastVersion = Callable[[str], int | None]


class Insert(Struct, eq=False):
    """Events and trackings to be written together, and the promise of their positions."""

    events: tuple[Recorded, ...]
    decided_on: Head | None
    tracking: Mapping[str, int]
    positions: Future[list[int]]


class _Accepted(Struct):
    """What the inserts of a group come to, one after another."""

    inserts: list[Insert]
    versions: dict[str, int]
    tracking: dict[str, int]
    known_tracking: Mapping[str, int]
    refused: list[tuple[Insert, str]]


class Commit:
    """Writes groups of inserts at the tip. For one thread at a time.

    `last_version` reads on to the ledger's end by itself; it is asked after the tip has.
    """

    def __init__(
        self,
        tip: Tip,
        versions_read_on: Callable[[], LastVersion],
        *,
        dense: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tip = tip
        self._versions_read_on = versions_read_on
        self._follows = _next if dense else _later
        self._sleep, self._clock = sleep, clock

    def write(self, inserts: Sequence[Insert]) -> None:
        """Write these, none of which says what it was decided on, or a single one that does."""
        try:
            self._write(list(inserts))
        except BaseException as fault:  # noqa: BLE001 - told to everybody who waits
            for insert in inserts:
                if not insert.positions.done():
                    insert.positions.set_exception(fault)

    def _write(self, inserts: list[Insert]) -> None:
        attempts: set[str] = set()
        deadline = self._clock() + COMMIT_LIMIT_S
        while not self._landed(inserts, attempts):
            accepted = self._accepted(inserts)
            if accepted.refused:
                # What stands in the way may be these inserts' own attempt, landed just now.
                if self._landed(inserts, attempts):
                    return
                inserts = accepted.inserts
                _refuse(accepted.refused)
                continue
            if not any(insert.events or insert.tracking for insert in inserts):
                for insert in inserts:
                    insert.positions.set_result([])
                return
            if self._appended(accepted, attempts):
                return
            if self._clock() > deadline:
                raise OperationalError(
                    f"not written within {COMMIT_LIMIT_S:g} s, or not known to be: read to the end "
                    "of the ledger and believe it"
                )
            self._sleep(RETRY_PAUSE_S)

    def _landed(self, inserts: Sequence[Insert], attempts: set[str]) -> bool:
        """Read on; whether one of the attempts counts, then the inserts know their positions."""
        landed: list[Counted] = []

        def take(counted: Counted) -> None:
            if counted.checkpoint.head.hash in attempts:
                landed.append(counted)

        self._tip.read_on(take)
        if landed:
            _resolve(inserts, landed[0].block)
        return bool(landed)

    def _appended(self, accepted: _Accepted, attempts: set[str]) -> bool:
        events = [event for insert in accepted.inserts for event in insert.events]
        sent = self._tip.append(events, self._tip.head, accepted.tracking)
        try:
            counted = sent.result()
        except IntegrityError:
            return False  # somebody else uses the tip: nothing was sent
        except LogUnavailable:
            if (name := self._tip.last_sent) is not None:
                attempts.add(name)
            return False
        _resolve(accepted.inserts, counted.block)
        return True

    def _accepted(self, inserts: Sequence[Insert]) -> _Accepted:
        """Those that can be written on the head, and why the others cannot."""
        head, last_version = self._tip.head, self._versions_read_on()
        accepted = _Accepted([], {}, {}, self._tip.checkpoint.trackings, [])
        for insert in inserts:
            refusal = self._refusal(insert, head, accepted, last_version)
            if refusal is None:
                accepted.inserts.append(insert)
                accepted.versions |= {event.stream: event.version for event in insert.events}
                accepted.tracking |= insert.tracking
            else:
                accepted.refused.append((insert, refusal))
        return accepted

    def _refusal(
        self, insert: Insert, head: Head, accepted: _Accepted, last_version: LastVersion
    ) -> str | None:
        if insert.decided_on is not None and insert.decided_on != head:
            return (
                f"decided on {insert.decided_on}, but the head is {head}: nothing was written; "
                "read to the end and decide again"
            )
        refusal = not_rising(insert.tracking, {**accepted.known_tracking, **accepted.tracking})
        if refusal is not None:
            return refusal
        versions: dict[str, int] = {}
        for event in insert.events:
            stream = event.stream
            last = versions.get(stream, accepted.versions.get(stream))
            last = last_version(stream) if last is None else last
            if not self._follows(last, event.version):
                return (
                    f"version {event.version} of {stream} does not follow the last, {last}: "
                    "nothing was written"
                )
            versions[stream] = event.version
        return None


def _next(last: int | None, version: int) -> bool:
    return version in (0, 1) if last is None else version == last + 1


def _later(last: int | None, version: int) -> bool:
    return last is None or version > last


def _refuse(refused: Sequence[tuple[Insert, str]]) -> None:
    for insert, refusal in refused:
        insert.positions.set_exception(IntegrityError(refusal))


def _resolve(inserts: Sequence[Insert], block: Block) -> None:
    position = block.first
    for insert in inserts:
        count = len(insert.events)
        insert.positions.set_result(list(range(position, position + count)))
        position += count
