"""Deciding: requests in, blocks of events out, one of them in flight. No thread of its own.

While one block is on its way into the ledger, the next is decided on an overlay over it and
handed over when that one is confirmed; nobody is answered from anything unconfirmed.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from consumers.ledgers import Page, WritersLedger
from consumers.snapshot import Snapshot, SnapshotDamaged
from consumers.snapshot.request_index import Key, Known, RequestIndex, key_of
from consumers.writing.answers import (
    Answer,
    DecisionFailed,
    Mismatch,
    Outcome,
    WriterBusy,
    answer_of,
)
from consumers.writing.blocks import Asked, Block, InFlight, Waiter, tell
from consumers.writing.inputs import (
    DeadLetter,
    DeadLetters,
    InputRecord,
    Inputs,
    Unreadable,
    read,
    refused,
)
from ledger import codec
from ledger.domain.deadlines import request_of
from ledger.domain.decider import Arrival, State, decide
from ledger.domain.entries import DeadlineKey
from ledger.domain.events import (
    AnyEvent,
    InputRefused,
    RequestAccepted,
    RequestRefused,
    input_stream,
)
from ledger.domain.evolve import evolve
from ledger.domain.requests import AnyRequest, Decided
from ledger.domain.words import WRITER_CHANNEL
from ledger.fingerprint import fingerprint
from ledger.kafka.chain import Checkpoint
from ledger.log import get_logger

MAX_REFUSALS_IN_MEMORY: Final = 50_000
"""Refusals whose reason is remembered; those of older ones are read from the ledger."""
LATEST_MS: Final = 253_402_300_799_000
"""The end of the year 9999, for time stamps that say more."""
LETTER_LIMIT_S: Final = 15.0
"""How long a dead letter may take to be kept, before everything behind it is tried again."""

OWN_EVENTS: Final = (RequestAccepted, RequestRefused)
"""What a request's own event can be; `RequestAccepted | RequestRefused` is slow to ask for."""

log = get_logger(__name__)


class _Open(msgspec.Struct):
    """A record of a topic that is being decided, and which of its items is next."""

    record: InputRecord
    items: Sequence[AnyRequest | Unreadable]
    index: int = 0


class Engine:
    """The writer's mind: what it knows, what it is deciding, and who waits.

    `queue` holds requests of this process. `inputs` are the channels' topics, if there are any;
    refused input goes to `letters` before the block that says so. With a `snapshot` it begins with
    what is saved there, on a ledger that stands at its checkpoint.
    """

    def __init__(
        self,
        ledger: WritersLedger,
        clock: Callable[[], datetime],
        inputs: Inputs | None = None,
        letters: DeadLetters | None = None,
        snapshot: Snapshot | None = None,
    ) -> None:
        self.state = State() if snapshot is None else snapshot.state()
        self.index = RequestIndex() if snapshot is None else snapshot.index()
        self.ledger = ledger
        self.queue: deque[Waiter] = deque()
        self.awaited: dict[Key, list[Waiter]] = {}
        """Who waits for requests that were published, to be decided by whichever writer."""
        self.block = Block(self.state)
        self.in_flight: InFlight | None = None
        self._clock = clock
        self._inputs = inputs
        self._letters = letters
        self._open: _Open | None = None
        self._snapshot = snapshot
        beginning = datetime.min.replace(tzinfo=UTC)
        self._recorded_at = beginning if snapshot is None else snapshot.recorded_at
        # What is decided in this turn is recorded at this time.
        self._at = self._recorded_at
        self._refusals: dict[Key, RequestRefused] = {}

    @property
    def recorded_at(self) -> datetime:
        """The latest recorded_at so far; no later one is before it."""
        return self._recorded_at

    def input_waits(self) -> bool:
        """Whether a record of a topic is being decided, or waits."""
        return self._open is not None or (self._inputs is not None and self._inputs.ready)

    def fill(self, landed: Callable[[], bool], *, take_input: bool = True) -> None:
        """Decide what waits, until the block is full or the one before it has landed.

        Whatever is decided, all deadlines that have passed by its recorded_at are decided before
        it. Without input they wait for the next queued request.
        """
        block = self.block
        while not block.full and not (block.says_something and landed()):
            if not take_input and not self.queue:
                return
            self._at = self._now()
            passed = block.state.passed_deadline(self._at)
            if passed is not None:
                self._decide_deadline(block, passed)
                continue
            queued = self._decide_queued(block)
            from_topic = take_input and self._decide_input(block)
            if not queued and not from_topic:
                return

    @property
    def due(self) -> DeadlineKey | None:
        """The earliest deadline, if it has passed by this machine's clock and is not decided."""
        return self.block.state.passed_deadline(self._now())

    @property
    def due_in_s(self) -> float | None:
        """Until the earliest deadline has passed; 0 or less if it has, None if there is none."""
        first = self.block.state.next_deadline()
        return None if first is None else (first[0] - self._now()).total_seconds()

    def hand_over(self) -> Future[list[int]]:
        """Send the block to the ledger and begin the next on top of it.

        One that says nothing goes at the last recorded time, whatever this machine's clock says.
        Raises what keeping a dead letter raises: nothing was sent then.
        """
        block = self.block
        for letter in block.letters:
            letter.result(LETTER_LIMIT_S)
        if block.tracking and not block.events:
            self._recorded_at = self._now()
        recorded_at = self._recorded_at
        future = self.ledger.append(block.events, self.ledger.head, block.tracking, recorded_at)
        self.in_flight = InFlight(block, future)
        self.block = Block(block.state)
        return future

    def confirm(self) -> None:
        """Answer for the block that landed; what was decided on top of it goes on."""
        assert self.in_flight is not None, "nothing is under way"
        sent = self.in_flight
        positions = sent.future.result()
        self.ledger.landed(positions)
        first = positions[0] if positions else 0
        self.in_flight = None
        self._merge(sent.block.state)
        self.block.state.put_on(self.state)
        self.state.settle_agenda(self.block.state)
        for key, asked in sent.block.asked.items():
            self._remember(key, asked.event, first + asked.offset)
        for key, asked in sent.block.asked.items():
            asked.answer(first)
            self._tell_awaiting(key, asked.event, first + asked.offset)
        self._save_if_due(self.ledger.checkpoint)

    def save(self) -> None:
        """Save the snapshot, if there is one, and wait until it is written."""
        if self._snapshot is not None and self.ledger.checkpoint is not None:
            self._snapshot.save(self.ledger.checkpoint, self._recorded_at, wait=True)

    def drop(self) -> None:
        """Forget everything unconfirmed; who waits for it is in the queue again, in order."""
        waiters = self.block.waiters()
        if self.in_flight is not None:
            waiters = [*self.in_flight.block.waiters(), *waiters]
        self.queue.extendleft(reversed(waiters))
        self.in_flight = None
        self.block = Block(self.state)
        self.state.settle_agenda(self.block.state)
        self._open = None

    def rewind(self) -> None:
        """Take input from where the ledger has consumed it."""
        if self._inputs is not None:
            self._inputs.rewind(self.ledger.trackings)

    def read(self, page: Page) -> None:
        """Fold what others, or an append of unknown outcome, have written."""
        saved = self._snapshot is not None
        onto = self.state.on_top() if saved else self.state
        versions, decode = onto.versions, codec.decode
        for position, (stream, version, topic, state) in enumerate(page.events, page.first):
            event = decode(topic, state)
            evolve(onto, event)
            if isinstance(event, OWN_EVENTS):
                key = key_of(event.channel, event.request_id)
                self._remember(key, event, position)
                self._tell_awaiting(key, event, position)
            else:
                versions[stream] = version
        if page.events:
            self._recorded_at = max(self._recorded_at, event.recorded_at)
        if page.recorded_at is not None:  # a block without events has a time too
            self._recorded_at = max(self._recorded_at, page.recorded_at)
        if saved:
            self._merge(onto)
        self.state.settle_agenda(self.block.state)
        if saved:
            self._save_if_due(page.checkpoint)

    def everybody_who_waits(self) -> list[Waiter]:
        """All who have no answer yet."""
        waiters = [*self.queue, *self.block.waiters()]
        if self.in_flight is not None:
            waiters += self.in_flight.block.waiters()
        for awaiting in self.awaited.values():
            waiters += awaiting
        return waiters

    def forget_answered(self) -> None:
        """Let go of awaited requests for which nobody waits any more."""
        for key, waiters in list(self.awaited.items()):
            if all(submission.future.done() for submission, _ in waiters):
                del self.awaited[key]

    def answered_before(self, waiter: Waiter) -> bool:
        """Give a repeated request its first answer, if the ledger has one."""
        submission, index = waiter
        request = submission.requests[index]
        key = key_of(submission.channel, request.request_id)
        known = self.index.get(key)
        if known is None:
            return False
        try:
            submission.answer(index, self._again(request, key, known))
        except Exception as fault:  # noqa: BLE001 - the ledger may be away; the answer is kept there
            log.warning("first_answer_unreadable", position=known.position, fault=repr(fault))
            submission.fail(WriterBusy("the first answer cannot be read now; ask again later"))
        return True

    def _merge(self, above: State) -> None:
        if self._snapshot is not None:
            self._snapshot.note(above.changes())
        above.merge()

    def _save_if_due(self, checkpoint: Checkpoint | None) -> None:
        """Save the state as it is now, at exactly this checkpoint, if it is time to."""
        if self._snapshot is None:
            return
        assert checkpoint is not None, "a snapshot goes with a ledger of blocks"
        if self._snapshot.due(checkpoint.head.position):
            self._snapshot.save(checkpoint, self._recorded_at)

    def _decide_deadline(self, block: Block, passed: DeadlineKey) -> None:
        """Decide what the writer does by the clock; nobody waits for it.

        A deadline that cannot be decided stands on, and is left alone until the next start: a
        later release may do better, and what it holds stays held.
        """
        block.requests += 1
        request = request_of(passed)
        key = key_of(WRITER_CHANNEL, request.request_id)
        own = fingerprint(request)
        if self._said_before(block, key, own) is not None:
            self._leave_alone(passed, "it was decided before, and stands still")
            return
        try:
            events = self._decided(block, WRITER_CHANNEL, request, own)
        except SnapshotDamaged:
            raise
        except Exception as fault:  # noqa: BLE001 - one deadline must not stop all others
            self._leave_alone(passed, repr(fault))
        else:
            block.add(key, events, None)

    def _leave_alone(self, passed: DeadlineKey, fault: str) -> None:
        deadline, kind, thing, line_id = passed
        said = {"kind": kind, "id": thing, "line_id": line_id, "deadline": deadline.isoformat()}
        log.error("deadline_undecided", **said, fault=fault)
        self.state.leave_alone(passed)

    def _decide_queued(self, block: Block) -> bool:
        if not self.queue:
            return False
        waiter = self.queue.popleft()
        submission, index = waiter
        request = submission.requests[index]
        key = key_of(submission.channel, request.request_id)
        asked = self._undecided(block, key)
        if asked is not None:
            asked.waiters.append(waiter)  # answered as soon as that one is confirmed
        elif not self.answered_before(waiter):
            try:
                events = self._decided(block, submission.channel, request, fingerprint(request))
            except SnapshotDamaged:
                raise
            except Exception as fault:  # noqa: BLE001 - one request must not stop all others
                log.error("decision_failed", request_id=request.request_id, fault=repr(fault))
                submission.answer(index, DecisionFailed(request.request_id))
            else:
                block.add(key, events, waiter)
        block.requests += 1
        return True

    def _decide_input(self, block: Block) -> bool:
        """Decide the next item of the channels' topics; False if there is none."""
        opened = self._open
        if opened is None:
            record = self._inputs.next() if self._inputs is not None else None
            if record is None:
                return False
            opened = self._open = _Open(record, read(record))
        if opened.index < len(opened.items):
            self._decide_item(block, opened.record, opened.index, opened.items[opened.index])
            block.requests += 1
            opened.index += 1
        if opened.index >= len(opened.items):
            block.tracking[opened.record.topic] = opened.record.offset + 1
            self._open = None
        return True

    def _decide_item(
        self, block: Block, record: InputRecord, index: int, item: AnyRequest | Unreadable
    ) -> None:
        if isinstance(item, Unreadable):
            self._refuse(block, record, item)
            return
        key = key_of(record.channel, item.request_id)
        own = fingerprint(item)
        said_before = self._said_before(block, key, own)
        if said_before is not None:
            if said_before == "something else":
                said = "the channel has used this request_id before, with other content"
                self._refuse(
                    block, record, refused(record, index, item, "idempotency_mismatch", said)
                )
            return
        try:
            events = self._decided(block, record.channel, item, own)
        except SnapshotDamaged:
            raise
        except Exception as fault:  # noqa: BLE001 - one request must not stop all others
            log.error("decision_failed", request_id=item.request_id, fault=repr(fault))
            said = "it could not be decided, by a fault of this release"
            self._refuse(block, record, refused(record, index, item, "undecidable", said))
        else:
            block.add(key, events, None)

    def _refuse(self, block: Block, record: InputRecord, item: Unreadable) -> None:
        stream = input_stream(record.topic, record.offset, item.index)
        if stream in block.state.versions:
            return  # refused before, in a block that did not end the record
        assert self._letters is not None, "input comes with a place for what is none"
        place = (record.topic, record.offset, item.index, item.sha256, item.reason)
        letter = self._letters.send(DeadLetter(*place, item.raw))
        event = InputRefused(
            record.channel,
            item.request_id,
            datetime.fromtimestamp(min(max(0, record.at_ms), LATEST_MS) / 1000, UTC),
            self._time_of_turn(),
            *place,
            item.detail,
        )
        block.refuse(event, letter)

    def _decided(
        self, block: Block, channel: str, request: Decided, own: str
    ) -> tuple[AnyEvent, ...]:
        return decide(block.state, Arrival(channel, self._time_of_turn(), own, request))

    def _time_of_turn(self) -> datetime:
        """By then all passed deadlines are decided: it was read before they were looked for."""
        self._recorded_at = self._at
        return self._at

    def _now(self) -> datetime:
        """What recorded_at would be now."""
        return max(self._clock(), self._recorded_at)

    def _undecided(self, block: Block, key: Key) -> Asked | None:
        """The request in this block or in the one in flight, if it is there."""
        asked = block.asked.get(key)
        if asked is None and self.in_flight is not None:
            asked = self.in_flight.block.asked.get(key)
        return asked

    def _said_before(
        self, block: Block, key: Key, own: str
    ) -> Literal["the same", "something else"] | None:
        """What the request of that key said, if there was one."""
        asked = self._undecided(block, key)
        if asked is not None:
            return "the same" if asked.event.fingerprint == own else "something else"
        known = self.index.get(key)
        if known is None:
            return None
        return "the same" if known.same(own) else "something else"

    def _again(self, request: AnyRequest, key: Key, known: Known) -> Outcome:
        position = known.position
        if not known.same(fingerprint(request)):
            return Mismatch(request.request_id, position)
        if known.effects is not None:
            events = 1 + known.effects
            return Answer(request.request_id, "accepted", position, events, replayed=True)
        event: AnyEvent | None = self._refusals.get(key)
        if event is None:
            recorded = self.ledger.event_at(position)
            event = codec.decode(recorded.topic, recorded.state)
        assert isinstance(event, RequestRefused), event
        return answer_of(event, position, replayed=True)

    def _remember(self, key: Key, event: RequestAccepted | RequestRefused, position: int) -> None:
        self.index.add(key, event, position)
        if isinstance(event, RequestRefused):
            self._refusals[key] = event
            if len(self._refusals) > MAX_REFUSALS_IN_MEMORY:
                del self._refusals[next(iter(self._refusals))]

    def _tell_awaiting(
        self, key: Key, event: RequestAccepted | RequestRefused, position: int
    ) -> None:
        if self.awaited and (waiters := self.awaited.pop(key, None)) is not None:
            for number, waiter in enumerate(waiters):
                tell(waiter, event, position, replayed=number > 0)
